/* A hash table of texts and who said them (see origins.h). */
#include "origins.h"

#define SLOTS_FIRST 1024

struct origin {
	uint64_t hash;
	struct slice scope, text;
	bool client;		/* said it first */
	struct producer last;
	struct origin *next;
};

static uint64_t
mix(uint64_t h, struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)	/* FNV-1a */
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211ull;
	return h;
}

static uint64_t
hash_of(struct slice scope, struct slice text)
{
	uint64_t h = mix(mix(14695981039346656037ull, scope) * 31, text);

	return h ^ (h >> 29);
}

void
origins_init(struct origins *o, struct arena *a)
{
	*o = (struct origins){ .arena = a, .nslots = SLOTS_FIRST };
	o->slots = arena_array(a, o->nslots, sizeof(*o->slots));
}

static void
grow(struct origins *o)
{
	size_t n = o->nslots * 2, i;
	struct origin **slots = arena_array(o->arena, n, sizeof(*slots));

	for (i = 0; i < o->nslots; i++) {
		while (o->slots[i]) {
			struct origin *x = o->slots[i];

			o->slots[i] = x->next;
			x->next = slots[x->hash & (n - 1)];
			slots[x->hash & (n - 1)] = x;
		}
	}
	o->slots = slots;
	o->nslots = n;
}

static struct origin *
find(const struct origins *o, uint64_t hash, struct slice scope,
     struct slice text)
{
	struct origin *x = o->slots[hash & (o->nslots - 1)];

	while (x && (x->hash != hash || !slice_eq(x->text, text) ||
		     !slice_eq(x->scope, scope)))
		x = x->next;
	return x;
}

/* NULL when it is there already, then *old. */
static struct origin *
add(struct origins *o, struct slice scope, struct slice text,
    struct origin **old)
{
	uint64_t hash = hash_of(scope, text);
	struct origin *x;

	*old = find(o, hash, scope, text);
	if (*old)
		return NULL;
	if (o->n == o->nslots)
		grow(o);
	o->n++;
	x = arena_alloc(o->arena, sizeof(*x));
	*x = (struct origin){ .hash = hash, .scope = scope, .text = text };
	x->next = o->slots[hash & (o->nslots - 1)];
	o->slots[hash & (o->nslots - 1)] = x;
	return x;
}

void
origins_produced(struct origins *o, struct slice scope, struct slice text,
		 const struct producer *p)
{
	struct origin *old, *x = add(o, scope, text, &old);

	if (x)
		x->last = *p;
	else if (!old->client && (old->last.exchange != p->exchange ||
				  old->last.rank < p->rank))
		old->last = *p;
}

void
origins_sent(struct origins *o, struct slice scope, struct slice text)
{
	struct origin *old, *x = add(o, scope, text, &old);

	if (x)
		x->client = true;
}

const struct producer *
origins_find(const struct origins *o, struct slice scope, struct slice text)
{
	const struct origin *x = find(o, hash_of(scope, text), scope, text);

	return x && !x->client ? &x->last : NULL;
}
