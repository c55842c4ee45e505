/* Requests on their way: due, held, connected, sent, answered. */
#include "engine.h"

#include <dvr/scrub/scrub.h>

static void try_send(struct shot *s);

static const struct exchange *
recorded(const struct shot *s)
{
	return &s->replay->tape->exchanges[s->index];
}

/* ---- answers -------------------------------------------------------------- */

/* The run need not wait for it any longer. */
static void
satisfy(struct shot *s)
{
	if (s->satisfied)
		return;
	s->satisfied = true;
	s->replay->satisfied++;
}

static void
goes_on(struct replay *r)
{
	if (r->over || r->died)
		return;
	shots_arm(r);
	shots_connect_ahead(r);
}

static void
shot_done(struct shot *s)
{
	struct replay *r = s->replay;
	struct line *line = s->line;

	s->done = true;
	s->done_ns = loop_now_ns(r->loop);
	satisfy(s);
	if (--line->left == 0)
		conn_close(&line->conn);
	schedule_ended(&r->schedule, s->item, s->done_ns);
	gate_happened(&r->gate, HOLD_ENDED, s->index);
	goes_on(r);
	if (line->next != NULL)
		try_send(line->next);
}

static void
on_done(void *arg, struct call *k)
{
	(void)arg;
	shot_done(k->owner);
}

static struct slice
on_words(void *arg, struct call *k, size_t at,
	 const struct stream_message *live)
{
	struct replay *r = arg;
	const struct shot *s = k->owner;

	return resolver_message(&r->resolver, s->index, at, live);
}

static void
on_head(void *arg, struct call *k)
{
	struct replay *r = arg;
	struct shot *s = k->owner;

	if (!r->schedule.items[s->item].endless)
		return;
	satisfy(s);
	schedule_ended(&r->schedule, s->item, loop_now_ns(r->loop));
	goes_on(r);
}

/* ---- connections ------------------------------------------------------------ */

/* Nobody answered the connect that this shot needed. */
static void
refused(struct shot *s, const char *why)
{
	struct replay *r = s->replay;
	struct message *m = &s->call.seen->x.response;
	uint64_t now = loop_now_ns(r->loop);

	notes_fmt(&r->notes, "exchange %u: cannot connect to %s: %s",
		  recorded(s)->id, r->options.target, why);
	s->out = true;
	s->line->next = s->next;
	s->call.seen->x.request = recorded(s)->request;
	m->end = END_REFUSED;
	m->at_us = m->end_us = now > r->client.t0_ns ?
		(int64_t)((now - r->client.t0_ns) / NS_PER_US) : 0;
	shot_done(s);
}

static void
on_up(void *arg, struct conn *c, const char *why)
{
	struct replay *r = arg;
	struct line *line = r->lines;

	while (line != NULL && &line->conn != c)
		line = line->other;
	if (why == NULL)
		r->connected++;
	if (line == NULL || line->next == NULL || r->over)
		return;
	if (why == NULL) {
		try_send(line->next);
		return;
	}
	if (!line->next->cleared)
		return;
	if (r->connected == 0) {
		engine_abort(r, why);
		return;
	}
	refused(line->next, why);
}

static void
connect_time(struct loop_timer *t)
{
	shots_connect_ahead(t->owner);
}

/* Fast: the group that runs and the next one; else by the clock. */
static bool
soon(struct replay *r, const struct shot *s, uint64_t *at_ns)
{
	const struct schedule *sc = &r->schedule;
	uint64_t now = loop_now_ns(r->loop);

	if (r->options.timing == TIMING_FAST) {
		uint32_t running = r->armed ? sc->items[r->armed - 1].group
					    : 0;

		*at_ns = UINT64_MAX;
		return sc->items[s->item].group <= running + 1;
	}
	*at_ns = schedule_estimate(sc, s->item) - CONNECT_AHEAD_NS;
	return *at_ns <= now;
}

static void
open_line(struct shot *s)
{
	struct conn *c = &s->line->conn;

	if (c->used)
		notes_fmt(&s->replay->notes, "exchange %u: the service had "
			  "closed its connection; opened anew",
			  recorded(s)->id);
	conn_open(c);
}

