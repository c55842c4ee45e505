/* Remembers bodies that held nothing. */
#include "vouch.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

#define LANES 4u		/* side by side: one waits for its product */
#define STEP (LANES * sizeof(uint64_t))
#define FACTOR 0xff51afd7ed558ccdull

static uint64_t
mix(uint64_t sum, const char *p, size_t n)
{
	uint64_t word = 0;

	memcpy(&word, p, n);
	sum = (sum ^ word) * FACTOR;
	return sum ^ sum >> 32;
}

uint64_t
vouch_sum(uint64_t sum, struct slice s)
{
	uint64_t lane[LANES] = { sum, sum + 1, sum + 2, sum + 3 };
	uint64_t n = s.n;

	for (; s.n >= STEP; s = slice_from(s, STEP)) {
		for (size_t i = 0; i < LANES; i++)
			lane[i] = mix(lane[i], s.p + i * sizeof(uint64_t),
				      sizeof(uint64_t));
	}
	for (; s.n > 0; s = slice_from(s, sizeof(uint64_t)))
		lane[0] = mix(lane[0], s.p, s.n < sizeof(uint64_t) ? s.n :
			      sizeof(uint64_t));
	for (size_t i = 0; i < LANES; i++)
		n = mix(n, (const char *)&lane[i], sizeof(lane[i]));
	return n;
}

void
vouch_clear(struct vouched *x)
{
	x->n = 0;
}

void
vouch_release(struct vouched *x)
{
	free(x->v);
	*x = (struct vouched){ 0 };
}

void
vouch_add(struct vouched *x, uint64_t sum)
{
	if (x->n == x->cap) {
		x->cap = x->cap ? x->cap * 2 : 64;
		x->v = mem_grow(x->v, x->cap, sizeof(*x->v));
	}
	x->v[x->n++] = sum;
}

bool
vouch_covers(const struct vouched *x, size_t i, uint64_t sum)
{
	return i < x->n && sum != 0 && x->v[i] == sum;
}
