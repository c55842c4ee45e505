/* Parses command lines by the option table. */
#include "options.h"

#include <dvr/base/slice.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct opt_row opt_rows[OPT_COUNT] = {
	[OPT_CONFIG] = { "config", 'c', "FILE", "DVR_CONFIG",
			 "configuration (default: the nearest dvr.yaml)" },
	[OPT_FIXTURES] = { "fixtures", 0, "DIR", "DVR_FIXTURES",
			   "tape library (default: fixtures beside dvr.yaml)" },
	[OPT_NAMESPACE] = { "namespace", 0, "NAME", NULL,
			    "namespace of the traffic" },
	[OPT_COLOR] = { "color", 0, "WHEN", NULL,
			"auto, always or never" },
	[OPT_QUIET] = { "quiet", 'q', NULL, NULL, "say only what went wrong" },
	[OPT_VERBOSE] = { "verbose", 'v', NULL, NULL, "say more" },
	[OPT_HELP] = { "help", 'h', NULL, NULL, "this text" },
	[OPT_TARGET] = { "target", 0, "URL", NULL,
			 "a service that runs already, http://host:port" },
	[OPT_LISTEN] = { "listen", 0, "ADDR", NULL,
			 "where to listen, host:port (default 127.0.0.1:0)" },
	[OPT_TAPE] = { "tape", 0, "ID", NULL, "the tape to replay" },
	[OPT_STEP] = { "step-mode", 0, NULL, NULL,
		       "one exchange at a time, at a dvr> prompt" },
	[OPT_REPORT] = { "report", 0, "NAME[=FILE]", NULL,
			 "report format and file (repeatable)" },
	[OPT_JUNIT] = { "junit", 0, "FILE", NULL,
			"short for --report junit=FILE" },
	[OPT_RETRIES] = { "retries", 0, "N", NULL,
			  "repeat a tape that ended in an error (default 1)" },
	[OPT_REPEAT] = { "repeat", 0, "N", NULL,
			 "replay every tape N times and print k/n" },
	[OPT_TIMING] = { "timing", 0, "MODE", NULL,
			 "recorded, fast, 2x or precise" },
	[OPT_HOLDS] = { "holds", 0, "WHEN", NULL,
			"recorded order in overlaps: on (default), or off" },
	[OPT_BUILD] = { "build", 0, NULL, NULL,
			"run service.build first" },
	[OPT_JOBS] = { "jobs", 'j', "N", NULL, "tapes side by side, 1 to 64 (default 1)" },
	[OPT_ONLY_FAILED] = { "only-failed", 0, NULL, NULL,
			      "only tapes that failed when last tried" },
	[OPT_CHANGED] = { "changed", 0, NULL, NULL,
			  "only tapes that differ from git's HEAD" },
	[OPT_SINCE] = { "since", 0, "REF", NULL,
			"only tapes that differ from that git ref" },
	[OPT_LEARN] = { "learn", 0, NULL, NULL,
			"replay first and mask what differs from itself" },
	[OPT_VERIFY] = { "verify", 0, NULL, NULL,
			 "replay new tapes on the same build (default)" },
	[OPT_NO_VERIFY] = { "no-verify", 0, NULL, NULL,
			    "leave new tapes unproven" },
	[OPT_JSON] = { "json", 0, NULL, NULL, "output for tools" },
	[OPT_SCRUBBED] = { "report", 0, NULL, NULL,
			   "what was scrubbed: rule, place, count" },
	[OPT_LIST] = { "list", 0, NULL, NULL, "all detectors" },
	[OPT_STAGED] = { "staged", 0, NULL, NULL,
			 "only what git would commit, as it is staged" },
	[OPT_STRICT] = { "strict", 0, NULL, NULL,
			 "what is not whole, or cannot be looked into, fails" },
	[OPT_TIMEOUT] = { "timeout", 0, "TIME", NULL,
			  "longest wait for one answer, such as 10s" },
	[OPT_JUNIT_PROFILE] = { "junit-profile", 0, "NAME", NULL,
				"rich (default), or strict: junit-10.xsd" },
	[OPT_JUNIT_CASES] = { "junit-granularity", 0, "WHAT", NULL,
			      "a case an exchange (default), or a tape" },
	[OPT_SHARD] = { "shard", 0, "I/N", "DVR_SHARD",
			"only this part of the tapes, such as 2/7" },
	[OPT_SHARDS] = { "shards", 0, "N", NULL, "how many machines" },
	[OPT_TIMINGS] = { "timings", 0, "FILE", NULL,
			  "JSON results of earlier runs, to divide tapes by" },
	[OPT_PLAN] = { "plan", 0, NULL, NULL, "show who tries which tapes" },
	[OPT_PLAN_FORMAT] = { "format", 0, "NAME", NULL,
			      "text (default), json or github-matrix" },
	[OPT_DRY_RUN] = { "dry-run", 0, NULL, NULL,
			  "show what would be written, write nothing" },
	[OPT_BROKEN] = { "broken", 0, NULL, NULL,
			 "expect the failure: a known bug" },
	[OPT_UNTIL] = { "until", 0, "DAY", NULL,
			"its last day, as 2026-12-24, or in days: 14d" },
	[OPT_OWNER] = { "owner", 0, "NAME", NULL, "who sees to it" },
	[OPT_REASON] = { "reason", 0, "TEXT", NULL, "why" },
	[OPT_LINK] = { "link", 0, "URL", NULL, "where it is dealt with" },
	[OPT_SET] = { "set", 0, "FIELD=VALUE", NULL,
		      "send this field of a request otherwise (repeatable)" },
	[OPT_FORMAT] = { "format", 0, "NAME", NULL,
			 "text (default), or markdown for a pull request" },
	[OPT_STALE] = { "stale", 0, NULL, NULL,
			"only tapes that prove nothing (any more)" },
	[OPT_FLAKY] = { "flaky", 0, NULL, NULL,
			"only tapes that fail now and then" },
	[OPT_DUPLICATE] = { "duplicate", 0, NULL, NULL,
			    "only tapes of one and the same failure" },
	[OPT_TEXTCONV] = { "textconv", 0, NULL, NULL,
			   "print one tape.yaml as text: for git" },
};

