/* What the two halves of the HTTP/2 decoder share: frames, and what is in them. */
#ifndef WIRE_HTTP2_FRAMES_H
#define WIRE_HTTP2_FRAMES_H

#include <dvr/wire/http2.h>

#include <nghttp2/nghttp2.h>

#include <dvr/wire/http2_head.h>

#define FRAME_HEAD_BYTES 9u

/* RFC 9113 §6.2, §6.6: what stands before the fragment. */
#define PRIORITY_BYTES 5u
#define PROMISED_BYTES 4u

enum frame_type { FRAME_DATA, FRAME_HEADERS, FRAME_PRIORITY, FRAME_RST_STREAM,
	FRAME_SETTINGS, FRAME_PUSH_PROMISE, FRAME_PING, FRAME_GOAWAY,
	FRAME_WINDOW_UPDATE, FRAME_CONTINUATION };

enum frame_flag { FLAG_ACK = 0x1, FLAG_END_STREAM = 0x1,
	FLAG_END_HEADERS = 0x4, FLAG_PADDED = 0x8, FLAG_PRIORITY = 0x20 };

#define SETTINGS_HEADER_TABLE_SIZE 1u
#define SETTING_BYTES 6u

/* Where in its bytes a direction is. */
enum where { IN_PREFACE, IN_FRAME_HEAD, IN_PAD_LENGTH, IN_PREFIX, IN_PAYLOAD,
	IN_PADDING };

struct half {
	enum where where;
	unsigned char small[FRAME_HEAD_BYTES];	/* of what has a fixed size */
	size_t nsmall;
	uint32_t left;			/* of the payload, padding excluded */
	uint32_t padding, prefix;
	unsigned type, flags;
	uint32_t stream;
	/* A header block: from HEADERS or PUSH_PROMISE to END_HEADERS. */
	bool in_block, block_ends, block_promises;
	uint32_t block_on;		/* its frames' stream */
	uint32_t block_stream;		/* whose head it is */
	struct http2_head head;
	nghttp2_hd_inflater *inflater;	/* of blocks that this side sends */
	/* The table size for the other side's blocks that each SETTINGS of
	 * this side asked for, oldest first; the last one in use. */
	uint32_t asked[HTTP2_SETTINGS_MAX];
	unsigned nasked;
	uint32_t asking;		/* by the SETTINGS that is being read */
};

struct http2 {
	struct half side[HTTP2_SIDES];
	const char *why;
};

/* One step's way through the input. */
struct step {
	struct http2 *h;
	struct half *s;
	enum http2_side side;
	struct slice in;
	size_t pos;
	struct http2_event *out;
};

enum http2_kind http2_bad(struct step *p, const char *why);
uint32_t http2_number(const unsigned char *p, size_t n);
/* Gathers `want` bytes in s->small; true when they are all there. */
bool http2_gather(struct step *p, size_t want);
/* The same from the payload. */
bool http2_gather_payload(struct step *p, size_t want);

/* http2_payload.c: a step in the payload of the frame at hand. */
enum http2_kind http2_payload(struct step *p);
/* The same for bytes that say nothing. */
enum http2_kind http2_skip(struct step *p);

#endif
