/* Search for many strings at once. */
#include "needle.h"

#include <dvr/base/mem.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define SLOTS_FIRST 6u		/* log2 */
#define BITS_FIRST 15u		/* log2; 4 KiB stay in the fastest cache */
#define BITS_LAST 23u		/* 1 MiB in the next one */
#define BITS_EACH 32u		/* few places are looked at in vain */

struct entry {
	uint32_t hash;		/* of all its bytes */
	uint32_t id, next;	/* of the same slot */
};

/* What begins with that gram may be so long. */
struct length {
	uint32_t gram, n;
	uint32_t next;		/* of the same slot, not shorter */
};

struct needles {
	struct entry *v;
	struct length *lengths;
	size_t n, cap, nlengths, lengths_cap;
	uint32_t *by_hash;	/* first entry */
	uint32_t *by_gram;	/* first length */
	unsigned slots;		/* log2, of both */
	uint64_t *bits;		/* one a gram's hash */
	unsigned nbits;		/* log2 */
	size_t gram;
	uint64_t mask;		/* of its bytes in a word */
};

/* ---- hashes ------------------------------------------------------------ */

static uint64_t
load(const char *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n < sizeof(v) ? n : sizeof(v));
	return v;
}

static inline uint64_t
gram_hash(const struct needles *s, uint64_t word)
{
	return (word & s->mask) * 0x9e3779b97f4a7c15ull;
}

static uint64_t
mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0xff51afd7ed558ccdull;
	return hash ^ hash >> 32;
}

/* Of the first n bytes: *hash of the first *done, whole words, moves on. */
static uint32_t
hash_up_to(const char *p, size_t n, uint64_t *hash, size_t *done)
{
	for (; *done + sizeof(uint64_t) <= n; *done += sizeof(uint64_t))
		*hash = mix(*hash, load(p + *done, sizeof(uint64_t)));
	return (uint32_t)(mix(mix(*hash, load(p + *done, n - *done)), n) >>
			  32);
}

static uint32_t
slot(const struct needles *s, uint32_t hash)
{
	return hash >> (32 - s->slots);
}

/* 1 or 0 */
static inline uint64_t
marked(const struct needles *s, uint64_t hash)
{
	uint64_t bit = hash >> (64 - s->nbits);

	return s->bits[bit >> 6] >> (bit & 63) & 1;
}

/* ---- the set ----------------------------------------------------------- */

static void
mark(struct needles *s, uint32_t gram)
{
	uint32_t bit = gram >> (32 - s->nbits);

	s->bits[bit >> 6] |= 1ull << (bit & 63);
}

static void
link_entry(struct needles *s, uint32_t i)
{
	uint32_t *first = &s->by_hash[slot(s, s->v[i].hash)];

	s->v[i].next = *first;
	*first = i;
}

static void
link_length(struct needles *s, uint32_t i)
{
	struct length *x = &s->lengths[i];
	uint32_t *at = &s->by_gram[slot(s, x->gram)];

	while (*at != NONE && s->lengths[*at].n < x->n)
		at = &s->lengths[*at].next;
	x->next = *at;
	*at = i;
}

static void
set_slots(struct needles *s, unsigned slots)
{
	size_t n = (size_t)1 << slots;

	s->slots = slots;
	s->by_hash = mem_grow(s->by_hash, n, sizeof(*s->by_hash));
	s->by_gram = mem_grow(s->by_gram, n, sizeof(*s->by_gram));
	memset(s->by_hash, 0xff, n * sizeof(*s->by_hash));
	memset(s->by_gram, 0xff, n * sizeof(*s->by_gram));
	for (size_t i = 0; i < s->n; i++)
		link_entry(s, (uint32_t)i);
	for (size_t i = 0; i < s->nlengths; i++)
		link_length(s, (uint32_t)i);
}

static void
set_bits(struct needles *s, unsigned nbits)
{
	s->nbits = nbits;
	free(s->bits);
	s->bits = mem_array(((size_t)1 << nbits) / 64, sizeof(*s->bits));
	for (size_t i = 0; i < s->nlengths; i++)
		mark(s, s->lengths[i].gram);
}

struct needles *
needles_create(size_t gram)
{
	struct needles *s = mem_alloc(sizeof(*s));

	assert(gram >= NEEDLE_MIN && gram <= NEEDLE_GRAM_MAX);
	s->gram = gram;
	s->mask = gram == sizeof(s->mask) ? UINT64_MAX :
		(1ull << (gram * 8)) - 1;
	set_slots(s, SLOTS_FIRST);
	set_bits(s, BITS_FIRST);
	return s;
}