static const char *const when_words[] = { "auto", "always", "never", NULL };
const char *const timing_words[] = { "recorded", "fast", "2x", "precise",
				     NULL };

static const char *const holds_words[] = { "on", "off", NULL };
static const char *const profile_words[] = { "rich", "strict", NULL };
static const char *const format_words[] = { "text", "markdown", NULL };
static const char *const case_words[] = { "exchange", "tape", NULL };
static const char *const plan_words[] = { "text", "json", "github-matrix",
					  NULL };

static const struct {
	enum opt option;
	const char *const *words;
} closed[] = {
	{ OPT_COLOR, when_words },
	{ OPT_TIMING, timing_words },
	{ OPT_HOLDS, holds_words },
	{ OPT_JUNIT_PROFILE, profile_words },
	{ OPT_JUNIT_CASES, case_words },
	{ OPT_PLAN_FORMAT, plan_words },
	{ OPT_FORMAT, format_words },
};

const char *const *
opt_words(enum opt o)
{
	for (size_t i = 0; i < ARRAY_LEN(closed); i++) {
		if (closed[i].option == o)
			return closed[i].words;
	}
	return NULL;
}

static bool
is_allowed(const enum opt *allowed, enum opt o)
{
	for (; *allowed != OPT_COUNT; allowed++) {
		if (*allowed == o)
			return true;
	}
	return false;
}

/* Two rows may have one name: a command takes one of them. */
static enum opt
find_long(struct slice name, const enum opt *allowed)
{
	for (; *allowed != OPT_COUNT; allowed++) {
		if (slice_eq(slice_str(opt_rows[*allowed].name), name))
			return *allowed;
	}
	return OPT_COUNT;
}

