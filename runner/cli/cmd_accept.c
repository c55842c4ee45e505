/* dvr accept TAPE: pins the answer that this build gives and expects it. */
#include "interrupt.h"
#include "regression.h"
#include "verify.h"

#include <dvr/base/plural.h>
#include <dvr/tape/yaml.h>

#include <stdio.h>
#include <string.h>

static const enum opt accept_opts[] = { COMMON_OPTS, OPT_TARGET, OPT_TIMEOUT,
	OPT_TIMING, OPT_COUNT };

struct accept {
	struct config cfg;
	struct trial_config trial;
	struct tape tape;
	struct plan plan;
	char dir[4096];
	struct arena *arena;	/* of the results */
};

static bool
is_acceptable(const struct outcome *o)
{
	return o->kind == OUTCOME_STATUS && o->status < 500 &&
	       !o->body_errors && !outcome_failed(o);
}

/* How the failing exchange ended in the last replay. */
static int
live_case(const struct accept *a, const struct tape_result *r,
	  const struct case_result **out, struct err *e)
{
	const struct replay_result *last;

	if (*interrupt_flag())
		return err_set(e, ERR_MISMATCH, "accept: interrupted; nothing "
			       "was changed");
	if (r->nreplays == 0)
		return err_set(e, ERR_TARGET, "accept: %.*s",
			       SLICE_ARG(r->reason));
	last = &r->replays[r->nreplays - 1];
	if (last->reproduced)
		return err_set(e, ERR_MISMATCH, "accept: this build still "
			       "fails as recorded; fix it first");
	for (size_t i = 0; i < last->ncases; i++) {
		if (last->cases[i].exchange != a->tape.trigger.exchange)
			continue;
		*out = &last->cases[i];
		if (is_acceptable(&last->cases[i].outcome))
			return 0;
		return err_set(e, ERR_MISMATCH, "accept: exchange %u answered "
			       "'%.*s', which is no answer to accept",
			       last->cases[i].exchange,
			       SLICE_ARG(last->cases[i].got));
	}
	return err_set(e, ERR_TAPE, "accept: the tape names no failing "
		       "exchange to pin");
}

static void
set_pin(struct accept *a, const struct outcome *got)
{
	struct plan_pin *pins = arena_array(a->arena, a->plan.npins + 1,
					    sizeof(*pins));
	char today[CLOCK_RFC3339_MAX];
	size_t n = 0;

	for (size_t i = 0; i < a->plan.npins; i++) {
		if (a->plan.pins[i].exchange != a->tape.trigger.exchange)
			pins[n++] = a->plan.pins[i];
	}
	clock_rfc3339(clock_wall_us(&clock_system), today);
	pins[n++] = (struct plan_pin){
		.exchange = a->tape.trigger.exchange,
		.status = got->status,
		.has_grpc = got->is_grpc, .grpc = got->grpc,
		.has_close = got->is_socket, .close = got->close,
		.accepted = arena_copy(a->arena, slice_of(today, 10)),
	};
	a->plan.pins = pins;
	a->plan.npins = n;
	a->plan.expect = EXPECT_FIXED;
}

/* With the configuration's masks, which are not the tape's to keep. */
static int
try_plan(struct accept *a, struct tape_result *r, struct err *e)
{
	struct plan p = a->plan;

	regression_masks(&a->cfg, a->arena, &p);
	*r = (struct tape_result){ 0 };
	return trial_run(&a->trial, &a->tape, &p, a->arena, r, e);
}

static int
accept_tape(struct accept *a, struct err *e)
{
	struct tape_result r;
	const struct case_result *got = NULL;

	a->trial.repeat = 1;
	if (try_plan(a, &r, e) != 0 ||
	    live_case(a, &r, &got, e) != 0)
		return -1;
	set_pin(a, &got->outcome);
	/* the pinned plan must hold in as many replays as its proof asks for */
	a->trial.repeat = 0;
	if (try_plan(a, &r, e) != 0)
		return -1;
	if (r.verdict != VERDICT_PASS)
		return err_set(e, ERR_MISMATCH, "accept: with the answer %.*s "
			       "pinned the tape does not pass: %.*s",
			       SLICE_ARG(got->got), SLICE_ARG(r.reason));
	if (library_replan(a->dir, &a->tape, &a->plan, e) != 0)
		return -1;
	printf("%.*s: pinned %.*s at exchange %u, expect: fixed (%u clean "
	       "replay%s)\n", SLICE_ARG(a->tape.id), SLICE_ARG(got->got),
	       a->tape.trigger.exchange, r.clean, plural(r.clean));
	return 0;
}

static int
run_accept(const struct args *args, struct err *e)
{
	struct accept a = { 0 };
	int rc = -1;

	if (args->nrest != 1)
		return err_set(e, ERR_USAGE, "accept: which tape? `dvr ls` "
			       "lists them");
	if (command_config(args, &a.cfg, e) != 0)
		return -1;
	a.arena = arena_create();
	command_timing(args, &a.cfg);
	a.trial.scrub = command_scrub(&a.cfg, e);
	if (!a.trial.scrub)
		goto out;
	verify_trial_config(&a.cfg, a.trial.scrub, &a.trial);
	a.trial.target = args->value[OPT_TARGET];
	a.trial.stop = interrupt_flag();
	interrupt_catch();
	if (!a.trial.target && !a.cfg.service.command) {
		err_set(e, ERR_USAGE, "accept: no spec.service.command in %s; "
			"add it, or --target URL",
			a.cfg.path ? a.cfg.path : "a dvr.yaml");
		goto out;
	}
	if (command_tape(&a.cfg, args->rest[0], &a.tape, &a.plan, a.dir, e))
		goto out;
	if (regression_stubs(&a.cfg, &a.tape, &a.plan, a.dir, e) == 0)
		rc = accept_tape(&a, e);
	tape_release(&a.tape);
out:
	if (a.trial.scrub)
		scrub_destroy(a.trial.scrub);
	arena_destroy(a.arena);
	config_release(&a.cfg);
	return rc;
}

const struct command cmd_accept = {
	.name = "accept",
	.usage = "[options] TAPE",
	.summary = "pin the answer of this build, expect: fixed",
	.help = "Replays the tape; when the failure is gone, the answer at the "
		"failing exchange is\npinned in replay.yaml and every later "
		"build must give it.\n\n"
		"  dvr accept post-checkout-pay-500-7889a\n",
	.opts = accept_opts,
	.tapes = true,
	.run = run_accept,
};
