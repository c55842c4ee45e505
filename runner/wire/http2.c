/* Follows the frames of an HTTP/2 connection, both directions of it. */
#include <dvr/wire/http2.h>

#include <dvr/base/mem.h>

#include <nghttp2/nghttp2.h>

#include <stdlib.h>
#include <string.h>

#include "http2_head.h"

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

struct http2 *
http2_create(void)
{
	struct http2 *h = mem_alloc(sizeof(*h));

	for (size_t i = 0; i < HTTP2_SIDES; i++) {
		struct half *s = &h->side[i];

		http2_head_init(&s->head);
		if (nghttp2_hd_inflate_new(&s->inflater) != 0)
			abort();	/* out of memory */
		s->where = i == HTTP2_CLIENT ? IN_PREFACE : IN_FRAME_HEAD;
		s->asking = NGHTTP2_DEFAULT_HEADER_TABLE_SIZE;
	}
	return h;
}

void
http2_destroy(struct http2 *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < HTTP2_SIDES; i++) {
		http2_head_release(&h->side[i].head);
		nghttp2_hd_inflate_del(h->side[i].inflater);
	}
	free(h);
}

const char *
http2_why(const struct http2 *h)
{
	return h->why;
}

int
http2_preface(struct slice first)
{
	struct slice whole = SLICE(HTTP2_PREFACE);

	if (first.n >= whole.n)
		return slice_starts(first, whole) ? 1 : -1;
	return slice_starts(whole, first) ? 0 : -1;
}

static enum http2_kind
bad(struct step *p, const char *why)
{
	p->h->why = why;
	return HTTP2_BAD;
}

static uint32_t
number(const unsigned char *p, size_t n)
{
	uint32_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* Gathers `want` bytes in s->small; true when they are all there. */
static bool
gather(struct step *p, size_t want)
{
	struct half *s = p->s;

	while (s->nsmall < want && p->pos < p->in.n)
		s->small[s->nsmall++] = (unsigned char)p->in.p[p->pos++];
	return s->nsmall == want;
}

/* The same from the payload. */
static bool
gather_payload(struct step *p, size_t want)
{
	size_t had = p->s->nsmall;
	bool all = gather(p, want);

	p->s->left -= (uint32_t)(p->s->nsmall - had);
	return all;
}

/* ---- frames begin --------------------------------------------------------- */

static bool
may_pad(unsigned type)
{
	return type == FRAME_DATA || type == FRAME_HEADERS ||
	       type == FRAME_PUSH_PROMISE;
}

/* What its head alone tells to be wrong, or NULL. */
static const char *
frame_fault(const struct half *s)
{
	bool on_stream = s->type == FRAME_DATA || s->type == FRAME_HEADERS ||
		s->type == FRAME_PUSH_PROMISE || s->type == FRAME_RST_STREAM ||
		s->type == FRAME_CONTINUATION;

	if (s->in_block && (s->type != FRAME_CONTINUATION ||
			    s->stream != s->block_on))
		return "an HTTP/2 header block that was broken off";
	if (!s->in_block && s->type == FRAME_CONTINUATION)
		return "an HTTP/2 CONTINUATION of nothing";
	if (on_stream && s->stream == 0)
		return "an HTTP/2 frame without its stream";
	if (s->type == FRAME_RST_STREAM && s->left != 4)
		return "an HTTP/2 RST_STREAM of the wrong size";
	if (s->type == FRAME_GOAWAY && s->left < 8)
		return "an HTTP/2 GOAWAY of the wrong size";
	if (s->type == FRAME_SETTINGS &&
	    (s->left % SETTING_BYTES != 0 || s->stream != 0))
		return "HTTP/2 SETTINGS of the wrong form";
	return NULL;
}

static void
begin_block(struct half *s)
{
	s->in_block = true;
	s->block_on = s->block_stream = s->stream;
	s->block_promises = s->type == FRAME_PUSH_PROMISE;
	s->block_ends = s->type == FRAME_HEADERS &&
			(s->flags & FLAG_END_STREAM);
	http2_head_clear(&s->head);
}

static const char *
begin_frame(struct half *s)
{
	const char *fault;

	s->left = number(s->small, 3);
	s->type = s->small[3];
	s->flags = s->small[4];
	s->stream = number(s->small + 5, 4) & 0x7fffffffu;
	s->nsmall = 0;
	s->padding = s->prefix = 0;
	fault = frame_fault(s);
	if (fault)
		return fault;
	if (s->type == FRAME_HEADERS || s->type == FRAME_PUSH_PROMISE)
		begin_block(s);
	if (s->type == FRAME_HEADERS && (s->flags & FLAG_PRIORITY))
		s->prefix = PRIORITY_BYTES;
	if (s->type == FRAME_PUSH_PROMISE)
		s->prefix = PROMISED_BYTES;
	s->where = may_pad(s->type) && (s->flags & FLAG_PADDED) ?
		IN_PAD_LENGTH : IN_PREFIX;
	return NULL;
}

static const char *
read_pad_length(struct step *p)
{
	struct half *s = p->s;

	if (s->left == 0)
		return "an HTTP/2 frame without its padding's length";
	if (!gather_payload(p, 1))
		return NULL;
	s->padding = s->small[0];
	s->nsmall = 0;
	if (s->padding > s->left)
		return "HTTP/2 padding longer than its frame";
	s->left -= s->padding;
	s->where = IN_PREFIX;
	return NULL;
}

static const char *
read_prefix(struct step *p)
{
	struct half *s = p->s;

	if (s->prefix > s->left + s->nsmall)
		return "an HTTP/2 frame that is too short";
	if (!gather_payload(p, s->prefix))
		return NULL;
	if (s->type == FRAME_PUSH_PROMISE)
		s->block_stream = number(s->small, 4) & 0x7fffffffu;
	s->nsmall = 0;
	s->where = IN_PAYLOAD;
	return NULL;
}

/* ---- header blocks ------------------------------------------------------ */

/* A part of a block; false when it cannot be inflated. */
static bool
inflate(struct half *s, struct slice part, bool final)
{
	const uint8_t *in = (const uint8_t *)part.p;
	static const uint8_t nothing;
	size_t left = part.n;
	ssize_t n;

	for (;;) {
		nghttp2_nv nv;
		int flags = 0;

		n = nghttp2_hd_inflate_hd2(s->inflater, &nv, &flags,
					   left ? in : &nothing, left, final);
		if (n < 0)
			return false;
		in += n;
		left -= (size_t)n;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			http2_head_add(&s->head, slice_of(nv.name, nv.namelen),
				       slice_of(nv.value, nv.valuelen));
		if (flags & NGHTTP2_HD_INFLATE_FINAL) {
			nghttp2_hd_inflate_end_headers(s->inflater);
			return true;
		}
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && left == 0)
			return true;
	}
}

