/* Plays one side of a recorded WebSocket. */
#include "socket_play.h"

/* A goodbye is answered, and a connection closed behind it, within this. */
#define GOODBYE_NS (500 * NS_PER_MS)
#define MESSAGE_MAX (64u * MiB)

static void step(struct play *p);

static int64_t
live_us(const struct play *p)
{
	uint64_t now = loop_now_ns(p->how.loop);

	return now > p->how.t0_ns ?
		(int64_t)((now - p->how.t0_ns) / NS_PER_US) : 0;
}

static void
observe(struct play *p, const struct stream_message *m)
{
	struct stream_message *to;

	p->seen = arena_grow(p->how.arena, p->seen, p->nseen, &p->cap,
			     sizeof(*p->seen));
	to = &p->seen[p->nseen++];
	*to = *m;
	to->payload = arena_copy(p->how.arena, m->payload);
	to->at_us = to->end_us = live_us(p);
	to->bytes = m->payload.n;
}

static void
arm(struct play *p, uint64_t at_ns)
{
	loop_timer_set(p->how.loop, &p->timer, at_ns);
}

/* ---- sending --------------------------------------------------------- */

static enum websocket_kind
kind_of(enum stream_kind k)
{
	switch (k) {
	case STREAM_TEXT: return WEBSOCKET_TEXT;
	case STREAM_CLOSE: return WEBSOCKET_CLOSE;
	case STREAM_PING: return WEBSOCKET_PING;
	case STREAM_PONG: return WEBSOCKET_PONG;
	case STREAM_PLAIN:
	case STREAM_COMPRESSED:
	case STREAM_BINARY: return WEBSOCKET_BINARY;
	}
	return WEBSOCKET_BINARY;
}

static void
put(struct play *p, const struct stream_message *m)
{
	struct websocket_frame f = {
		.kind = kind_of(m->kind), .code = m->code,
		.payload = m->payload, .masked = p->how.us == FROM_CLIENT,
		/* Masks guard proxies from scripts; any one does here. */
		.mask = { 0x64, 0x76, 0x72, 0x21 },
	};
	struct stream_message said = *m;
	struct buf wire;

	said.from = p->how.us;
	observe(p, &said);
	if (m->kind == STREAM_CLOSE)
		p->said = true;
	buf_init(&wire, MESSAGE_MAX + WEBSOCKET_HEAD_MAX);
	websocket_put(&f, &wire);
	p->how.send(p->how.arg, buf_slice(&wire));
	buf_release(&wire);
}

static void
say_goodbye(struct play *p)
{
	put(p, &(struct stream_message){ .kind = STREAM_CLOSE, .code = 1000 });
	arm(p, loop_now_ns(p->how.loop) + GOODBYE_NS);
}

/* ---- the tape's order ------------------------------------------------- */

static int64_t
before_us(const struct play *p)
{
	const struct exchange *x = p->how.live;

	return p->next > 0 ? x->messages[p->next - 1].end_us :
		x->response.at_us;
}

static uint64_t
gap_ns(const struct play *p, int64_t at_us)
{
	if (p->how.timing == TIMING_FAST)
		return 0;
	return schedule_scaled_ns(p->how.timing, at_us - before_us(p));
}

static bool
counts(enum stream_kind k)
{
	return k != STREAM_PING && k != STREAM_PONG;
}

/* False: it has to wait. */
static bool
play_theirs(struct play *p, const struct stream_message *m)
{
	uint64_t now = loop_now_ns(p->how.loop);

	if (!counts(m->kind))
		return true;
	if (p->came <= p->awaited) {
		/* A server that is well now does not close any more. */
		if (m->kind == STREAM_CLOSE && p->how.us == FROM_CLIENT)
			arm(p, now + GOODBYE_NS + 2 * gap_ns(p, m->end_us));
		return false;
	}
	p->awaited++;
	p->last_ns = now;
	return true;
}

static bool
play_ours(struct play *p, const struct stream_message *m)
{
	uint64_t now = loop_now_ns(p->how.loop), due;
	struct stream_message said;

	/* Pings are answered as they come. */
	if (m->kind == STREAM_PONG)
		return true;
	due = p->last_ns + gap_ns(p, m->at_us);
	if (due > now) {
		arm(p, due);
		return false;
	}
	said = *m;
	if (p->how.words)
		said.payload = p->how.words(p->how.arg, p->next);
	put(p, &said);
	p->last_ns = now;
	return true;
}

/* A server closes behind both goodbyes, and where it went without one. */
static void
server_played(struct play *p)
{
	enum message_end end = p->how.live->response.end;

	if (p->heard || (!p->said && (end == END_FIN || end == END_RST)))
		p->how.over(p->how.arg);
	else if (p->said)
		arm(p, loop_now_ns(p->how.loop) + GOODBYE_NS);
}

