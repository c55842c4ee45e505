/*
 * Many strings searched at once: a bitmap over short grams skips what cannot
 * begin any of them, so that text without a hit costs about a nanosecond a
 * byte however many needles there are.
 */
#ifndef SCRUB_NEEDLE_H
#define SCRUB_NEEDLE_H

#include <dvr/base/slice.h>

#include <stdint.h>

#define NEEDLE_MIN 3	/* bytes; a shorter one would stop everywhere */

struct needle {
	struct slice text;	/* borrowed; lives as long as the set */
	uint32_t id;		/* the owner's */
};

struct needles;

/* Copies the array (not the texts); those below NEEDLE_MIN are left out. */
struct needles *needles_create(const struct needle *v, size_t n);
void needles_destroy(struct needles *s);
/*
 * The first needle that stands at or after *at, the longest where several
 * do; *at is moved to it.  NULL: none.
 */
const struct needle *needles_next(const struct needles *s, struct slice text,
				  size_t *at);
/* The next shorter needle at the same place, or NULL. */
const struct needle *needles_shorter(const struct needles *s,
				     const struct needle *found);

#endif
