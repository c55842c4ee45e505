/* dvr accept TAPE…: pins the answer that this build gives and expects it. */
#include "trying.h"

#include <dvr/base/plural.h>

#include <stdio.h>

static const enum opt accept_opts[] = { COMMON_OPTS, TRYING_OPTS, OPT_BROKEN,
	OPT_COUNT };

static bool
is_acceptable(const struct outcome *o)
{
	return o->kind == OUTCOME_STATUS && o->status < 500 &&
	       !o->body_errors && !outcome_failed(o);
}

/* How the failing exchange ended in the last replay. */
static int
live_case(const struct trying *t, const struct tape_result *r,
	  const struct case_result **out, struct err *e)
{
	const struct replay_result *last = &r->replays[r->nreplays - 1];

	if (last->reproduced)
		return err_set(e, ERR_MISMATCH, "accept: this build still "
			       "fails as recorded; fix it first, or accept it "
			       "as a known bug: dvr accept --broken");
	for (size_t i = 0; i < last->ncases; i++) {
		if (last->cases[i].exchange != t->tape.trigger.exchange)
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

/* What it was before, for whoever reads the log of a job. */
static void
tell(const struct trying *t, enum expect was, const char *what)
{
	printf("%.*s: %s, expect: %s", SLICE_ARG(t->tape.id), what,
	       expect_name(t->plan.expect));
	if (was != t->plan.expect)
		printf(" (was %s)", expect_name(was));
}

static int
accept_tape(struct trying *t, struct err *e)
{
	enum expect was = t->plan.expect;
	const struct case_result *got = NULL;
	struct tape_result r;
	char what[64];

	if (trying_run(t, 1, &r, e) != 0 || live_case(t, &r, &got, e) != 0)
		return -1;
	trying_pin(t, t->tape.trigger.exchange, &got->outcome);
	t->plan.expect = EXPECT_FIXED;
	t->plan.quarantine = (struct plan_quarantine){ 0 };
	/* the pinned plan must hold in as many replays as its proof asks for */
	if (trying_run(t, 0, &r, e) != 0)
		return -1;
	if (r.verdict != VERDICT_PASS)
		return err_set(e, ERR_MISMATCH, "accept: with the answer %.*s "
			       "pinned the tape does not pass: %.*s",
			       SLICE_ARG(got->got), SLICE_ARG(r.reason));
	if (library_replan(t->dir, &t->tape, &t->plan, e) != 0)
		return -1;
	snprintf(what, sizeof(what), "pinned %.*s at exchange %u",
		 SLICE_ARG(got->got), t->tape.trigger.exchange);
	tell(t, was, what);
	printf(" (%u clean replay%s)\n", r.clean, plural(r.clean));
	return 0;
}

/* A failure that nobody can bring about would be an expected one for ever. */
static int
accept_broken(struct trying *t, struct err *e)
{
	enum expect was = t->plan.expect;

	if (t->tape.not_replayable.n || t->plan.hits == 0)
		return err_set(e, ERR_MISMATCH, "accept: %.*s never "
			       "reproduced, so its failure cannot be expected; "
			       "dvr quarantine keeps it from gating for a "
			       "while", SLICE_ARG(t->tape.id));
	t->plan.expect = EXPECT_BROKEN;
	t->plan.quarantine = (struct plan_quarantine){ 0 };
	if (library_replan(t->dir, &t->tape, &t->plan, e) != 0)
		return -1;
	tell(t, was, "a known bug");
	puts("");
	return 0;
}

static int
run_accept(const struct args *args, struct err *e)
{
	bool broken = args_has(args, OPT_BROKEN);
	struct trying t = { .verb = "accept" };
	int rc = 0;

	if (trying_open(&t, args, !broken, e) != 0)
		return -1;
	for (size_t i = 0; i < t.npicked && rc == 0; i++) {
		rc = trying_begin(&t, i, e);
		if (rc != 0)
			break;
		rc = broken ? accept_broken(&t, e) : accept_tape(&t, e);
		trying_end(&t);
	}
	trying_close(&t);
	return rc;
}

const struct command cmd_accept = {
	.name = "accept",
	.usage = "[options] TAPE…",
	.summary = "pin the answer of this build, expect: fixed",
	.help = "Replays the tape; when the failure is gone, the answer at the "
		"failing exchange is\npinned in replay.yaml and every later "
		"build must give it. With --broken nothing is\nreplayed: "
		"the failure is a known bug, expected until a build passes.\n\n"
		"  dvr accept post-checkout-pay-500-7889a\n"
		"  dvr accept --broken post-checkout-pay-500-7889a\n",
	.opts = accept_opts,
	.tapes = true,
	.run = run_accept,
};
