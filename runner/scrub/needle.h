/*
 * Many strings searched at once: a bitmap over short grams skips what cannot
 * begin any of them, so that text without a hit costs about a nanosecond a
 * byte however many needles there are.  What begins alike is told apart by the
 * hash of all of it.  The set grows at any time and keeps no text: whoever
 * asks compares what was found.
 */
#ifndef SCRUB_NEEDLE_H
#define SCRUB_NEEDLE_H

#include <dvr/base/slice.h>

#include <stdint.h>

#define NEEDLE_MIN 3	/* bytes; a shorter one would stop everywhere */
#define NEEDLE_GRAM_MAX 8

struct needles;

/* `gram`: bytes that each needle will have, NEEDLE_MIN to NEEDLE_GRAM_MAX;
 * the more, the fewer places are looked at. */
struct needles *needles_create(size_t gram);
/* Takes NULL. */
void needles_destroy(struct needles *s);
/* `id` is the owner's. */
void needles_add(struct needles *s, struct slice text, uint32_t id);

/* Moves *at to the next place, from *at on, where one may begin. */
bool needles_next(const struct needles *s, struct slice text, size_t *at);

/* One that stands at the beginning of a text, by its hash alone. */
struct needle_hit {
	uint32_t id;
	size_t n;
	struct slice text;	/* the rest is the search's own */
	uint64_t hash;
	size_t hashed;
	uint32_t gram, whole, length, entry;
};

/* The shorter ones first, of one length the younger ones. */
bool needles_first(const struct needles *s, struct slice text,
		   struct needle_hit *h);
bool needles_more(const struct needles *s, struct needle_hit *h);

#endif
