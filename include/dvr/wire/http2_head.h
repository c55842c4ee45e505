/*
 * A header block of HTTP/2 on its way in: its fields, and the head that they
 * make, as struct http2_event tells of it.
 */
#ifndef DVR_WIRE_HTTP2_HEAD_H
#define DVR_WIRE_HTTP2_HEAD_H

#include <dvr/wire/http1.h>

/* Where a field's parts stand in `text`. */
struct http2_field {
	size_t name, name_n, value, value_n;
};

struct http2_head {
	struct buf text;		/* names and values, then the lines */
	struct http2_field *fields;	/* as they came */
	size_t n, cap;
	bool cut;			/* some were over a limit */
	struct http1_head head;
	struct http1_header *headers;	/* what head.headers points to */
	size_t headers_cap;
};

void http2_head_init(struct http2_head *h);
void http2_head_release(struct http2_head *h);
/* A new block. */
void http2_head_clear(struct http2_head *h);
void http2_head_add(struct http2_head *h, struct slice name,
		    struct slice value);
/* All fields are there: makes h->head. */
void http2_head_finish(struct http2_head *h);

#endif
