/* Personal data with its shape: made into a class, and back. */
#include "shape.h"

#include <dvr/base/attr.h>

#include <string.h>

#include "detect.h"
#include "draw.h"
#include "pii.h"

#define DIGITS SLICE("0123456789")
#define UPPER SLICE("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
#define LOWER SLICE("abcdefghijklmnopqrstuvwxyz")
#define HEX SLICE("0123456789abcdef")

/* ---- shapes ----------------------------------------------------------- */

/* Separators, and the letters that they have in a shape. */
static const char pairs[][2] = { { ' ', 's' }, { '-', 'd' }, { '.', 'o' },
	{ '/', 'h' }, { ':', 'c' }, { '+', 'p' }, { '(', 'l' }, { ')', 'r' },
	{ ',', 'k' }, { '#', 'q' }, { '\'', 'a' } };

static char
paired(char c, bool letter)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(pairs); i++) {
		if (pairs[i][letter] == c)
			return pairs[i][!letter];
	}
	return '\0';
}

static char
kind_of(char c)
{
	return is_digit(c) ? 'n' : is_upper(c) ? 'u' : is_lower(c) ? 'w' : '\0';
}

/* Appends the shape of `value`; false when it has none. */
static bool
put_shape(struct slice value, struct buf *out)
{
	size_t i, to;

	for (i = 0; i < value.n; i = to) {
		char kind = kind_of(value.p[i]);

		to = i + 1;
		if (!kind) {
			if (!paired(value.p[i], false))
				return false;
			buf_addc(out, paired(value.p[i], false));
			continue;
		}
		while (to < value.n && kind_of(value.p[to]) == kind)
			to++;
		buf_fmt(out, "%c%zu", kind, to - i);
	}
	return true;
}

/* The next run of a shape: its kind or separator, and how many. */
static bool
next_run(struct slice *shape, char *c, size_t *n)
{
	size_t to = 1;
	uint64_t count;

	if (shape->n == 0)
		return false;
	*c = shape->p[0];
	*n = 1;
	while (to < shape->n && is_digit(shape->p[to]))
		to++;
	if (to > 1) {
		if (slice_uint(slice_range(*shape, 1, to), 64, &count) < 0)
			return false;
		*n = (size_t)count;
	}
	*shape = slice_from(*shape, to);
	return true;
}

/* ---- values ---------------------------------------------------------- */

/* Draws a run at a time: what a class asks of its digits is done after. */
static bool
put_runs(struct stream *s, struct slice shape, struct buf *out)
{
	size_t n;
	char c;

	while (next_run(&shape, &c, &n)) {
		if (c == 'n')
			fill(s, DIGITS, n, out);
		else if (c == 'u')
			fill(s, UPPER, n, out);
		else if (c == 'w')
			fill(s, LOWER, n, out);
		else if (paired(c, true))
			buf_addc(out, paired(c, true));
		else
			return false;
	}
	return shape.n == 0;
}

static size_t
count_digits(struct slice v)
{
	size_t i, n = 0;

	for (i = 0; i < v.n; i++)
		n += is_digit(v.p[i]);
	return n;
}

/* Puts `digits` in the places of the text's digits from number `from` on. */
static void
set_digits(char *text, size_t n, size_t from, const char *digits)
{
	size_t i, at = 0;

	for (i = 0; i < n && *digits; i++) {
		if (is_digit(text[i]) && at++ >= from)
			text[i] = *digits++;
	}
}

/* Fiction: 555-01xx, and a country code that nobody has. */
static void
fix_phone(char *text, size_t n)
{
	size_t digits = count_digits(slice_of(text, n));
	bool plus = text[0] == '+';

	if (digits == 10 && !plus) {
		set_digits(text, n, 0, "2");
		set_digits(text, n, 3, "55501");
	} else if (digits == 11) {
		set_digits(text, n, 0, "12");
		set_digits(text, n, 4, "55501");
	} else {
		set_digits(text, n, 0, plus ? "999" : "9");
	}
}

/* A day or month from 1 to 9, valid whichever stands first. */
static void
fix_day(char *text, size_t n)
{
	if (n == 2)
		text[0] = '0';
	if (text[n - 1] == '0')
		text[n - 1] = '1';
}

/* A day of the last century; its time of day is midnight. */
static void
fix_date(char *text, size_t n)
{
	struct slice v = slice_of(text, n);
	size_t i, to, seen = 0;

	for (i = 0; i < n; i = to) {
		to = digits_end(v, i);
		if (to == i) {
			if (is_upper(text[i]))
				text[i] = i == 10 ? 'T' : 'Z';
			to++;
		} else if (seen >= 8) {
			memset(text + i, '0', to - i);
		} else if (to - i >= 4) {
			memcpy(text + i, "19", 2);
			if (to - i == 8) {
				fix_day(text + i + 4, 2);
				fix_day(text + i + 6, 2);
			}
			seen += to - i == 8 ? 8 : 4;
		} else {
			fix_day(text + i, to - i > 2 ? 2 : to - i);
			seen += 2;
		}
	}
}

/* Check digits 00 are never right: 02 to 98 are. */
static void
fix_iban(char *text, size_t n)
{
	set_digits(text, n, 0, "00");
}

/* 00 at the start is no office's, and the check digit is wrong for it. */
static void
fix_imei(char *text, size_t n)
{
	set_digits(text, n, 0, "00");
}

/* No leading zero: it may stand as a number of JSON. */
static void
fix_number(char *text, size_t n)
{
	if (n > 0 && text[0] == '0')
		text[0] = '7';
}

