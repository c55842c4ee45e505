/* The replay engine: one tape against one running service. */
#include "correlate.h"
#include "engine.h"

#include <dvr/base/mem.h>

#include <stdio.h>
#include <stdlib.h>

/* From "all prepared" to the first send. */
#define START_NS NS_PER_MS
/* Bytes of one request. */
#define WIRE_MAX ((size_t)1 << 30)
/* An answer that was cut this short before the service's end was noticed was
 * cut by it. */
#define DEATH_NOTICE_NS (500 * NS_PER_MS)

int
replay_create(struct loop *l, const struct tape *t, const struct plan *p,
	      struct mocks *m, const struct replay_options *o,
	      struct replay **out, struct err *e)
{
	struct connector *connector;
	struct holds_setup with;
	struct replay *r;

	if (connector_create(l, o->target, o->isolation, &connector, e) != 0)
		return -1;
	if (o->trust != NULL && connector_trust(connector, o->trust, e) != 0) {
		connector_destroy(connector);
		return -1;
	}
	r = mem_alloc(sizeof(*r));
	r->loop = l;
	r->tape = t;
	r->plan = p;
	r->mocks = m;
	r->options = *o;
	r->options.trust = NULL;	/* the connector has it */
	r->arena = arena_create();
	schedule_init(&r->schedule, t, o->timing, r->arena);
	with = (struct holds_setup){ .tape = t, .plan = o->holds ? p : NULL,
		.schedule = &r->schedule, .overlaps = o->holds,
		.egress = m != NULL };
	r->gate = (struct gate){ .loop = l, .notes = &r->notes };
	holds_init(&r->gate.holds, &with, r->arena);
	r->client = (struct client){ .loop = l, .connector = connector,
		.options = &r->options, .notes = &r->notes,
		.prefix = correlate_prefix(t, r->arena), .wires = r->arena,
		.scratch = mem_alloc(CLIENT_SCRATCH) };
	buf_init(&r->client.print, WIRE_MAX);
	*out = r;
	return 0;
}

bool
replay_is_blind(const struct replay *r)
{
	return connector_is_blind(r->client.connector);
}

void
replay_destroy(struct replay *r)
{
	if (r == NULL)
		return;
	if (r->begun)
		engine_end(r);
	shots_release(r);
	connector_destroy(r->client.connector);
	if (r->own_seen.arena != NULL)
		arena_wipe(r->own_seen.arena);
	buf_release(&r->client.print);
	free(r->client.scratch);
	arena_destroy(r->arena);
	free(r);
}

/* ---- begin -------------------------------------------------------------- */

static enum cause_state
cause_state(void *arg, uint32_t id)
{
	const struct replay *r = arg;

	for (size_t i = 0; i < r->schedule.count; i++) {
		const struct shot *s = &r->shots[i];

		if (r->tape->exchanges[s->index].id != id)
			continue;
		return s->done ? CAUSE_OVER : s->out ? CAUSE_OPEN
						     : CAUSE_TO_COME;
	}
	return CAUSE_OVER;
}

void
engine_begin(struct replay *r, struct observed *seen)
{
	const struct tape *t = r->tape;

	r->begun = true;
	r->seen = seen;
	seen->n = t->nexchanges;
	seen->v = arena_array(seen->arena, t->nexchanges + 1,
			      sizeof(*seen->v));
	for (size_t i = 0; i < t->nexchanges; i++) {
		struct exchange *x = &seen->v[i].x;

		x->id = t->exchanges[i].id;
		x->lane = t->exchanges[i].lane;
		x->conn = t->exchanges[i].conn;
		x->cause = t->exchanges[i].cause;
		x->response.end = END_OPEN;
	}
	r->notes.arena = seen->arena;
	r->client.arena = seen->arena;
	for (size_t i = 0; i < r->gate.holds.nnotes; i++)
		notes_add(&r->notes, r->gate.holds.notes[i]);
	if (t->descriptors.n > 0 && !t->named)
		notes_add(&r->notes, SLICE("recorded with other protobuf "
			  "descriptors than spec.protobuf names: its fields go "
			  "by their numbers, and places by name meet none"));
	resolver_init(&r->resolver, t, r->plan, seen, &r->notes);
	r->resolver.values = r->options.values;
	r->resolver.resigner = r->options.resigner;
	shots_prepare(r);
}

void
engine_time_starts(struct replay *r)
{
	uint64_t t0 = loop_now_ns(r->loop) + START_NS;

	r->primed = true;
	schedule_begin(&r->schedule, t0);
	r->client.t0_ns = t0;
	r->mock_run = (struct mock_run){ .gate = &r->gate,
		.timing = r->options.timing, .t0_ns = t0,
		.cause_state = cause_state, .arg = r };
	if (r->mocks != NULL)
		mocks_attach(r->mocks, &r->mock_run);
	shots_arm(r);
	shots_connect_ahead(r);
}

