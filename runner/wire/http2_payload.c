/* Reads what is in HTTP/2 frames: header blocks, data, settings, ends. */
#include "http2_frames.h"

#include <string.h>

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
		return http2_bad(p, "an HTTP/2 header block that cannot be inflated");
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

	while (s->left > 0 && http2_gather_payload(p, SETTING_BYTES)) {
		if (http2_number(s->small, 2) == SETTINGS_HEADER_TABLE_SIZE &&
		    !(s->flags & FLAG_ACK))
			s->asking = http2_number(s->small + 2, 4);
		s->nsmall = 0;
	}
	if (s->left > 0)
		return HTTP2_MORE;
	s->where = IN_PADDING;
	if (s->flags & FLAG_ACK) {
		why = acknowledged(p->h, s);
		return why ? http2_bad(p, why) : HTTP2_MORE;
	}
	if (s->nasked == HTTP2_SETTINGS_MAX)
		return http2_bad(p, "more HTTP/2 SETTINGS than are answered");
	s->asked[s->nasked++] = s->asking;
	return HTTP2_MORE;
}

static enum http2_kind
reset_payload(struct step *p)
{
	struct half *s = p->s;

	if (!http2_gather_payload(p, 4))
		return HTTP2_MORE;
	s->where = IN_PADDING;
	p->out->stream = s->stream;
	p->out->code = http2_number(s->small, 4);
	s->nsmall = 0;
	return HTTP2_RESET;
}

enum http2_kind
http2_skip(struct step *p)
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

	if (!http2_gather_payload(p, 8))
		return HTTP2_MORE;
	p->out->stream = http2_number(s->small, 4) & 0x7fffffffu;
	p->out->code = http2_number(s->small + 4, 4);
	s->nsmall = 0;
	/* What follows are words for people. */
	s->type = FRAME_PING;
	if (s->left == 0)
		s->where = IN_PADDING;
	return HTTP2_GOAWAY;
}

enum http2_kind
http2_payload(struct step *p)
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
		return http2_skip(p);
	}
}
