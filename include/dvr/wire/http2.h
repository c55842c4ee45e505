/*
 * HTTP/2 on the wire (RFC 9113), decoded from a copy of both directions.  No
 * sockets, no flow control, nothing is answered: it follows what two peers say
 * to each other.  Header blocks are inflated (RFC 7541) as they come in, so
 * that no block is ever held; SETTINGS_HEADER_TABLE_SIZE of one side counts
 * for the other from its ACK on.
 *
 * Memory is bounded whatever the peers do: two dynamic tables of at most
 * HTTP2_TABLE_MAX, one head of at most HTTP1_HEAD_MAX a direction.  Fields
 * beyond that are inflated (the tables stay right) and forgotten, and the head
 * says so.  What cannot be followed any more is HTTP2_BAD, which is sticky:
 * the connection is opaque from there on.
 *
 * There is no table of streams here; who follows the events keeps one.
 */
#ifndef DVR_WIRE_HTTP2_H
#define DVR_WIRE_HTTP2_H

#include <dvr/wire/http1.h>

#define HTTP2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define HTTP2_PREFACE_BYTES 24u
/* Bytes of a dynamic table; a peer that asks for more gets an opaque
 * connection when the other one uses it. */
#define HTTP2_TABLE_MAX MiB
/* SETTINGS that one side sent and the other did not acknowledge yet. */
#define HTTP2_SETTINGS_MAX 32u

enum http2_side { HTTP2_CLIENT, HTTP2_SERVER, HTTP2_SIDES };

enum http2_kind {
	HTTP2_MORE,		/* all of `in` used, needs more */
	HTTP2_REQUEST,		/* head */
	HTTP2_PROMISE,		/* head; stream: the promised one */
	HTTP2_INTERIM,		/* head: 1xx */
	HTTP2_RESPONSE,		/* head */
	HTTP2_TRAILERS,		/* head without a start line */
	HTTP2_DATA,		/* data: a part of a frame's, within `in` */
	HTTP2_RESET,		/* code */
	HTTP2_GOAWAY,		/* code; stream: the last one that is served */
	HTTP2_BAD		/* h->why */
};

struct http2_event {
	uint32_t stream;
	bool end;		/* END_STREAM: this was the side's last */
	struct slice data;
	uint32_t code;
	/*
	 * Valid until the next call for this side.  The start line is written
	 * as "POST /path HTTP/2" and "HTTP/2 200", :authority and :scheme (and
	 * others) as header lines ":authority: x".  `raw` are these lines with
	 * CRLF, not bytes of the wire; framing says NO_BODY or TUNNEL.
	 */
	const struct http1_head *head;
};

struct http2;

struct http2 *http2_create(void);
void http2_destroy(struct http2 *h);
/* NULL, or why the connection cannot be followed any more. */
const char *http2_why(const struct http2 *h);
/*
 * One step of one direction; *used is how much of `in` was read.  Call again
 * with the rest until HTTP2_MORE.  The client's begins with the preface.  Any
 * split of the input gives the same events up to the cutting of DATA.
 */
enum http2_kind http2_next(struct http2 *h, enum http2_side side,
			   struct slice in, size_t *used,
			   struct http2_event *out);

/* Do these first bytes of a client begin the preface: all of it (1), as far as
 * they go (0), or not (-1)? */
int http2_preface(struct slice first);

#endif
