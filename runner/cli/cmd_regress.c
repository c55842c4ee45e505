/* dvr regress: replays the tape library against this build. */
#include "bar.h"
#include "interrupt.h"
#include "jobs.h"
#include "told.h"
#include "narrow.h"
#include "reports.h"
#include "sharding.h"
#include "verify.h"

#include <dvr/base/fs.h>
#include <dvr/base/mem.h>

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const enum opt regress_opts[] = { COMMON_OPTS, OPT_REPORT, OPT_JUNIT,
	OPT_JUNIT_PROFILE, OPT_JUNIT_CASES,
	OPT_JOBS, OPT_RETRIES, OPT_REPEAT, OPT_TIMING, OPT_HOLDS, OPT_TIMEOUT,
	OPT_TARGET,
	OPT_SHARD, OPT_TIMINGS, OPT_BUILD, OPT_LEARN, OPT_ONLY_FAILED,
	OPT_CHANGED, OPT_SINCE, OPT_COUNT };

/* A signal in between is heard after so long (ms). */
#define BUILD_TURN_MS 100
#define BUILD_GRACE_MS 5000

/* Until it has ended, or everybody has to: then its group has to as well. */
static int
wait_for_build(struct process *p, struct process_end *end, struct err *e)
{
	int rc = 0;

	while (rc == 0 && !*interrupt_flag())
		rc = process_wait(p, BUILD_TURN_MS, end);
	if (rc < 0)
		return err_sys(e, ERR_INTERNAL, "waiting for the build");
	/* What it left running is not wanted beside the replays either. */
	process_stop(p, BUILD_GRACE_MS, end);
	if (rc == 0)
		return err_set(e, ERR_TARGET, "interrupted during the build");
	return 0;
}

static int
run_build(const struct config *c, struct err *e)
{
	const char *const argv[] = { "sh", "-c", c->service.build, NULL };
	struct process_spec spec = { .argv = argv, .workdir = c->dir,
				     .in_fd = -1, .out_fd = STDERR_FILENO,
				     .err_fd = -1, .new_group = true };
	struct process_end end;
	struct process p;
	char text[64];

	if (!c->service.build)
		return err_set(e, ERR_USAGE, "--build: no spec.service.build "
			       "in %s", c->path ? c->path : "dvr.yaml");
	if (process_start(&spec, &p, e) != 0)
		return -1;
	if (wait_for_build(&p, &end, e) != 0)
		return -1;
	if (end.signalled || end.code != 0)
		return err_set(e, ERR_TARGET, "the build failed: %s: %s",
			       process_end_text(&end, text),
			       c->service.build);
	return 0;
}

/* Side by side needs a service for each tape. */
static int
set_jobs(struct regression *g, const struct args *args, struct err *e)
{
	const char *one = g->trial.target ? "--target" :
			  g->cfg->service.attach ? "service.attach" : NULL;

	g->jobs = 1;
	if (command_uint(args, OPT_JOBS, JOBS_MAX, &g->jobs, e) != 0)
		return -1;
	if (g->jobs == 0)
		return err_set(e, ERR_USAGE, "bad --jobs '0'; expected a "
			       "number from 1 to %d", JOBS_MAX);
	if (g->jobs > 1 && one)
		return err_set(e, ERR_USAGE, "--jobs %u: with %s there is one "
			       "service, and tapes side by side need one each",
			       g->jobs, one);
	return 0;
}

/* Is there a processor for a service that starts while another one is tried?
 * Not where the two might meet: on a port, in a database. */
static bool
has_room_ahead(const struct regression *g)
{
	const struct config *c = g->cfg;
	cpu_set_t set;

	if (!c->ahead || g->trial.target || !c->service.command ||
	    c->service.reset || c->reach || c->recorded_clock ||
	    c->replay.timing == TIMING_PRECISE ||
	    (c->isolation == ISOLATION_NONE && c->service.port))
		return false;
	for (size_t i = 0; i < c->nstate; i++)
		if (c->state[i].provider->has_commands)
			return false;
	return sched_getaffinity(0, sizeof(set), &set) == 0 &&
	       (unsigned)CPU_COUNT(&set) >= 2 * g->jobs;
}

