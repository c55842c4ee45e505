/* dvr replay start: one tape against one target, whole or step by step. */
#include "regression.h"
#include "reports.h"
#include "step.h"
#include "told.h"
#include "interrupt.h"
#include "verify.h"

#include <dvr/tape/yaml.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const enum opt replay_opts[] = { COMMON_OPTS, OPT_TARGET, OPT_TAPE,
	OPT_STEP, OPT_TIMING, OPT_TIMEOUT, OPT_COUNT };

/* The whole tape once, shown as `regress` shows it. */
static int
replay_whole(const struct args *args, struct config *c, struct err *e)
{
	struct regression g = { .cfg = c };
	struct args one = *args;
	struct reports rs;
	uint64_t start;
	char tape[1024], *rest[] = { tape, NULL };
	int rc = -1;

	if (snprintf(tape, sizeof(tape), "%s", args->value[OPT_TAPE]) >=
	    (int)sizeof(tape))
		return err_set(e, ERR_USAGE, "--tape is too long");
	one.rest = rest;
	one.nrest = 1;
	g.results.arena = arena_create();
	command_timing(args, c);
	g.style.colour = command_colour(args, STDOUT_FILENO);
	if (reports_open(args, &rs, e) != 0 ||
	    !(g.trial.scrub = command_scrub(c, e)))
		goto out;
	verify_trial_config(c, g.trial.scrub, &g.trial);
	g.trial.target = args->value[OPT_TARGET];
	g.trial.told = args_has(args, OPT_QUIET) ? NULL : told_print;
	g.trial.told_arg = stderr;
	g.trial.repeat = 1;
	g.trial.stop = interrupt_flag();
	interrupt_catch();
	g.style.verbose = true;
	g.style.columns = 100;
	if (!g.trial.target && !c->service.command) {
		err_set(e, ERR_USAGE, "replay: which service? --target URL, or "
			"spec.service.command in dvr.yaml");
		goto out;
	}
	if (regression_select(&g, &one, e) != 0)
		goto out;
	g.results.started_us = clock_wall_us(&clock_system);
	start = clock_mono_ns(&clock_system);
	for (size_t i = 0; i < g.npicked; i++) {
		regression_tape(&g, i, NO_TAPE, g.results.arena,
				&g.results.tapes[i]);
		g.results.ntapes = i + 1;
	}
	g.results.seconds =
		(double)(clock_mono_ns(&clock_system) - start) / 1e9;
	g.results.command = SLICE("dvr replay start");
	rc = results_exit_code(&g.results);
	if (reports_write(&rs, &g.results, &g.style) != 0 && rc == 0)
		rc = ERR_INTERNAL;
out:
	free(g.picked);
	library_release(&g.lib);
	if (g.trial.scrub)
		scrub_destroy(g.trial.scrub);
	arena_destroy(g.results.arena);
	return rc;
}

static int
replay(const struct args *args, struct err *e)
{
	struct config c;
	int rc;

	if (args->nrest != 1 || strcmp(args->rest[0], "start") != 0)
		return err_set(e, ERR_USAGE, "replay: usage: dvr replay start "
			       "--target URL --tape ID [--step-mode]");
	if (!args_has(args, OPT_TAPE))
		return err_set(e, ERR_USAGE, "replay: --tape ID is missing; "
			       "`dvr ls` lists tapes");
	if (command_config(args, &c, e) != 0)
		return -1;
	if (args_has(args, OPT_STEP) && !args_has(args, OPT_TARGET))
		rc = err_set(e, ERR_USAGE, "--step-mode needs --target URL of "
			     "the service in your debugger");
	else if (args_has(args, OPT_STEP))
		rc = step_session(args, &c, e);
	else
		rc = replay_whole(args, &c, e);
	config_release(&c);
	return rc;
}

const struct command cmd_replay = {
	.name = "replay",
	.usage = "start --target URL --tape ID [--step-mode]",
	.summary = "replay one tape against a running service",
	.help = "With --step-mode every `next` at the dvr> prompt sends one "
		"exchange, so that\nbreakpoints in an IDE are met one by one.\n\n"
		"  dvr replay start --target http://localhost:8080 \\\n"
		"      --tape tape-id-7889A-crash --step-mode\n",
	.opts = replay_opts,
	.run = replay,
};
