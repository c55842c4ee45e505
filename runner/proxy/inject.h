/*
 * The named edits: headers appended at the end of a request's head, and Host
 * rewritten.  They are made in what is forwarded, never in what is recorded.
 */
#ifndef PROXY_INJECT_H
#define PROXY_INJECT_H

#include "state.h"

struct injection {
	struct slice correlation;	/* "": none */
	struct slice traceparent;	/* "": none */
	const char *host;		/* new Host value, or NULL */
	bool decline_h2c;		/* `Upgrade: h2c` and what goes with it
					 * is left out */
};

/* Does it ask for HTTP/2 by an upgrade (RFC 7540 §3.2), and for nothing else?
 * A connection that is upgraded in its middle could not be followed. */
bool inject_asks_h2c(const struct http1_head *h);

/* May this head be edited at all?  Only where its framing is beyond doubt. */
bool inject_allowed(const struct http1_head *h);
/* Appends the header lines that are missing in `h`; false: none was. */
bool inject_lines(const struct injection *in, const struct http1_head *h,
		  struct buf *out);
/* Appends the whole head, edited. */
bool inject_head(const struct injection *in, const struct http1_head *h,
		 struct buf *out);

#endif
