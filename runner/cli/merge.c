/* Puts the results of shards together, and sees that none is missing. */
#include "merge.h"

#include "command.h"
#include "shard.h"

#include <dvr/base/fs.h>
#include <dvr/base/plural.h>
#include <dvr/reporter.h>

#include <stdlib.h>

#define RESULTS_MAX (1024u * MiB)

/* A run, and the file that it came in. */
struct part {
	const char *file;
	struct results r;
};

/* A tape, and where it is from. */
struct placed {
	const struct tape_result *tape;
	const char *file;
};

static int
read_part(const char *file, struct arena *a, struct part *out, struct err *e)
{
	struct buf text;
	int rc;

	*out = (struct part){ .file = file, .r = { .arena = a } };
	buf_init(&text, RESULTS_MAX);
	rc = fs_read(file, &text, e);
	if (rc == 0) {
		rc = results_read(buf_slice(&text), RESULTS_ONE, &out->r, e);
		if (rc != 0)
			err_prefix(e, "%s", file);
	}
	buf_release(&text);
	return rc;
}

/* ---- do they belong together? ------------------------------------------------ */

static int
compare_shards(const struct part *a, const struct part *b, struct err *e)
{
	const struct results_shard *x = &a->r.shard, *y = &b->r.shard;

	if (x->known != y->known)
		return err_set(e, ERR_USAGE, "%s is of a shard and %s is not",
			       x->known ? a->file : b->file,
			       x->known ? b->file : a->file);
	if (!x->known)
		return 0;
	if (x->of != y->of)
		return err_set(e, ERR_USAGE, "%s is shard %u of %u, %s is "
			       "shard %u of %u: not of one run", a->file,
			       x->index, x->of, b->file, y->index, y->of);
	if (!slice_eq(x->plan, y->plan))
		return err_set(e, ERR_USAGE, "%s and %s divide the tapes in "
			       "different ways: shards need the same commit, "
			       "the same selection and the same --timings",
			       a->file, b->file);
	return 0;
}

static int
check_shards(const struct part *v, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct results_shard *s = &v[i].r.shard;

		if (s->known && (s->of < 1 || s->of > SHARDS_MAX ||
				 s->index < 1 || s->index > s->of))
			return err_set(e, ERR_USAGE, "%s: there is no shard "
				       "%u of %u", v[i].file, s->index, s->of);
		if (compare_shards(&v[0], &v[i], e) != 0)
			return -1;
		for (size_t k = 0; s->known && k < i; k++) {
			if (v[k].r.shard.index == s->index)
				return err_set(e, ERR_USAGE, "shard %u is in "
					       "%s and in %s", s->index,
					       v[k].file, v[i].file);
		}
	}
	return 0;
}

static int
by_id(const void *pa, const void *pb)
{
	const struct placed *a = pa, *b = pb;

	return slice_cmp(a->tape->id, b->tape->id);
}

static int
gather(const struct part *v, size_t n, struct results *out, struct err *e)
{
	struct placed *all;
	size_t count = 0, k = 0;
	char q[QUOTE_MAX];

	for (size_t i = 0; i < n; i++)
		count += v[i].r.ntapes;
	all = arena_array(out->arena, count + 1, sizeof(*all));
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < v[i].r.ntapes; j++)
			all[k++] = (struct placed){ &v[i].r.tapes[j],
						    v[i].file };
	}
	qsort(all, count, sizeof(*all), by_id);
	out->tapes = arena_array(out->arena, count + 1, sizeof(*out->tapes));
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && by_id(&all[i - 1], &all[i]) == 0)
			return err_set(e, ERR_USAGE, "tape %s was tried twice: "
				       "it is in %s and in %s",
				       quote(all[i].tape->id, q),
				       all[i - 1].file, all[i].file);
		out->tapes[out->ntapes++] = *all[i].tape;
	}
	return 0;
}

/* ---- is anything missing? ----------------------------------------------------- */

static bool
was_tried(const struct results *all, struct slice id)
{
	size_t from = 0, to = all->ntapes;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		int order = slice_cmp(all->tapes[mid].id, id);

		if (order == 0)
			return true;
		if (order < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return false;
}

static void
miss_tapes(const struct part *p, struct merged *m)
{
	char q[QUOTE_MAX];

	for (size_t i = 0; i < p->r.shard.nids; i++) {
		if (was_tried(&m->all, p->r.shard.ids[i]))
			continue;
		m->missing++;
		warn("tape %s is missing: shard %u did not try it (%s)",
		     quote(p->r.shard.ids[i], q), p->r.shard.index, p->file);
	}
}

static void
miss_shards(const struct part *v, size_t n, struct merged *m)
{
	bool there[SHARDS_MAX + 1] = { false };
	size_t tapes = v[0].r.shard.library, absent = 0;
	unsigned of = v[0].r.shard.of;

	for (size_t i = 0; i < n; i++) {
		there[v[i].r.shard.index] = true;
		tapes -= v[i].r.shard.nids <= tapes ? v[i].r.shard.nids : tapes;
	}
	for (unsigned k = 1; k <= of; k++) {
		if (there[k])
			continue;
		absent++;
		warn("shard %u of %u is missing: no file is of it", k, of);
	}
	m->missing += absent;
	if (absent)
		warn("%zu tape%s of the missing shard%s: nobody tried them",
		     tapes, plural(tapes), plural(absent));
}

static void
sum_up(const struct part *v, size_t n, struct results *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct results *r = &v[i].r;

		out->partial |= r->partial;
		if (r->started_us && (!out->started_us ||
				      r->started_us < out->started_us))
			out->started_us = r->started_us;
		/* They ran side by side. */
		if (r->seconds > out->seconds)
			out->seconds = r->seconds;
	}
}

int
merge_files(char *const *files, size_t n, struct merged *m, struct err *e)
{
	struct arena *a = m->all.arena;
	struct part *v = arena_array(a, n, sizeof(*v));

	for (size_t i = 0; i < n; i++) {
		if (read_part(files[i], a, &v[i], e) != 0)
			return -1;
	}
	if (check_shards(v, n, e) != 0 || gather(v, n, &m->all, e) != 0)
		return -1;
	sum_up(v, n, &m->all);
	for (size_t i = 0; i < n; i++)
		miss_tapes(&v[i], m);
	if (v[0].r.shard.known)
		miss_shards(v, n, m);
	m->all.partial |= m->missing > 0;
	return 0;
}
