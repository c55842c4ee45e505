/* Weighs values and reads the names around them (see strength.h). */
#include "strength.h"

#include "segment.h"

#include <dvr/base/ascii.h>

#include <string.h>

/* Accepted on their own: this many bytes and bits at least. */
#define STRONG_BYTES 6
#define STRONG_BITS 20.0
/* Longer texts are no tokens. */
#define STRONG_MAX 8192

bool
value_is_integer(struct slice v)
{
	size_t i;

	for (i = 0; i < v.n; i++) {
		if (!is_digit(v.p[i]))
			return false;
	}
	return v.n > 0 && v.n <= 18;
}

/*
 * A letter of a word tells about one bit, a digit 3.3, a character of mixed
 * text five; what repeats tells little.
 */
bool
value_is_strong(struct slice v)
{
	size_t digits = 0, letters = 0, kinds = 0, n, i;
	bool seen[256] = { false };
	double each;

	if (v.n < STRONG_BYTES || v.n > STRONG_MAX)
		return false;
	for (i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];

		if (c <= ' ' || c == 0x7f)
			return false;
		digits += is_digit(v.p[i]);
		letters += is_letter(v.p[i]) || c >= 0x80;
		kinds += !seen[c];
		seen[c] = true;
	}
	n = digits + letters;
	if (n > 2 * kinds)
		n = 2 * kinds;
	each = letters == 0 ? 3.3 : digits == 0 ? 1.0 : 5.0;
	return (double)n * each >= STRONG_BITS;
}

/* Lower-case letters and digits of it. */
static struct slice
normal(struct arena *a, struct slice key)
{
	char *p = arena_str(a, key);
	size_t n = 0, i;

	for (i = 0; i < key.n; i++) {
		char c = key.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (is_letter(c) || is_digit(c) || (unsigned char)c >= 0x80)
			p[n++] = c;
	}
	return slice_of(p, n);
}

static struct slice
singular(struct arena *a, struct slice s)
{
	if (s.n > 4 && slice_ends(s, SLICE("ies")))
		return arena_fmt(a, "%.*sy", (int)s.n - 3, s.p);
	if (s.n > 2 && s.p[s.n - 1] == 's' && s.p[s.n - 2] != 's')
		return slice_range(s, 0, s.n - 1);
	return s;
}

static bool
ends_like_id(struct slice key)
{
	static const char *const ends[] = {
		"id", "token", "csrf", "xsrf", "nonce", "session", "cursor",
		"state", "secret", "ref", "slug", "etag", "uuid", "code",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(ends); i++) {
		struct slice end = slice_str(ends[i]);

		if (key.n >= end.n &&
		    slice_ieq(slice_from(key, key.n - end.n), end))
			return true;
	}
	return false;
}

bool
key_names_id(struct slice key)
{
	return ends_like_id(key);
}

struct slice
key_scope(struct arena *a, struct slice key, struct slice resource)
{
	struct slice k = normal(a, key);

	if (slice_eq(k, SLICE("id")) || slice_eq(k, SLICE("uuid")) ||
	    slice_eq(k, SLICE("pk")) || slice_eq(k, SLICE("key")))
		return resource;
	if (k.n > 2 && slice_ends(k, SLICE("id")))
		k = slice_range(k, 0, k.n - 2);
	return singular(a, k);
}

struct slice
path_resource(struct arena *a, struct slice path)
{
	struct slice found = SLICE("");

	while (path.p) {
		struct slice s = slice_cut(&path, '/');

		if (s.n > 0 && !segment_is_value(s))
			found = s;
	}
	return singular(a, normal(a, found));
}
