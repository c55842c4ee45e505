/* What several commands share: common flags, colour, messages, one tape. */
#include "command.h"

#include <dvr/base/fs.h>
#include <dvr/tape/library.h>
#include <dvr/tape/yaml.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
command_config(const struct args *args, struct config *out, struct err *e)
{
	struct config c;

	if (config_load(args->value[OPT_CONFIG], &c, e) != 0)
		return -1;
	if (args_has(args, OPT_FIXTURES)) {
		c.fixtures = arena_str(c.arena,
				       slice_str(args->value[OPT_FIXTURES]));
		c.ledger.fixtures = c.fixtures;
	}
	if (args_has(args, OPT_NAMESPACE)) {
		c.namespace = arena_str(c.arena,
					slice_str(args->value[OPT_NAMESPACE]));
		c.ledger.namespace = c.namespace;
	}
	if (args_has(args, OPT_TIMEOUT) &&
	    config_duration(slice_str(args->value[OPT_TIMEOUT]),
			    &c.replay.timeout_ns) != 0) {
		config_release(&c);
		return err_set(e, ERR_USAGE, "bad --timeout; expected a "
			       "duration such as 10s");
	}
	*out = c;
	return 0;
}

int
command_uint(const struct args *args, enum opt o, unsigned max, unsigned *out,
	     struct err *e)
{
	char q[QUOTE_MAX];
	uint64_t v;

	if (!args_has(args, o))
		return 0;
	if (slice_uint(slice_str(args->value[o]), max, &v) != 0)
		return err_set(e, ERR_USAGE, "bad --%s '%s'; expected a number "
			       "up to %u", opt_rows[o].name,
			       quote(slice_str(args->value[o]), q), max);
	*out = (unsigned)v;
	return 0;
}

void
command_timing(const struct args *args, struct config *c)
{
	for (unsigned i = 0; args_has(args, OPT_TIMING) && timing_words[i]; i++) {
		if (strcmp(args->value[OPT_TIMING], timing_words[i]) == 0)
			c->replay.timing = (enum replay_timing)i;
	}
	if (args_has(args, OPT_HOLDS))
		c->replay.holds = strcmp(args->value[OPT_HOLDS], "on") == 0;
}

static bool
env_set_to_something(const char *name)
{
	const char *v = getenv(name);

	return v && v[0];
}

bool
command_colour(const struct args *args, int fd)
{
	const char *when = args->value[OPT_COLOR];

	if (when && strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	if (env_set_to_something("NO_COLOR"))	/* no-color.org */
		return false;
	return env_set_to_something("FORCE_COLOR") ||
	       env_set_to_something("GITHUB_ACTIONS") ||
	       env_set_to_something("GITLAB_CI") || isatty(fd);
}

static void message(const char *prefix, const char *fmt, va_list ap)
	PRINTF_LIKE(2, 0);

static void
message(const char *prefix, const char *fmt, va_list ap)
{
	char line[2048];
	int n = snprintf(line, sizeof(line), "dvr: %s", prefix);

	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	fprintf(stderr, "%s\n", line);
}

void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("", fmt, ap);
	va_end(ap);
}

void
warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("warning: ", fmt, ap);
	va_end(ap);
}

void
shell_word(struct slice s, struct buf *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-./:=@%+,";
	bool quoted = s.n == 0;

	for (size_t i = 0; i < s.n; i++)
		quoted |= !memchr(plain, s.p[i], sizeof(plain) - 1);
	if (!quoted) {
		buf_add(out, s);
		return;
	}
	buf_addc(out, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, s.p[i]);
	}
	buf_addc(out, '\'');
}

void
command_flag(const char *flag, const char *value, struct buf *out)
{
	if (!value)
		return;
	buf_fmt(out, " %s ", flag);
	shell_word(slice_str(value), out);
}

struct scrub *
command_scrub(const struct config *c, struct err *e)
{
	return scrub_create(c->rules, c->nrules, &clock_system, e);
}

int
command_tape(const struct config *c, const char *what, struct tape *t,
	     struct plan *p, char dir[4096], struct err *e)
{
	const struct library_entry *found = NULL;
	struct library lib;
	size_t count = 0;
	int rc = -1;

	if (library_scan(c->fixtures, &lib, e) != 0)
		return -1;
	if (library_select(&lib, what, &found, 1, &count, e) != 0)
		goto out;
	if (count != 1) {
		char q[QUOTE_MAX];

		err_set(e, ERR_USAGE, "'%s' names %zu tapes; one is needed",
			quote(slice_str(what), q), count);
		goto out;
	}
	if (snprintf(dir, 4096, "%s", found->dir) >= 4096) {
		err_set(e, ERR_TAPE, "the path of tape %s is too long",
			found->id);
		goto out;
	}
	if (library_read(dir, t, p, e) != 0 || plan_check(p, t, dir, e) != 0) {
		if (t->arena)
			tape_release(t);
		goto out;
	}
	descriptors_name_again(&c->descriptors, t);
	rc = 0;
out:
	library_release(&lib);
	return rc;
}
