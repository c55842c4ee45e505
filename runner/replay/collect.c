/* From decoder events to a struct message. */
#include "collect.h"

void
collect_init(struct collect *c, struct arena *a, const struct message *like)
{
	*c = (struct collect){ .arena = a, .like = like };
	buf_init(&c->body, COLLECT_BODY_MAX);
}

void
collect_release(struct collect *c)
{
	buf_release(&c->body);
}

/* `s` for as long as the message lives; `recorded` may be it. */
static struct slice
keep(const struct collect *c, struct slice s, struct slice recorded)
{
	return slice_eq(s, recorded) ? recorded : arena_copy(c->arena, s);
}

static bool
same_field(const struct header *recorded, const struct http1_header *h)
{
	return recorded->name.n == h->name.n &&
	       recorded->value.n == h->value.n &&
	       slice_eq(recorded->line, h->line);
}

static struct header
copy_field(struct arena *a, const struct http1_header *h)
{
	struct slice line = arena_copy(a, h->line);
	size_t at = h->value.n ? (size_t)(h->value.p - h->line.p) : line.n;

	return (struct header){ .line = line,
		.name = slice_range(line, 0, h->name.n),
		.value = slice_range(line, at, at + h->value.n) };
}

/* How many leading fields are the recorded ones. */
static size_t
same_fields(const struct headers *recorded, const struct http1_head *h)
{
	size_t i = 0;

	while (i < h->nheaders && i < recorded->n &&
	       same_field(&recorded->v[i], &h->headers[i]))
		i++;
	return i;
}

static void
keep_headers(const struct collect *c, const struct http1_head *h,
	     struct headers *out)
{
	static const struct headers none;
	const struct headers *recorded = c->like ? &c->like->headers : &none;
	size_t same = same_fields(recorded, h);

	out->n = h->nheaders;
	out->v = recorded->v;
	if (same == h->nheaders && same == recorded->n)
		return;
	out->v = arena_array(c->arena, h->nheaders, sizeof(*out->v));
	for (size_t i = 0; i < h->nheaders; i++)
		out->v[i] = i < recorded->n &&
			    same_field(&recorded->v[i], &h->headers[i]) ?
				    recorded->v[i] :
				    copy_field(c->arena, &h->headers[i]);
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
	m->line = keep(c, h->line, c->like ? c->like->line : SLICE(""));
	keep_headers(c, h, &m->headers);
	if (!h->crlf_only)
		m->raw_head = arena_copy(c->arena, h->raw);
	m->framing = framing_of(h->framing);
	c->length = h->framing == HTTP1_LENGTH ? h->length : 0;
	buf_clear(&c->body);
	c->chunks_cap = 0;
}

static struct slice
keep_body(const struct collect *c, struct slice body)
{
	return keep(c, body, c->like ? c->like->body : SLICE(""));
}

void
collect_body(struct collect *c, struct slice span, struct message *m)
{
	size_t room = c->body.limit - c->body.n;

	m->body_bytes += span.n;
	/* Nearly every small body comes whole. */
	if (span.n == c->length && span.n <= room) {
		m->body = keep_body(c, span);
		return;
	}
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
	m->trailers = (struct headers){ .n = h->nheaders };
	m->trailers.v = arena_array(c->arena, h->nheaders,
				    sizeof(*m->trailers.v));
	for (size_t i = 0; i < h->nheaders; i++)
		m->trailers.v[i] = copy_field(c->arena, &h->headers[i]);
}

void
collect_end(struct collect *c, struct message *m)
{
	if (c->body.n == 0)
		return;
	m->body = keep_body(c, buf_slice(&c->body));
	buf_release(&c->body);
}
