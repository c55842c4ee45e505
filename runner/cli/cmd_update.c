/* dvr update TAPE…: takes what a build does otherwise for new behaviour. */
#include "update.h"

#include "show.h"

#include <dvr/field/field.h>

#include <stdio.h>

static const enum opt update_opts[] = { COMMON_OPTS, TRYING_OPTS, OPT_SET,
	OPT_DRY_RUN, OPT_COUNT };

/* Each round takes what the one before made visible; an API that still differs
 * after so many is no version of the recorded one. */
#define ROUNDS_MAX 20

void
update_tell(const struct update *u, const char *what, struct slice place,
	    struct slice text)
{
	if (u->quiet)
		return;
	printf("  %-8s ", what);
	show_safe(place);
	putchar(' ');
	show_safe(text);
	putchar('\n');
}

static bool
is_well(enum verdict v)
{
	return v == VERDICT_PASS || v == VERDICT_XFAIL;
}

/* Replays until nothing is left to take. */
static int
take_rounds(struct update *u, struct err *e)
{
	/* What differs is no accident that another try would undo. */
	u->t.trial.retries = 0;
	for (unsigned i = 0; i < ROUNDS_MAX; i++) {
		const struct replay_result *last;
		struct tape_result r;

		if (trying_run(&u->t, 1, &r, e) != 0)
			return -1;
		last = &r.replays[r.nreplays - 1];
		if (is_well(last->verdict))
			return 0;
		if (update_take(u, last, e) < 0)
			return -1;
	}
	return err_set(e, ERR_MISMATCH, "still other differences after %d "
		       "rounds: record it anew", ROUNDS_MAX);
}

/* In as many replays as its proof asks for, and then it is written. */
static int
keep(struct update *u, struct err *e)
{
	struct tape_result r;

	u->t.trial.retries = 1;
	if (trying_run(&u->t, 0, &r, e) != 0)
		return -1;
	if (!is_well(r.verdict) && r.verdict != VERDICT_SKIPPED && !r.cured)
		return err_set(e, ERR_MISMATCH, "with these changes it does "
			       "not pass: %.*s", SLICE_ARG(r.reason));
	if (!u->dry && library_replan(u->t.dir, &u->t.tape,
				     &u->t.plan, e) != 0)
		return -1;
	printf("%.*s: %u change%s%s, %s\n", SLICE_ARG(u->t.tape.id), u->taken,
	       u->taken == 1 ? "" : "s", u->dry ? " (dry run: not written)" :
	       "", r.cured ? "and it fails no more: dvr accept" :
	       verdict_name(r.verdict));
	return 0;
}

/* The proof was found with the request as it was recorded. */
static void
warn_of_edits(const struct update *u)
{
	const struct plan *p = &u->t.plan;

	for (size_t i = 0; i < p->nedits; i++) {
		struct place at;

		if (place_parse(p->edits[i].field, &at) == 0 &&
		    at.exchange == u->t.tape.trigger.exchange) {
			warn("%.*s: the failing request is sent otherwise than "
			     "it was when it was shown to fail (%u/%u): look "
			     "that it still leads there",
			     SLICE_ARG(u->t.tape.id), p->hits, p->of);
			return;
		}
	}
}

static int
update_tape(struct update *u, struct err *e)
{
	u->taken = 0;
	if (update_set(u, e) != 0 || take_rounds(u, e) != 0)
		return -1;
	if (u->taken > 0 && keep(u, e) != 0)
		return -1;
	if (u->taken > 0)
		warn_of_edits(u);
	else if (!u->quiet)
		printf("%.*s: nothing to update\n", SLICE_ARG(u->t.tape.id));
	return 0;
}

/* One that cannot be updated says why, and the others go on. */
static int
update_all(struct update *u, struct err *e)
{
	unsigned refused = 0, done = 0;

	for (size_t i = 0; i < u->t.npicked; i++) {
		struct err mine = { .code = ERR_NONE };
		int rc = trying_begin(&u->t, i, &mine);

		if (rc == 0) {
			rc = update_tape(u, &mine);
			done += rc == 0 && u->taken > 0;
			trying_end(&u->t);
		}
		if (rc == 0)
			continue;
		if (u->t.npicked == 1 || *u->t.trial.stop) {
			*e = mine;
			return err_prefix(e, "update: %s: nothing was changed",
					  u->t.picked[i]->id);
		}
		say("%s: nothing was changed: %s", u->t.picked[i]->id,
		    mine.msg);
		refused++;
	}
	if (u->t.npicked > 1 && !u->quiet)
		say("%zu tapes: %u updated, %zu as they were, %u refused",
		    u->t.npicked, done, u->t.npicked - done - refused,
		    refused);
	return refused ? ERR_MISMATCH : 0;
}

static int
run(const struct args *args, struct err *e)
{
	struct update u = { .t = { .verb = "update" }, .args = args,
			    .dry = args_has(args, OPT_DRY_RUN),
			    .quiet = args_has(args, OPT_QUIET) };
	int rc;

	if (trying_open(&u.t, args, true, e) != 0)
		return -1;
	rc = update_all(&u, e);
	trying_close(&u.t);
	return rc;
}

const struct command cmd_update = {
	.name = "update",
	.usage = "[options] TAPE…",
	.summary = "take what this build does otherwise for new behaviour",
	.help = "Replays the tapes, with the answers of their dependencies "
		"from the tape, and writes\nwhat differs into replay.yaml: "
		"accepted fields and outcomes, values that moved to\nanother "
		"name, and with --set fields of requests. The tape itself stays "
		"as it was.\nA failure, a crash or a refusal is never taken for "
		"new behaviour.\n\n"
		"  dvr update --dry-run 'post-checkout-*'\n"
		"  dvr update --set 'POST /checkout/init body#/currency=EUR' "
		"'*'\n"
		"  dvr update --set 2.req.header/x-api-version=2 "
		"post-checkout-pay-500-7889a\n",
	.opts = update_opts,
	.tapes = true,
	.run = run,
};
