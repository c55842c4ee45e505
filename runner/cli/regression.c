/* Selects tapes and tries one of them. */
#include "regression.h"

#include "learned.h"

#include <dvr/base/fs.h>
#include <dvr/base/hash.h>
#include <dvr/base/mem.h>
#include <dvr/base/plural.h>
#include <dvr/tape/yaml.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
regression_select(struct regression *g, const struct args *args,
		  struct err *e)
{
	/* bazel test --test_filter=TAPE (its test encyclopedia) */
	char *only[] = { getenv("TESTBRIDGE_TEST_ONLY") };
	bool by_bazel = args->nrest == 0 && only[0] && only[0][0];

	g->fixtures = args->value[OPT_FIXTURES];
	if (library_scan(g->cfg->fixtures, &g->lib, e) != 0)
		return -1;
	if (library_pick(&g->lib, by_bazel ? only : args->rest,
			 by_bazel ? 1 : args->nrest, &g->picked, &g->npicked,
			 e) != 0)
		return -1;
	if (g->npicked == 0)
		return err_set(e, ERR_NOTHING, "no tapes in %s; record one "
			       "with `dvr run -- CMD`", g->cfg->fixtures);
	g->results.tapes = arena_array(g->results.arena, g->npicked,
				       sizeof(*g->results.tapes));
	return 0;
}

static struct slice
command_for(const struct regression *g, const char *id, struct arena *a)
{
	struct buf command;
	struct slice text;

	buf_init(&command, 64 * KiB);
	buf_adds(&command, "dvr regress");
	/* What was found here is found by the same command elsewhere, where
	 * the checkout has another path. */
	command_flag("-c", g->cfg->found ? NULL : g->cfg->path, &command);
	command_flag("--fixtures", g->fixtures, &command);
	command_flag("--target", g->trial.target, &command);
	buf_addc(&command, ' ');
	shell_word(slice_str(id), &command);
	text = arena_copy(a, buf_slice(&command));
	buf_release(&command);
	return text;
}

/* What everybody may know about a tape before it is tried. */
static void
describe(const struct regression *g, const struct library_entry *x,
	 struct arena *a, struct tape_result *out)
{
	char *classname;

	out->id = arena_copy(a, slice_str(x->id));
	out->file = arena_fmt(a, "%s/tape.yaml", x->dir);
	classname = arena_str(a, out->id);
	for (char *p = classname; *p; p++) {
		if (*p == '/' || *p == '.')
			*p = *p == '/' ? '.' : '_';
	}
	out->classname = arena_fmt(a, "dvr.%s", classname);
	out->command = command_for(g, x->id, a);
}

void
regression_masks(const struct config *c, struct arena *a, struct plan *p)
{
	size_t n = p->nmasks + c->nmasks;
	struct plan_mask *all;

	if (c->nmasks == 0)
		return;
	all = arena_array(a, n, sizeof(*all));
	if (p->nmasks)
		memcpy(all, p->masks, p->nmasks * sizeof(*all));
	memcpy(all + p->nmasks, c->masks, c->nmasks * sizeof(*all));
	p->masks = all;
	p->nmasks = n;
}

int
regression_stubs(const struct config *c, const struct tape *t,
		 const struct plan *p, const char *dir, struct err *e)
{
	const char **lanes = mem_array(c->nlanes + 1, sizeof(*lanes));
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < c->nlanes; i++) {
		if (c->lanes[i].role == LANE_EGRESS)
			lanes[n++] = c->lanes[i].name;
	}
	rc = plan_check_stubs(p, t, lanes, n, dir, e);
	free(lanes);
	return rc;
}

static void
set_error(struct arena *a, struct tape_result *out, const struct err *e)
{
	out->verdict = VERDICT_ERROR;
	out->code = e->code;
	out->reason = arena_copy(a, slice_str(e->msg));
}

