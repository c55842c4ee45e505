/* Narrows a selection by the last run and by git; orders it by time. */
#include "narrow.h"

#include "git.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

static bool
failed_last(const struct last_run *last, const struct library_entry *x)
{
	const struct last_tape *t = last_run_find(last, slice_str(x->id));

	return t != NULL && t->failed;
}

/* ---- both -------------------------------------------------------------------- */

static void
keep(struct regression *g, const struct last_run *last, bool by_git,
     struct slice files)
{
	size_t n = 0;

	for (size_t i = 0; i < g->npicked; i++) {
		const struct library_entry *x = g->picked[i];

		if (last != NULL && !failed_last(last, x))
			continue;
		if (by_git && !git_names(files, x->id))
			continue;
		g->picked[n++] = x;
	}
	g->npicked = n;
}

int
narrow(struct regression *g, const struct args *args,
       const struct last_run *last, struct err *e)
{
	const char *since = args->value[OPT_SINCE];
	bool failed = args_has(args, OPT_ONLY_FAILED);
	bool changed = args_has(args, OPT_CHANGED) || since != NULL;
	struct buf files;
	int rc = 0;

	buf_init(&files, GIT_MAX);
	if (changed)
		rc = git_changed(g->cfg->fixtures, since ? since : "HEAD",
				 &files, e);
	if (rc == 0)
		keep(g, failed ? last : NULL, changed, buf_slice(&files));
	buf_release(&files);
	if (rc == 0 && g->npicked == 0)
		return err_set(e, ERR_NOTHING, "%s", failed && changed ?
			       "no changed tape failed when it was last tried" :
			       failed ? "no tape failed when it was last tried" :
			       "no tape has changed");
	return rc;
}

struct timed {
	double seconds;
	size_t at;
};

static int
longer_first(const void *pa, const void *pb)
{
	const struct timed *a = pa, *b = pb;

	if (a->seconds > b->seconds)
		return -1;
	if (a->seconds < b->seconds)
		return 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

size_t *
longest_first(const struct regression *g, const struct last_run *last)
{
	struct timed *v = mem_array(g->npicked + 1, sizeof(*v));
	size_t *order = mem_array(g->npicked + 1, sizeof(*order));

	for (size_t i = 0; i < g->npicked; i++) {
		const struct last_tape *t =
			last_run_find(last, slice_str(g->picked[i]->id));

		v[i] = (struct timed){ .at = i,
			.seconds = t ? t->seconds : 1e9 };
	}
	qsort(v, g->npicked, sizeof(*v), longer_first);
	for (size_t i = 0; i < g->npicked; i++)
		order[i] = v[i].at;
	free(v);
	return order;
}