static enum opt
find_letter(char c)
{
	for (enum opt o = 0; o < OPT_COUNT; o++) {
		if (opt_rows[o].letter && opt_rows[o].letter == c)
			return o;
	}
	return OPT_COUNT;
}

static int
check_word(enum opt o, const char *value, struct err *e)
{
	const char *const *words = opt_words(o);
	char q[QUOTE_MAX], list[128] = "";
	size_t n = 0;

	if (!words)
		return 0;
	for (size_t i = 0; words[i]; i++) {
		if (strcmp(words[i], value) == 0)
			return 0;
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
				      !i ? "" : words[i + 1] ? ", " : " or ",
				      words[i]);
	}
	return err_set(e, ERR_USAGE, "bad --%s '%s'; expected %s",
		       opt_rows[o].name, quote(slice_str(value), q), list);
}

static int
store(struct args *a, enum opt o, const char *value, struct err *e)
{
	if (check_word(o, value, e) != 0)
		return -1;
	if (o == OPT_REPORT) {
		if (a->nreports == REPORTS_MAX)
			return err_set(e, ERR_USAGE, "more than %d --report",
				       REPORTS_MAX);
		a->reports[a->nreports++] = value;
	}
	if (o == OPT_SET) {
		if (a->nsets == SETS_MAX)
			return err_set(e, ERR_USAGE, "more than %d --set",
				       SETS_MAX);
		a->sets[a->nsets++] = value;
	}
	a->value[o] = value;
	return 0;
}

/* One "--name", "--name=value", "-x" or "-xVALUE"; *argv moves on. */
static int
take_option(char ***argv, const enum opt *allowed, struct args *a,
	    struct err *e)
{
	const char *word = **argv, *value = NULL;
	char q[QUOTE_MAX];
	enum opt o;

	if (word[1] == '-') {
		const char *eq = strchr(word, '=');
		size_t n = eq ? (size_t)(eq - word) - 2 : strlen(word) - 2;

		o = find_long(slice_of(word + 2, n), allowed);
		value = eq ? eq + 1 : NULL;
	} else {
		o = find_letter(word[1]);
		value = word[2] ? word + 2 : NULL;
	}
	if (o == OPT_COUNT || !is_allowed(allowed, o))
		return err_set(e, ERR_USAGE, "unknown option '%s'; --help "
			       "lists what there is", quote(slice_str(word), q));
	if (!opt_rows[o].arg) {
		if (value)
			return err_set(e, ERR_USAGE, "--%s takes no value",
				       opt_rows[o].name);
		return store(a, o, "", e);
	}
	if (!value) {
		value = (*argv)[1];
		if (!value)
			return err_set(e, ERR_USAGE, "--%s needs a value: "
				       "--%s %s", opt_rows[o].name,
				       opt_rows[o].name, opt_rows[o].arg);
		(*argv)++;
	}
	return store(a, o, value, e);
}

int
options_parse(char **argv, const enum opt *allowed, bool to_operand,
	      struct args *out, struct err *e)
{
	struct args a = { .rest = argv };
	char **keep = argv;

	for (enum opt o = 0; o < OPT_COUNT; o++) {
		const char *env = opt_rows[o].env;
		char *set = env && is_allowed(allowed, o) ? getenv(env) : NULL;

		if (set && set[0])
			a.value[o] = set;
	}
	for (; *argv; argv++) {
		if (strcmp(*argv, "--") == 0) {
			argv++;
			break;
		}
		if ((*argv)[0] == '-' && (*argv)[1]) {
			if (take_option(&argv, allowed, &a, e) != 0)
				return -1;
			continue;
		}
		if (to_operand)
			break;
		*keep++ = *argv;
	}
	while (*argv)
		*keep++ = *argv++;
	*keep = NULL;
	a.nrest = (size_t)(keep - a.rest);
	*out = a;
	return 0;
}
