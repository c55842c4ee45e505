/* dvr scrub: what was scrubbed, what would be, and a filter for any text. */
#include "command.h"

#include <dvr/base/fs.h>
#include <dvr/reporter.h>
#include <dvr/scrub/detector.h>
#include <dvr/tape/library.h>
#include <dvr/tape/yaml.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const enum opt scrub_opts[] = { COMMON_OPTS, OPT_SCRUBBED, OPT_LIST,
	OPT_JSON, OPT_COUNT };

/* Of text on standard input (bytes). */
#define FILTER_MAX (64u * MiB)

/* ---- --list ------------------------------------------------------------- */

static void
list_detector(const struct scrub_detector *d, bool json)
{
	struct buf b;

	if (!json) {
		printf("%-22s %-4s %s\n", d->name, d->on ? "on" : "off",
		       d->help);
		return;
	}
	buf_init(&b, 64 * KiB);
	buf_adds(&b, "{\"name\":");
	json_quote(slice_str(d->name), &b);
	buf_fmt(&b, ",\"on\":%s,\"help\":", d->on ? "true" : "false");
	json_quote(slice_str(d->help), &b);
	buf_adds(&b, "}");
	puts(buf_cstr(&b));
	buf_release(&b);
}

static int
list(bool json)
{
	size_t n;
	const struct scrub_detector *v = scrub_detectors(&n);

	for (size_t i = 0; i < n; i++)
		list_detector(&v[i], json);
	return 0;
}

/* ---- --report --------------------------------------------------------------- */

static void
report_json(const struct tape *t, const struct scrub_entry *x)
{
	struct buf b;

	buf_init(&b, 64 * KiB);
	buf_adds(&b, "{\"tape\":");
	json_quote(t->id, &b);
	buf_adds(&b, ",\"rule\":");
	json_quote(x->rule, &b);
	buf_adds(&b, ",\"place\":");
	json_quote(x->field, &b);
	buf_fmt(&b, ",\"count\":%llu}", (unsigned long long)x->count);
	puts(buf_cstr(&b));
	buf_release(&b);
}

static int
report_tape(const char *dir, bool json, struct err *e)
{
	char rule[QUOTE_MAX], place[QUOTE_MAX];
	struct tape t;

	if (tape_read(dir, &t, e) != 0)
		return -1;
	if (!json)
		printf("%.*s\n", SLICE_ARG(t.id));
	for (size_t i = 0; i < t.nscrubbed; i++) {
		const struct scrub_entry *x = &t.scrubbed[i];

		if (json)
			report_json(&t, x);
		else
			printf("  %6llu× %-20s %s\n",
			       (unsigned long long)x->count,
			       quote(x->rule, rule), quote(x->field, place));
	}
	tape_release(&t);
	return 0;
}

static int
report(const struct args *args, const struct config *c, struct err *e)
{
	const struct library_entry **found;
	struct library lib;
	size_t n = 0;
	int rc = 0;

	if (library_scan(c->fixtures, &lib, e) != 0)
		return -1;
	found = calloc(lib.n + 1, sizeof(*found));
	if (!found)
		abort();
	for (size_t i = 0; args->nrest == 0 && i < lib.n && rc == 0; i++)
		rc = report_tape(lib.v[i].dir, args_has(args, OPT_JSON), e);
	for (size_t i = 0; i < args->nrest && rc == 0; i++) {
		rc = library_select(&lib, args->rest[i], found, lib.n, &n, e);
		for (size_t k = 0; k < n && rc == 0; k++)
			rc = report_tape(found[k]->dir,
					 args_has(args, OPT_JSON), e);
	}
	free(found);
	library_release(&lib);
	return rc;
}

/* ---- filter ------------------------------------------------------------------- */

static int
read_input(struct buf *in, struct err *e)
{
	ssize_t n;
	char *at;

	for (;;) {
		at = buf_room(in, 64 * KiB);
		if (!at)
			return err_set(e, ERR_USAGE, "scrub: more than %u MiB "
				       "on standard input", FILTER_MAX / MiB);
		n = read(STDIN_FILENO, at, 64 * KiB);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, ERR_USAGE, "standard input");
		if (n == 0)
			return 0;
		buf_grew(in, (size_t)n);
	}
}

static int
filter(struct scrub *s, struct err *e)
{
	struct buf in, out;
	int rc;

	buf_init(&in, FILTER_MAX);
	buf_init(&out, 4 * FILTER_MAX);
	rc = read_input(&in, e);
	if (rc == 0)
		scrub_text(s, buf_slice(&in), &out);
	if (rc == 0 && (out.full ||
			fs_write_all(STDOUT_FILENO, buf_slice(&out)) != 0))
		rc = err_set(e, ERR_INTERNAL, "scrub: writing to standard "
			     "output failed");
	buf_release(&in);
	buf_release(&out);
	return rc;
}

static int
run(const struct args *args, struct err *e)
{
	struct config cfg;
	struct scrub *s = NULL;
	int rc;

	if (args_has(args, OPT_LIST))
		return list(args_has(args, OPT_JSON));
	if (!args_has(args, OPT_SCRUBBED) && args->nrest > 0)
		return err_set(e, ERR_USAGE, "scrub: reads standard input; "
			       "--report TAPE tells what was scrubbed");
	if (command_config(args, &cfg, e) != 0)
		return -1;
	if (args_has(args, OPT_SCRUBBED)) {
		rc = report(args, &cfg, e);
	} else {
		s = command_scrub(&cfg, e);
		rc = s ? filter(s, e) : -1;
	}
	if (s)
		scrub_destroy(s);
	config_release(&cfg);
	return rc;
}

const struct command cmd_scrub = {
	.name = "scrub",
	.usage = "--report [TAPE…] | --list | < TEXT",
	.summary = "what was scrubbed; the detectors; a filter",
	.help = "Without an option it copies standard input with its secrets "
		"replaced.\n\n"
		"  dvr scrub --report             rule, place and count, tape "
		"by tape\n"
		"  dvr scrub --report --json      a line of JSON for each\n"
		"  dvr scrub --list               the detectors and what they "
		"are for\n"
		"  dvr scrub < service.log        text that may be shown\n",
	.opts = scrub_opts,
	.run = run,
};