/* ---- end ------------------------------------------------------------------ */

void
engine_abort(struct replay *r, const char *why)
{
	struct observed *seen = r->seen;

	r->over = true;
	seen->aborted = true;
	seen->why = arena_fmt(seen->arena, "cannot connect to %s: %s",
			      r->options.target, why);
}

/* The request that the call was made for was answered whole, so the call would
 * have come. */
static bool
had_its_chance(const struct replay *r, uint32_t cause)
{
	if (cause == 0)
		return true;
	for (size_t i = 0; i < r->schedule.count; i++) {
		const struct shot *s = &r->shots[i];

		if (r->tape->exchanges[s->index].id == cause)
			return s->done && s->call.seen->x.response.end ==
						  END_COMPLETE;
	}
	return false;
}

/* Recorded calls that this build did not make.  A replay that ended early
 * cannot tell. */
static void
report_unmade(struct replay *r)
{
	struct observed *seen = r->seen;
	const struct tape *t = r->tape;

	if (r->died || seen->aborted || r->stepping)
		return;
	seen->unmade = arena_array(seen->arena, t->nexchanges + 1,
				   sizeof(*seen->unmade));
	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];

		if (t->lanes[x->lane].role != LANE_EGRESS ||
		    mocks_seen(r->mocks, (uint32_t)i) != NULL ||
		    !had_its_chance(r, x->cause))
			continue;
		seen->unmade[seen->nunmade++] = x->id;
	}
}

static void
copy_egress(struct replay *r)
{
	struct observed *seen = r->seen;
	const struct notes *missed;

	if (r->mocks == NULL)
		return;
	for (size_t i = 0; i < seen->n; i++) {
		const struct observed_exchange *o =
			mocks_seen(r->mocks, (uint32_t)i);

		if (o != NULL)
			seen->v[i] = *o;
	}
	report_unmade(r);
	for (size_t i = 0; i < mocks_notes(r->mocks)->n; i++)
		notes_add(&r->notes, mocks_notes(r->mocks)->v[i]);
	seen->stubs = mocks_offer(r->mocks, seen->arena);
	missed = mocks_misses(r->mocks);
	seen->nmisses = missed->n;
	seen->misses = arena_array(seen->arena, missed->n + 1,
				   sizeof(*seen->misses));
	for (size_t i = 0; i < missed->n; i++)
		seen->misses[i] = arena_copy(seen->arena, missed->v[i]);
}

/* A tunnel is replayed up to its head; how it would have ended is as recorded.
 */
static void
end_tunnels(struct replay *r)
{
	for (size_t i = 0; i < r->schedule.count; i++) {
		struct message *m = &r->shots[i].call.seen->x.response;
		const struct message *was =
			&r->tape->exchanges[r->shots[i].index].response;

		if (!m->present || m->framing != FRAMING_TUNNEL ||
		    was->framing != FRAMING_TUNNEL || m->end != END_OPEN ||
		    r->shots[i].call.play)
			continue;
		m->end = was->end;
		notes_fmt(&r->notes, "exchange %u: a tunnel, replayed up to "
			  "its head", r->shots[i].call.rec->id);
	}
}

void
engine_end(struct replay *r)
{
	struct observed *seen = r->seen;

	if (r->ended)
		return;
	r->over = r->ended = true;
	shots_cancel(r);
	loop_timer_cancel(r->loop, &r->settle_timer);
	for (struct line *l = r->lines; l != NULL; l = l->other)
		conn_drop(&l->conn, END_OPEN);
	end_tunnels(r);
	gate_open(&r->gate);
	copy_egress(r);
	resolver_tell(&r->resolver, seen);
	if (r->mocks != NULL)
		mocks_attach(r->mocks, NULL);
	seen->nnotes = r->notes.n;
	seen->notes = arena_array(seen->arena, r->notes.n + 1,
				  sizeof(*seen->notes));
	for (size_t i = 0; i < r->notes.n; i++)
		seen->notes[i] = r->notes.v[i];
}

/* The exchange that the service died in: one whose answer it cut, the tape's
 * failing one before others, else the youngest. */
static uint32_t
died_during(const struct replay *r)
{
	uint64_t now = loop_now_ns(r->loop);
	const struct shot *best = NULL;

	for (size_t i = 0; i < r->schedule.count; i++) {
		const struct shot *s = &r->shots[i];
		enum message_end end = s->call.seen->x.response.end;

		if (!s->done || s->done_ns + DEATH_NOTICE_NS < now)
			continue;
		if (end != END_FIN && end != END_RST)
			continue;
		if (r->tape->exchanges[s->index].id ==
		    r->tape->trigger.exchange)
			return r->tape->trigger.exchange;
		best = s;
	}
	return best ? r->tape->exchanges[best->index].id : 0;
}

