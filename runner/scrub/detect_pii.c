/* Detectors of personal data: e-mail addresses, card numbers, SSNs. */
#include "detect.h"
#include "pii.h"

#include <dvr/base/attr.h>

#include <string.h>

#define EMAIL_MAX 254	/* RFC 5321 §4.5.3.1.3 */
#define LOCAL_MAX 64

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- e-mail ------------------------------------------------------------ */

static bool
local_char(char c)
{
	return is_token_char(c) || c == '.' || c == '+';
}

/* icon@2x.png, pkg@1.2.js: files, not people. */
static bool
is_file_type(struct slice tld)
{
	static const char *const types[] = { "png", "jpg", "jpeg", "gif",
		"svg", "webp", "css", "js", "ts", "mjs", "cjs", "json" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(types); i++) {
		if (slice_ieq(tld, slice_str(types[i])))
			return true;
	}
	return false;
}

static bool
all_letters(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (!is_letter(s.p[i]))
			return false;
	}
	return true;
}

/* Where the domain after the '@' ends, or 0. */
static size_t
domain_end(struct slice text, size_t at)
{
	size_t to = at + 1, dot = 0;
	struct slice tld;

	while (to < text.n && to - at < EMAIL_MAX &&
	       (is_letter(text.p[to]) || is_digit(text.p[to]) ||
		text.p[to] == '-' || text.p[to] == '.')) {
		if (text.p[to] == '.' && text.p[to - 1] == '.')
			return 0;
		to++;
	}
	while (to > at + 1 && (text.p[to - 1] == '.' || text.p[to - 1] == '-'))
		to--;			/* the end of a sentence */
	for (size_t i = at + 1; i < to; i++) {
		if (text.p[i] == '.')
			dot = i;
	}
	if (dot <= at + 1)
		return 0;
	tld = slice_range(text, dot + 1, to);
	return tld.n < 2 || tld.n > 24 || !all_letters(tld) ||
	       is_file_type(tld) ? 0 : to;
}

bool
detect_email(struct slice text, size_t at, struct hit *out)
{
	size_t from = at, to;

	while (from > 0 && at - from < LOCAL_MAX && local_char(text.p[from - 1]))
		from--;
	while (from < at && (text.p[from] == '.' || text.p[from] == '-'))
		from++;
	if (from == at || text.p[at - 1] == '.')
		return false;
	/* the user of an SSH URL, and what stands behind "user:" in one */
	if (slice_eq(slice_range(text, from, at), SLICE("git")))
		return false;
	to = domain_end(text, at);
	if (to == 0)
		return false;
	*out = (struct hit){ .from = from, .to = to, .class = "email" };
	return true;
}

/* ---- card numbers -------------------------------------------------------- */

/* Issuers' ranges by their first four digits, with the lengths they use. */
static const struct {
	unsigned from, to, min, max;
} issuers[] = {
	{ 2221, 2720, 16, 16 },		/* Mastercard */
	{ 3000, 3059, 14, 19 },		/* Diners */
	{ 3400, 3499, 15, 15 },		/* American Express */
	{ 3528, 3589, 16, 19 },		/* JCB */
	{ 3600, 3699, 14, 19 },		/* Diners */
	{ 3700, 3799, 15, 15 },
	{ 3800, 3999, 14, 19 },
	{ 4000, 4999, 13, 19 },		/* Visa */
	{ 5018, 5018, 13, 19 },		/* Maestro */
	{ 5020, 5020, 13, 19 },
	{ 5038, 5038, 13, 19 },
	{ 5100, 5599, 16, 16 },		/* Mastercard */
	{ 5893, 5893, 13, 19 },
	{ 6011, 6011, 16, 19 },		/* Discover */
	{ 6200, 6299, 16, 19 },		/* UnionPay */
	{ 6304, 6304, 13, 19 },
	{ 6440, 6599, 16, 19 },
	{ 6759, 6763, 13, 19 },
};

static bool
luhn_ok(const char *digits, size_t n)
{
	unsigned sum = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned d = (unsigned)(digits[n - 1 - i] - '0');

		if (i % 2 == 1)
			d = d * 2 > 9 ? d * 2 - 9 : d * 2;
		sum += d;
	}
	return sum % 10 == 0;
}

bool
pan_is_valid(const char *digits, size_t n)
{
	unsigned iin = 0;
	size_t i;

	if (n < 13 || n > 19 || !luhn_ok(digits, n))
		return false;
	for (i = 0; i < 4; i++)
		iin = iin * 10 + (unsigned)(digits[i] - '0');
	for (i = 0; i < ARRAY_LEN(issuers); i++) {
		if (iin >= issuers[i].from && iin <= issuers[i].to)
			return n >= issuers[i].min && n <= issuers[i].max;
	}
	return false;
}

