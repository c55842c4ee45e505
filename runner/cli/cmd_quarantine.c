/* dvr quarantine TAPE…: runs and is reported, and does not gate until a day. */
#include "date.h"
#include "trying.h"

#include <stdio.h>

static const enum opt quarantine_opts[] = { COMMON_OPTS, OPT_UNTIL, OPT_OWNER,
	OPT_REASON, OPT_LINK, OPT_COUNT };

static int
check(const struct args *args, char until[DATE_MAX], struct err *e)
{
	static const enum opt needed[] = { OPT_UNTIL, OPT_OWNER, OPT_REASON };

	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		const char *v = args->value[needed[i]];

		if (!v || slice_trim(slice_str(v)).n == 0)
			return err_set(e, ERR_USAGE, "quarantine needs --%s: "
				       "an end, somebody who sees to it, and "
				       "why", opt_rows[needed[i]].name);
	}
	return date_until(args->value[OPT_UNTIL], until, e);
}

static int
quarantine_tape(struct trying *t, const struct plan_quarantine *q,
		struct err *e)
{
	t->plan.expect = EXPECT_QUARANTINED;
	t->plan.quarantine = *q;
	if (library_replan(t->dir, &t->tape, &t->plan, e) != 0)
		return -1;
	printf("%.*s: quarantined until %.*s by %.*s\n",
	       SLICE_ARG(t->tape.id), SLICE_ARG(q->until),
	       SLICE_ARG(q->owner));
	return 0;
}

static int
run(const struct args *args, struct err *e)
{
	struct trying t = { .verb = "quarantine" };
	struct plan_quarantine q;
	char until[DATE_MAX];
	int rc = 0;

	if (check(args, until, e) != 0)
		return -1;
	q = (struct plan_quarantine){
		.until = slice_str(until),
		.owner = slice_str(args->value[OPT_OWNER]),
		.reason = slice_str(args->value[OPT_REASON]),
		.link = slice_str(args->value[OPT_LINK]),
	};
	if (trying_open(&t, args, false, e) != 0)
		return -1;
	for (size_t i = 0; i < t.npicked && rc == 0; i++) {
		rc = trying_begin(&t, i, e);
		if (rc != 0)
			break;
		rc = quarantine_tape(&t, &q, e);
		trying_end(&t);
	}
	trying_close(&t);
	return rc;
}

const struct command cmd_quarantine = {
	.name = "quarantine",
	.usage = "--until DAY --owner NAME --reason TEXT [--link URL] TAPE…",
	.summary = "keep a tape from gating until a day",
	.help = "The tape runs and is reported as skipped; from the day after "
		"on it gates again,\nand says whose it is. dvr accept ends a "
		"quarantine early.\n\n"
		"  dvr quarantine --until 14d --owner ada --reason 'flaky on "
		"arm' \\\n      --link https://tracker.example/17 pay-500\n",
	.opts = quarantine_opts,
	.tapes = true,
	.run = run,
};