void
needles_destroy(struct needles *s)
{
	if (!s)
		return;
	free(s->v);
	free(s->lengths);
	free(s->by_hash);
	free(s->by_gram);
	free(s->bits);
	free(s);
}

static void
grow(struct needles *s)
{
	if (s->n == s->cap) {
		s->cap += s->cap / 2 + 64;
		s->v = mem_grow(s->v, s->cap, sizeof(*s->v));
	}
	if (s->nlengths == s->lengths_cap) {
		s->lengths_cap += s->lengths_cap / 2 + 64;
		s->lengths = mem_grow(s->lengths, s->lengths_cap,
				      sizeof(*s->lengths));
	}
	if (s->n >> s->slots)
		set_slots(s, s->slots + 1);
	if (s->nbits < BITS_LAST && s->n * BITS_EACH >> s->nbits)
		set_bits(s, s->nbits + 1);
}

static void
add_length(struct needles *s, uint32_t gram, size_t n)
{
	uint32_t i = s->by_gram[slot(s, gram)];

	while (i != NONE && (s->lengths[i].n < n || (s->lengths[i].n == n &&
						     s->lengths[i].gram !=
						     gram)))
		i = s->lengths[i].next;
	if (i != NONE && s->lengths[i].n == n)
		return;
	s->lengths[s->nlengths] = (struct length){ gram, (uint32_t)n, NONE };
	link_length(s, (uint32_t)s->nlengths++);
	mark(s, gram);
}

void
needles_add(struct needles *s, struct slice text, uint32_t id)
{
	uint64_t hash = 0;
	size_t done = 0;

	assert(text.n >= s->gram && text.n < UINT32_MAX);
	grow(s);
	s->v[s->n] = (struct entry){
		.hash = hash_up_to(text.p, text.n, &hash, &done), .id = id,
	};
	link_entry(s, (uint32_t)s->n++);
	add_length(s, (uint32_t)(gram_hash(s, load(text.p, text.n)) >> 32),
		   text.n);
}

/* ---- search ------------------------------------------------------------ */

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
	uint64_t any = marked(s, gram_hash(s, load_word(p))) |
		       marked(s, gram_hash(s, load_word(p + 1))) |
		       marked(s, gram_hash(s, load_word(p + 2))) |
		       marked(s, gram_hash(s, load_word(p + 3)));

	return any != 0;
}

bool
needles_next(const struct needles *s, struct slice text, size_t *at)
{
	size_t i = *at;

	if (s->n == 0)
		return false;
	for (; i < text.n && text.n - i >= s->gram; i++) {
		/* four whole words at once while there are bytes left */
		while (text.n - i > NEEDLE_GRAM_MAX + 4 &&
		       !marked_any(s, text.p + i))
			i += 4;
		if (!marked(s, gram_hash(s, load(text.p + i, text.n - i))))
			continue;
		*at = i;
		return true;
	}
	return false;
}

bool
needles_more(const struct needles *s, struct needle_hit *h)
{
	for (;;) {
		/* further entries of that length */
		for (; h->entry != NONE; h->entry = s->v[h->entry].next) {
			const struct entry *x = &s->v[h->entry];

			if (x->hash != h->whole)
				continue;
			h->id = x->id;
			h->entry = x->next;
			return true;
		}
		/* the next length; all are in their order */
		while (h->length != NONE &&
		       s->lengths[h->length].gram != h->gram)
			h->length = s->lengths[h->length].next;
		if (h->length == NONE || s->lengths[h->length].n > h->text.n)
			return false;
		h->n = s->lengths[h->length].n;
		h->length = s->lengths[h->length].next;
		h->whole = hash_up_to(h->text.p, h->n, &h->hash, &h->hashed);
		h->entry = s->by_hash[slot(s, h->whole)];
	}
}

bool
needles_first(const struct needles *s, struct slice text,
	      struct needle_hit *h)
{
	uint64_t hash;

	if (s->n == 0 || text.n < s->gram)
		return false;
	hash = gram_hash(s, load(text.p, text.n));
	*h = (struct needle_hit){
		.text = text, .entry = NONE, .gram = (uint32_t)(hash >> 32),
		.length = NONE,
	};
	if (!marked(s, hash))
		return false;
	h->length = s->by_gram[slot(s, h->gram)];
	return needles_more(s, h);
}
