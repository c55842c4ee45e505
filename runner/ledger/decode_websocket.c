/* Takes a WebSocket's messages out of the bytes behind its handshake. */
#include "decode_sides.h"

#include <dvr/wire/websocket.h>

/* Messages of one side; what follows is lost.  Nobody reads so many. */
#define SIDE_MESSAGES_MAX 16384u

struct socket {
	struct arena *a;
	const struct decode_in *in;
	const struct side *side;
	unsigned which;
	struct exchange *x;
	struct message *m;		/* the handshake's half */
	size_t begin;			/* of the frames in the side's bytes */
	struct stream_message *v;
	size_t n, cap;
};

static enum stream_kind
kind_of(enum websocket_kind k)
{
	switch (k) {
	case WEBSOCKET_TEXT: return STREAM_TEXT;
	case WEBSOCKET_BINARY: return STREAM_BINARY;
	case WEBSOCKET_CLOSE: return STREAM_CLOSE;
	case WEBSOCKET_PING: return STREAM_PING;
	case WEBSOCKET_PONG: return STREAM_PONG;
	}
	return STREAM_BINARY;
}

static int64_t
byte_us(const struct socket *s, size_t at)
{
	const struct side *side = s->side;

	return decode_us(s->in, side->marks[side_mark(side, at)].at_ns);
}

static void
add(struct socket *s, const struct websocket_message *m)
{
	struct stream_message *to;

	s->v = arena_grow(s->a, s->v, s->n, &s->cap, sizeof(*s->v));
	to = &s->v[s->n++];
	*to = (struct stream_message){
		.from = s->which == LX_REQUEST ? FROM_CLIENT : FROM_SERVER,
		.kind = kind_of(m->kind),
		.at_us = byte_us(s, s->begin + (size_t)m->from),
		.end_us = byte_us(s, s->begin + (size_t)m->to - 1),
		.code = m->code,
		.payload = arena_copy(s->a, m->payload),
		.bytes = m->withheld ? m->bytes : m->payload.n,
	};
	if (m->withheld)
		to->withheld = arena_copy(s->a, slice_str(m->withheld));
}

/* Returns how many bytes of the frames could not be read. */
static size_t
take_frames(struct socket *s, const struct websocket_terms *terms)
{
	struct slice rest = s->m->body;
	struct websocket_message m;
	struct websocket w;
	enum websocket_event ev;
	size_t used;

	websocket_init(&w, terms, s->in->ledger->config.max_body_bytes);
	do {
		ev = websocket_next(&w, rest, &used, &m);
		rest = slice_from(rest, used);
		if (ev == WEBSOCKET_MESSAGE)
			add(s, &m);
	} while (ev == WEBSOCKET_MESSAGE && s->n < SIDE_MESSAGES_MAX);
	if (ev == WEBSOCKET_BAD && s->x->note.n == 0)
		s->x->note = arena_fmt(s->a, "what follows in the WebSocket "
				       "is not kept: %s", w.why);
	websocket_release(&w);
	return rest.n;
}

static struct slice
extensions_of(const struct exchange *x)
{
	const struct header *h = headers_find(&x->response.headers,
					      "sec-websocket-extensions");

	return h ? h->value : SLICE("");
}

/* The handshake's own message, without what ran behind it. */
static void
strip(struct socket *s, size_t unread)
{
	struct message *m = s->m;

	m->cut_bytes += unread;
	m->body = SLICE("");
	m->body_bytes = m->cut_bytes;
	m->segments = NULL;
	m->nsegments = 0;
	if (s->which == LX_RESPONSE) {
		m->framing = FRAMING_TUNNEL;
		return;
	}
	m->framing = FRAMING_NONE;
	/* It ended when the frames began, unless the client left. */
	if ((m->end == END_COMPLETE || m->end == END_OPEN) && s->begin > 0)
		m->end_us = byte_us(s, s->begin - 1);
	if (m->end == END_OPEN)
		m->end = END_COMPLETE;
}

void
decode_websocket(struct arena *a, const struct decode_in *in,
		 const struct side sides[RING_SIDES], struct exchange *out)
{
	struct stream_message *v[RING_SIDES] = { NULL, NULL };
	size_t n[RING_SIDES] = { 0, 0 }, unread;
	struct websocket_terms terms;

	out->protocol = PROTOCOL_WEBSOCKET;
	for (unsigned i = 0; i < RING_SIDES; i++) {
		struct socket s = {
			.a = a, .in = in, .side = &sides[i], .which = i,
			.x = out, .m = i ? &out->response : &out->request,
		};

		s.begin = sides[i].bytes.n - s.m->body.n;
		unread = s.m->body.n;
		if (websocket_agree(extensions_of(out), i ? WEBSOCKET_SERVER :
				    WEBSOCKET_CLIENT, &terms) == 0)
			unread = take_frames(&s, &terms);
		else if (out->note.n == 0)
			out->note = SLICE("a WebSocket with an extension that "
					  "is not known: its frames are not "
					  "kept");
		strip(&s, unread);
		v[i] = s.v;
		n[i] = s.n;
	}
	sides_merge(a, out, v, n);
}