static enum http2_kind
kind_of_head(const struct step *p)
{
	const struct half *s = p->s;
	const struct http1_head *h = &s->head.head;

	if (s->block_promises)
		return HTTP2_PROMISE;
	if (p->side == HTTP2_CLIENT)
		return h->method.p ? HTTP2_REQUEST : HTTP2_TRAILERS;
	if (h->line.n == 0)
		return HTTP2_TRAILERS;
	return h->status >= 100 && h->status < 200 ? HTTP2_INTERIM :
		HTTP2_RESPONSE;
}

/* The block is whole. */
static enum http2_kind
finish_block(struct step *p)
{
	struct half *s = p->s;

	s->in_block = false;
	http2_head_finish(&s->head);
	p->out->stream = s->block_stream;
	p->out->end = s->block_ends;
	p->out->head = &s->head.head;
	return kind_of_head(p);
}

static enum http2_kind
block_payload(struct step *p)
{
	struct half *s = p->s;
	struct slice part = slice_range(p->in, p->pos, p->pos + s->left);
	bool whole = part.n == s->left && (s->flags & FLAG_END_HEADERS);

	p->pos += part.n;
	s->left -= (uint32_t)part.n;
	if (s->left == 0)
		s->where = IN_PADDING;
	if (!inflate(s, part, whole))
		return bad(p, "an HTTP/2 header block that cannot be inflated");
	return whole ? finish_block(p) : HTTP2_MORE;
}

/* ---- other payloads ------------------------------------------------------- */

static enum http2_kind
data_payload(struct step *p)
{
	struct half *s = p->s;

	p->out->stream = s->stream;
	p->out->data = slice_range(p->in, p->pos, p->pos + s->left);
	p->pos += p->out->data.n;
	s->left -= (uint32_t)p->out->data.n;
	if (s->left > 0)
		return p->out->data.n > 0 ? HTTP2_DATA : HTTP2_MORE;
	s->where = IN_PADDING;
	p->out->end = s->flags & FLAG_END_STREAM;
	return p->out->data.n > 0 || p->out->end ? HTTP2_DATA : HTTP2_MORE;
}

/*
 * `s` acknowledged what its peer asked for: from here on its own blocks are
 * made for that table size.
 */
static const char *
acknowledged(struct http2 *h, struct half *s)
{
	struct half *peer = s == &h->side[HTTP2_CLIENT] ?
		&h->side[HTTP2_SERVER] : &h->side[HTTP2_CLIENT];
	uint32_t size;

	if (peer->nasked == 0)
		return NULL;	/* a peer's mistake that changes nothing */
	size = peer->asked[0];
	memmove(peer->asked, peer->asked + 1,
		--peer->nasked * sizeof(*peer->asked));
	if (size > HTTP2_TABLE_MAX)
		size = HTTP2_TABLE_MAX;
	if (nghttp2_hd_inflate_change_table_size(s->inflater, size) != 0)
		return "HTTP/2 SETTINGS in the middle of a header block";
	return NULL;
}

