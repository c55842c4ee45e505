/* Narrows a selection to this machine's shard, and says so. */
#include "sharding.h"

#include <dvr/base/plural.h>

static void
describe(const struct shard *s, const struct shard_plan *plan,
	 struct arena *a, struct results_shard *out)
{
	*out = (struct results_shard){ .known = true, .index = s->index,
		.of = s->of, .library = plan->n,
		.source = arena_copy(a, slice_str(s->source)),
		.plan = arena_copy(a, slice_str(plan->hash)),
		.ids = arena_array(a, plan->n + 1, sizeof(*out->ids)) };
}

/* Returns how long the shard will take, about, in ms. */
static uint64_t
keep_ours(struct regression *g, const struct shard *s,
	  const struct shard_plan *plan)
{
	struct results_shard *told = &g->results.shard;
	uint64_t ms = 0;

	g->npicked = 0;
	for (size_t i = 0; i < plan->n; i++) {
		if (plan->shard[i] != s->index)
			continue;
		told->ids[told->nids++] =
			arena_copy(g->results.arena,
				   slice_str(g->picked[i]->id));
		g->picked[g->npicked++] = g->picked[i];
		ms += plan->ms[i];
	}
	return ms;
}

int
sharding_find(const struct args *args, struct shard *out, struct err *e)
{
	if (shard_find(args, out, e) != 0)
		return -1;
	/* Each machine remembers other failures. */
	if (out->of && args_has(args, OPT_ONLY_FAILED))
		return err_set(e, ERR_USAGE, "--only-failed goes by what this "
			       "machine tried last, and %s is set: shards "
			       "would not fit together", out->source);
	return 0;
}

int
sharding_apply(struct regression *g, const struct shard *s,
	       const char *timings, struct err *e)
{
	struct shard_plan plan;
	uint64_t ms;

	if (s->of == 0)
		return 0;
	if (shard_plan(g->picked, g->npicked, s->of, timings, &plan, e) != 0)
		return -1;
	describe(s, &plan, g->results.arena, &g->results.shard);
	ms = keep_ours(g, s, &plan);
	if (!g->quiet)
		say("shard %u of %u (%s): %zu of %zu tape%s, about %llu.%llu "
		    "s", s->index, s->of, s->source, g->npicked, plan.n,
		    plural(plan.n), (unsigned long long)(ms / 1000),
		    (unsigned long long)(ms % 1000 / 100));
	shard_plan_release(&plan);
	return shard_acknowledge(e);
}
