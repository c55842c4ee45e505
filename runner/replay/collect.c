/* From decoder events to a struct message. */
#include "collect.h"

void
collect_init(struct collect *c, struct arena *a)
{
	*c = (struct collect){ .arena = a };
	buf_init(&c->body, COLLECT_BODY_MAX);
}

void
collect_release(struct collect *c)
{
	buf_release(&c->body);
}

static void
copy_headers(struct arena *a, const struct http1_head *h, struct headers *out)
{
	out->n = h->nheaders;
	out->v = arena_array(a, h->nheaders, sizeof(*out->v));
	for (size_t i = 0; i < h->nheaders; i++) {
		out->v[i].line = arena_copy(a, h->headers[i].line);
		out->v[i].name = arena_copy(a, h->headers[i].name);
		out->v[i].value = arena_copy(a, h->headers[i].value);
	}
}

static enum framing
framing_of(enum http1_framing f)
{
	switch (f) {
	case HTTP1_NO_BODY:
		return FRAMING_NONE;
	case HTTP1_LENGTH:
		return FRAMING_LENGTH;
	case HTTP1_CHUNKED:
		return FRAMING_CHUNKED;
	case HTTP1_UNTIL_CLOSE:
		return FRAMING_CLOSE;
	case HTTP1_TUNNEL:
		return FRAMING_TUNNEL;
	}
	return FRAMING_NONE;
}

void
collect_head(struct collect *c, const struct http1_head *h, struct message *m)
{
	m->present = true;
	m->line = arena_copy(c->arena, h->line);
	copy_headers(c->arena, h, &m->headers);
	if (!h->crlf_only)
		m->raw_head = arena_copy(c->arena, h->raw);
	m->framing = framing_of(h->framing);
	buf_clear(&c->body);
	c->chunks_cap = 0;
}

void
collect_body(struct collect *c, struct slice span, struct message *m)
{
	size_t room = c->body.limit - c->body.n;

	m->body_bytes += span.n;
	if (span.n > room)
		m->cut_bytes += span.n - room;
	buf_add(&c->body, slice_range(span, 0, room));
}

void
collect_chunk(struct collect *c, uint64_t size, struct message *m)
{
	if (size == 0)
		return;
	m->chunks = arena_grow(c->arena, m->chunks, m->nchunks,
			       &c->chunks_cap, sizeof(*m->chunks));
	m->chunks[m->nchunks++] = size;
}

void
collect_trailers(struct collect *c, const struct http1_head *h,
		 struct message *m)
{
	copy_headers(c->arena, h, &m->trailers);
}

void
collect_end(struct collect *c, struct message *m)
{
	m->body = arena_copy(c->arena, buf_slice(&c->body));
	buf_clear(&c->body);
}
