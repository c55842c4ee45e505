/* Search for many strings at once. */
#include "needle.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

#define GRAM_MAX 8u
#define NONE UINT32_MAX

struct needles {
	struct needle *v;
	uint32_t *next;		/* chain of the same gram, longest first */
	uint32_t *first;	/* by hash */
	uint64_t *bits;		/* one a hash */
	size_t n;
	unsigned shift;		/* 64 - log2 of the number of hashes */
	unsigned gram;		/* bytes; every needle has as many */
	uint64_t mask;
};

static int
by_length(const void *a, const void *b)
{
	const struct needle *x = a, *y = b;

	return (x->text.n > y->text.n) - (x->text.n < y->text.n);
}

static uint64_t
load(const char *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n < GRAM_MAX ? n : GRAM_MAX);
	return v;
}

static size_t
hash(const struct needles *s, uint64_t gram)
{
	return (size_t)(((gram & s->mask) * 0x9e3779b97f4a7c15ull) >>
			s->shift);
}

static void
add(struct needles *s, uint32_t i)
{
	size_t h = hash(s, load(s->v[i].text.p, s->v[i].text.n));

	s->bits[h >> 6] |= 1ull << (h & 63);
	s->next[i] = s->first[h];
	s->first[h] = i;
}

struct needles *
needles_create(const struct needle *v, size_t n)
{
	struct needles *s = mem_alloc(sizeof(*s));
	unsigned log2 = 15;
	uint32_t i;

	s->gram = GRAM_MAX;
	s->v = mem_array(n + 1, sizeof(*s->v));
	for (size_t k = 0; k < n; k++) {
		if (v[k].text.n < NEEDLE_MIN)
			continue;
		s->v[s->n++] = v[k];
		if (v[k].text.n < s->gram)
			s->gram = (unsigned)v[k].text.n;
	}
	if (s->n > 1)
		qsort(s->v, s->n, sizeof(*s->v), by_length);
	while (log2 < 22 && s->n * 32 > 1ull << log2)
		log2++;
	s->shift = 64 - log2;
	s->mask = s->gram == GRAM_MAX ? UINT64_MAX :
		(1ull << (s->gram * 8)) - 1;
	s->bits = mem_array((1ull << log2) / 64, sizeof(*s->bits));
	s->first = mem_array(1ull << log2, sizeof(*s->first));
	memset(s->first, 0xff, (1ull << log2) * sizeof(*s->first));
	s->next = mem_array(s->n + 1, sizeof(*s->next));
	for (i = 0; i < s->n; i++)
		add(s, i);
	return s;
}

void
needles_destroy(struct needles *s)
{
	if (!s)
		return;
	free(s->v);
	free(s->next);
	free(s->first);
	free(s->bits);
	free(s);
}

static const struct needle *
chain_match(const struct needles *s, uint32_t i, struct slice rest)
{
	for (; i != NONE; i = s->next[i]) {
		if (slice_starts(rest, s->v[i].text))
			return &s->v[i];
	}
	return NULL;
}

/* 1 or 0 */
static uint64_t
marked(const struct needles *s, size_t h)
{
	return s->bits[h >> 6] >> (h & 63) & 1;
}

static inline uint64_t
load_word(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* At one of the four bytes from p on?  No branch between them. */
static inline bool
marked_any(const struct needles *s, const char *p)
{
	uint64_t any = marked(s, hash(s, load_word(p))) |
		       marked(s, hash(s, load_word(p + 1))) |
		       marked(s, hash(s, load_word(p + 2))) |
		       marked(s, hash(s, load_word(p + 3)));

	return any != 0;
}

const struct needle *
needles_next(const struct needles *s, struct slice text, size_t *at)
{
	size_t i = *at;

	if (s->n == 0)
		return NULL;
	for (; i < text.n && text.n - i >= s->gram; i++) {
		const struct needle *found;
		size_t h;

		/* four whole words at once while there are bytes left */
		while (text.n - i > GRAM_MAX + 4 && !marked_any(s, text.p + i))
			i += 4;
		h = hash(s, load(text.p + i, text.n - i));
		if (!marked(s, h))
			continue;
		found = chain_match(s, s->first[h], slice_from(text, i));
		if (found) {
			*at = i;
			return found;
		}
	}
	return NULL;
}

const struct needle *
needles_shorter(const struct needles *s, const struct needle *found,
		struct slice text, size_t at)
{
	return chain_match(s, s->next[found - s->v], slice_from(text, at));
}
