/* What certain handles stand for in one replay (see values.h). */
#include <dvr/scrub/values.h>

#include <dvr/base/attr.h>
#include <dvr/base/mem.h>

#include "coded.h"
#include "handle.h"

#include <stdlib.h>

struct entry {
	struct slice handle, live;
};

struct scrub_values {
	struct arena *arena;
	struct entry *v;
	size_t n, cap;
};

struct scrub_values *
scrub_values_create(void)
{
	struct scrub_values *v = mem_alloc(sizeof(*v));

	v->arena = arena_create();
	return v;
}

void
scrub_values_destroy(struct scrub_values *v)
{
	if (!v)
		return;
	arena_wipe(v->arena);
	free(v);
}

bool
scrub_values_get(const struct scrub_values *v, struct slice handle,
		 struct slice *live)
{
	size_t i;

	for (i = 0; v && i < v->n; i++) {
		if (!slice_eq(v->v[i].handle, handle))
			continue;
		*live = v->v[i].live;
		return true;
	}
	return false;
}

bool
scrub_values_set(struct scrub_values *v, struct slice handle,
		 struct slice live)
{
	struct slice known;

	if (scrub_values_get(v, handle, &known))
		return false;
	v->v = arena_grow(v->arena, v->v, v->n, &v->cap, sizeof(*v->v));
	v->v[v->n++] = (struct entry){
		.handle = arena_copy(v->arena, handle),
		.live = arena_copy(v->arena, live),
	};
	return true;
}

size_t
scrub_values_count(const struct scrub_values *v)
{
	return v ? v->n : 0;
}

void
scrub_values_at(const struct scrub_values *v, size_t i, struct slice *handle,
		struct slice *live)
{
	*handle = v->v[i].handle;
	*live = v->v[i].live;
}

void
scrub_each_handle(struct slice text, scrub_handle_fn *fn, void *arg)
{
	struct arena *a;
	struct handle h;
	struct coded c;
	size_t from = 0, at;

	while (handle_next(text, from, &at, &h)) {
		fn(arg, h.text, h.class);
		from = at + h.text.n;
	}
	if (!coded_any(text))
		return;
	a = arena_create();
	for (from = 0; coded_next(a, text, from, &c); from = c.to)
		scrub_each_handle(c.text, fn, arg);
	arena_destroy(a);
}

bool
scrub_class_is(struct slice class, struct slice base)
{
	static const char *const shapes[] = { "", "-digits", "-hex", "-uuid",
		"-lower", "-upper" };
	struct slice rest;
	size_t i;

	if (!slice_starts(class, base))
		return false;
	rest = slice_from(class, base.n);
	for (i = 0; i < ARRAY_LEN(shapes); i++) {
		if (slice_eq(rest, slice_str(shapes[i])))
			return true;
	}
	/* the issuer's digits follow */
	return slice_eq(base, SLICE("pan")) && slice_starts(rest, SLICE("-"));
}
