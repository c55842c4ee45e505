/*
 * The one option table: flags, their help and their environment variables.
 * Commands name the rows that they take; usage text follows from the rows.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <dvr/base/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum opt {
	OPT_CONFIG, OPT_FIXTURES, OPT_NAMESPACE, OPT_COLOR, OPT_QUIET,
	OPT_VERBOSE, OPT_HELP, OPT_TARGET, OPT_LISTEN, OPT_TAPE, OPT_STEP,
	OPT_REPORT, OPT_JUNIT, OPT_RETRIES, OPT_REPEAT, OPT_TIMING, OPT_HOLDS,
	OPT_BUILD,
	OPT_JOBS, OPT_ONLY_FAILED, OPT_CHANGED, OPT_SINCE, OPT_LEARN, OPT_VERIFY,
	OPT_NO_VERIFY, OPT_JSON, OPT_TIMEOUT, OPT_DRY_RUN,
	OPT_JUNIT_PROFILE, OPT_JUNIT_CASES, OPT_STRICT, OPT_SCRUBBED,
	OPT_LIST, OPT_SHARD, OPT_SHARDS, OPT_TIMINGS, OPT_PLAN,
	OPT_PLAN_FORMAT,
	OPT_BROKEN, OPT_UNTIL, OPT_OWNER, OPT_REASON, OPT_LINK,
	OPT_SET, OPT_FORMAT, OPT_STALE, OPT_FLAKY, OPT_DUPLICATE, OPT_STAGED,
	OPT_TEXTCONV, OPT_COUNT
};

struct opt_row {
	const char *name;
	char letter;		/* 0: none */
	const char *arg;	/* placeholder, NULL for a flag */
	const char *env;	/* variable that stands in, or NULL */
	const char *help;
};

/* By enum opt. */
extern const struct opt_row opt_rows[OPT_COUNT];

/* The words that an option takes, NULL-terminated; NULL: anything. */
const char *const *opt_words(enum opt o);
extern const char *const timing_words[];	/* by enum replay_timing */

#define REPORTS_MAX 8
#define SETS_MAX 32

struct args {
	const char *value[OPT_COUNT];	/* NULL: not given; flags: "" */
	const char *reports[REPORTS_MAX];
	size_t nreports;
	const char *sets[SETS_MAX];	/* --set */
	size_t nsets;
	char **rest;			/* operands, NULL-terminated */
	size_t nrest;
};

/*
 * Reads argv (without the command's name). `allowed` ends with OPT_COUNT.
 * Exact names only: no prefixes.  `--` ends the options; with `to_operand`
 * the first operand does too (`dvr run npm test --color`).  *out's `rest`
 * points into argv.
 */
int options_parse(char **argv, const enum opt *allowed, bool to_operand,
		  struct args *out, struct err *e);

static inline bool
args_has(const struct args *a, enum opt o)
{
	return a->value[o] != NULL;
}

/* Was it given, as this word? */
static inline bool
args_is(const struct args *a, enum opt o, const char *word)
{
	return a->value[o] && strcmp(a->value[o], word) == 0;
}

#endif
