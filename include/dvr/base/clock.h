/*
 * Time and randomness come through a struct, so that whole runs can be played
 * in a test without waiting.  Nothing outside runner/base/clock.c asks the
 * system for either.
 */
#ifndef DVR_BASE_CLOCK_H
#define DVR_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull
#define US_PER_S 1000000ll

struct clock {
	uint64_t (*mono_ns)(const struct clock *);	/* CLOCK_MONOTONIC */
	int64_t (*wall_us)(const struct clock *);	/* since 1970, UTC */
	void (*random)(const struct clock *, void *out, size_t n);
	void *state;					/* a fake's own */
};

extern const struct clock clock_system;

static inline uint64_t
clock_mono_ns(const struct clock *c)
{
	return c->mono_ns(c);
}

static inline int64_t
clock_wall_us(const struct clock *c)
{
	return c->wall_us(c);
}

/* RFC 3339 with microseconds and `Z`: "2026-11-22T12:00:00.000000Z". */
#define CLOCK_RFC3339_MAX 32
void clock_rfc3339(int64_t wall_us, char out[CLOCK_RFC3339_MAX]);
/* Back again; 0 or -1. Needs the form that clock_rfc3339() writes. */
int clock_parse_rfc3339(const char *s, size_t n, int64_t *wall_us);

#endif
