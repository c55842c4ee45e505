/* Replays new tapes on the build that recorded them. */
#include "verify.h"

#include "command.h"

#include <dvr/base/mem.h>
#include <dvr/replay/orders.h>
#include <dvr/replay/trial.h>
#include <dvr/tape/yaml.h>

#include <stdio.h>

void
verify_trial_config(const struct config *c, struct scrub *s,
		    struct trial_config *out)
{
	*out = (struct trial_config){
		.service = &c->service,
		.lanes = c->lanes,
		.nlanes = c->nlanes,
		.namespace = c->namespace,
		.replay = c->replay,
		.scrub = s,
		.clock = &clock_system,
		.retries = 1,
	};
}

static int
verify_tape(struct recorder *r, const char *dir, struct verified *v,
	    struct err *e)
{
	struct trial_config tc;
	struct tape_result result = { 0 };
	struct tape t;
	struct plan p;
	unsigned hits = 0, n = r->cfg->verify_runs;
	int rc = -1;

	if (tape_read(dir, &t, e) != 0)
		return -1;
	verify_trial_config(r->cfg, r->scrub, &tc);
	if (plan_load(t.arena, dir, &p, e) != 0 ||
	    trial_verify(&tc, &t, &p, n, &hits, t.arena, &result, e) != 0)
		goto out;
	if (hits < n && orders_search(&tc, &t, &p, n, &hits, t.arena, e) != 0)
		goto out;
	v->done = true;
	v->hits = hits;
	v->of = n;
	if (hits == 0)
		snprintf(v->why, sizeof(v->why), "%.*s",
			 SLICE_ARG(result.reason));
	p.hits = hits;
	p.of = n;
	rc = plan_save(&p, dir, e);
out:
	tape_release(&t);
	return rc;
}

struct verified *
verify_new_tapes(struct recorder *r)
{
	struct ledger_stats s;
	struct verified *v;

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
