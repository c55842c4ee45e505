/*
 * Which bodies held nothing when they were looked at: the last look, which goes
 * over the same bodies in the same order, need not read them again where they
 * are still the same, byte by byte and in the same place.
 */
#ifndef SCRUB_VOUCH_H
#define SCRUB_VOUCH_H

#include <dvr/base/slice.h>

#include <stdint.h>

/* Zeroed is empty. */
struct vouched {
	uint64_t *v;		/* by the number of the body; 0: not clean */
	size_t n, cap;
};

/* Of some bytes after others; against accidents, not against enemies. */
uint64_t vouch_sum(uint64_t sum, struct slice s);

void vouch_clear(struct vouched *x);
void vouch_release(struct vouched *x);
/* For the next body; 0: not for this one. */
void vouch_add(struct vouched *x, uint64_t sum);
/* Was body number i clean, and the same? */
bool vouch_covers(const struct vouched *x, size_t i, uint64_t sum);

#endif
