/*
 * WebSocket on the wire (RFC 6455, permessage-deflate of RFC 7692), decoded
 * from a copy of one direction behind the handshake.  No sockets; memory is
 * the message at hand, bounded by `limit_bytes`, twice that when compressed.
 * The decoder repairs nothing: what breaks the framing is WEBSOCKET_BAD, and
 * nothing behind it can be told apart any more.
 */
#ifndef DVR_WIRE_WEBSOCKET_H
#define DVR_WIRE_WEBSOCKET_H

#include <dvr/base/buf.h>
#include <dvr/wire/http1.h>

#define WEBSOCKET_CONTROL_MAX 125u	/* payload of a control frame */
#define WEBSOCKET_HEAD_MAX 14u
#define WEBSOCKET_ACCEPT 29u		/* with NUL */

/* Opcodes (RFC 6455 §5.2). */
enum websocket_kind { WEBSOCKET_TEXT = 1, WEBSOCKET_BINARY = 2,
	WEBSOCKET_CLOSE = 8, WEBSOCKET_PING = 9, WEBSOCKET_PONG = 10 };

enum websocket_sender { WEBSOCKET_CLIENT, WEBSOCKET_SERVER };

enum websocket_event { WEBSOCKET_MORE, WEBSOCKET_MESSAGE, WEBSOCKET_BAD };

struct websocket_terms {		/* what a direction agreed to */
	enum websocket_sender sender;
	bool deflate;
	bool no_context;		/* each message is compressed alone */
};

struct websocket_message {
	enum websocket_kind kind;
	struct slice payload;		/* unmasked, inflated; of a close the
					 * reason; valid until the next call */
	const char *withheld;		/* NULL, or why the payload is not here */
	unsigned code;			/* of a close; 0: it had none */
	uint64_t bytes;			/* payload on the wire */
	uint64_t from, to;		/* [from, to) of the direction's bytes */
};

struct websocket {
	struct websocket_terms terms;
	size_t limit_bytes;
	unsigned char head[WEBSOCKET_HEAD_MAX], mask[4];
	unsigned nhead;
	uint64_t at, left, taken;	/* bytes of all, of the frame */
	bool in_payload, final, masked;
	unsigned opcode;		/* of the frame */
	unsigned kind;			/* of a message in pieces; 0 none */
	bool compressed, cut, context_lost;
	uint64_t begun, frame_begun, bytes;
	unsigned char control[WEBSOCKET_CONTROL_MAX];
	struct buf data, plain;
	struct z_stream_s *inflater;
	const char *why;		/* WEBSOCKET_BAD; sticky */
};

/* `limit_bytes` of a message's payload are kept; 0: none is, nor inflated. */
void websocket_init(struct websocket *w, const struct websocket_terms *terms,
		    size_t limit_bytes);
void websocket_release(struct websocket *w);
/* One step.  Call again with the rest until WEBSOCKET_MORE. */
enum websocket_event websocket_next(struct websocket *w, struct slice in,
				    size_t *used,
				    struct websocket_message *out);

/* Does that answer make the connection a WebSocket (RFC 6455 §4.2.2)? */
bool websocket_agreed(const struct http1_head *answer);
/* Its Sec-WebSocket-Extensions, or "". */
struct slice websocket_extensions(const struct http1_head *answer);
/* The answer to Sec-WebSocket-Key (RFC 6455 §4.2.2). */
void websocket_accept(struct slice key, char out[WEBSOCKET_ACCEPT]);
/* What a direction agreed to, by the answer's Sec-WebSocket-Extensions ("" when
 * it has none); -1: an extension that is not known here. */
int websocket_agree(struct slice extensions, enum websocket_sender sender,
		    struct websocket_terms *out);

/* Is that close code the server's own failure?  1011 and what stands for it
 * at a gateway (1013, 1014: IANA's registry). */
bool websocket_code_failed(unsigned code);

struct websocket_frame {
	enum websocket_kind kind;
	unsigned code;			/* of a close */
	struct slice payload;
	bool masked;			/* clients must */
	unsigned char mask[4];
};
/* A whole message in one frame, appended. */
void websocket_put(const struct websocket_frame *f, struct buf *out);

#endif
