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
};

/* May this head be edited at all?  Only where its framing is beyond doubt. */
bool inject_allowed(const struct http1_head *h);
/* Appends the header lines that are missing in `h`; false: none was. */
bool inject_lines(const struct injection *in, const struct http1_head *h,
		  struct buf *out);
/* Appends the whole head, edited. */
bool inject_head(const struct injection *in, const struct http1_head *h,
		 struct buf *out);

#endif
