/* Groups tapes by the point where they first went another way. */
#include <dvr/judge/result.h>

#include <stdlib.h>

struct item {
	struct slice what;
	size_t tape;
};

static struct slice
what_of(const struct tape_result *t)
{
	const struct replay_result *r = tape_result_shown(t);

	return r && r->diverged.n ? r->diverged : t->reason;
}

static int
by_what(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;
	int order = slice_cmp(a->what, b->what);

	if (order != 0)
		return order;
	return a->tape < b->tape ? -1 : a->tape > b->tape;
}

/* A trouble, and where its items stand among all. */
struct run {
	struct trouble trouble;
	size_t from;
};

static int
by_size(const void *pa, const void *pb)
{
	const struct run *a = pa, *b = pb;

	if (a->trouble.n != b->trouble.n)
		return a->trouble.n > b->trouble.n ? -1 : 1;
	return a->trouble.first < b->trouble.first ? -1 : 1;
}

static size_t
collect(const struct results *r, struct item *v)
{
	size_t n = 0;

	for (size_t i = 0; i < r->ntapes; i++) {
		const struct tape_result *t = &r->tapes[i];

		if (t->verdict == VERDICT_FAILED || t->verdict == VERDICT_ERROR)
			v[n++] = (struct item){ what_of(t), i };
	}
	if (n)
		qsort(v, n, sizeof(*v), by_what);
	return n;
}

static size_t
find_runs(const struct item *v, size_t n, struct run *runs)
{
	size_t nruns = 0;

	for (size_t i = 0; i < n; i++) {
		if (i == 0 || !slice_eq(v[i].what, v[i - 1].what))
			runs[nruns++] = (struct run){ .from = i, .trouble = {
				.what = v[i].what, .first = v[i].tape } };
		runs[nruns - 1].trouble.n++;
	}
	if (nruns)
		qsort(runs, nruns, sizeof(*runs), by_size);
	return nruns;
}

size_t
results_troubles(const struct results *r, struct arena *a,
		 struct trouble **out, size_t **group)
{
	struct item *v = arena_array(a, r->ntapes + 1, sizeof(*v));
	size_t *groups = arena_array(a, r->ntapes + 1, sizeof(*groups));
	size_t n = collect(r, v), nruns;
	struct run *runs = arena_array(a, n + 1, sizeof(*runs));

	nruns = find_runs(v, n, runs);
	for (size_t i = 0; i < r->ntapes; i++)
		groups[i] = SIZE_MAX;
	*out = arena_array(a, nruns + 1, sizeof(**out));
	for (size_t i = 0; i < nruns; i++) {
		(*out)[i] = runs[i].trouble;
		for (size_t k = 0; k < runs[i].trouble.n; k++)
			groups[v[runs[i].from + k].tape] = i;
	}
	if (group)
		*group = groups;
	return nruns;
}
