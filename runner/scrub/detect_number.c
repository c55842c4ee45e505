/* Detectors of numbers that name cards, accounts, people and devices. */
#include "detect.h"
#include "pii.h"

#include <dvr/base/attr.h>

#include <string.h>

/* ---- cards ----------------------------------------------------------- */

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

unsigned
luhn_sum(const char *digits, size_t n)
{
	unsigned sum = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned d = (unsigned)(digits[n - 1 - i] - '0');

		if (i % 2 == 1)
			d = d * 2 > 9 ? d * 2 - 9 : d * 2;
		sum += d;
	}
	return sum;
}

static bool
luhn_ok(const char *digits, size_t n)
{
	return luhn_sum(digits, n) % 10 == 0;
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
	return digits_end(text, at) - at;
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
	if (n == 0 || !number_stands_alone(text, at, at + n))
		return false;
	value = slice_range(text, at, at + n);
	count = take_digits(value, digits);
	if (!pan_is_valid(digits, count))
		return false;
	*out = (struct hit){ .from = at, .to = at + n, .class = "pan" };
	return true;
}

/*
 * Track one (%B…^NAME^YYMM…?) and two (;…=YYMM…?), ISO/IEC 7813: asked at the
 * separator behind the card's number.
 */
bool
detect_track(struct slice text, size_t at, struct hit *out)
{
	bool one = text.p[at] == '^';
	size_t from = at, to = at + 1;

	while (from > 0 && at - from < 20 && is_digit(text.p[from - 1]))
		from--;
	if (at - from < 13 || at - from > 19 || from == 0 ||
	    (text.p[from - 1] != (one ? 'B' : ';')))
		return false;
	while (to < text.n && to - at < 90 && text.p[to] != '?' &&
	       (one ? (unsigned char)text.p[to] >= ' ' :
		is_digit(text.p[to])))
		to++;
	if (to - at < 8)
		return false;
	*out = (struct hit){ .from = from, .to = to, .class = "track" };
	return true;
}

/* ---- accounts ------------------------------------------------------------ */

/* Lengths of the registry of ISO 13616. */
static const char iban_lengths[] =
	"AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22"
	"DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28"
	"HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25"
	"MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29"
	"RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29"
	"VA22VG24XK20YE30";

static size_t
iban_length(const char *country)
{
	const char *p = iban_lengths;

	for (; *p; p += 4) {
		if (p[0] == country[0] && p[1] == country[1])
			return (size_t)(p[2] - '0') * 10 +
			       (size_t)(p[3] - '0');
	}
	return 0;
}

static unsigned
mod97(unsigned rest, char c)
{
	if (is_digit(c))
		return (rest * 10 + (unsigned)(c - '0')) % 97;
	return (rest * 100 + (unsigned)(c - 'A') + 10) % 97;
}

/* The country's letters and check digits count last. */
static bool
mod97_ok(const char *v, size_t n)
{
	unsigned rest = 0;
	size_t i;

	if (n < 5)
		return false;
	for (i = 4; i < n; i++)
		rest = mod97(rest, v[i]);
	for (i = 0; i < 4; i++)
		rest = mod97(rest, v[i]);
	return rest == 1;
}

size_t
iban_at(struct slice text, size_t at)
{
	char v[34];
	size_t n = 0, want, to = at;

	if (text.n - at < 15 || !is_upper(text.p[at]) ||
	    !is_upper(text.p[at + 1]))
		return 0;
	want = iban_length(text.p + at);
	while (to < text.n && n < want) {
		char c = text.p[to];

		/* in groups of four, or in one */
		if (c == ' ' && n % 4 == 0 && n > 0) {
			to++;
			continue;
		}
		if (!is_digit(c) && !is_upper(c))
			return 0;
		v[n++] = c;
		to++;
	}
	return want > 0 && n == want && mod97_ok(v, n) ? to : 0;
}

/* Asked at the check digits, behind the country's two letters. */
bool
detect_iban(struct slice text, size_t at, struct hit *out)
{
	size_t from, to;

	if (at < 2 || !is_upper(text.p[at - 1]) || !is_upper(text.p[at - 2]))
		return false;
	from = at - 2;
	if (!token_begins(text, from))
		return false;
	to = iban_at(text, from);
	if (to == 0 || is_token_char(char_at(text, to)))
		return false;
	*out = (struct hit){ .from = from, .to = to, .class = "iban" };
	return true;
}

/* The checksum of the American Bankers Association: 3, 7, 1. */
bool
aba_is_valid(struct slice v)
{
	static const unsigned weight[3] = { 3, 7, 1 };
	unsigned sum = 0, area;
	size_t i;

	if (v.n != 9 || digits_end(v, 0) != 9)
		return false;
	for (i = 0; i < 9; i++)
		sum += (unsigned)(v.p[i] - '0') * weight[i % 3];
	area = (unsigned)(v.p[0] - '0') * 10 + (unsigned)(v.p[1] - '0');
	return sum > 0 && sum % 10 == 0 && (area <= 12 ||
	       (area >= 21 && area <= 32) || (area >= 61 && area <= 72) ||
	       area == 80);
}

/* ---- people ------------------------------------------------------------------ */

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

static bool
dashed_at(struct slice text, size_t at, struct slice *v)
{
	*v = slice_range(text, at, at + 11);
	return v->n == 11 && v->p[3] == '-' && ssn_shaped(*v) &&
	       number_stands_alone(text, at, at + 11);
}

bool
detect_ssn(struct slice text, size_t at, struct hit *out)
{
	struct slice v;

	if (!dashed_at(text, at, &v))
		return false;
	/* areas, groups and serials that were never given out */
	if (slice_starts(v, SLICE("000")) || slice_starts(v, SLICE("666")) ||
	    v.p[0] == '9' || slice_eq(slice_range(v, 4, 6), SLICE("00")) ||
	    slice_eq(slice_range(v, 7, 11), SLICE("0000")))
		return false;
	*out = (struct hit){ .from = at, .to = at + 11, .class = "ssn" };
	return true;
}

/* Area 9xx and the groups that the tax office gives out. */
bool
detect_itin(struct slice text, size_t at, struct hit *out)
{
	struct slice v;
	unsigned group;

	if (text.p[at] != '9' || !dashed_at(text, at, &v))
		return false;
	group = (unsigned)(v.p[4] - '0') * 10 + (unsigned)(v.p[5] - '0');
	if (group < 50 || (group > 65 && group < 70) || group == 89 ||
	    group == 93)
		return false;
	*out = (struct hit){ .from = at, .to = at + 11, .class = "ssn" };
	return true;
}

/* ---- devices ------------------------------------------------------------------- */

bool
imei_is_valid(struct slice v)
{
	char digits[19];
	size_t n = take_digits(v, digits);

	return n == 15 && luhn_ok(digits, n) && digits[0] != '0';
}

/* 49-015420-323751-8; without groups it takes a name. */
bool
detect_imei(struct slice text, size_t at, struct hit *out)
{
	struct slice v = slice_range(text, at, at + 18);

	if (v.n != 18 || v.p[2] != '-' || v.p[9] != '-' || v.p[16] != '-' ||
	    !number_stands_alone(text, at, at + 18) || !imei_is_valid(v))
		return false;
	*out = (struct hit){ .from = at, .to = at + 18, .class = "imei" };
	return true;
}
