/*
 * The tap on an HTTP/2 connection: its streams are exchanges, several at once.
 * Nothing is edited: a header added would have to go through the connection's
 * tables, so calls find their cause by time or by a traceparent of their own.
 */
#ifndef PROXY_TAP_H2_H
#define PROXY_TAP_H2_H

#include "tap.h"

/* Streams that are open at once and followed; more are forwarded unseen. */
#define TAP_H2_STREAMS_MAX 8192u

struct tap_h2;

struct tap_h2_where {
	struct proxy *proxy;
	const struct lane *lane;
	uint64_t conn;
	const char *session;
};

struct tap_h2 *tap_h2_create(const struct tap_h2_where *where);
/* Gives what is open back to the ledger; NULL is fine. */
void tap_h2_destroy(struct tap_h2 *t, uint64_t at_ns);
/* Bytes of a direction; a request's begin with the preface. */
void tap_h2_read(struct tap_h2 *t, enum lx_side side, struct slice in,
		 uint64_t at_ns);
void tap_h2_end(struct tap_h2 *t, enum lx_side side, enum lx_end how,
		uint64_t at_ns);
/* `why` may be NULL. */
void tap_h2_refused(struct tap_h2 *t, const char *why, uint64_t at_ns);
/* No stream is open. */
bool tap_h2_idle(const struct tap_h2 *t);
/* Something was asked for whose request is not complete, or nothing yet. */
bool tap_h2_in_request(const struct tap_h2 *t);

#endif
