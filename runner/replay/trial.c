/* As many replays of one tape as its verdict needs. */
#include "attempt.h"
#include "learn.h"
#include "mint.h"

#include <dvr/base/mem.h>

#include <stdlib.h>

/* Replays of one tape that are told in full; who looks at a fifth? */
#define STORIES 4

static bool
stopped(const struct trial_config *cfg)
{
	return cfg->stop != NULL && *cfg->stop;
}

/* Why there is nothing to try at all; NULL when there is. */
static const char *
hopeless(const struct trial_config *cfg, const struct tape *t)
{
	if (t->not_replayable.n > 0)
		return "not replayable";
	if (cfg->target != NULL)
		return NULL;
	if (cfg->service == NULL ||
	    (cfg->service->command == NULL && cfg->service->attach == NULL))
		return "no service to replay against: configure "
		       "spec.service.command, or give --target URL";
	return NULL;
}

struct stages *
stages_create(void)
{
	return mem_alloc(sizeof(struct stages));
}

void
stages_destroy(struct stages *all)
{
	if (all == NULL)
		return;
	stages_end(all);
	mint_destroy(all->mint);
	free(all);
}

/* One more replay behind those of `out`. */
static int
add_replay(const struct attempt *how, size_t *cap, struct tape_result *out,
	   struct err *e)
{
	out->replays = arena_grow(how->arena, out->replays, out->nreplays,
				  cap, sizeof(*out->replays));
	if (attempt_run(how, &out->replays[out->nreplays], e) != 0)
		return -1;
	out->nreplays++;
	return 0;
}

/*
 * Clean replays are collected up to the goal.  A failure decides at once and
 * is never tried away; only an error is.  With --repeat all are made.
 */
static int
replay_enough(const struct attempt *how, struct tape_result *out,
	      struct err *e)
{
	const struct trial_config *cfg = how->cfg;
	unsigned goal = cfg->repeat ? cfg->repeat : judge_needed(how->plan);
	struct attempt later = *how, mine = *how;
	unsigned counted = 0;
	size_t cap = 0;

	if (goal == 0)
		goal = 1;
	if (cfg->next != NULL) {
		later.tape = cfg->next;
		later.plan = cfg->next_plan;
	}
	mine.stories = STORIES;
	while (counted < goal && !stopped(cfg)) {
		enum verdict v;

		mine.first = out->nreplays == 0;
		mine.next = NULL;
		if (cfg->ahead && counted + 1 < goal)
			mine.next = how;
		else if (cfg->ahead && cfg->next != NULL)
			mine.next = &later;
		if (add_replay(&mine, &cap, out, e) != 0)
			return -1;
		v = out->replays[out->nreplays - 1].verdict;
		if (v != VERDICT_PASS && mine.stories > 0)
			mine.stories--;
		if (v == VERDICT_ERROR && out->retries < cfg->retries) {
			out->retries++;
			/* Was it the service beside it?  Not this time. */
			how->stages->no_ahead = true;
			continue;
		}
		counted++;
		if (v != VERDICT_PASS && cfg->repeat == 0)
			break;
	}
	return 0;
}

static struct attempt
attempt_of(const struct trial_config *cfg, const struct tape *t,
	   const struct plan *p, struct arena *a)
{
	return (struct attempt){ .cfg = cfg, .tape = t, .plan = p,
		.arena = a };
}

static bool
refuse(const struct trial_config *cfg, const struct tape *t, struct arena *a,
       struct tape_result *out)
{
	const char *why = hopeless(cfg, t);

	if (why == NULL)
		return false;
	out->code = t->not_replayable.n ? ERR_TAPE : ERR_USAGE;
	out->reason = t->not_replayable.n ?
		arena_fmt(a, "%s: %.*s", why, SLICE_ARG(t->not_replayable)) :
		arena_copy(a, slice_str(why));
	return true;
}

static void
begin(const struct trial_config *cfg, const struct tape *t, struct arena *a,
      struct tape_result *out)
{
	*out = (struct tape_result){ .id = arena_copy(a, t->id) };
	out->started_us = clock_wall_us(cfg->clock);
}

static void
finish(const struct attempt *how, uint64_t from_ns, struct tape_result *out)
{
	uint64_t now = clock_mono_ns(how->cfg->clock);

	if (out->nreplays == 0 && out->reason.n == 0) {
		out->reason = SLICE("interrupted before it was replayed");
		out->code = ERR_NOTHING;
	}
	judge_tape(how->tape, how->plan, how->arena, out);
	out->seconds = (double)(now - from_ns) / (double)NS_PER_S;
}

int
trial_run(const struct trial_config *cfg, const struct tape *t,
	  const struct plan *p, struct arena *a, struct tape_result *out,
	  struct err *e)
{
	struct attempt how = attempt_of(cfg, t, p, a);
	uint64_t from = clock_mono_ns(cfg->clock);
	struct stages own = { 0 };
	int rc = 0;

	how.stages = cfg->stages ? cfg->stages : &own;
	how.stages->started = how.stages->resets = 0;
	begin(cfg, t, a, out);
	how.log_tail = &out->log_tail;
	if (!refuse(cfg, t, a, out))
		rc = replay_enough(&how, out, e);
	out->started = how.stages->started;
	out->resets = how.stages->resets;
	stages_end(&own);
	mint_destroy(own.mint);
	if (rc == 0)
		finish(&how, from, out);
	return rc;
}

int
trial_verify(const struct trial_config *cfg, const struct tape *t,
	     const struct plan *p, unsigned n, unsigned *hits, struct arena *a,
	     struct tape_result *out, struct err *e)
{
	struct attempt how = attempt_of(cfg, t, p, a);
	uint64_t from = clock_mono_ns(cfg->clock);
	struct learn learn = { .cfg = cfg, .tape = t, .plan = p, .arena = a };
	struct stages own = { 0 };
	size_t cap = 0;
	int rc = 0;

	/* Proof is found on services that nothing happened to. */
	how.stages = &own;
	begin(cfg, t, a, out);
	how.log_tail = &out->log_tail;
	*hits = 0;
	if (refuse(cfg, t, a, out))
		n = 0;
	for (unsigned i = 0; i < n && rc == 0 && !stopped(cfg); i++) {
		how.kept = learn_slot(&learn);
		rc = add_replay(&how, &cap, out, e);
		stages_end(&own);
		if (rc == 0)
			*hits += out->replays[i].reproduced;
	}
	learn_end(&learn);
	mint_destroy(own.mint);
	if (rc == 0)
		finish(&how, from, out);
	return rc;
}
