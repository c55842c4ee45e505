/* A hash table of names that lets go of them in the order of a stack. */
#include "siblings.h"

#include <dvr/base/mem.h>

#include <stdlib.h>

#define SLOTS_FIRST 64

void
siblings_release(struct siblings *s)
{
	free(s->v);
	free(s->slots);
	*s = (struct siblings){ 0 };
}

static uint32_t
name_hash(const struct sibling_name *name)
{
	uint64_t h = 1469598103934665603ull;	/* FNV-1a */
	size_t i;

	h = (h ^ name->parent) * 1099511628211ull;
	h = (h ^ name->kind) * 1099511628211ull;
	for (i = 0; i < name->text.n; i++)
		h = (h ^ (unsigned char)name->text.p[i]) * 1099511628211ull;
	return (uint32_t)(h ^ h >> 32);
}

static bool
is_same(const struct sibling *x, const struct sibling_name *name, uint32_t h)
{
	return x->hash == h && x->name.parent == name->parent &&
	       x->name.kind == name->kind &&
	       slice_eq(x->name.text, name->text);
}

/* The slot of a name, or the free one where it belongs. */
static size_t
slot_of(const struct siblings *s, const struct sibling_name *name, uint32_t h)
{
	size_t i = (size_t)h & (s->nslots - 1);

	while (s->slots[i] && !is_same(&s->v[s->slots[i] - 1], name, h))
		i = (i + 1) & (s->nslots - 1);
	return i;
}

/* The older ones are entered first: the youngest leaves no hole. */
static void
grow(struct siblings *s)
{
	s->nslots = s->nslots ? s->nslots * 2 : SLOTS_FIRST;
	s->cap = s->nslots / 2;
	s->v = mem_grow(s->v, s->cap, sizeof(*s->v));
	free(s->slots);
	s->slots = mem_array(s->nslots, sizeof(*s->slots));
	for (size_t i = 0; i < s->n; i++)
		s->slots[slot_of(s, &s->v[i].name, s->v[i].hash)] =
			(uint32_t)i + 1;
}

size_t
siblings_next(struct siblings *s, const struct sibling_name *name)
{
	uint32_t h = name_hash(name);
	size_t slot;

	if (s->n == s->cap)
		grow(s);
	slot = slot_of(s, name, h);
	if (s->slots[slot] == 0) {
		s->v[s->n++] = (struct sibling){ .name = *name, .hash = h };
		s->slots[slot] = (uint32_t)s->n;
	}
	return s->v[s->slots[slot] - 1].count++;
}

void
siblings_leave(struct siblings *s, size_t n)
{
	while (s->n > n) {
		const struct sibling *x = &s->v[s->n - 1];

		s->slots[slot_of(s, &x->name, x->hash)] = 0;
		s->n--;
	}
}