/* Digits of `value` into out (19 at most); 0 when there are others. */
static size_t
take_digits(struct slice value, char out[19])
{
	size_t i, n = 0;

	for (i = 0; i < value.n; i++) {
		if (value.p[i] == ' ' || value.p[i] == '-')
			continue;
		if (!is_digit(value.p[i]) || n == 19)
			return 0;
		out[n++] = value.p[i];
	}
	return n;
}

bool
pan_bin(struct slice value, char out[7])
{
	char digits[19];

	if (take_digits(value, digits) < 13)
		return false;
	memcpy(out, digits, 6);
	out[6] = '\0';
	return true;
}

bool
pan_is_grouped(struct slice value)
{
	return slice_chr(value, ' ') >= 0 || slice_chr(value, '-') >= 0;
}

static size_t
digits_at(struct slice text, size_t at)
{
	size_t n = 0;

	while (at + n < text.n && is_digit(text.p[at + n]))
		n++;
	return n;
}

/* How far a number in groups that cards use reaches from `at`; 0: none. */
static size_t
grouped_length(struct slice text, size_t at)
{
	static const unsigned char groups[][6] = {
		{ 4, 4, 4, 4, 3, 0 }, { 4, 4, 4, 4, 0 }, { 4, 6, 5, 0 },
		{ 4, 6, 4, 0 },
	};
	char sep = at + 4 < text.n ? text.p[at + 4] : '\0';
	size_t i, k;

	if (sep != ' ' && sep != '-')
		return 0;
	for (i = 0; i < ARRAY_LEN(groups); i++) {
		size_t to = at;

		for (k = 0; groups[i][k]; k++) {
			if (k > 0 && (to >= text.n || text.p[to] != sep))
				break;
			to += k > 0;
			if (digits_at(text, to) != groups[i][k])
				break;
			to += groups[i][k];
		}
		if (groups[i][k] == 0)
			return to - at;
	}
	return 0;
}

/* A number that goes on in letters, a fraction or a dash is no card. */
static bool
stands_alone(struct slice text, size_t from, size_t to)
{
	char before = from > 0 ? text.p[from - 1] : ' ';
	char after = to < text.n ? text.p[to] : ' ';

	/* the hex digits of a percent escape, or an escape's letter */
	if (from >= 3 && text.p[from - 3] == '%')
		before = ' ';
	if (from >= 2 && text.p[from - 2] == '\\')
		before = ' ';
	if (is_token_char(before) || is_token_char(after))
		return false;
	if (before == '.' && from >= 2 && is_digit(text.p[from - 2]))
		return false;
	return after != '.' || to + 1 >= text.n || !is_digit(text.p[to + 1]);
}

bool
detect_pan(struct slice text, size_t at, struct hit *out)
{
	size_t n = digits_at(text, at);
	char digits[19];
	struct slice value;
	size_t count;

	if (n == 4)
		n = grouped_length(text, at);
	else if (n < 14 || n > 19)	/* 13: an EAN passes too often */
		return false;
	if (n == 0 || !stands_alone(text, at, at + n))
		return false;
	value = slice_range(text, at, at + n);
	count = take_digits(value, digits);
	if (!pan_is_valid(digits, count))
		return false;
	*out = (struct hit){ .from = at, .to = at + n, .class = "pan" };
	return true;
}

/* ---- social security numbers ---------------------------------------------- */

bool
ssn_shaped(struct slice v)
{
	size_t i;

	if (v.n != 9 && v.n != 11)
		return false;
	for (i = 0; i < v.n; i++) {
		bool dash = v.n == 11 && (i == 3 || i == 6);

		if (dash ? v.p[i] != '-' : !is_digit(v.p[i]))
			return false;
	}
	return true;
}

bool
detect_ssn(struct slice text, size_t at, struct hit *out)
{
	struct slice v = slice_range(text, at, at + 11);

	if (v.n != 11 || v.p[3] != '-' || !ssn_shaped(v) ||
	    !stands_alone(text, at, at + 11))
		return false;
	/* areas, groups and serials that were never given out */
	if (slice_starts(v, SLICE("000")) || slice_starts(v, SLICE("666")) ||
	    v.p[0] == '9' || slice_eq(slice_range(v, 4, 6), SLICE("00")) ||
	    slice_eq(slice_range(v, 7, 11), SLICE("0000")))
		return false;
	*out = (struct hit){ .from = at, .to = at + 11, .class = "ssn" };
	return true;
}
