/* Decodes the raw bytes of an exchange into its messages (see decode.h). */
#include "decode_sides.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

struct decoding {
	struct arena *a;
	const struct decode_in *in;
	const struct side *side;
	struct http1_decoder *d;
	struct message m;		/* the one at hand */
	size_t at;			/* how far the side is read */
	size_t head_end, end;		/* of the message at hand */
	struct buf payload;		/* chunked, or in several spans */
	struct slice body;		/* as long as it is one span */
	size_t nchunks, cap_chunks;
	bool opaque;
};

static void
set_times(struct decoding *g, size_t from, size_t to)
{
	side_times(g->a, g->in, g->side,
		   &(struct side_part){ &g->m, from, to });
}

static struct headers
copy_headers(struct arena *a, const struct http1_head *h)
{
	struct headers out = { .n = h->nheaders };
	size_t i;

	out.v = arena_array(a, h->nheaders + 1, sizeof(*out.v));
	for (i = 0; i < h->nheaders; i++) {
		const struct http1_header *f = &h->headers[i];
		struct slice line = arena_copy(a, f->line);
		bool inside = f->value.p >= f->line.p &&
			f->value.p + f->value.n <= f->line.p + f->line.n;

		out.v[i].line = line;
		out.v[i].name = slice_range(line, 0, f->name.n);
		if (f->name.p != f->line.p)
			out.v[i].name = arena_copy(a, f->name);
		out.v[i].value = inside ?
			slice_of(line.p + (f->value.p - f->line.p),
				 f->value.n) : arena_copy(a, f->value);
	}
	return out;
}

static enum framing
framing_of(enum http1_framing f)
{
	switch (f) {
	case HTTP1_NO_BODY: return FRAMING_NONE;
	case HTTP1_LENGTH: return FRAMING_LENGTH;
	case HTTP1_CHUNKED: return FRAMING_CHUNKED;
	case HTTP1_UNTIL_CLOSE: return FRAMING_CLOSE;
	case HTTP1_TUNNEL: return FRAMING_TUNNEL;
	}
	return FRAMING_NONE;
}

/* Does line CRLF headers CRLF CRLF give these bytes? */
static bool
is_canonical(const struct http1_head *h, struct slice bytes)
{
	size_t n = h->line.n + 4, i;

	for (i = 0; i < h->nheaders; i++)
		n += h->headers[i].line.n + 2;
	return h->crlf_only && n == bytes.n;
}

static void
on_head(struct decoding *g, size_t from)
{
	const struct http1_head *h = &g->d->head;
	struct slice raw = slice_range(g->side->bytes, from, g->at);
	struct message *m = &g->m;

	g->head_end = g->at;
	m->line = arena_copy(g->a, h->line);
	m->headers = copy_headers(g->a, h);
	if (!is_canonical(h, raw))
		m->raw_head = raw;
	m->framing = framing_of(h->framing);
	m->body_bytes = h->framing == HTTP1_LENGTH ? h->length : 0;
}

static void
on_body(struct decoding *g, struct slice span)
{
	if (g->payload.n == 0 && g->body.n == 0) {
		g->body = span;
		return;
	}
	/* Of one length: the next span follows the last one. */
	if (g->payload.n == 0 && g->body.p + g->body.n == span.p) {
		g->body.n += span.n;
		return;
	}
	if (g->payload.n == 0)
		buf_add(&g->payload, g->body);
	buf_add(&g->payload, span);
}

static void
on_chunk(struct decoding *g)
{
	struct message *m = &g->m;

	if (g->d->chunk_size == 0)
		return;
	m->chunks = arena_grow(g->a, m->chunks, g->nchunks, &g->cap_chunks,
			       sizeof(*m->chunks));
	m->chunks[g->nchunks++] = g->d->chunk_size;
	m->nchunks = g->nchunks;
}

/* No head that can be read: the bytes stand for themselves. */
static void
unreadable(struct decoding *g, size_t from, const char *why,
	   struct exchange *x)
{
	struct slice rest = slice_from(g->side->bytes, from), line;

	g->m.raw_head = rest;
	line = slice_cut(&rest, '\n');
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	g->m.line = line;
	if (why && x->note.n == 0)
		x->note = arena_copy(g->a, slice_str(why));
	g->at = g->side->bytes.n;
}

/* Payload, sizes and what is missing, once the message's bytes are read. */
static void
finish_body(struct decoding *g, unsigned which, bool final)
{
	const struct lx *x = g->in->x;
	struct message *m = &g->m;
	uint64_t cut = final ? x->wire[which] - x->stored[which] : 0;

	m->body = g->payload.n > 0 ?
		arena_copy(g->a, buf_slice(&g->payload)) : g->body;
	if (m->framing == FRAMING_CHUNKED && g->d->chunks_odd && cut == 0)
		m->raw_body = slice_range(g->side->bytes, g->head_end,
					  g->end);
	if (m->framing != FRAMING_LENGTH || m->body_bytes < m->body.n + cut ||
	    !(x->flags & (which ? LXF_RESP_ENDED : LXF_REQ_ENDED)) ||
	    x->end[which] != LX_COMPLETE)
		m->body_bytes = m->body.n + cut;
	m->cut_bytes = cut;
	if (g->in->ledger->config.payloads)
		return;
	m->cut_bytes += m->body.n;
	m->body = m->raw_body = SLICE("");
	m->chunks = NULL;
	m->nchunks = 0;
}

