/* dvr doctor: what works on this machine for this service, tried for real. */
#include "command.h"
#include "doctor.h"

#include <dvr/reporter.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const enum opt doctor_opts[] = { COMMON_OPTS, OPT_JSON, OPT_COUNT };

static const char *const states[] = {
	[DOCTOR_OK] = "ok", [DOCTOR_NO] = "no", [DOCTOR_FAIL] = "FAIL",
};

void
doctor_say(struct doctor *d, enum doctor_state state, const char *what,
	   const char *fmt, ...)
{
	char text[1200];
	struct buf b;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (state == DOCTOR_FAIL)
		d->failed = true;
	if (!d->json) {
		printf("%-4s  %-16s %s\n", states[state], what, text);
		return;
	}
	buf_init(&b, 64 * KiB);
	buf_fmt(&b, "%s\n {\"check\":", d->said++ ? "," : "");
	json_quote(slice_str(what), &b);
	buf_fmt(&b, ",\"state\":\"%s\",\"text\":",
		state == DOCTOR_FAIL ? "fail" : states[state]);
	json_quote(slice_str(text), &b);
	buf_addc(&b, '}');
	fwrite(b.p, 1, b.n, stdout);
	buf_release(&b);
}

static int
doctor(const struct args *args, struct err *e)
{
	struct doctor d = { .json = args_has(args, OPT_JSON) };
	struct config c;

	if (command_config(args, &c, e) != 0)
		return ERR_USAGE;
	d.config = &c;
	if (d.json)
		fputs("[", stdout);
	for (doctor_check *const *at = doctor_checks; *at; at++)
		(*at)(&d);
	if (d.json)
		fputs("\n]\n", stdout);
	config_release(&c);
	return d.failed ? ERR_TARGET : 0;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.usage = "[--json]",
	.summary = "say what works on this machine for this service",
	.help = "Everything is tried, not guessed: namespaces are made, the "
		"clock is set, a port is\ntaken. `no` is something that is not "
		"here and not needed, `FAIL` something that\nthe configuration "
		"asks for (exit code 4).\n\n"
		"  dvr doctor\n  dvr doctor --json\n",
	.opts = doctor_opts,
	.run = doctor,
};
