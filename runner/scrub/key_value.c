/* What a value must look like to be the secret that its name promises. */
#include "keys.h"

#include <dvr/base/attr.h>

#include <math.h>
#include <string.h>

#include "pii.h"

#define ENTROPY_BITS 3.5	/* a byte; words have less */
#define ENTROPY_MIN 20		/* bytes */
#define ENTROPY_MAX 512
#define NAME_MAX_BYTES 128
#define BORN_FROM 1900
#define BORN_TO 2035

struct kinds {			/* of characters in a value */
	size_t digits, upper, lower, spaces, other, hex;
};

static struct kinds
count(struct slice v)
{
	struct kinds k = { 0 };
	size_t i;

	for (i = 0; i < v.n; i++) {
		k.digits += is_digit(v.p[i]);
		k.upper += is_upper(v.p[i]);
		k.lower += is_lower(v.p[i]);
		k.spaces += v.p[i] == ' ';
		k.hex += is_hex_digit(v.p[i]);
	}
	k.other = v.n - k.digits - k.upper - k.lower - k.spaces;
	return k;
}

/* What stands where there is no value, or where somebody took it away. */
static bool
is_placeholder(struct slice v)
{
	static const char *const words[] = { "null", "none", "nil", "true",
		"false", "undefined", "string", "[redacted]", "redacted",
		"[filtered]", "<redacted>" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		if (slice_ieq(v, slice_str(words[i])))
			return true;
	}
	for (i = 0; i < v.n; i++) {
		if (v.p[i] != '*')
			return false;
	}
	return true;
}

static bool
only(struct slice v, const char *more)
{
	size_t i;

	for (i = 0; i < v.n; i++) {
		if (!is_digit(v.p[i]) && (!v.p[i] || !strchr(more, v.p[i])))
			return false;
	}
	return true;
}

/* A machine drew it: in a URL a word with a digit is enough, in a body codes
 * such as ERR_INVALID_ARG_TYPE2 are not. */
static bool
is_random(struct slice v, const struct kinds *k, enum key_where where)
{
	if (v.n < 16 || k->digits == 0 || k->spaces > 0)
		return false;
	if (where == KEY_URL)
		return true;
	return v.n >= ENTROPY_MIN && k->lower > 0 &&
	       (k->upper > 0 || k->hex == v.n) && slice_chr(v, '/') < 0;
}

/* "sess=…; a=1": a name, and behind it what is no word. */
static bool
is_cookie(struct slice v)
{
	size_t eq = 0;

	while (eq < v.n && is_token_char(v.p[eq]))
		eq++;
	return eq > 0 && v.n - eq > 8 && v.p[eq] == '=';
}

static bool
is_uuid_shaped(struct slice v)
{
	return v.n == 36 && v.p[8] == '-' && v.p[13] == '-' &&
	       v.p[18] == '-' && v.p[23] == '-';
}

/* A session's id: no version, path, time or word of prose. */
static bool
is_opaque(struct slice v, const struct kinds *k)
{
	size_t i;

	if (v.n < 8 || k->spaces > 0 || (k->digits == 0 && v.n < 20) ||
	    (k->digits == v.n && v.n < 16))
		return false;
	for (i = 0; i < v.n; i++) {
		if (!is_token_char(v.p[i]) && !strchr("+=~.%:", v.p[i]) &&
		    (v.p[i] != '/' || v.n < 24))
			return false;
	}
	return k->upper + k->lower > 0 || slice_chr(v, '.') < 0;
}

/* Shannon's, of the bytes: an id of hex digits or a path has less, or is told
 * by its shape. */
static bool
has_entropy(struct slice v, const struct kinds *k)
{
	unsigned seen[256] = { 0 };
	double bits = 0;
	size_t i;

	if (v.n < ENTROPY_MIN || v.n > ENTROPY_MAX || k->digits == 0 ||
	    k->upper == 0 || k->lower == 0 || k->spaces > 0 ||
	    is_uuid_shaped(v))
		return false;
	for (i = 0; i < v.n; i++) {
		if (!is_token_char(v.p[i]) && !strchr("+=~", v.p[i]))
			return false;
		seen[(unsigned char)v.p[i]]++;
	}
	for (i = 0; i < 256; i++) {
		double p = (double)seen[i] / (double)v.n;

		if (seen[i])
			bits -= p * log2(p);
	}
	return bits >= ENTROPY_BITS;
}

/* 1980-02-29, 29.02.1980, 2/29/1980, 19800229, with a time or without. */
static bool
is_life_date(struct slice v)
{
	size_t i, digits;

	if (v.n < 8 || v.n > 32)
		return false;
	for (i = 0; i + 4 <= v.n; i++) {
		uint64_t year;

		digits = digits_end(v, i) - i;
		if (digits != 4 && digits != 8) {
			i += digits ? digits - 1 : 0;
			continue;
		}
		if (slice_uint(slice_range(v, i, i + 4), 9999, &year) == 0 &&
		    year >= BORN_FROM && year <= BORN_TO)
			return only(slice_range(v, 0, 10), "-/. ") ||
			       slice_chr(v, 'T') == 10;
		i += digits - 1;
	}
	return false;
}

