/* A hash table of names and how often each came. */
#include "nth.h"

#define SLOTS_FIRST 16

static uint64_t
name_hash(struct slice s)
{
	uint64_t h = 1469598103934665603ull;	/* FNV-1a */
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211ull;
	return h ^ h >> 29;
}

static struct nth_name *
slot_of(struct nth_names *s, struct slice name)
{
	size_t i = (size_t)name_hash(name) & (s->slots - 1);

	while (s->v[i].count > 0 && !slice_eq(s->v[i].name, name))
		i = (i + 1) & (s->slots - 1);
	return &s->v[i];
}

static void
grow(struct nth_names *s)
{
	struct nth_name *old = s->v;
	size_t n = s->slots, i;

	s->slots = n ? n * 4 : SLOTS_FIRST;
	s->v = arena_array(s->arena, s->slots, sizeof(*s->v));
	for (i = 0; i < n; i++) {
		if (old[i].count > 0)
			*slot_of(s, old[i].name) = old[i];
	}
}

size_t
nth_of_name(struct nth_names *s, struct slice name)
{
	struct nth_name *x;

	if (s->n * 2 >= s->slots)
		grow(s);
	x = slot_of(s, name);
	s->n += x->count == 0;
	x->name = name;
	return x->count++;
}
