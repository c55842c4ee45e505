/* dvr merge: results of shards into every report. */
#include "merge.h"
#include "reports.h"

static const enum opt merge_opts[] = { COMMON_OPTS, OPT_REPORT, OPT_JUNIT,
	OPT_JUNIT_PROFILE, OPT_JUNIT_CASES, OPT_COUNT };

/* What is missing counts as an error of the machines. */
static int
exit_code(const struct merged *m)
{
	struct results found = m->all;
	int rc;

	if (m->missing == 0)
		return m->all.ntapes ? results_exit_code(&m->all) : 0;
	found.partial = false;
	rc = found.ntapes ? results_exit_code(&found) : 0;
	return rc ? rc : ERR_TARGET;
}

static int
merge(const struct args *args, struct err *e)
{
	struct merged m = { .missing = 0 };
	struct report_style style;
	struct reports rs;
	int rc = -1;

	if (args->nrest == 0)
		return err_set(e, ERR_USAGE, "no files; each shard writes one "
			       "with --report json=FILE");
	reports_style(args, &style);
	if (reports_open(args, &rs, e) != 0)
		return ERR_USAGE;
	m.all.arena = arena_create();
	m.all.command = SLICE("dvr merge");
	if (merge_files(args->rest, args->nrest, &m, e) == 0) {
		rc = exit_code(&m);
		if (reports_write(&rs, &m.all, &style) != 0 && rc == 0)
			rc = ERR_INTERNAL;
	}
	arena_destroy(m.all.arena);
	return rc;
}

const struct command cmd_merge = {
	.name = "merge",
	.usage = "[options] FILE…",
	.summary = "make one report of the results of shards",
	.help = "Reads what `dvr regress --report json=FILE` wrote on each "
		"machine and writes every\nformat.  Exits as one run of all "
		"tapes would; 2 when the files do not belong together\nor a "
		"tape is in two of them, 4 when a shard or a tape is "
		"missing.\n\n"
		"  dvr merge dvr-*.jsonl --junit dvr.xml\n"
		"  dvr merge dvr-*.jsonl --report json=timings.jsonl\n",
	.opts = merge_opts,
	.run = merge,
};
