/* Follows the frames of an HTTP/2 connection, both directions of it. */
#include "http2_frames.h"

#include <dvr/base/mem.h>

#include <stdlib.h>

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

enum http2_kind
http2_bad(struct step *p, const char *why)
{
	p->h->why = why;
	return HTTP2_BAD;
}

uint32_t
http2_number(const unsigned char *p, size_t n)
{
	uint32_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

bool
http2_gather(struct step *p, size_t want)
{
	struct half *s = p->s;

	while (s->nsmall < want && p->pos < p->in.n)
		s->small[s->nsmall++] = (unsigned char)p->in.p[p->pos++];
	return s->nsmall == want;
}

bool
http2_gather_payload(struct step *p, size_t want)
{
	size_t had = p->s->nsmall;
	bool all = http2_gather(p, want);

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

	s->left = http2_number(s->small, 3);
	s->type = s->small[3];
	s->flags = s->small[4];
	s->stream = http2_number(s->small + 5, 4) & 0x7fffffffu;
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
	if (!http2_gather_payload(p, 1))
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
	if (!http2_gather_payload(p, s->prefix))
		return NULL;
	if (s->type == FRAME_PUSH_PROMISE)
		s->block_stream = http2_number(s->small, 4) & 0x7fffffffu;
	s->nsmall = 0;
	s->where = IN_PAYLOAD;
	return NULL;
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
		if (http2_gather(p, FRAME_HEAD_BYTES))
			why = begin_frame(s);
		break;
	case IN_PAD_LENGTH:
		why = read_pad_length(p);
		break;
	case IN_PREFIX:
		why = read_prefix(p);
		break;
	case IN_PAYLOAD:
		return http2_payload(p);
	case IN_PADDING:
		p->s->left = s->padding;
		s->padding = 0;
		(void)http2_skip(p);
		s->padding = s->left;
		if (s->left == 0)
			s->where = IN_FRAME_HEAD;
		break;
	}
	return why ? http2_bad(p, why) : HTTP2_MORE;
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
