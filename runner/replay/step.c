/* Step mode: one exchange at a time, as fast as somebody asks for them. */
#include "engine.h"

static void
begin(struct replay *r)
{
	r->stepping = true;
	r->own_seen.arena = arena_create();
	engine_begin(r, &r->own_seen);
	schedule_begin(&r->schedule, loop_now_ns(r->loop));
	/* One at a time nothing can overlap: an order would only be waited
	 * for in vain. */
	gate_open(&r->gate);
	engine_time_starts(r);
}

static int
trouble(const struct replay *r, const struct observed_exchange *o,
	struct err *e)
{
	if (r->seen->aborted)
		return err_set(e, ERR_TARGET, "%.*s", SLICE_ARG(r->seen->why));
	if (!o->sent && o->x.response.end == END_REFUSED)
		return err_set(e, ERR_TARGET, "exchange %u: %s refused the "
			       "connection", o->x.id, r->options.target);
	return 1;
}

int
replay_step(struct replay *r, const struct exchange **recorded,
	    const struct observed_exchange **seen, struct err *e)
{
	struct shot *s;

	if (!r->begun)
		begin(r);
	if (r->next_step == r->schedule.count)
		return 0;
	s = &r->shots[r->next_step++];
	*recorded = &r->tape->exchanges[s->index];
	*seen = s->call.seen;
	shot_clear(s, loop_now_ns(r->loop));
	while (!s->satisfied && !r->died && !r->over)
		if (loop_once(r->loop, UINT64_MAX, e) != 0)
			return -1;
	return trouble(r, s->call.seen, e);
}
