/* Selects tapes and tries them one after the other. */
#include "regression.h"

#include <dvr/base/fs.h>
#include <dvr/base/hash.h>
#include <dvr/base/mem.h>
#include <dvr/tape/yaml.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
picked_already(const struct regression *g, const struct library_entry *x)
{
	for (size_t i = 0; i < g->npicked; i++) {
		if (g->picked[i] == x)
			return true;
	}
	return false;
}

static int
pick(struct regression *g, const char *what, struct err *e)
{
	const struct library_entry **found =
		mem_array(g->lib.n + 1, sizeof(*found));
	size_t n = 0;
	int rc = library_select(&g->lib, what, found, g->lib.n, &n, e);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!picked_already(g, found[i]))
			g->picked[g->npicked++] = found[i];
	}
	free(found);
	return rc;
}

int
regression_select(struct regression *g, const struct args *args,
		  struct err *e)
{
	if (library_scan(g->cfg->fixtures, &g->lib, e) != 0)
		return -1;
	g->picked = mem_array(g->lib.n + 1, sizeof(*g->picked));
	if (args->nrest == 0) {
		for (size_t i = 0; i < g->lib.n; i++)
			g->picked[g->npicked++] = &g->lib.v[i];
	}
	for (size_t i = 0; i < args->nrest; i++) {
		if (pick(g, args->rest[i], e) != 0)
			return -1;
	}
	if (g->npicked == 0)
		return err_set(e, ERR_NOTHING, "no tapes in %s; record one "
			       "with `dvr run -- CMD`", g->cfg->fixtures);
	g->results.tapes = arena_array(g->results.arena, g->npicked,
				       sizeof(*g->results.tapes));
	return 0;
}

/* What everybody may know about a tape before it is tried. */
static void
describe(struct regression *g, const struct library_entry *x,
	 struct tape_result *out)
{
	struct arena *a = g->results.arena;
	struct buf command;
	char *classname;

	out->id = arena_copy(a, slice_str(x->id));
	out->file = arena_fmt(a, "%s/tape.yaml", x->dir);
	classname = arena_str(a, arena_fmt(a, "%s", x->id));
	for (char *p = classname; *p; p++) {
		if (*p == '/' || *p == '.')
			*p = *p == '/' ? '.' : '_';
	}
	out->classname = arena_fmt(a, "dvr.%s", classname);
	buf_init(&command, 4 * KiB);
	buf_fmt(&command, "dvr regress%s%s %s", g->cfg->path ? " -c " : "",
		g->cfg->path ? g->cfg->path : "", x->id);
	if (g->trial.target)
		buf_fmt(&command, " --target %s", g->trial.target);
	out->command = arena_copy(a, buf_slice(&command));
	buf_release(&command);
}

static void
hash_file(struct regression *g, const char *dir, struct tape_result *out)
{
	char path[FS_PATH_MAX], hex[SHA256_HEX];
	struct buf text;

	buf_init(&text, TAPE_FILE_MAX);
	if (fs_join(path, dir, "tape.yaml", NULL) == 0 &&
	    fs_read(path, &text, NULL) == 0) {
		sha256_hex(buf_slice(&text), hex);
		out->hash = arena_copy(g->results.arena, slice_str(hex));
	}
	buf_release(&text);
}

/* The configuration's masks stand behind the tape's own. */
static void
add_masks(const struct config *c, struct arena *a, struct plan *p)
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

static void
set_error(struct regression *g, struct tape_result *out, const struct err *e)
{
	out->verdict = VERDICT_ERROR;
	out->code = e->code;
	out->reason = arena_copy(g->results.arena, slice_str(e->msg));
}

void
regression_tape(struct regression *g, size_t i)
{
	const struct library_entry *x = g->picked[i];
	struct tape_result *out = &g->results.tapes[i], fixed = { 0 };
	struct arena *a = g->results.arena;
	struct err e = { .code = ERR_NONE };
	struct tape t;
	struct plan p;

	describe(g, x, &fixed);
	*out = fixed;
	if (tape_read(x->dir, &t, &e) != 0) {
		set_error(g, out, &e);
		return;
	}
	if (plan_load(t.arena, x->dir, &p, &e) != 0) {
		set_error(g, out, &e);
		goto out;
	}
	add_masks(g->cfg, t.arena, &p);
	if (trial_run(&g->trial, &t, &p, a, out, &e) != 0)
		set_error(g, out, &e);
	out->id = fixed.id;
	out->file = fixed.file;
	out->classname = fixed.classname;
	out->command = fixed.command;
	hash_file(g, x->dir, out);
out:
	tape_release(&t);
}