/* Everything was played: how did it go on? */
static void
all_played(struct play *p)
{
	const struct exchange *x = p->how.live;
	uint64_t now = loop_now_ns(p->how.loop);

	p->through = true;
	if (p->how.us == FROM_SERVER) {
		server_played(p);
		return;
	}
	if (x->response.end == END_OPEN) {
		p->how.over(p->how.arg);
		return;
	}
	if (p->said || p->heard)
		arm(p, now + GOODBYE_NS);
	else if (x->request.end == END_FIN || x->request.end == END_RST)
		arm(p, now + gap_ns(p, x->request.end_us));
	else
		arm(p, now + GOODBYE_NS + 2 * gap_ns(p, x->response.end_us));
}

/* Was it said to somebody who was gone without a word? */
static bool
is_too_late(const struct exchange *x, const struct stream_message *m)
{
	return (x->response.end == END_FIN || x->response.end == END_RST) &&
	       m->at_us >= x->response.end_us;
}

static void
step(struct play *p)
{
	const struct exchange *x = p->how.live;

	while (!p->heard && p->next < x->nmessages) {
		const struct stream_message *m = &x->messages[p->next];

		if (m->from == p->how.us && is_too_late(x, m)) {
			p->next = x->nmessages;
			break;
		}
		if (!(m->from == p->how.us ? play_ours(p, m) :
		      play_theirs(p, m)))
			return;
		p->next++;
	}
	if (!p->through)
		all_played(p);
}

static bool
client_left(const struct exchange *x)
{
	return x->request.end == END_FIN || x->request.end == END_RST;
}

void
play_fired(struct play *p)
{
	const struct exchange *x = p->how.live;
	bool ours = p->next < x->nmessages &&
		    x->messages[p->next].from == p->how.us;

	if (ours && !p->said && !p->heard)
		step(p);
	else if (p->said || p->heard || (p->through && client_left(x)))
		p->how.over(p->how.arg);
	else
		say_goodbye(p);
}

static void
fired(struct loop_timer *t)
{
	play_fired(t->owner);
}

/* ---- reading ---------------------------------------------------------- */

static void
heard(struct play *p, const struct websocket_message *m)
{
	struct stream_message s = {
		.from = p->how.us == FROM_CLIENT ? FROM_SERVER : FROM_CLIENT,
		.code = m->code, .payload = m->payload,
	};

	switch (m->kind) {
	case WEBSOCKET_TEXT: s.kind = STREAM_TEXT; break;
	case WEBSOCKET_BINARY: s.kind = STREAM_BINARY; break;
	case WEBSOCKET_CLOSE: s.kind = STREAM_CLOSE; break;
	case WEBSOCKET_PING: s.kind = STREAM_PING; break;
	case WEBSOCKET_PONG: s.kind = STREAM_PONG; break;
	}
	observe(p, &s);
	if (counts(s.kind))
		p->came++;
	if (s.kind == STREAM_PING) {
		s.kind = STREAM_PONG;
		put(p, &s);
	}
	if (s.kind != STREAM_CLOSE)
		return;
	p->heard = true;
	if (!p->said)
		put(p, &(struct stream_message){ .kind = STREAM_CLOSE,
						 .code = m->code });
	arm(p, loop_now_ns(p->how.loop) + GOODBYE_NS);
}

bool
play_feed(struct play *p, struct slice in)
{
	struct websocket_message m;
	size_t used;

	for (;;) {
		switch (websocket_next(&p->in, in, &used, &m)) {
		case WEBSOCKET_MORE:
			return true;
		case WEBSOCKET_BAD:
			return false;
		case WEBSOCKET_MESSAGE:
			break;
		}
		in = slice_from(in, used);
		if (p->heard)
			continue;
		heard(p, &m);
		if (!p->through && !(p->said && !p->heard))
			step(p);
	}
}

/* ---- life ------------------------------------------------------------- */

void
play_begin(struct play *p, const struct play_how *how)
{
	const struct websocket_terms terms = {
		.sender = how->us == FROM_CLIENT ? WEBSOCKET_SERVER :
			WEBSOCKET_CLIENT,
	};

	*p = (struct play){ .how = *how };
	p->timer = (struct loop_timer){ .fn = how->fired ? how->fired : fired, .owner = p,
		.precise = true };
	p->last_ns = loop_now_ns(how->loop);
	websocket_init(&p->in, &terms, MESSAGE_MAX);
	step(p);
}

void
play_release(struct play *p)
{
	loop_timer_cancel(p->how.loop, &p->timer);
	websocket_release(&p->in);
}

enum message_end
play_end(struct play *p, enum message_end how)
{
	loop_timer_cancel(p->how.loop, &p->timer);
	if ((how == END_FIN || how == END_RST) && (p->said || p->heard))
		return END_COMPLETE;
	return how;
}
