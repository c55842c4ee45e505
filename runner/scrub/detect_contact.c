/* Detectors of ways to reach people: e-mail addresses, phone numbers. */
#include "detect.h"
#include "pii.h"

#include <dvr/base/attr.h>

#include <string.h>

#define EMAIL_MAX 254	/* RFC 5321 §4.5.3.1.3 */
#define LOCAL_MAX 64
#define PHONE_MIN 8	/* digits of an international number */
#define PHONE_BARE_MIN 10	/* of one in a run */
#define PHONE_MAX 15	/* E.164 */
#define PHONE_TEXT_MAX 24

static bool
is_ascii_letter(char c)
{
	return is_upper(c) || is_lower(c);
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
		if (!is_ascii_letter(s.p[i]))
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
	       (is_ascii_letter(text.p[to]) || is_digit(text.p[to]) ||
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

/* ---- phone numbers --------------------------------------------------- */

static bool
digits_are(struct slice text, size_t at, size_t n)
{
	return at + n <= text.n && digits_end(slice_range(text, at, at + n),
					      0) == n;
}

/*
 * 312-867-5309, 312.867.5309, (312) 867-5309, 312 867 5309: area and exchange
 * begin with 2 to 9 and are no service codes.  555-01xx is fiction.
 */
static size_t
american_end(struct slice text, size_t at)
{
	bool round = text.p[at] == '(';
	size_t area = at + round, exchange = area + 3, line;
	char sep;

	if (round) {
		if (char_at(text, exchange) != ')')
			return 0;
		exchange++;
		exchange += char_at(text, exchange) == ' ';
		sep = char_at(text, exchange + 3);
	} else {
		sep = char_at(text, exchange++);
	}
	line = exchange + 4;
	if ((sep != '-' && sep != '.' && sep != ' ') ||
	    char_at(text, line - 1) != sep || !digits_are(text, area, 3) ||
	    !digits_are(text, exchange, 3) || !digits_are(text, line, 4))
		return 0;
	if (text.p[area] < '2' || text.p[area + 1] == '9' ||
	    text.p[exchange] < '2' ||
	    (text.p[exchange + 1] == '1' && text.p[exchange + 2] == '1'))
		return 0;
	if (slice_eq(slice_range(text, exchange, exchange + 3),
		     SLICE("555")) && text.p[line] == '0' &&
	    text.p[line + 1] == '1')
		return 0;
	return line + 4;
}

/* "+49 30 901820", "+1 (312) 867-5309", "+493012345678". */
static size_t
international_end(struct slice text, size_t at)
{
	size_t to = at + 1, digits = 0, end = 0;

	if (char_at(text, to) == '0')
		return 0;
	for (; to < text.n && to - at < PHONE_TEXT_MAX; to++) {
		char c = text.p[to], after = char_at(text, to + 1);

		if (is_digit(c)) {
			digits++;
			end = to + 1;
			continue;
		}
		if (c == '(' && is_digit(after))
			continue;
		if (c == ')' && (is_digit(after) || after == ' ' ||
				 after == '-'))
			continue;
		if ((c != ' ' && c != '-' && c != '.') ||
		    (!is_digit(after) && after != '('))
			break;
	}
	/* +1 has ten digits behind it; without separators few are a sum */
	if (text.p[at + 1] == '1' ? digits != 11 : digits > PHONE_MAX ||
	    digits < (end - at - 1 == digits ? PHONE_BARE_MIN : PHONE_MIN))
		return 0;
	return end;
}

/* In base64 and sums a '+' stands between other characters. */
static bool
plus_begins(struct slice text, size_t at)
{
	char before = at > 0 ? text.p[at - 1] : ' ';

	return !is_token_char(before) && before != '+' && before != '/' &&
	       before != '=' && before != ')' && before != '.';
}

bool
detect_phone(struct slice text, size_t at, struct hit *out)
{
	bool plus = text.p[at] == '+';
	size_t to;

	if (plus && !plus_begins(text, at))
		return false;
	if (!plus && at > 0 && (is_token_char(text.p[at - 1]) ||
				text.p[at - 1] == '.' ||
				text.p[at - 1] == '+'))
		return false;
	to = plus ? international_end(text, at) : american_end(text, at);
	if (to == 0 || is_token_char(char_at(text, to)) ||
	    strchr("+/=@", char_at(text, to) ? char_at(text, to) : ' ') ||
	    (char_at(text, to) == '.' && is_digit(char_at(text, to + 1))))
		return false;
	*out = (struct hit){ .from = at, .to = to, .class = "phone" };
	return true;
}

bool
phone_shaped(struct slice v)
{
	size_t digits = 0, i;

	for (i = 0; i < v.n; i++) {
		if (is_digit(v.p[i]))
			digits++;
		else if (!strchr("+-.() x/", v.p[i]) || v.p[i] == '\0')
			return false;
	}
	return digits >= 7 && digits <= PHONE_MAX && v.n <= PHONE_TEXT_MAX + 8;
}
