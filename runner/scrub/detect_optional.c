/* Detectors that are off unless asked for: national ids, coordinates, addresses
 * of crypto currencies. */
#include "detect.h"

#include <dvr/base/attr.h>
#include <dvr/base/hash.h>

#include <string.h>

/* ---- national ids ------------------------------------------------------ */

/* `shape`: 9 a digit, A an upper-case letter, else itself. */
static bool
has_shape(struct slice text, size_t at, const char *shape)
{
	size_t i;

	for (i = 0; shape[i]; i++) {
		char c = char_at(text, at + i);

		if (shape[i] == '9' ? !is_digit(c) : shape[i] == 'A' ?
		    !is_upper(c) : c != shape[i])
			return false;
	}
	return true;
}

/* Spain: the letter follows from the number. */
static bool
dni_ok(struct slice text, size_t at)
{
	unsigned v = 0;
	size_t i;

	for (i = 0; i < 8; i++)
		v = v * 10 + (unsigned)(text.p[at + i] - '0');
	return "TRWAGMYFPDXBNJZSQVHLCKE"[v % 23] == text.p[at + 8];
}

/* Brazil: two check digits, modulo 11. */
static bool
cpf_ok(struct slice text, size_t at)
{
	unsigned d[11] = { 0 }, sum, round;
	size_t i, n = 0;

	for (i = 0; i < 14; i++) {
		if (is_digit(text.p[at + i]))
			d[n++] = (unsigned)(text.p[at + i] - '0');
	}
	for (round = 9; round < 11; round++) {
		for (sum = 0, i = 0; i < round; i++)
			sum += d[i] * (unsigned)(round + 1 - i);
		if (sum * 10 % 11 % 10 != d[round])
			return false;
	}
	return true;
}

/* France: 97 less the number modulo 97. */
static bool
nir_ok(struct slice text, size_t at)
{
	uint64_t v, key;

	return slice_uint(slice_range(text, at, at + 13), UINT64_MAX / 2,
			  &v) == 0 &&
	       slice_uint(slice_range(text, at + 13, at + 15), 99,
			  &key) == 0 && 97 - v % 97 == key;
}

static const struct {
	const char *shape;
	size_t before;		/* letters in front of the digits */
	bool (*check)(struct slice text, size_t at);
} ids[] = {
	{ "AA999999A", 2, NULL },		/* United Kingdom */
	{ "99999999A", 0, dni_ok },		/* Spain */
	{ "999.999.999-99", 0, cpf_ok },	/* Brazil */
	{ "9999 9999 9999", 0, NULL },		/* India */
	{ "999999999999999", 0, nir_ok },	/* France */
};

bool
detect_national_id(struct slice text, size_t at, struct hit *out)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(ids); i++) {
		size_t from = at - ids[i].before;
		size_t n = strlen(ids[i].shape);

		if (at < ids[i].before || !has_shape(text, from, ids[i].shape) ||
		    !token_begins(text, from) ||
		    is_token_char(char_at(text, from + n)) ||
		    (ids[i].check && !ids[i].check(text, from)))
			continue;
		*out = (struct hit){ .from = from, .to = from + n,
				     .class = "identity" };
		return true;
	}
	return false;
}

/* ---- coordinates ------------------------------------------------------------ */

/*
 * "lat": 52.520008, lng=13.404954, longitude='…': the digits from the third
 * decimal on.  What stays is a number of its kind, a kilometre wide.
 */
bool
detect_geo(struct slice text, size_t at, struct hit *out)
{
	size_t to = at, end;

	if (at > 0 && is_alnum(text.p[at - 1]) && !is_lower(text.p[at - 1]))
		return false;
	while (is_lower(char_at(text, to)) || is_upper(char_at(text, to)))
		to++;
	if (to - at != 3 && to - at != 8 && to - at != 9)
		return false;		/* lat, latitude, longitude */
	for (end = to; end < to + 6 && strchr("\"' :=-\\", char_at(text, end) ?
	     char_at(text, end) : 'x'); end++)
		;
	to = digits_end(text, end);
	if (to == end || to - end > 3 || char_at(text, to) != '.')
		return false;
	end = digits_end(text, to + 1);
	if (end < to + 5)
		return false;
	*out = (struct hit){ .from = to + 3, .to = end, .class = "geo" };
	return true;
}

/* ---- crypto currencies --------------------------------------------------------- */

static int
base58_digit(char c)
{
	static const char letters[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
		"abcdefghijkmnopqrstuvwxyz";
	const char *p = c ? strchr(letters, c) : NULL;

	return p ? (int)(p - letters) : -1;
}

/* 25 bytes, of which the last four are the double SHA-256 of the others. */
static bool
base58_ok(struct slice v)
{
	unsigned char bytes[25] = { 0 }, sum[SHA256_BYTES];
	size_t i, k;

	for (i = 0; i < v.n; i++) {
		int carry = base58_digit(v.p[i]);

		if (carry < 0)
			return false;
		for (k = 25; k > 0; k--) {
			carry += bytes[k - 1] * 58;
			bytes[k - 1] = (unsigned char)(carry & 0xff);
			carry >>= 8;
		}
		if (carry)
			return false;
	}
	sha256(slice_of(bytes, 21), sum);
	sha256(slice_of(sum, sizeof(sum)), sum);
	return memcmp(sum, bytes + 21, 4) == 0;
}

/* 1… and 3… (base58), bc1… (bech32), 0x and 40 hex digits. */
bool
detect_crypto(struct slice text, size_t at, struct hit *out)
{
	size_t to = at;

	if (!token_begins(text, at))
		return false;
	while (to < text.n && to - at < 91 && is_alnum(text.p[to]))
		to++;
	if (text.p[at] == 'b') {
		if (to - at != 42 && to - at != 62)
			return false;
	} else if (char_at(text, at + 1) == 'x' && text.p[at] == '0') {
		if (to - at != 42 || hex_end(text, at + 2) != to)
			return false;
	} else if ((text.p[at] != '1' && text.p[at] != '3') || to - at < 26 ||
		   to - at > 35 || !base58_ok(slice_range(text, at, to))) {
		return false;
	}
	if (is_token_char(char_at(text, to)))
		return false;
	*out = (struct hit){ .from = at, .to = to,
			     .class = "crypto-address" };
	return true;
}
