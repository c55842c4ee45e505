/* Replays new tapes on the build that recorded them. */
#include "verify.h"

#include "command.h"
#include "interrupt.h"
#include "learned.h"
#include "regression.h"

#include <dvr/base/mem.h>
#include <dvr/replay/orders.h>
#include <dvr/replay/trial.h>
#include <dvr/tape/yaml.h>

#include <stdio.h>

#define ERRORS_REASON "verification: this build answers so in a replay too " \
		      "(masked values)"

void
verify_trial_config(const struct config *c, struct scrub *s,
		    struct trial_config *out)
{
	*out = (struct trial_config){
		.service = &c->service,
		.state = c->state, .nstate = c->nstate,
		.lanes = c->lanes,
		.nlanes = c->nlanes,
		.namespace = c->namespace,
		.replay = c->replay,
		.isolation = c->isolation,
		.reach = c->reach,
		.allowed = c->allowed, .nallowed = c->nallowed,
		.recorded_clock = c->recorded_clock,
		.scrub = s,
		.secrets = &c->secrets,
		.clock = &clock_system,
		.retries = 1,
	};
}

/* Did the exchange answer with new errors in each replay that failed as
 * recorded? */
static bool
always_errs(const struct tape_result *r, size_t at)
{
	for (size_t i = 0; i < r->nreplays; i++) {
		const struct replay_result *x = &r->replays[i];

		if (x->reproduced && (at >= x->ncases ||
				      !x->cases[at].errors_appeared))
			return false;
	}
	return true;
}

/*
 * A log-in whose password is scrubbed out of a GraphQL query is refused, in a
 * 200, on any build.  Where this build fails as recorded in spite of it, the
 * same refusal on another build is no divergence.  Only what stands before the
 * failure, and never another status.
 */
static unsigned
learn_masks(const struct tape *t, const struct tape_result *r, struct plan *p)
{
	const struct replay_result *first = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < r->nreplays && !first; i++) {
		if (r->replays[i].reproduced)
			first = &r->replays[i];
	}
	for (size_t i = 0; first && i < first->ncases; i++) {
		if (first->cases[i].exchange == t->trigger.exchange)
			break;
		if (!always_errs(r, i))
			continue;
		n += learned_add(p, t->arena, &(struct plan_mask){
			.field = arena_fmt(t->arena, "%u.resp.body#/errors",
					   first->cases[i].exchange),
			.reason = SLICE(ERRORS_REASON) });
	}
	return n;
}

/* Better said while the recording is fresh. */
static void
note_unreached(const struct tape_result *r, struct verified *v)
{
	for (size_t i = 0; i < r->nreplays && !v->unreached[0]; i++) {
		const struct replay_result *x = &r->replays[i];
		char q[QUOTE_MAX];

		if (x->nunreached)
			snprintf(v->unreached, sizeof(v->unreached), "%s",
				 quote(x->unreached[0], q));
	}
}

/* A race comes back by its order, by its gaps, or by both: which of them is
 * worth knowing before somebody trusts a replay without holds. */
static int
try_timing_alone(struct trial_config *tc, const struct tape *t,
		 struct plan *p, struct err *e)
{
	struct tape_result result = { 0 };

	if (p->hits == 0 || !tc->replay.holds || !orders_matter(t))
		return 0;
	tc->replay.holds = false;
	if (trial_verify(tc, t, p, p->of, &p->alone, t->arena, &result,
			 e) != 0)
		return -1;
	p->alone_told = result.nreplays == p->of;
	return 0;
}

static int
verify_tape(struct recorder *r, const char *dir, struct verified *v,
	    struct err *e)
{
	struct trial_learned learned = { .nmasks = 0 };
	struct trial_config tc;
	struct tape_result result = { 0 };
	struct tape t;
	struct plan p, masked;
	double low, high;
	unsigned hits = 0, n = r->cfg->verify_runs;
	int rc = -1;

	if (library_read(dir, &t, &p, e) != 0)
		goto out;
	v->uncaused = tape_uncaused(&t, &v->calls);
	descriptors_name_again(&r->cfg->descriptors, &t);
	verify_trial_config(r->cfg, r->scrub, &tc);
	tc.stop = interrupt_flag();
	tc.learned = &learned;
	masked = p;
	regression_masks(r->cfg, t.arena, &masked);
	if (trial_verify(&tc, &t, &masked, n, &hits, t.arena, &result, e) != 0)
		goto out;
	tc.learned = NULL;
	if (hits < n &&
	    orders_search(&tc, &t, &masked, n, &hits, t.arena, e) != 0)
		goto out;
	masked.hits = p.hits = hits;
	masked.of = p.of = n;
	/* What is clean at another timing later is no proof of a fix. */
	masked.timing = p.timing = tc.replay.timing == TIMING_FAST ||
				   tc.replay.timing == TIMING_DOUBLE ?
		slice_str(timing_words[tc.replay.timing]) : SLICE("");
	if (try_timing_alone(&tc, &t, &masked, e) != 0)
		goto out;
	p.alone_told = v->alone_told = masked.alone_told;
	p.alone = v->alone = masked.alone;
	p.holds = masked.holds;
	p.nholds = masked.nholds;
	if (*interrupt_flag()) {
		snprintf(v->why, sizeof(v->why), "verification was "
			 "interrupted");
		rc = 0;
		goto out;
	}
	v->done = true;
	v->hits = hits;
	v->of = n;
	if (hits == 0)
		snprintf(v->why, sizeof(v->why), "%.*s",
			 SLICE_ARG(result.reason));
	judge_wilson(hits, n, &low, &high);
	p.interval = arena_fmt(t.arena, "%.2f..%.2f", low, high);
	p.proof = t.hash;
	note_unreached(&result, v);
	v->masked = learn_masks(&t, &result, &p);
	learned_add_all(&p, t.arena, &learned);
	rc = library_replan(dir, &t, &p, e);
out:
	if (t.arena)
		tape_release(&t);
	return rc;
}

struct verified *
verify_new_tapes(struct recorder *r)
{
	struct ledger_stats s;
	struct verified *v;

	interrupt_catch();
	ledger_stats(r->ledger, &s);
	v = mem_array(s.ntapes + 1, sizeof(*v));
	for (size_t i = 0; i < s.ntapes; i++) {
		const struct ledger_tape *t = &s.tapes[i];
		struct err e = { .code = ERR_NONE };

		if (t->known || t->error || t->not_replayable)
			continue;
		if (!r->cfg->service.command) {
			snprintf(v[i].why, sizeof(v[i].why),
				 "not replayable until spec.service.command "
				 "is configured");
			continue;
		}
		if (verify_tape(r, t->dir, &v[i], &e) != 0) {
			warn("verifying %s: %s", t->id, e.msg);
			snprintf(v[i].why, sizeof(v[i].why), "%.200s", e.msg);
		}
	}
	return v;
}
