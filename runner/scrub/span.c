/* Lists of spans, made disjoint. */
#include "span.h"

#include <dvr/base/mem.h>

#include <stdlib.h>

void
spans_add(struct spans *s, const struct span *x)
{
	if (x->from >= x->to)
		return;
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 4;
		s->v = mem_grow(s->v, s->cap, sizeof(*s->v));
	}
	s->v[s->n++] = *x;
}

void
spans_release(struct spans *s)
{
	free(s->v);
	*s = (struct spans){ 0 };
}

static int
by_place(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to > y->to ? -1 : 1;
	return (int)y->rank - (int)x->rank;
}

/* Which of the spans v[0..n) speaks for [from, to)? */
static struct span
choose(const struct span *v, size_t n, size_t from, size_t to)
{
	const struct span *best = NULL, *longest = v;
	struct span chosen;
	size_t i;

	for (i = 0; i < n; i++) {
		bool covers = v[i].from == from && v[i].to == to;

		if (covers && (!best || v[i].rank > best->rank))
			best = &v[i];
		if (v[i].to - v[i].from > longest->to - longest->from)
			longest = &v[i];
	}
	chosen = best ? *best : *longest;
	/* whoever knows the field's place tells it */
	for (i = 0; i < n && chosen.place.n == 0; i++)
		chosen.place = v[i].place;
	return chosen;
}

void
spans_settle(struct spans *s, struct slice raw)
{
	size_t i, j, out = 0;

	if (s->n == 0)
		return;
	qsort(s->v, s->n, sizeof(*s->v), by_place);
	for (i = 0; i < s->n; i = j) {
		size_t from = s->v[i].from, to = s->v[i].to;
		struct span x;

		for (j = i + 1; j < s->n && s->v[j].from < to; j++) {
			if (s->v[j].to > to)
				to = s->v[j].to;
		}
		x = choose(&s->v[i], j - i, from, to);
		if (x.from != from || x.to != to) {
			x.text = (struct slice){ 0 };
			x.value = slice_range(raw, from, to);
			if (x.class.n == 0)
				x.class = SLICE("secret");
		}
		x.from = from;
		x.to = to;
		s->v[out++] = x;
	}
	s->n = out;
}