void
replay_service_died(struct replay *r, struct slice death)
{
	struct observed *seen = r->seen;

	if (!r->begun || r->over || r->died)
		return;
	r->died = true;
	for (struct line *l = r->lines; l != NULL; l = l->other)
		conn_finish(&l->conn, END_RST);
	seen->service_died = true;
	seen->death = arena_copy(seen->arena, death);
	seen->died_during = died_during(r);
}

/* ---- run -------------------------------------------------------------------- */

static bool
stopping(const struct replay *r)
{
	return r->options.stop != NULL && *r->options.stop;
}

static int
turn(struct replay *r, struct err *e)
{
	/* Precise: never sleep. */
	uint64_t until = r->options.timing == TIMING_PRECISE ? 0 : UINT64_MAX;

	if (loop_once(r->loop, until, e) != 0)
		return -1;
	if (!stopping(r) || r->over)
		return 0;
	r->over = true;
	r->seen->aborted = true;
	r->seen->why = SLICE("interrupted");
	return 0;
}

static bool
connecting(const struct replay *r)
{
	for (const struct line *l = r->lines; l != NULL; l = l->other)
		if (l->conn.state == CONN_CONNECTING)
			return true;
	return false;
}

/* The first connections are up before time starts. */
static int
prime(struct replay *r, struct err *e)
{
	schedule_begin(&r->schedule, loop_now_ns(r->loop));
	shots_connect_ahead(r);
	while (connecting(r) && !r->over && !r->died)
		if (turn(r, e) != 0)
			return -1;
	loop_timer_cancel(r->loop, &r->connect_timer);
	return 0;
}

/* The recorded failure has come again: nothing is left to be seen. */
static bool
reproduced(const struct replay *r)
{
	for (size_t i = 0; i < r->schedule.count; i++) {
		const struct shot *s = &r->shots[i];
		const struct exchange *rec = &r->tape->exchanges[s->index];
		struct outcome live, was;

		if (rec->id != r->tape->trigger.exchange)
			continue;
		live = outcome_of(&s->call.seen->x);
		was = outcome_of(rec);
		return outcome_failed(&live) && outcome_eq(&live, &was);
	}
	return false;
}

/* An answer was cut off or a connect refused: did the service die? */
static bool
cut_off(const struct replay *r)
{
	for (size_t i = 0; i < r->schedule.count; i++) {
		enum message_end end = r->shots[i].call.seen->x.response.end;

		if (end == END_FIN || end == END_RST || end == END_REFUSED)
			return true;
	}
	return false;
}

static void
settle_over(struct loop_timer *t)
{
	struct replay *r = t->owner;

	r->settled = true;
}

/* Alive through the settle time?  A failure that is known needs none, but a
 * death may be noticed later than the connection's end. */
static int
settle(struct replay *r, struct err *e)
{
	/* Where every answer is to be as recorded, failures end nothing. */
	bool same = r->plan != NULL && r->plan->expect == EXPECT_SAME;
	bool known = (!same && reproduced(r)) ||
		     (r->mocks != NULL && mocks_misses(r->mocks)->n > 0);
	uint64_t wait = known ? 0 : r->options.settle_ns;

	if (r->died)
		return 0;
	if (cut_off(r) && wait < DEATH_NOTICE_NS)
		wait = DEATH_NOTICE_NS;
	r->settle_timer = (struct loop_timer){ .fn = settle_over, .owner = r };
	loop_timer_set(r->loop, &r->settle_timer, loop_now_ns(r->loop) + wait);
	if (wait > 0 && r->options.idle != NULL)
		r->options.idle(r->options.idle_arg);
	while (!r->settled && !r->died && !r->over)
		if (turn(r, e) != 0)
			return -1;
	r->seen->settled = r->settled && !r->died && !known;
	return 0;
}

int
replay_run(struct replay *r, struct observed *seen, struct err *e)
{
	int rc;

	engine_begin(r, seen);
	rc = prime(r, e);
	if (priority_fits(&r->schedule))
		r->realtime = priority_raise(&r->priority);
	if (rc == 0 && !r->over && !r->died)
		engine_time_starts(r);
	while (rc == 0 && !r->over && !r->died &&
	       r->satisfied < r->schedule.count)
		rc = turn(r, e);
	priority_drop(&r->priority);
	if (rc == 0 && !r->over)
		rc = settle(r, e);
	engine_end(r);
	return rc;
}