static int
set_up(struct regression *g, const struct args *args, struct err *e)
{
	struct config *c = g->cfg;
	struct url u;

	command_timing(args, c);
	g->trial.scrub = command_scrub(c, e);
	if (!g->trial.scrub)
		return -1;
	verify_trial_config(c, g->trial.scrub, &g->trial);
	g->trial.stop = interrupt_flag();
	g->trial.target = args->value[OPT_TARGET];
	g->trial.told = args_has(args, OPT_QUIET) ? NULL : told_print;
	g->trial.told_arg = stderr;
	if (g->trial.target &&
	    url_parse(slice_str(g->trial.target), &u, e) != 0)
		return err_prefix(e, "--target");
	if (command_uint(args, OPT_RETRIES, 100, &g->trial.retries, e) != 0 ||
	    command_uint(args, OPT_REPEAT, 10000, &g->trial.repeat, e) != 0 ||
	    set_jobs(g, args, e) != 0)
		return -1;
	g->trial.ahead = has_room_ahead(g);
	reports_style(args, &g->style);
	g->quiet = args_has(args, OPT_QUIET);
	g->learn = args_has(args, OPT_LEARN);
	g->style.live = !g->quiet;
	if (!g->trial.target && !c->service.command)
		return err_set(e, ERR_USAGE, "nothing to replay against: no "
			       "spec.service.command in %s; add it, or "
			       "--target http://host:port",
			       c->path ? c->path : "a dvr.yaml");
	return 0;
}

/* A run of all picked tapes. */
struct run {
	struct regression *g;
	const struct reports *reports;
	bool *tried;			/* by index: it has its verdict */
	size_t done;
	struct bar bar;
};

static void
begun(void *arg, size_t i)
{
	struct run *run = arg;

	run->bar.running[i] = true;
}

static void
tick(void *arg)
{
	struct run *run = arg;

	bar_draw(&run->bar);
}

/* Does anybody watch?  Only a terminal can take a line back. */
static bool
wants_bar(const struct run *run)
{
	const char *term = getenv("TERM");

	if (run->g->quiet || run->g->npicked < 2 || !isatty(STDOUT_FILENO) ||
	    !term || strcmp(term, "dumb") == 0)
		return false;
	for (size_t i = 0; i < run->reports->n; i++)
		if (!run->reports->v[i].file &&
		    run->reports->v[i].reporter->progress)
			return true;
	return false;
}

static void
tried(void *arg, size_t i)
{
	struct run *run = arg;
	struct regression *g = run->g;
	struct buf line;

	run->tried[i] = true;
	run->done++;
	run->bar.failed += g->results.tapes[i].verdict == VERDICT_FAILED ||
			   g->results.tapes[i].verdict == VERDICT_ERROR;
	bar_clear(&run->bar);
	for (size_t k = 0; k < run->reports->n && !g->quiet; k++) {
		const struct report *r = &run->reports->v[k];

		if (r->file || !r->reporter->progress)
			continue;
		buf_init(&line, MiB);
		r->reporter->progress(&g->results.tapes[i], run->done,
				      g->npicked, &g->style, &line);
		fs_write_all(STDOUT_FILENO, buf_slice(&line));
		buf_release(&line);
	}
}

/* What has no verdict is not in the results. */
static void
close_ranks(struct run *run)
{
	struct results *r = &run->g->results;

	for (size_t i = 0; i < run->g->npicked; i++) {
		if (run->tried[i])
			r->tapes[r->ntapes++] = r->tapes[i];
	}
	r->partial = r->ntapes < run->g->npicked;
}

static void
try_all(struct regression *g, const struct reports *rs,
	const struct last_run *last)
{
	uint64_t start = clock_mono_ns(&clock_system);
	struct run run = { .g = g, .reports = rs };
	sigset_t blocked = interrupt_set();
	struct jobs_how how = { .blocked = &blocked, .fn = tried,
				.arg = &run };

	run.tried = mem_array(g->npicked, sizeof(*run.tried));
	run.bar = (struct bar){ .g = g, .last = last, .tried = run.tried,
		.began_ns = start,
		.running = mem_array(g->npicked, sizeof(bool)) };
	how.begun = begun;
	how.tick = wants_bar(&run) ? tick : NULL;
	g->results.started_us = clock_wall_us(&clock_system);
	how.keep = g->cfg->service.reset != NULL || g->trial.ahead;
	jobs_run(g, &how);
	bar_clear(&run.bar);
	close_ranks(&run);
	g->results.seconds =
		(double)(clock_mono_ns(&clock_system) - start) / 1e9;
	free(run.tried);
	free(run.bar.running);
}