static bool
is_name(struct slice v, const struct kinds *k)
{
	return v.n >= 2 && v.n <= NAME_MAX_BYTES && !is_digit(v.p[0]) &&
	       (k->upper + k->lower > 1 || k->other > 1) &&
	       !memchr(v.p, '{', v.n) && !memchr(v.p, '<', v.n);
}

/* "address" may be one of a machine, a wallet or a building. */
static bool
is_street(struct slice v, const struct kinds *k)
{
	return v.n >= 6 && v.n <= 512 && k->upper + k->lower >= 3 &&
	       k->spaces > 0 && slice_find(v, SLICE("://")) < 0;
}

/* Looser than the look of one: letters of any script, no file types. */
static bool
is_mail(struct slice v, const struct kinds *k)
{
	ssize_t at = slice_chr(v, '@');

	return at > 0 && k->spaces == 0 &&
	       slice_chr(slice_from(v, (size_t)at), '.') > 1 &&
	       slice_chr(v, ':') < 0 && slice_chr(v, '/') < 0;
}

/* C01X00T47, 123.456.789-09, DE 123456789; no version number. */
static bool
is_id(struct slice v, const struct kinds *k)
{
	size_t i;

	if (k->digits < 5 || v.n > 24 || k->lower > 0 || only(v, "."))
		return k->digits >= 6 && k->digits == v.n && v.n <= 24;
	for (i = 0; i < v.n; i++) {
		if (!is_alnum(v.p[i]) && !strchr("-. /", v.p[i]))
			return false;
	}
	return true;
}

static bool
is_mac(struct slice v)
{
	size_t i, n = 0;

	for (i = 0; i < v.n; i++) {
		if (is_hex_digit(v.p[i]))
			n++;
		else if (!strchr(":-.", v.p[i]) || !v.p[i])
			return false;
	}
	return n == 12;
}

static bool
is_person_number(const struct key_row *row, struct slice v,
		 const struct kinds *k)
{
	switch (row->take) {
	case TAKE_ACCOUNT:
		return k->digits >= 5 && k->digits <= 17 && only(v, " -");
	case TAKE_ROUTING:
		return aba_is_valid(v);
	case TAKE_IBAN:
		return iban_at(v, 0) == v.n && v.n > 0;
	case TAKE_ID:
		return is_id(v, k);
	case TAKE_IMEI:
		return k->digits >= 14 && k->digits <= 16 && only(v, " -/");
	case TAKE_EMAIL:
		return is_mail(v, k);
	case TAKE_PHONE:
		return phone_shaped(v);
	case TAKE_IPV4:
		return ipv4_is_public(v);
	case TAKE_MAC:
		return is_mac(v);
	case TAKE_DATE:
		return is_life_date(v);
	case TAKE_NAME:
		return is_name(v, k);
	case TAKE_STREET:
		return is_street(v, k);
	case TAKE_PLACE:
		return v.n >= 3 && v.n <= 512 && k->upper + k->lower +
		       k->other > 1;
	case TAKE_POSTCODE:
		return v.n >= 4 && v.n <= 10 && k->digits >= 2 &&
		       k->lower == 0;
	case TAKE_ANY:
	case TAKE_LONG:
	case TAKE_OPAQUE:
	case TAKE_COOKIE:
	case TAKE_RANDOM:
	case TAKE_ENTROPY:
	case TAKE_DIGITS:
	case TAKE_NUMBER:
	case TAKE_NEVER:
		break;
	}
	return false;
}

bool
key_takes(const struct key_row *row, struct slice value, enum key_where where)
{
	struct kinds k;

	if (value.n == 0 || is_placeholder(value))
		return false;
	if (row->take == TAKE_ANY)	/* counts are no passwords */
		return value.n > 2 || !only(value, "");
	if (row->take == TAKE_LONG)
		return value.n >= 8;
	k = count(value);
	switch (row->take) {
	case TAKE_OPAQUE:
		return is_opaque(value, &k);
	case TAKE_COOKIE:
		return is_cookie(value) || is_opaque(value, &k);
	case TAKE_RANDOM:
		return is_random(value, &k, where);
	case TAKE_ENTROPY:
		return has_entropy(value, &k);
	case TAKE_DIGITS:
		return value.n >= 3 && value.n <= 8 && k.digits == value.n;
	case TAKE_NUMBER:
		return k.digits >= 9 && value.n <= 32 && only(value, " -");
	case TAKE_ANY:
	case TAKE_LONG:
	case TAKE_ACCOUNT:
	case TAKE_ROUTING:
	case TAKE_IBAN:
	case TAKE_ID:
	case TAKE_IMEI:
	case TAKE_EMAIL:
	case TAKE_PHONE:
	case TAKE_IPV4:
	case TAKE_MAC:
	case TAKE_DATE:
	case TAKE_NAME:
	case TAKE_STREET:
	case TAKE_PLACE:
	case TAKE_POSTCODE:
	case TAKE_NEVER:
		break;
	}
	return is_person_number(row, value, &k);
}
