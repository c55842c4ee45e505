/* Values that a service makes up anew in every run. */
#include "likeness.h"

#include <dvr/base/ascii.h>

/* Shorter random text is not told from words and numbers. */
#define TOKEN_MIN 16
/* A number this close to the recording's time is a time, in seconds. */
#define EPOCH_NEAR ((uint64_t)400 * 86400)

enum shape { SHAPE_NONE, SHAPE_UUID, SHAPE_HEX, SHAPE_ULID, SHAPE_DATE,
	SHAPE_EPOCH };

/* 9 a digit, x a hex digit, anything else itself. */
static bool
looks_like(struct slice s, const char *pattern)
{
	size_t i = 0;

	for (; pattern[i] != '\0'; i++) {
		if (i >= s.n)
			return false;
		if (pattern[i] == '9' ? !is_digit(s.p[i]) :
		    pattern[i] == 'x' ? !is_hex_digit(s.p[i]) :
					s.p[i] != pattern[i])
			return false;
	}
	return true;
}

/* Hex that is neither a number nor a word. */
static bool
is_token(struct slice s)
{
	size_t letters = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (!is_hex_digit(s.p[i]))
			return false;
		letters += !is_digit(s.p[i]);
	}
	return s.n >= TOKEN_MIN && letters > 0 && letters < s.n;
}

/* 26 characters of Crockford's base32, a time in front. */
static bool
is_ulid(struct slice s)
{
	size_t digits = 0;

	if (s.n != 26 || s.p[0] < '0' || s.p[0] > '7')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]) && (s.p[i] < 'A' || s.p[i] > 'Z'))
			return false;
		digits += is_digit(s.p[i]);
	}
	return digits >= 2 && digits < s.n;
}

/* Seconds, milli- or microseconds since 1970, near the recording. */
static bool
is_epoch(struct slice s, int64_t recorded_us)
{
	uint64_t v, now = (uint64_t)recorded_us / 1000000;
	uint64_t unit = s.n == 10 ? 1 : s.n == 13 ? 1000 :
			s.n == 16 ? 1000000 : 0;

	if (unit == 0 || slice_uint(s, UINT64_MAX / 2, &v) != 0)
		return false;
	v /= unit;
	return v > now ? v - now < EPOCH_NEAR : now - v < EPOCH_NEAR;
}

static enum shape
shape_of(const struct tape *t, struct slice s)
{
	if (s.n == 36 && looks_like(s, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"))
		return SHAPE_UUID;
	if (s.n >= 19 && s.n <= 35 && looks_like(s, "9999-99-99") &&
	    (s.p[10] == 'T' || s.p[10] == ' ') &&
	    looks_like(slice_from(s, 11), "99:99:99"))
		return SHAPE_DATE;
	if (is_epoch(s, t->recorded_us))
		return SHAPE_EPOCH;
	if (is_token(s))
		return SHAPE_HEX;
	return is_ulid(s) ? SHAPE_ULID : SHAPE_NONE;
}

static bool
holds(const struct message *m, struct slice value)
{
	if (slice_find(m->line, value) >= 0 || slice_find(m->body, value) >= 0)
		return true;
	for (size_t i = 0; i < m->headers.n; i++)
		if (slice_find(m->headers.v[i].line, value) >= 0)
			return true;
	return false;
}

/* Did a client or a dependency say it before the service did? */
static bool
from_outside(const struct tape *t, const struct exchange *call,
	     struct slice value)
{
	int64_t inside = call->request.at_us, outside = INT64_MAX;

	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];
		bool ingress = t->lanes[x->lane].role == LANE_INGRESS;
		const struct message *in = ingress ? &x->request
						   : &x->response;
		const struct message *out = ingress ? &x->response
						    : &x->request;

		if (in->present && in->at_us < outside && holds(in, value))
			outside = in->at_us;
		if (out->present && out->at_us < inside && holds(out, value))
			inside = out->at_us;
	}
	return outside <= inside;
}

bool
noise_alike(const struct tape *t, const struct exchange *x,
	    struct slice recorded, struct slice live)
{
	enum shape shape = shape_of(t, recorded);

	switch (shape) {
	case SHAPE_NONE:
		return false;
	case SHAPE_DATE:
		return shape_of(t, live) == shape &&
		       !from_outside(t, x, recorded);
	case SHAPE_EPOCH:
		/* The replay may run years later. */
		return live.n == recorded.n && live.p[0] >= '1' &&
		       is_digit(live.p[live.n - 1]) &&
		       looks_like(live, "9999999999") &&
		       !from_outside(t, x, recorded);
	case SHAPE_UUID:
	case SHAPE_HEX:
	case SHAPE_ULID:
		return live.n == recorded.n && shape_of(t, live) == shape &&
		       !from_outside(t, x, recorded);
	}
	return false;
}
