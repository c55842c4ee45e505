/* Search for many strings at once. */
#include "needle.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

#define GRAM_MAX 8u
#define NONE UINT32_MAX

/* The needles of one hash, v[from..to). */
struct bucket {
	uint32_t from, to;
};

struct needles {
	struct needle *v;	/* by hash, then by text, then as given */
	uint32_t *shorter;	/* the longest other one that begins it */
	struct bucket *buckets;	/* by hash */
	uint64_t *bits;		/* one a hash */
	size_t n;
	unsigned shift;		/* 64 - log2 of the number of hashes */
	unsigned gram;		/* bytes; every needle has as many */
	uint64_t mask;
};

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

static size_t
needle_hash(const struct needles *s, const struct needle *x)
{
	return hash(s, load(x->text.p, x->text.n));
}

/* Negative when a stands before b; the shorter one does, of equal bytes. */
static int
compare(struct slice a, struct slice b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* Equal ones keep their order: they lie in the array that was copied. */
static int
by_text(const void *a, const void *b)
{
	const struct needle *x = *(const struct needle *const *)a;
	const struct needle *y = *(const struct needle *const *)b;
	int order = compare(x->text, y->text);

	return order ? order : (x > y) - (x < y);
}

/* Puts the needles of each hash side by side. */
static void
fill_buckets(struct needles *s, const struct needle **in)
{
	uint32_t at = 0;

	for (size_t i = 0; i < s->n; i++)
		s->buckets[needle_hash(s, in[i])].to++;
	for (size_t h = 0; h < 1ull << (64 - s->shift); h++) {
		struct bucket *b = &s->buckets[h];

		if (b->to == 0)
			continue;
		s->bits[h >> 6] |= 1ull << (h & 63);
		at += b->to;
		b->from = b->to = at - b->to;
	}
	for (size_t i = 0; i < s->n; i++)
		s->v[s->buckets[needle_hash(s, in[i])].to++] = *in[i];
}

/* In the order of their texts those that begin one another nest. */
static void
link_shorter(struct needles *s)
{
	for (size_t h = 0; h < 1ull << (64 - s->shift); h++) {
		const struct bucket *b = &s->buckets[h];
		uint32_t last = NONE;

		for (uint32_t i = b->from; i < b->to; last = i++) {
			while (last != NONE && !slice_starts(s->v[i].text,
							     s->v[last].text))
				last = s->shorter[last];
			s->shorter[i] = last;
		}
	}
}

static void
sort_in(struct needles *s, const struct needle *v, size_t n)
{
	const struct needle **in = mem_array(n + 1, sizeof(*in));

	for (size_t i = 0; i < n; i++) {
		if (v[i].text.n < NEEDLE_MIN)
			continue;
		in[s->n++] = &v[i];
		if (v[i].text.n < s->gram)
			s->gram = (unsigned)v[i].text.n;
	}
	if (s->n > 1)
		qsort(in, s->n, sizeof(*in), by_text);
	while (s->shift > 64 - 22 && s->n * 32 > 1ull << (64 - s->shift))
		s->shift--;
	s->mask = s->gram == GRAM_MAX ? UINT64_MAX :
		(1ull << (s->gram * 8)) - 1;
	s->v = mem_array(s->n + 1, sizeof(*s->v));
	s->shorter = mem_array(s->n + 1, sizeof(*s->shorter));
	s->bits = mem_array((1ull << (64 - s->shift)) / 64, sizeof(*s->bits));
	s->buckets = mem_array(1ull << (64 - s->shift), sizeof(*s->buckets));
	fill_buckets(s, in);
	free(in);
}

struct needles *
needles_create(const struct needle *v, size_t n)
{
	struct needles *s = mem_alloc(sizeof(*s));

	s->gram = GRAM_MAX;
	s->shift = 64 - 15;
	sort_in(s, v, n);
	link_shorter(s);
	return s;
}

void
needles_destroy(struct needles *s)
{
	if (!s)
		return;
	free(s->v);
	free(s->shorter);
	free(s->buckets);
	free(s->bits);
	free(s);
}

/*
 * The longest needle of a bucket that begins `rest`.  All that do stand before
 * `rest` in the order of texts, and begin one another: the last one before it
 * leads to the longest.
 */
static const struct needle *
longest_match(const struct needles *s, const struct bucket *b,
	      struct slice rest)
{
	uint32_t low = b->from, high = b->to, i;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (compare(s->v[mid].text, rest) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	i = low == b->from ? NONE : low - 1;
	while (i != NONE && !slice_starts(rest, s->v[i].text))
		i = s->shorter[i];
	return i == NONE ? NULL : &s->v[i];
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
		found = longest_match(s, &s->buckets[h],
				      slice_from(text, i));
		if (found) {
			*at = i;
			return found;
		}
	}
	return NULL;
}

const struct needle *
needles_shorter(const struct needles *s, const struct needle *found)
{
	uint32_t i = s->shorter[found - s->v];

	return i == NONE ? NULL : &s->v[i];
}
