/* Deadlines of sends: recorded offsets, predecessors and their delays. */
#include "schedule.h"

#include <stdlib.h>

uint64_t
schedule_scaled_ns(enum replay_timing timing, int64_t us)
{
	uint64_t ns = us > 0 ? (uint64_t)us * NS_PER_US : 0;

	return timing == TIMING_DOUBLE ? ns / 2 : ns;
}

bool
schedule_endless(const struct exchange *x)
{
	/* Its messages are played to their end. */
	if (x->protocol == PROTOCOL_WEBSOCKET && x->nmessages > 0)
		return false;
	return x->response.end == END_OPEN ||
	       (x->response.present && x->response.framing == FRAMING_TUNNEL);
}

int64_t
schedule_exchange_end(const struct exchange *x)
{
	int64_t end = x->request.end_us;

	if (schedule_endless(x)) {
		if (x->response.present && x->response.at_us > end)
			end = x->response.at_us;
	} else if (x->response.end_us > end) {
		end = x->response.end_us;
	}
	/* Nothing ends before it begins, or it would wait for itself. */
	return end > x->request.at_us ? end : x->request.at_us + 1;
}

static int
by_start(const void *pa, const void *pb)
{
	const struct schedule_item *a = pa, *b = pb;

	if (a->at_us != b->at_us)
		return a->at_us < b->at_us ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

struct end_key {
	int64_t end_us;
	size_t item;
};

static int
by_end_time(const void *pa, const void *pb)
{
	const struct end_key *a = pa, *b = pb;

	if (a->end_us != b->end_us)
		return a->end_us < b->end_us ? -1 : 1;
	return a->item < b->item ? -1 : a->item > b->item;
}

static void
collect_items(struct schedule *s, const struct tape *t, struct arena *a)
{
	s->items = arena_array(a, t->nexchanges + 1, sizeof(*s->items));
	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];
		struct schedule_item *it = &s->items[s->count];

		if (t->lanes[x->lane].role != LANE_INGRESS)
			continue;
		it->index = (uint32_t)i;
		it->at_us = x->request.at_us;
		it->end_us = schedule_exchange_end(x);
		it->endless = schedule_endless(x);
		s->count++;
	}
	if (s->count == 0)
		return;
	qsort(s->items, s->count, sizeof(*s->items), by_start);
	s->first_us = s->items[0].at_us;
	for (size_t i = 0; i < s->count; i++) {
		s->items[i].at_us -= s->first_us;
		s->items[i].end_us -= s->first_us;
	}
}

static void
sort_ends(struct schedule *s, struct arena *a)
{
	struct end_key *keys = arena_array(a, s->count, sizeof(*keys));
	size_t n = 0;

	s->by_end = arena_array(a, s->count, sizeof(*s->by_end));
	for (size_t i = 0; i < s->count; i++) {
		keys[i].end_us = s->items[i].end_us;
		keys[i].item = i;
	}
	qsort(keys, s->count, sizeof(*keys), by_end_time);
	for (size_t i = 0; i < s->count; i++)
		s->by_end[i] = keys[i].item;
	for (size_t i = 0; i < s->count; i++) {
		while (n < s->count && keys[n].end_us <= s->items[i].at_us)
			n++;
		s->items[i].npred = n;
	}
}

/* Groups are the connected runs of exchanges that overlap in time. */
static void
find_groups(struct schedule *s, struct arena *a)
{
	struct schedule_group *g = NULL;

	s->groups = arena_array(a, s->count, sizeof(*s->groups));
	for (size_t i = 0; i < s->count; i++) {
		struct schedule_item *it = &s->items[i];

		if (g == NULL || it->at_us >= g->end_us) {
			g = &s->groups[s->ngroups++];
			g->at_us = it->at_us;
			g->end_us = it->end_us;
		}
		if (it->end_us > g->end_us)
			g->end_us = it->end_us;
		g->count++;
		it->group = (uint32_t)(s->ngroups - 1);
	}
}

void
schedule_init(struct schedule *s, const struct tape *t,
	      enum replay_timing timing, struct arena *a)
{
	*s = (struct schedule){ .timing = timing };
	collect_items(s, t, a);
	if (s->count == 0)
		return;
	sort_ends(s, a);
	find_groups(s, a);
}

void
schedule_begin(struct schedule *s, uint64_t t0_ns)
{
	s->t0_ns = t0_ns;
	s->last_end_ns = t0_ns;
	for (size_t i = 0; i < s->ngroups; i++) {
		struct schedule_group *g = &s->groups[i];

		g->begun = s->timing != TIMING_FAST || i == 0;
		g->base_ns = t0_ns + schedule_scaled_ns(s->timing, g->at_us);
		if (s->timing == TIMING_FAST)
			g->base_ns = t0_ns;
	}
}

/* Fast: a group begins as soon as all before it has ended. */
static void
begin_group(struct schedule *s, struct schedule_group *g)
{
	if (g->begun)
		return;
	g->begun = true;
	g->base_ns = s->last_end_ns;
}

static uint64_t
planned_ns(const struct schedule *s, uint32_t group, int64_t us)
{
	const struct schedule_group *g = &s->groups[group];

	return g->base_ns + schedule_scaled_ns(s->timing, us - g->at_us);
}

bool
schedule_due(struct schedule *s, size_t i, uint64_t *deadline_ns)
{
	const struct schedule_item *it = &s->items[i];

	if (s->done < it->npred)
		return false;
	begin_group(s, &s->groups[it->group]);
	*deadline_ns = schedule_estimate(s, i);
	return true;
}

uint64_t
schedule_estimate(const struct schedule *s, size_t i)
{
	const struct schedule_item *it = &s->items[i];
	uint64_t at = planned_ns(s, it->group, it->at_us);

	if (s->timing == TIMING_FAST &&
	    (s->shift_group != it->group || !s->groups[it->group].begun))
		return at;
	return at + s->shift_ns;
}

/* Takes one more ended item of by_end into the running worst delay. */
static void
take_end(struct schedule *s, const struct schedule_item *it)
{
	uint64_t plan = planned_ns(s, it->group, it->end_us);
	uint64_t late = it->live_end_ns > plan ? it->live_end_ns - plan : 0;

	if (s->timing == TIMING_FAST && s->shift_group != it->group)
		s->shift_ns = 0;
	s->shift_group = it->group;
	if (late > s->shift_ns)
		s->shift_ns = late;
	if (it->live_end_ns > s->last_end_ns)
		s->last_end_ns = it->live_end_ns;
}

void
schedule_ended(struct schedule *s, size_t i, uint64_t now_ns)
{
	struct schedule_item *it = &s->items[i];

	if (it->ended)
		return;
	it->ended = true;
	it->live_end_ns = now_ns;
	while (s->done < s->count && s->items[s->by_end[s->done]].ended)
		take_end(s, &s->items[s->by_end[s->done++]]);
}
