/*
 * A tap decodes a copy of one connection's bytes and tells the ledger what
 * they are: which exchange, which side, where heads and messages end.  It
 * never touches what is forwarded, but for the named edits that it makes in
 * the copy `struct tap_out` describes.
 *
 * Bytes of a response belong to the oldest request that has no answer yet.
 * Where the decoder gives up the connection is opaque from there on.
 */
#ifndef PROXY_TAP_H
#define PROXY_TAP_H

#include "state.h"

struct tap;

/* What goes out for one read: `edited`, then `tail`.  Valid until the next
 * call for any tap of the proxy. */
struct tap_out {
	struct slice edited, tail;
};

/* `session` (a listener's own, or NULL) must outlive the tap. */
struct tap *tap_create(struct proxy *p, struct lane *lane, uint64_t conn,
		       const char *session);
/* Exchanges that are still open are given back to the ledger. NULL is fine. */
void tap_destroy(struct tap *t, uint64_t at_ns);

/* `out` is NULL when nothing is forwarded (and so nothing edited). */
void tap_request(struct tap *t, struct slice in, uint64_t at_ns,
		 struct tap_out *out);
void tap_response(struct tap *t, struct slice in, uint64_t at_ns);
/* A direction ended with LX_FIN or LX_RST.  A request that ended while its
 * head was held back for editing leaves that head in *out. */
void tap_request_end(struct tap *t, enum lx_end how, uint64_t at_ns,
		     struct tap_out *out);
void tap_response_end(struct tap *t, enum lx_end how, uint64_t at_ns);
/* The target cannot be reached: every open exchange (one is begun when there
 * is none) ends refused.  `why` becomes its note; NULL: none. */
void tap_refused(struct tap *t, const char *why, uint64_t at_ns);
/* Has a request begun that did not end yet? */
bool tap_in_request(const struct tap *t);
/* Is every exchange that began over? */
bool tap_idle(const struct tap *t);

#endif
