/* Searches the hold that brings a marginal race back. */
#include "schedule.h"

#include <dvr/replay/orders.h>

#include <stdlib.h>
#include <string.h>

struct candidate {
	uint32_t answer, until;		/* exchange ids */
	int64_t gap_us;			/* how close it was in the recording */
};

static bool
is_ingress(const struct tape *t, const struct exchange *x)
{
	return t->lanes[x->lane].role == LANE_INGRESS;
}

/*
 * Did `b` run beside the call `call` of `a`, and outlive its answer?  When it
 * had ended before the answer came, the recorded order says all already.
 */
static bool
is_candidate(const struct exchange *a, const struct exchange *call,
	     const struct exchange *b)
{
	return b != a && b->response.present && call->response.present &&
	       b->request.at_us >= call->request.at_us &&
	       b->request.at_us < a->response.end_us &&
	       b->response.end_us > call->response.at_us;
}

static int
closest_first(const void *pa, const void *pb)
{
	const struct candidate *a = pa, *b = pb;

	if (a->gap_us != b->gap_us)
		return a->gap_us < b->gap_us ? -1 : 1;
	if (a->answer != b->answer)
		return a->answer < b->answer ? -1 : 1;
	return (a->until > b->until) - (a->until < b->until);
}

/* Keeps the ORDERS_MAX closest: a new one replaces the worst. */
static void
keep(struct candidate *best, size_t *n, struct candidate c)
{
	if (*n < ORDERS_MAX)
		best[(*n)++] = c;
	else if (closest_first(&c, &best[ORDERS_MAX - 1]) < 0)
		best[ORDERS_MAX - 1] = c;
	qsort(best, *n, sizeof(*best), closest_first);
}

static void
candidates_of_call(const struct tape *t, const struct exchange *call,
		   struct candidate *best, size_t *n)
{
	const struct exchange *a = tape_exchange(t, call->cause);

	if (!a || !a->response.present)
		return;
	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *b = &t->exchanges[i];

		if (is_ingress(t, b) && is_candidate(a, call, b))
			keep(best, n, (struct candidate){
				.answer = call->id,
				.until = b->id,
				.gap_us = b->response.end_us -
					  call->response.at_us,
			});
	}
}

size_t
orders_candidates(const struct tape *t, struct arena *a,
		  struct plan_hold out[ORDERS_MAX])
{
	struct candidate best[ORDERS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];

		if (!is_ingress(t, x) && x->cause != 0)
			candidates_of_call(t, x, best, &n);
	}
	for (size_t i = 0; i < n; i++) {
		out[i].event = arena_fmt(a, "%u.resp", best[i].answer);
		out[i].until = arena_fmt(a, "%u.resp", best[i].until);
	}
	return n;
}

bool
orders_matter(const struct tape *t)
{
	struct arena *a = arena_create();
	struct schedule s;
	bool overlap = false;

	schedule_init(&s, t, TIMING_RECORDED, a);
	for (size_t i = 0; i < s.ngroups; i++)
		overlap |= s.groups[i].count > 1;
	arena_destroy(a);
	return overlap;
}

/* The plan with one hold more, in the arena. */
static struct plan
plan_with(const struct plan *p, struct plan_hold hold, struct arena *a)
{
	struct plan with = *p;

	with.holds = arena_array(a, p->nholds + 1, sizeof(*with.holds));
	if (p->nholds)
		memcpy(with.holds, p->holds, p->nholds * sizeof(*with.holds));
	with.holds[with.nholds++] = hold;
	return with;
}

int
orders_search(const struct trial_config *cfg, const struct tape *t,
	      struct plan *p, unsigned n, unsigned *hits, struct arena *a,
	      struct err *e)
{
	struct plan_hold list[ORDERS_MAX];
	size_t count = orders_candidates(t, a, list);

	for (size_t i = 0; i < count; i++) {
		struct plan with = plan_with(p, list[i], a);
		struct tape_result r = { 0 };
		unsigned k = 0;

		if (cfg->stop && *cfg->stop)
			return 0;
		if (trial_verify(cfg, t, &with, 1, &k, a, &r, e) != 0)
			return -1;
		if (k == 0)
			continue;
		r = (struct tape_result){ 0 };
		if (trial_verify(cfg, t, &with, n, &k, a, &r, e) != 0)
			return -1;
		if (k <= *hits)
			continue;
		*p = with;
		*hits = k;
		if (k == n)
			return 0;
	}
	return 0;
}