static void
print_repeats(const struct regression *g)
{
	for (size_t i = 0; i < g->results.ntapes; i++) {
		const struct tape_result *t = &g->results.tapes[i];
		double low, high;
		unsigned k = 0, n = (unsigned)t->nreplays;

		for (unsigned j = 0; j < n; j++)
			k += t->replays[j].reproduced;
		judge_wilson(k, n, &low, &high);
		printf("%.*s: reproduced %u/%u%s (95%% interval %.2f to "
		       "%.2f)\n", SLICE_ARG(t->id), k, n,
		       g->trial.replay.holds ? "" : " by timing alone", low,
		       high);
	}
	fflush(stdout);
}

/* Which tapes, and in which order. */
static int
choose(struct regression *g, const struct args *args,
       const struct last_run *last, struct err *e)
{
	struct shard s;

	if (sharding_find(args, &s, e) != 0 ||
	    regression_select(g, args, e) != 0 ||
	    narrow(g, args, last, e) != 0 ||
	    sharding_apply(g, &s, args->value[OPT_TIMINGS], e) != 0)
		return -1;
	if (g->jobs > 1)
		g->order = longest_first(g, last);
	return 0;
}

/* Nobody's verdict depends on it. */
static void
remember(const struct regression *g, const struct last_run *last)
{
	struct err e = { .code = ERR_NONE };

	if (g->results.ntapes &&
	    last_run_save(g->cfg, last, &g->results, &e) != 0)
		warn("what failed is not kept for --only-failed: %s", e.msg);
}

static int
exit_code(const struct results *r)
{
	if (*interrupt_flag())
		return 128 + interrupt_signal();
	if (r->shard.known && r->ntapes == 0)
		return 0;		/* more shards than tapes */
	return results_exit_code(r);
}

static int
regress(const struct args *args, struct err *e)
{
	struct regression g = { 0 };
	struct last_run last;
	struct reports rs;
	struct config cfg;
	int rc = ERR_INTERNAL;

	if (command_config(args, &cfg, e) != 0)
		return ERR_USAGE;
	g.cfg = &cfg;
	g.results.arena = arena_create();
	last_run_load(&cfg, g.results.arena, &last);
	if (set_up(&g, args, e) != 0 || choose(&g, args, &last, e) != 0 ||
	    reports_open(args, &rs, e) != 0)
		goto out;
	interrupt_catch();
	if (args_has(args, OPT_BUILD) && run_build(&cfg, e) != 0)
		goto out;
	g.results.command = SLICE("dvr regress");
	try_all(&g, &rs, &last);
	remember(&g, &last);
	rc = exit_code(&g.results);
	if (reports_write(&rs, &g.results, &g.style) != 0 && rc == 0)
		rc = ERR_INTERNAL;
	if (g.trial.repeat)
		print_repeats(&g);
out:
	jobs_release(&g);
	free(g.picked);
	free(g.order);
	library_release(&g.lib);
	if (g.trial.scrub)
		scrub_destroy(g.trial.scrub);
	arena_destroy(g.results.arena);
	config_release(&cfg);
	return rc;
}

const struct command cmd_regress = {
	.name = "regress",
	.usage = "[options] [TAPE…]",
	.summary = "replay tapes against this build, judge, report",
	.help = "Each tape gets a freshly started service. TAPE is an id, a "
		"folder or a glob;\nnone: all. Exit code: 0 all pass, 1 a tape "
		"failed, 3 a tape is broken, 4 the\nservice or its transport "
		"failed, 5 nothing selected.\n\n"
		"  dvr regress --junit build/dvr.xml\n"
		"  dvr regress -j 4\n"
		"  dvr regress --only-failed\n"
		"  dvr regress --since origin/main\n"
		"  dvr regress --shard 2/7\n"
		"  dvr regress --repeat 20 post-checkout-*\n"
		"  dvr regress --learn          # on a build known to be good\n",
	.opts = regress_opts,
	.tapes = true,
	.run = regress,
};
