/*
 * HTTP/1.1 on the wire (RFC 9112), decoded from a copy.  No sockets; memory is
 * one bounded head buffer (only while a head comes in pieces) and the array of
 * fields, which grows with the largest head seen.  The decoder is as tolerant
 * as the bytes' two ends may be and never repairs anything: it only says where
 * messages begin and end.  What Node 20 and nginx both refuse because the
 * framing cannot be trusted is HTTP1_BAD: the connection is opaque from there
 * on (CL with TE or a repeated CL in a request, space before the colon,
 * obs-fold, NUL, bare CR ...).  What only one of them takes, or both in a way
 * that RFC 9112 §6.3 does not, is decoded and marked `ambiguous` with the
 * reason (bare LF, control bytes in a value, TE in HTTP/1.0 ...).
 */
#ifndef DVR_WIRE_HTTP1_H
#define DVR_WIRE_HTTP1_H

#include <dvr/base/buf.h>

#define HTTP1_HEAD_MAX (256u * KiB)	/* larger: HTTP1_BAD */
#define HTTP1_HEADERS_MAX 512

enum http1_kind { HTTP1_REQUEST, HTTP1_RESPONSE };

enum http1_framing {
	HTTP1_NO_BODY,		/* by method, status or absence */
	HTTP1_LENGTH,
	HTTP1_CHUNKED,
	HTTP1_UNTIL_CLOSE,	/* responses only */
	HTTP1_TUNNEL		/* 101, 2xx to CONNECT: opaque afterwards */
};

struct http1_header {
	struct slice name, value;	/* value trimmed of OWS */
	struct slice line;		/* exact bytes, no terminator */
	/* A line without a colon: the name is empty, the value is the line. */
};

struct http1_head {
	struct slice raw;	/* exact bytes, the final CRLF CRLF included */
	struct slice line;	/* start line, no terminator */
	struct slice method, target;	/* requests */
	unsigned status;		/* responses */
	unsigned minor;			/* HTTP/1.minor */
	struct http1_header *headers;
	size_t nheaders;
	enum http1_framing framing;
	uint64_t length;	/* HTTP1_LENGTH */
	bool keep_alive;	/* may another message follow? */
	bool expect_continue;
	bool upgrade;		/* has Connection: upgrade and Upgrade */
	bool crlf_only;		/* every line ended in CRLF: raw can be rebuilt
				 * as line CRLF (header line CRLF)* CRLF */
	const char *ambiguous;	/* NULL, or the reason: no edits, and noted */
};

enum http1_event {
	HTTP1_MORE,	/* all of `in` used, needs more */
	HTTP1_HEAD,	/* d->head is valid until the next call */
	HTTP1_BODY,	/* *span: payload bytes (within `in`) */
	HTTP1_CHUNK,	/* a chunk header was read: d->chunk_size; the last
			 * chunk (size 0) is told too */
	HTTP1_TRAILERS,	/* d->head.headers holds the trailer fields, d->head.raw
			 * their bytes; not told when there are none */
	HTTP1_END,	/* the message is complete */
	HTTP1_OPAQUE,	/* *span is bytes of no message: a tunnel's, or what
			 * follows the connection's last message */
	HTTP1_BAD	/* d->why; sticky */
};

struct http1_decoder {
	enum http1_kind kind;
	int state, line;	/* private: where in the message, in the line */
	struct http1_head head;
	struct http1_header *fields;	/* what head.headers points to */
	size_t fields_cap;
	struct buf held;	/* a head that came in pieces */
	uint64_t left;		/* of a body or chunk */
	uint64_t chunk_size;
	size_t chunk_line;	/* bytes of the chunk header so far */
	bool chunks_odd;	/* extensions, leading zeros, upper case, spaces,
				 * bare LF: the framing cannot be rebuilt from
				 * sizes alone; valid until the next HEAD */
	bool no_body;		/* next response answers HEAD */
	bool connect;		/* next response answers CONNECT */
	bool tunnel;		/* what follows this message is opaque */
	const char *why;
};

void http1_init(struct http1_decoder *d, enum http1_kind kind);
void http1_release(struct http1_decoder *d);
/* Before a response: the method it answers (interim responses keep it). */
void http1_answers(struct http1_decoder *d, struct slice method);
/* The other side agreed to an upgrade or CONNECT: from the end of the message
 * that is being read, or at once between messages, all bytes are opaque. */
void http1_tunnel(struct http1_decoder *d);
/*
 * One step: reads from `in`, sets *used (bytes of `in` consumed, always at
 * least 1 unless END, TRAILERS, HEAD follow what was consumed before), *span
 * for BODY and OPAQUE.  Call again with the rest until HTTP1_MORE.  Any split
 * of the input gives the same events up to the cutting of BODY spans.
 * Interim responses (1xx except 101) end with HTTP1_END like others; the
 * caller sees head.status.
 */
enum http1_event http1_next(struct http1_decoder *d, struct slice in,
			    size_t *used, struct slice *span);
/* The stream ended: HTTP1_END when that completes a message (until-close),
 * HTTP1_MORE between messages, HTTP1_BAD in the middle of one. */
enum http1_event http1_eof(struct http1_decoder *d);
/* In the middle of a message (head begun or body left)? */
bool http1_in_message(const struct http1_decoder *d);

/* First field with that name, or NULL. */
const struct http1_header *http1_field(const struct http1_head *h,
				       const char *name);
/* True when `token` is in the comma list of any field with that name. */
bool http1_has_token(const struct http1_head *h, const char *name,
		     const char *token);

#endif