void
regression_error(struct regression *g, size_t i, const struct err *why)
{
	struct tape_result *out = &g->results.tapes[i];

	*out = (struct tape_result){ 0 };
	describe(g, g->picked[i], g->results.arena, out);
	set_error(g->results.arena, out, why);
}

/* What differs between replays of this build is noise: into replay.yaml. */
static int
learn(const struct regression *g, const struct tape *t, const char *dir,
      struct plan *p, struct err *e)
{
	struct trial_learned learned = { .nmasks = 0 };
	struct trial_config tc = g->trial;
	struct tape_result ignored;
	struct plan all = *p;
	unsigned hits, n;

	tc.learned = &learned;
	regression_masks(g->cfg, t->arena, &all);
	if (trial_verify(&tc, t, &all, g->cfg->verify_runs, &hits, t->arena,
			 &ignored, e) != 0)
		return -1;
	n = learned_add_all(p, t->arena, &learned);
	if (n == 0)
		return 0;
	if (!g->quiet)
		fprintf(stderr, "dvr: %.*s: %u field%s masked in "
			"replay.yaml\n", SLICE_ARG(t->id), n,
			plural(n));
	return library_replan(dir, t, p, e);
}

/* A tape with its plan, or why there is none. */
struct read_tape {
	size_t i;
	bool bad;
	struct err why;
	struct tape t;
	struct plan own, plan;		/* as in its file; with all masks */
};

static struct read_tape *
read_one(const struct regression *g, size_t i)
{
	const char *dir = g->picked[i]->dir;
	struct read_tape *x = mem_alloc(sizeof(*x));

	x->i = i;
	if (library_read(dir, &x->t, &x->own, &x->why) != 0 ||
	    plan_check(&x->own, &x->t, dir, &x->why) != 0 ||
	    regression_stubs(g->cfg, &x->t, &x->own, dir, &x->why) != 0)
		x->bad = true;
	x->plan = x->own;
	if (!x->bad) {
		descriptors_name_again(&g->cfg->descriptors, &x->t);
		regression_masks(g->cfg, x->t.arena, &x->plan);
	}
	return x;
}

static void
forget(struct read_tape *x)
{
	if (!x)
		return;
	if (x->t.arena)
		tape_release(&x->t);
	free(x);
}

void
regression_end(struct regression *g)
{
	forget(g->coming);
	g->coming = NULL;
}

static int
learn_first(const struct regression *g, struct read_tape *x)
{
	if (!g->learn)
		return 0;
	if (learn(g, &x->t, g->picked[x->i]->dir, &x->own, &x->why) != 0)
		return -1;
	x->plan = x->own;
	regression_masks(g->cfg, x->t.arena, &x->plan);
	return 0;
}

static void
try_one(struct regression *g, struct read_tape *x, struct arena *a,
	struct tape_result *out)
{
	const struct read_tape *next = g->coming;
	struct trial_config tc = g->trial;
	struct tape_result fixed = *out;

	if (next && !next->bad && !g->learn) {
		tc.next = &next->t;
		tc.next_plan = &next->plan;
	}
	if (x->bad || learn_first(g, x) != 0 ||
	    trial_run(&tc, &x->t, &x->plan, a, out, &x->why) != 0)
		set_error(a, out, &x->why);
	out->id = fixed.id;
	out->file = fixed.file;
	out->classname = fixed.classname;
	out->command = fixed.command;
	if (x->t.arena)
		out->hash = arena_copy(a, x->t.hash);
}

void
regression_tape(struct regression *g, size_t i, size_t next, struct arena *a,
		struct tape_result *out)
{
	struct read_tape *x = g->coming;

	*out = (struct tape_result){ 0 };
	describe(g, g->picked[i], a, out);
	g->coming = NULL;
	if (!x || x->i != i) {
		forget(x);
		x = read_one(g, i);
	}
	/* Its service may start while this tape replays. */
	if (next != NO_TAPE && g->trial.ahead)
		g->coming = read_one(g, next);
	try_one(g, x, a, out);
	forget(x);
}