static enum http2_kind
settings_payload(struct step *p)
{
	struct half *s = p->s;
	const char *why;

	while (s->left > 0 && gather_payload(p, SETTING_BYTES)) {
		if (number(s->small, 2) == SETTINGS_HEADER_TABLE_SIZE &&
		    !(s->flags & FLAG_ACK))
			s->asking = number(s->small + 2, 4);
		s->nsmall = 0;
	}
	if (s->left > 0)
		return HTTP2_MORE;
	s->where = IN_PADDING;
	if (s->flags & FLAG_ACK) {
		why = acknowledged(p->h, s);
		return why ? bad(p, why) : HTTP2_MORE;
	}
	if (s->nasked == HTTP2_SETTINGS_MAX)
		return bad(p, "more HTTP/2 SETTINGS than are answered");
	s->asked[s->nasked++] = s->asking;
	return HTTP2_MORE;
}

static enum http2_kind
reset_payload(struct step *p)
{
	struct half *s = p->s;

	if (!gather_payload(p, 4))
		return HTTP2_MORE;
	s->where = IN_PADDING;
	p->out->stream = s->stream;
	p->out->code = number(s->small, 4);
	s->nsmall = 0;
	return HTTP2_RESET;
}

static enum http2_kind
skip_payload(struct step *p)
{
	struct half *s = p->s;
	size_t n = p->in.n - p->pos < s->left ? p->in.n - p->pos : s->left;

	p->pos += n;
	s->left -= (uint32_t)n;
	if (s->left == 0)
		s->where = IN_PADDING;
	return HTTP2_MORE;
}

static enum http2_kind
goaway_payload(struct step *p)
{
	struct half *s = p->s;

	if (!gather_payload(p, 8))
		return HTTP2_MORE;
	p->out->stream = number(s->small, 4) & 0x7fffffffu;
	p->out->code = number(s->small + 4, 4);
	s->nsmall = 0;
	/* What follows are words for people. */
	s->type = FRAME_PING;
	if (s->left == 0)
		s->where = IN_PADDING;
	return HTTP2_GOAWAY;
}

static enum http2_kind
payload(struct step *p)
{
	switch (p->s->type) {
	case FRAME_DATA:
		return data_payload(p);
	case FRAME_HEADERS:
	case FRAME_PUSH_PROMISE:
	case FRAME_CONTINUATION:
		return block_payload(p);
	case FRAME_RST_STREAM:
		return reset_payload(p);
	case FRAME_SETTINGS:
		return settings_payload(p);
	case FRAME_GOAWAY:
		return goaway_payload(p);
	default:	/* RFC 9113 §4.1: unknown types are ignored */
		return skip_payload(p);
	}
}

/* ---- all of it -------------------------------------------------------------- */

static const char *
preface(struct step *p)
{
	static const char whole[] = HTTP2_PREFACE;
	struct half *s = p->s;

	while (s->left < HTTP2_PREFACE_BYTES && p->pos < p->in.n)
		if (p->in.p[p->pos++] != whole[s->left++])
			return "not the HTTP/2 preface";
	if (s->left == HTTP2_PREFACE_BYTES)
		s->where = IN_FRAME_HEAD;
	return NULL;
}

static enum http2_kind
advance(struct step *p)
{
	struct half *s = p->s;
	const char *why = NULL;

	switch (s->where) {
	case IN_PREFACE:
		why = preface(p);
		break;
	case IN_FRAME_HEAD:
		if (gather(p, FRAME_HEAD_BYTES))
			why = begin_frame(s);
		break;
	case IN_PAD_LENGTH:
		why = read_pad_length(p);
		break;
	case IN_PREFIX:
		why = read_prefix(p);
		break;
	case IN_PAYLOAD:
		return payload(p);
	case IN_PADDING:
		p->s->left = s->padding;
		s->padding = 0;
		(void)skip_payload(p);
		s->padding = s->left;
		if (s->left == 0)
			s->where = IN_FRAME_HEAD;
		break;
	}
	return why ? bad(p, why) : HTTP2_MORE;
}

/* Can a step be made without further bytes? */
static bool
has_step(const struct half *s)
{
	switch (s->where) {
	case IN_PREFACE:
	case IN_FRAME_HEAD:
		return false;
	case IN_PAD_LENGTH:
		return s->left == 0;
	case IN_PREFIX:
		return s->prefix == s->nsmall || s->prefix > s->left + s->nsmall;
	case IN_PAYLOAD:
		return s->left == 0;
	case IN_PADDING:
		return s->padding == 0;
	}
	return false;
}

enum http2_kind
http2_next(struct http2 *h, enum http2_side side, struct slice in,
	   size_t *used, struct http2_event *out)
{
	struct step p = { .h = h, .s = &h->side[side], .side = side, .in = in,
			  .out = out };
	enum http2_kind kind = HTTP2_MORE;

	*out = (struct http2_event){ .stream = 0 };
	if (h->why) {
		*used = 0;
		return HTTP2_BAD;
	}
	while (kind == HTTP2_MORE && (p.pos < in.n || has_step(p.s)))
		kind = advance(&p);
	*used = p.pos;
	return kind;
}
