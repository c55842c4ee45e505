/* Names the noise in a field by the look of its values. */
#include "noise_kind.h"

#include <dvr/base/ascii.h>

/* Seconds since 1970 between 2001 and 2039; and in ms, us, ns. */
#define EPOCH_MIN 1000000000ull
#define EPOCH_MAX 2200000000ull
/* A counter moves on by no more than this from one replay to the next. */
#define COUNTER_STEP 1000000ull

/* RFC 9562 §4 */
static bool
is_uuid(struct slice s)
{
	if (s.n != 36)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s.p[i] != '-' : !is_hex_digit(s.p[i]))
			return false;
	}
	return true;
}

/* "2026-11-22…", "12:00:00", "Sun, 22 Nov 2026 12:00:00 GMT", an epoch. */
static bool
is_clock(struct slice s)
{
	uint64_t v;

	if (slice_uint(s, UINT64_MAX, &v) == 0) {
		while (v > EPOCH_MAX * 10)
			v /= 1000;
		return v >= EPOCH_MIN && v <= EPOCH_MAX;
	}
	if (s.n >= 10 && s.n <= 40 && is_digit(s.p[0]) && is_digit(s.p[3]) &&
	    s.p[4] == '-' && is_digit(s.p[5]) && s.p[7] == '-')
		return true;
	if (s.n >= 8 && s.n <= 40 && slice_ends(s, SLICE(" GMT")))
		return true;
	return s.n >= 8 && s.n <= 15 && is_digit(s.p[0]) && s.p[2] == ':' &&
	       s.p[5] == ':';
}

static bool
is_float(struct slice s)
{
	size_t digits = 0, marks = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		digits += is_digit(c);
		marks += c == '.' || c == 'e' || c == 'E';
		if (!is_digit(c) && c != '.' && c != 'e' && c != 'E' &&
		    c != '-' && c != '+')
			return false;
	}
	return digits > 0 && marks > 0;
}

static bool
is_counter(const struct slice *v, size_t n)
{
	uint64_t last = 0, x;

	for (size_t i = 0; i < n; i++) {
		if (slice_uint(v[i], UINT64_MAX, &x) != 0)
			return false;
		if (i > 0 && (x < last || x - last > COUNTER_STEP))
			return false;
		last = x;
	}
	return true;
}

static bool
all(bool (*is)(struct slice), const struct slice *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is(v[i]))
			return false;
	}
	return true;
}

static bool
any_twice(const struct slice *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (slice_eq(v[i], v[k]))
				return true;
		}
	}
	return false;
}

const char *
noise_kind(struct slice place, const struct slice *v, size_t n)
{
	if (all(is_uuid, v, n))
		return "uuid";
	if (all(is_clock, v, n))
		return "clock";
	if (noise_names_amount(place))
		return NULL;
	if (all(is_float, v, n))
		return "float";
	if (any_twice(v, n) && !noise_names_time(place))
		return NULL;
	return is_counter(v, n) ? "counter" : "random";
}