/* Reads one message from g->at on; true when it came to its end. */
static bool
read_message(struct decoding *g, struct exchange *x)
{
	size_t start = g->at, used;
	bool head = false, ended = false;
	struct slice span, in;

	g->body = SLICE("");
	buf_clear(&g->payload);
	g->nchunks = g->cap_chunks = 0;
	g->m.present = true;
	while (!ended) {
		used = 0;
		span = SLICE("");
		in = slice_from(g->side->bytes, g->at);
		switch (http1_next(g->d, in, &used, &span)) {
		case HTTP1_MORE:
			g->at += used;
			if (!head)
				unreadable(g, start, NULL, x);
			g->end = g->side->bytes.n;
			g->at = g->end;
			return false;
		case HTTP1_HEAD:
			g->at += used;
			on_head(g, start);
			head = true;
			break;
		case HTTP1_BODY:
			g->at += used;
			on_body(g, span);
			break;
		case HTTP1_CHUNK:
			g->at += used;
			on_chunk(g);
			break;
		case HTTP1_TRAILERS:
			g->at += used;
			g->m.trailers = copy_headers(g->a, &g->d->head);
			break;
		case HTTP1_END:
			g->at += used;
			ended = true;
			break;
		case HTTP1_OPAQUE:
			g->at += used;
			g->opaque = true;
			on_body(g, span);
			break;
		case HTTP1_BAD:
			g->end = g->side->bytes.n;
			if (!head)
				unreadable(g, start, g->d->why, x);
			else if (x->note.n == 0 && g->d->why)
				x->note = arena_copy(g->a,
						     slice_str(g->d->why));
			if (head)
				g->m.raw_body = slice_from(g->side->bytes,
							    g->head_end);
			g->at = g->end;
			return false;
		}
	}
	g->end = g->at;
	return true;
}

/* What follows a whole message on its side: a tunnel's bytes. */
static void
add_rest(struct decoding *g, struct message *m)
{
	struct slice rest = slice_from(g->side->bytes, g->at);

	if (rest.n == 0)
		return;
	g->end = g->side->bytes.n;
	if (g->payload.n == 0 && g->body.n == 0)
		g->body = rest;
	else
		on_body(g, rest);
	m->framing = FRAMING_TUNNEL;
}

static void
decode_side(struct decoding *g, unsigned which, struct exchange *out)
{
	struct message *last = which ? &out->response : &out->request;
	size_t start, cap = 0;
	bool whole;

	while (g->side->bytes.n > g->at || (g->at == 0 && g->side->bytes.n)) {
		g->m = (struct message){ .present = false };
		start = g->at;
		whole = read_message(g, out);
		if (which == LX_RESPONSE && whole) {
			unsigned status = message_status(&g->m);

			if (status >= 100 && status < 200 && status != 101) {
				finish_body(g, which, false);
				set_times(g, start, g->end);
				g->m.end = END_COMPLETE;
				out->interim = arena_grow(g->a, out->interim,
							  out->ninterim, &cap,
							  sizeof(g->m));
				out->interim[out->ninterim++] = g->m;
				continue;
			}
		}
		if (whole)
			add_rest(g, &g->m);
		finish_body(g, which, true);
		set_times(g, start, g->end);
		*last = g->m;
		break;
	}
	side_end(g->in, last, which);
}

void
decode_exchange(struct arena *a, const struct decode_in *in,
		struct exchange *out)
{
	struct side sides[RING_SIDES] = { { .n = 0 }, { .n = 0 } };
	struct decoding g = { .a = a, .in = in };
	struct http1_decoder *d;
	const struct lx *x = in->x;
	unsigned i;

	*out = (struct exchange){
		.lane = x->lane,
		.conn = (uint32_t)x->conn,
		.injected = (x->flags & LXF_INJECTED) != 0,
	};
	if (x->stream > 0) {
		out->protocol = PROTOCOL_HTTP2;
		out->stream = x->stream;
	}
	if (x->note)
		out->note = arena_copy(a, slice_str(
			in->ledger->notes[x->note - 1]));
	sides_lay_out(a, in, sides);
	if (x->stream > 0) {
		decode_stream(a, in, sides, out);
		return;
	}
	d = mem_alloc(sizeof(*d));
	g.d = d;
	buf_init(&g.payload, SIZE_MAX / 2);
	for (i = 0; i < RING_SIDES; i++) {
		http1_init(d, i ? HTTP1_RESPONSE : HTTP1_REQUEST);
		if (i)
			http1_answers(d, message_method(&out->request));
		g.side = &sides[i];
		g.at = g.end = g.head_end = 0;
		decode_side(&g, i, out);
		http1_release(d);
	}
	buf_release(&g.payload);
	free(d);
	if (x->flags & LXF_WEBSOCKET)
		decode_websocket(a, in, sides, out);
}