static const struct shaped {
	const char *class;
	void (*fix)(char *text, size_t n);
} shaped[] = {
	{ "phone-", fix_phone }, { "dob-", fix_date }, { "iban-", fix_iban },
	{ "imei-", fix_imei }, { "account-", fix_number },
	{ "routing-", fix_number }, { "identity-", fix_number },
	{ "postcode-", fix_number },
};

/* Below 198.18/15 (RFC 2544), or of a private network where that is too long. */
static void
put_ipv4(struct stream *s, size_t n, struct buf *out)
{
	size_t x = n > 10 ? (n - 8 + 1) / 2 : 1, y;

	if (n < 10) {
		buf_adds(out, n == 7 ? "0.1.1.1" : n == 8 ? "10.1.1.1" :
			 "10.1.1.12");
		return;
	}
	x = x > 3 ? 3 : x;
	y = n - 8 - x;
	buf_adds(out, draw(s) % 2 ? "198.18." : "198.19.");
	fill(s, SLICE("1"), 1, out);
	fill(s, DIGITS, x - 1, out);
	buf_addc(out, '.');
	fill(s, SLICE("1"), 1, out);
	fill(s, DIGITS, y - 1, out);
}

/* 2001:db8::/32 (RFC 3849), groups of up to four digits. */
static void
put_ipv6(struct stream *s, size_t n, struct buf *out)
{
	bool full = n > 34;
	size_t groups, left;

	if (n < 11 && n > 6) {		/* a private one (RFC 4193) */
		buf_adds(out, "fd00::");
		fill(s, SLICE("123456789abcdef"), n - 6, out);
		return;
	}
	buf_adds(out, full ? "2001:0db8:" : "2001:db8::");
	if (n <= 10)
		return;
	left = n - 10;
	groups = full ? 6 : (left + 5) / 5;
	left -= groups - 1;
	for (; groups > 0; groups--) {
		size_t take = left - (groups - 1) > 4 ? 4 :
			left - (groups - 1);

		fill(s, SLICE("123456789abcdef"), 1, out);
		fill(s, HEX, take - 1, out);
		left -= take;
		if (groups > 1)
			buf_addc(out, ':');
	}
}

/* Locally administered: nobody's card has it. */
static void
put_mac(struct stream *s, char separator, struct buf *out)
{
	size_t i;

	buf_adds(out, "02");
	for (i = 0; i < 5; i++) {
		buf_addc(out, separator);
		fill(s, HEX, 2, out);
	}
}

/* ---- in and out ---------------------------------------------------------- */

static const struct shaped *
shaped_of(struct slice class)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(shaped); i++) {
		if (slice_starts(class, slice_str(shaped[i].class)))
			return &shaped[i];
	}
	return NULL;
}

static bool
is_address(struct slice class)
{
	return slice_eq(class, SLICE("ipv4")) ||
	       slice_eq(class, SLICE("ipv6")) ||
	       slice_eq(class, SLICE("mac")) || slice_eq(class, SLICE("mac-d"));
}

static bool
has_text(struct slice class)
{
	return slice_eq(class, SLICE("name")) ||
	       slice_eq(class, SLICE("address"));
}

struct slice
shape_class(struct arena *a, struct slice class, struct slice value)
{
	struct slice done = { 0 };
	struct buf b;

	if (slice_eq(class, SLICE("mac")) && value.n == 17 &&
	    value.p[2] == '-')
		return SLICE("mac-d");
	if (is_address(class) || has_text(class))
		return arena_copy(a, class);
	buf_init(&b, HANDLE_CLASS_MAX);
	buf_add(&b, class);
	buf_addc(&b, '-');
	if (shaped_of(buf_slice(&b)) && put_shape(value, &b) && !b.full)
		done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

bool
shape_is_of(const struct handle *h)
{
	return is_address(h->class) || has_text(h->class) ||
	       shaped_of(h->class);
}

bool
shape_expand(const struct handle *h, struct buf *out)
{
	struct stream s = { .seed = h->text, .used = SHA256_BYTES };
	const struct shaped *x = shaped_of(h->class);
	bool done;
	struct buf b;

	if (!shape_is_of(h))
		return false;
	buf_init(&b, h->length + 64);
	if (slice_eq(h->class, SLICE("ipv4")))
		put_ipv4(&s, h->length, &b);
	else if (slice_eq(h->class, SLICE("ipv6")))
		put_ipv6(&s, h->length, &b);
	else if (slice_starts(h->class, SLICE("mac")))
		put_mac(&s, slice_ends(h->class, SLICE("-d")) ? '-' : ':', &b);
	else if (!x)
		fill(&s, LOWER, h->length, &b);
	else if (put_runs(&s, slice_from(h->class, strlen(x->class)), &b) &&
		 b.n > 0)
		x->fix(b.p, b.n);
	if (!x && has_text(h->class) && b.n > 0)
		b.p[0] = (char)(b.p[0] - 'a' + 'A');
	done = b.n == h->length && !b.full;
	if (done)
		buf_add(out, buf_slice(&b));
	buf_release(&b);
	return done;
}

bool
shape_covers(const struct handle *h, struct slice live)
{
	const struct shaped *x = shaped_of(h->class);
	bool same;
	struct buf b;
	size_t i;

	for (i = 0; i < live.n; i++) {
		if ((unsigned char)live.p[i] < 0x20)
			return false;
	}
	if (!x)
		return true;
	buf_init(&b, HANDLE_CLASS_MAX);
	buf_adds(&b, x->class);
	same = put_shape(live, &b) && slice_eq(buf_slice(&b), h->class);
	buf_release(&b);
	return same;
}
