/* dvr manual: the man page, made of the tables of commands and options. */
#include "commands.h"

#include <dvr/reporter.h>

#include <stdio.h>
#include <string.h>

static const enum opt manual_opts[] = { OPT_HELP, OPT_COUNT };

/* Text for roff: no line begins a request, no character is a command. */
static void
print_text(const char *s, FILE *f)
{
	bool at_start = true;

	for (; *s; s++) {
		if (at_start && (*s == '.' || *s == '\''))
			fputs("\\&", f);
		if (*s == '\\')
			fputs("\\e", f);
		else if (*s == '-')
			fputs("\\-", f);
		else
			fputc(*s, f);
		at_start = *s == '\n';
	}
}

/* Lines that are indented by two spaces are examples and stay as they are. */
static void
print_help(const char *help, FILE *f)
{
	bool example = false;

	while (*help) {
		size_t n = strcspn(help, "\n");
		bool indented = strncmp(help, "  ", 2) == 0;
		char line[512];

		if (indented != example)
			fputs(indented ? ".PP\n.nf\n.RS\n" : ".RE\n.fi\n", f);
		example = indented;
		snprintf(line, sizeof(line), "%.*s", (int)n, help);
		if (!n)
			fputs(".PP\n", f);
		else
			print_text(indented ? line + 2 : line, f);
		fputs(n ? "\n" : "", f);
		help += n + (help[n] == '\n');
	}
	if (example)
		fputs(".RE\n.fi\n", f);
}

static void
print_option(enum opt o, FILE *f)
{
	const struct opt_row *r = &opt_rows[o];

	fputs(".TP\n", f);
	if (r->letter)
		fprintf(f, "\\fB\\-%c\\fR, ", r->letter);
	fputs("\\fB\\-\\-", f);
	print_text(r->name, f);
	fputs("\\fR", f);
	if (r->arg) {
		fputs(" \\fI", f);
		print_text(r->arg, f);
		fputs("\\fR", f);
	}
	fputc('\n', f);
	print_text(r->help, f);
	if (r->env)
		fprintf(f, "; also \\fB%s\\fR in the environment", r->env);
	fputc('\n', f);
}

static bool
is_common(enum opt o)
{
	static const enum opt common[] = { COMMON_OPTS };

	for (size_t i = 0; i < ARRAY_LEN(common); i++) {
		if (common[i] == o)
			return true;
	}
	return false;
}

static void
print_command(const struct command *c, FILE *f)
{
	fprintf(f, ".SS dvr %s \\fI", c->name);
	print_text(c->usage, f);
	fputs("\\fR\n", f);
	print_text(c->summary, f);
	fputs("\n.PP\n", f);
	print_help(c->help, f);
	for (const enum opt *o = c->opts; *o != OPT_COUNT; o++) {
		if (!is_common(*o))
			print_option(*o, f);
	}
}

static const struct { const char *code, *meaning; } exits[] = {
	{ "0", "every tape passed; for run: the suite's own exit code" },
	{ "1", "a tape failed, or its replay proves nothing" },
	{ "2", "usage or configuration" },
	{ "3", "a broken tape" },
	{ "4", "the service or its transport failed" },
	{ "5", "nothing was selected" },
	{ "70", "dvr's own fault" },
	{ "130, 143", "stopped by SIGINT, SIGTERM" },
};

static const struct { const char *path, *what; } files[] = {
	{ "dvr.yaml", "the configuration: nearest one from here up to the "
		      "repository's root" },
	{ "fixtures/ID/tape.yaml", "what happened; never edited" },
	{ "fixtures/ID/replay.yaml", "what is expected: proof, bindings, masks, "
				     "pins, holds, stubs" },
};

static int
manual(const struct args *args, struct err *e)
{
	FILE *f = stdout;

	if (args->nrest)
		return err_set(e, ERR_USAGE, "manual takes no operand");
	fputs(".TH DVR 1 \"\" \"dvr " DVR_VERSION "\" \"User Commands\"\n"
	      ".SH NAME\n"
	      "dvr \\- a time\\-travel debugger for API traffic\n"
	      ".SH SYNOPSIS\n"
	      ".B dvr\n\\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIOPERAND\\fR...]\n"
	      ".SH DESCRIPTION\n"
	      "Wraps an integration suite, records the service's traffic through "
	      "a built\\-in proxy, and\nwhen a request ends in a 5xx, a crash or "
	      "a time\\-out writes the history that led there,\nscrubbed of "
	      "secrets in memory, as a tape. \\fBdvr regress\\fR replays the "
	      "tapes against\nevery fresh build.\n"
	      ".SH COMMANDS\n", f);
	for (size_t i = 0; commands[i]; i++)
		print_command(commands[i], f);
	fputs(".SH COMMON OPTIONS\n", f);
	for (enum opt o = 0; o < OPT_COUNT; o++) {
		if (is_common(o))
			print_option(o, f);
	}
	fputs(".SH REPORTS\n", f);
	for (size_t i = 0; reporters[i]; i++) {
		fprintf(f, ".TP\n.B %s\n", reporters[i]->name);
		print_text(reporters[i]->help, f);
		fputc('\n', f);
	}
	fputs(".SH EXIT STATUS\n", f);
	for (size_t i = 0; i < ARRAY_LEN(exits); i++)
		fprintf(f, ".TP\n.B %s\n%s\n", exits[i].code, exits[i].meaning);
	fputs(".SH FILES\n", f);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		fprintf(f, ".TP\n.I %s\n%s\n", files[i].path, files[i].what);
	return 0;
}

const struct command cmd_manual = {
	.name = "manual",
	.usage = "",
	.summary = "the man page, for man -l -",
	.help = "  dvr manual | man -l -\n",
	.opts = manual_opts,
	.run = manual,
};
