/* The dvr command: finds the command's row, parses its flags, runs it. */
#include "commands.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static void
print_usage(FILE *f)
{
	fputs("dvr: a time-travel debugger for API traffic\n\n"
	      "  dvr run -- npm test           wrap a suite, record, commit "
	      "what fails\n"
	      "  dvr regress                   replay the tape library against "
	      "this build\n"
	      "  dvr regress --junit out.xml   the same, with a JUnit report\n"
	      "  dvr show TAPE                 what is on a tape\n\n"
	      "Commands:\n",
	      f);
	for (size_t i = 0; commands[i]; i++)
		fprintf(f, "  %-10s %s\n", commands[i]->name,
			commands[i]->summary);
	fputs("\n`dvr COMMAND --help` tells more. Version " DVR_VERSION ".\n",
	      f);
}

static void
print_help(const struct command *c)
{
	printf("usage: dvr %s %s\n\n%s\n\n%s\nOptions:\n", c->name, c->usage,
	       c->summary, c->help);
	for (const enum opt *o = c->opts; *o != OPT_COUNT; o++) {
		const struct opt_row *r = &opt_rows[*o];
		char left[64];

		snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
			 r->letter ? "-" : "", r->letter ? r->letter : ' ',
			 r->letter ? ", " : "   ", r->name, r->arg ? " " : "",
			 r->arg ? r->arg : "");
		printf("  %-26s %s%s%s%s\n", left, r->help,
		       r->env ? " [" : "", r->env ? r->env : "",
		       r->env ? "]" : "");
	}
}

/*
 * Raw traffic lives in this process: no core file, no ptrace by others.  A
 * resource limit would do too, but the suite and the service would inherit it.
 */
static void
protect_memory(void)
{
	prctl(PR_SET_DUMPABLE, 0);
}

static void
on_file_limit(int sig)
{
	(void)sig;
}

/* A file that would grow over the limit is an error of its write and ends
 * nobody; who is started from here has the signal as it was. */
static void
survive_file_limit(void)
{
	struct sigaction sa = { .sa_handler = on_file_limit,
		.sa_flags = SA_RESTART };

	sigaction(SIGXFSZ, &sa, NULL);
}

static int
run_command(const struct command *c, char **argv)
{
	struct err e = { .code = ERR_NONE };
	struct args args;
	int rc;

	if (options_parse(argv, c->opts, c->to_operand, &args, &e) != 0) {
		fprintf(stderr, "dvr: %s: %s\n", c->name, e.msg);
		return (int)e.code;
	}
	if (args_has(&args, OPT_HELP)) {
		print_help(c);
		return 0;
	}
	rc = c->run(&args, &e);
	if (e.code != ERR_NONE) {
		fprintf(stderr, "dvr: %s\n", e.msg);
		return (int)e.code;
	}
	return rc;
}

int
main(int argc, char **argv)
{
	const struct command *c;
	char q[QUOTE_MAX];
	int rc;

	if (argc < 2) {
		print_usage(stderr);
		return ERR_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("dvr " DVR_VERSION);
		return 0;
	}
	c = command_find(argv[1]);
	if (!c) {
		fprintf(stderr, "dvr: unknown command '%s'; `dvr --help` lists "
				"them\n", quote(slice_str(argv[1]), q));
		return ERR_USAGE;
	}
	protect_memory();
	survive_file_limit();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	rc = run_command(c, argv + 2);
	curl_global_cleanup();
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "dvr: writing to standard output failed\n");
		return rc ? rc : ERR_INTERNAL;
	}
	return rc;
}