void
shots_connect_ahead(struct replay *r)
{
	for (; r->ahead < r->schedule.count; r->ahead++) {
		struct shot *s = &r->shots[r->ahead];
		struct conn *c = &s->line->conn;
		uint64_t at_ns;

		if (!soon(r, s, &at_ns)) {
			if (at_ns != UINT64_MAX)
				loop_timer_set(r->loop, &r->connect_timer,
					       at_ns);
			return;
		}
		if (!s->out && c->state == CONN_NONE && c->first == NULL)
			open_line(s);
	}
}

/* ---- sending ------------------------------------------------------------------ */

/* True when its connection can take it now; else what is missing is on its
 * way and try_send() comes again. */
static bool
line_ready(struct shot *s)
{
	struct conn *c = &s->line->conn;

	if (!c->speech->takes(c, s->pipelined))
		return false;
	if (c->state == CONN_UP)
		return true;
	if (c->state == CONN_NONE)
		open_line(s);
	return false;
}

/* With the values that live answers held, unless the recorded bytes do. */
static void
print_live(struct shot *s)
{
	struct arena *a;
	struct message live;

	if (s->printed)
		return;
	s->printed = true;
	a = arena_create();
	resolver_request(&s->replay->resolver, s->index, a, &live);
	call_request(&s->call, &live);
	arena_wipe(a);
}

/*
 * Only in overlaps, where it matters what reaches the service first: one that
 * reads a request in one go, as it was recorded, is not troubled elsewhere.
 */
static bool
goes_ahead(const struct shot *s)
{
	const struct schedule *sc = &s->replay->schedule;

	return sc->timing != TIMING_FAST &&
	       sc->groups[sc->items[s->item].group].count > 1;
}

static void
send_ahead(struct shot *s)
{
	struct replay *r = s->replay;

	if (!goes_ahead(s) || s->out || s->line->next != s || r->over ||
	    r->died || !resolver_ready(&r->resolver, s->index))
		return;
	print_live(s);
	conn_send_ahead(&s->line->conn, &s->call);
}

static void
waited_enough(struct loop_timer *t)
{
	struct shot *s = t->owner;

	s->impatient = true;
	try_send(s);
}

/* What a socket is still to say is worth a hold's patience. */
static bool
has_heard(struct shot *s)
{
	struct replay *r = s->replay;

	if (s->printed || s->impatient ||
	    resolver_heard(&r->resolver, s->index)) {
		loop_timer_cancel(r->loop, &s->timer);
		return true;
	}
	if (s->timer.slot == 0) {
		s->timer.fn = waited_enough;
		s->timer.precise = false;
		loop_timer_set(r->loop, &s->timer,
			       loop_now_ns(r->loop) + HOLD_MAX_NS);
	}
	return false;
}

static void
on_heard(void *arg, struct call *k)
{
	struct replay *r = arg;

	(void)k;
	for (struct line *l = r->lines; l != NULL; l = l->other)
		if (l->next != NULL)
			try_send(l->next);
}

static void
try_send(struct shot *s)
{
	struct replay *r = s->replay;
	uint64_t now;

	if (!s->cleared || s->out || r->over || r->died || s->line->next != s)
		return;
	if (!line_ready(s) || !has_heard(s))
		return;
	s->out = true;
	s->line->next = s->next;
	now = loop_now_ns(r->loop);
	print_live(s);
	conn_send(&s->line->conn, &s->call);
	s->sent_ns = now;
	s->call.seen->late_us = now > s->deadline_ns ?
		(int64_t)((now - s->deadline_ns + NS_PER_US / 2) / NS_PER_US) :
		0;
	/* A stream that had not even begun to answer is not waited for. */
	if (r->schedule.items[s->item].endless && !recorded(s)->response.present)
		satisfy(s);
	gate_happened(&r->gate, HOLD_SEND, s->index);
	if (s->next != NULL)
		try_send(s->next);
}

void
shot_clear(struct shot *s, uint64_t deadline_ns)
{
	s->cleared = true;
	s->deadline_ns = deadline_ns;
	try_send(s);
}

/* What it was held for has happened: that moment is its new deadline. */
static void
hold_over(struct gate_wait *w)
{
	struct shot *s = w->owner;

	shot_clear(s, loop_now_ns(s->replay->loop));
}

static void
deadline_reached(struct loop_timer *t)
{
	struct shot *s = t->owner;

	if (gate_ask(&s->replay->gate, &s->hold))
		shot_clear(s, s->deadline_ns);
	else
		send_ahead(s);
}

static void
await_deadline(struct shot *s)
{
	s->timer.fn = deadline_reached;
	s->timer.precise = true;
	loop_timer_set(s->replay->loop, &s->timer, s->deadline_ns);
}

/* Soon it is due. */
static void
time_to_prepare(struct loop_timer *t)
{
	struct shot *s = t->owner;

	await_deadline(s);
	/* Nobody is to be late for it. */
	if (loop_now_ns(s->replay->loop) + LOOP_SPIN_NS < s->deadline_ns)
		send_ahead(s);
}

static void
arm(struct shot *s)
{
	if (!goes_ahead(s)) {
		await_deadline(s);
		return;
	}
	s->timer.fn = time_to_prepare;
	s->timer.precise = false;
	loop_timer_set(s->replay->loop, &s->timer,
		       s->deadline_ns - HEAD_AHEAD_NS);
}

void
shots_arm(struct replay *r)
{
	if (!r->primed || r->stepping)
		return;
	for (; r->armed < r->schedule.count; r->armed++) {
		struct shot *s = &r->shots[r->armed];

		if (!schedule_due(&r->schedule, r->armed, &s->deadline_ns))
			return;
		arm(s);
	}
}

/* ---- life ------------------------------------------------------------------------ */

static struct line *
line_of(struct replay *r, const struct exchange *x)
{
	struct line *l = r->lines;

	while (l && (l->conn.lane != x->lane || l->conn.number != x->conn))
		l = l->other;
	if (l != NULL)
		return l;
	l = arena_alloc(r->arena, sizeof(*l));
	conn_init(&l->conn, &r->client, x->protocol);
	l->conn.lane = x->lane;
	l->conn.number = x->conn;
	l->other = r->lines;
	r->lines = l;
	return l;
}

static void
join_line(struct shot *s, struct line *line)
{
	const struct shot *before = line->last;

	s->line = line;
	line->left++;
	if (before != NULL)
		s->pipelined = schedule_exchange_end(recorded(before)) >
			       recorded(s)->request.at_us;
	if (line->last != NULL)
		line->last->next = s;
	else
		line->next = s;
	line->last = s;
}

/* Beforehand, unless an answer must be known first. */
static void
print_recorded(struct shot *s)
{
	struct arena *a;
	struct message live;

	if (resolver_changes(&s->replay->resolver, s->index))
		return;
	s->printed = true;
	a = arena_create();
	scrub_live_side(a, s->replay->options.values, recorded(s), FROM_CLIENT,
			&live);
	call_request(&s->call, &live);
	arena_wipe(a);
}

void
shots_prepare(struct replay *r)
{
	r->client.on_up = on_up;
	r->client.on_head = on_head;
	r->client.on_done = on_done;
	r->client.words = on_words;
	r->client.on_heard = on_heard;
	r->client.arg = r;
	r->connect_timer = (struct loop_timer){ .fn = connect_time,
		.owner = r };
	r->shots = arena_array(r->arena, r->schedule.count + 1,
			       sizeof(*r->shots));
	for (size_t i = 0; i < r->schedule.count; i++) {
		struct shot *s = &r->shots[i];
		uint32_t index = r->schedule.items[i].index;

		s->replay = r;
		s->item = i;
		s->index = index;
		s->timer = (struct loop_timer){ .owner = s };
		s->hold = (struct gate_wait){ .kind = HOLD_SEND,
			.index = index, .fn = hold_over, .owner = s };
		call_init(&s->call, recorded(s), &r->seen->v[index],
			  &r->client);
		s->call.owner = s;
		print_recorded(s);
		join_line(s, line_of(r, recorded(s)));
		s->call.conn = &s->line->conn;
	}
}

void
shots_cancel(struct replay *r)
{
	loop_timer_cancel(r->loop, &r->connect_timer);
	for (size_t i = 0; i < r->schedule.count; i++) {
		struct shot *s = &r->shots[i];

		loop_timer_cancel(r->loop, &s->timer);
		gate_leave(&r->gate, &s->hold);
	}
}

void
shots_release(struct replay *r)
{
	for (struct line *l = r->lines; l != NULL; l = l->other)
		conn_release(&l->conn);
	for (size_t i = 0; r->shots && i < r->schedule.count; i++)
		call_release(&r->shots[i].call, r->loop);
}
