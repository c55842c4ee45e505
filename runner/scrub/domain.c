/* The domain of each class: expansions of a handle, and membership. */
#include "handle.h"

#include <dvr/base/hash.h>
#include <dvr/scrub/values.h>

#include "draw.h"
#include "issuer_form.h"
#include "pii.h"
#include "shape.h"
#include "vendor.h"

#include <string.h>

#define LOWER_ALNUM SLICE("abcdefghijklmnopqrstuvwxyz0123456789")
/* Of shorter values nobody knows what else they might have been. */
#define CASE_MIN 16

static void
fill_alphabet(struct stream *s, enum alphabet a, size_t n, struct buf *out)
{
	fill(s, alphabet_letters(a), n, out);
}

static bool
all_of(enum alphabet a, struct slice v)
{
	size_t i;

	for (i = 0; i < v.n; i++) {
		if (!alphabet_has(a, v.p[i]))
			return false;
	}
	return true;
}

/* ---- shapes of any class ------------------------------------------ */

static void
expand_digits(struct stream *s, size_t n, struct buf *out)
{
	/* never a leading zero: it may stand as a JSON number */
	fill(s, SLICE("123456789"), n > 0, out);
	fill_alphabet(s, ALPHA_DIGITS, n - (n > 0), out);
}

static void
expand_uuid(struct stream *s, struct buf *out)
{
	static const unsigned groups[] = { 8, 4, 4, 4, 12 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(groups); i++) {
		if (i > 0)
			buf_addc(out, '-');
		if (i == 2)	/* version 4, variant 1 (RFC 9562 §4) */
			buf_addc(out, '4');
		else if (i == 3)
			fill(s, SLICE("89ab"), 1, out);
		fill_alphabet(s, ALPHA_HEX, groups[i] - (i == 2 || i == 3),
			      out);
	}
}

static bool
is_uuid(struct slice v)
{
	size_t i;

	if (v.n != 36)
		return false;
	for (i = 0; i < v.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? v.p[i] != '-' : !alphabet_has(ALPHA_HEX, v.p[i]))
			return false;
	}
	return true;
}

static bool
is_hex(struct slice v)
{
	return v.n >= 8 && v.n % 2 == 0 && all_of(ALPHA_HEX, v);
}

static bool
is_digits(struct slice v)
{
	return v.n > 0 && all_of(ALPHA_DIGITS, v);
}

/* Letters of one case, and digits: whoever compares in one case, or makes a
 * file's name of it, goes on doing so. */
static bool
is_of_one_case(struct slice v, bool upper)
{
	for (size_t i = 0; i < v.n; i++) {
		if (!is_digit(v.p[i]) &&
		    !(upper ? is_upper(v.p[i]) : is_lower(v.p[i])))
			return false;
	}
	return v.n >= CASE_MIN;
}

const char *
handle_shape(struct slice value)
{
	if (is_digits(value))
		return "-digits";
	if (is_uuid(value))
		return "-uuid";
	if (is_hex(value))
		return "-hex";
	if (is_of_one_case(value, false))
		return "-lower";
	if (is_of_one_case(value, true))
		return "-upper";
	return "";
}

/* ---- classes with a domain of their own ----------------------------- */

/* u…@example.com when there is room for it (RFC 2606). */
static void
expand_email(struct stream *s, const struct handle *h, struct buf *out)
{
	static const char *const tails[] = { "@example.com", "@a.test",
		"@x.io" };
	size_t i, n = h->length;

	for (i = 0; i < ARRAY_LEN(tails); i++) {
		size_t tail = strlen(tails[i]);

		if (n < tail + (i == 0 ? 2 : 1))
			continue;
		buf_addc(out, 'u');
		fill(s, LOWER_ALNUM, n - tail - 1, out);
		buf_adds(out, tails[i]);
		return;
	}
	fill_alphabet(s, ALPHA_ALNUM, n, out);
}

static bool
covers_email(const struct handle *h, struct slice v)
{
	if (h->length < 6)	/* too short for one */
		return slice_chr(v, ' ') < 0;
	return slice_chr(v, '@') > 0 && slice_chr(v, ' ') < 0;
}

/* "pan-411111", "pan-411111-d": the issuer's six digits are kept, the check
 * digit is wrong on purpose, -d has dashes between the groups. */
static void
expand_pan(struct stream *s, const struct handle *h, struct buf *out)
{
	struct slice bin = slice_range(h->class, 4, 10);
	bool dashes = slice_ends(h->class, SLICE("-d"));
	bool amex = dashes && h->length == 17;
	size_t n = h->length, gaps = 0, i;
	char digits[24];

	if (dashes) {
		gaps = amex ? 2 : (h->length - 1) / 5;
		n = h->length - gaps;
	}
	if (n < 13 || n > 19 || bin.n != 6 ||
	    (dashes && !amex && (n - 1) / 4 != gaps)) {
		expand_digits(s, h->length, out);
		return;
	}
	memcpy(digits, bin.p, 6);
	for (i = 6; i < n; i++)
		digits[i] = (char)('0' + draw(s) % 10);
	digits[n - 1] = '0';
	digits[n - 1] = (char)('0' + (11 - luhn_sum(digits, n) % 10) % 10);
	for (i = 0; i < n; i++) {
		bool gap = amex ? i == 4 || i == 10 : i > 0 && i % 4 == 0;

		if (dashes && gap)
			buf_addc(out, '-');
		buf_addc(out, digits[i]);
	}
}

static bool
covers_pan(const struct handle *h, struct slice v)
{
	size_t i;

	(void)h;
	for (i = 0; i < v.n; i++) {
		if (!alphabet_has(ALPHA_DIGITS, v.p[i]) && v.p[i] != '-' &&
		    v.p[i] != ' ')
			return false;
	}
	return true;
}

/* Area 9xx was never given out; groups below 50 are no ITIN either. */
static void
expand_ssn(struct stream *s, const struct handle *h, struct buf *out)
{
	bool dashes = h->length == 11;

	if (!dashes && h->length != 9) {
		expand_digits(s, h->length, out);
		return;
	}
	buf_addc(out, '9');
	fill_alphabet(s, ALPHA_DIGITS, 2, out);
	if (dashes)
		buf_addc(out, '-');
	fill(s, SLICE("01234"), 1, out);
	fill(s, SLICE("123456789"), 1, out);
	if (dashes)
		buf_addc(out, '-');
	fill_alphabet(s, ALPHA_DIGITS, 4, out);
}

/* {"alg":"HS256"} . claims . 32 bytes of signature, cut to the length. */
static void
expand_jwt(struct stream *s, const struct handle *h, struct buf *out)
{
	static const char head[] = "eyJhbGciOiJIUzI1NiJ9.";
	struct slice letters = alphabet_letters(ALPHA_TOKEN);
	size_t sign = 43, claims, json, i;
	struct buf text;

	if (h->length < strlen(head) + 14) {
		fill_alphabet(s, ALPHA_ALNUM, h->length, out);
		return;
	}
	if (h->length < strlen(head) + 12 + 1 + sign)
		sign = h->length - strlen(head) - 13;
	claims = h->length - strlen(head) - 1 - sign;
	if (claims % 4 == 1) {	/* no such base64 length; the signature
				 * takes the odd byte */
		claims--;
		sign++;
	}
	json = claims / 4 * 3 + (claims % 4 ? claims % 4 - 1 : 0);
	buf_init(&text, json + 16);
	buf_adds(&text, "{\"m\":\"");
	for (i = json > 8 ? json - 8 : 0; i > 0; i--)
		buf_addc(&text, letters.p[draw(s) % 62]);
	buf_adds(&text, "\"}");
	buf_adds(out, head);
	base64url_encode(slice_range(buf_slice(&text), 0, json), out);
	buf_release(&text);
	buf_addc(out, '.');
	fill(s, letters, sign, out);
}

static bool
covers_jwt(const struct handle *h, struct slice v)
{
	(void)h;
	return all_of(ALPHA_DOTTED, v);
}

/* RFC 7516 §3.1: header, key, vector, text and tag. */
static void
expand_jwe(struct stream *s, const struct handle *h, struct buf *out)
{
	static const char head[] = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..";
	size_t fixed = strlen(head) + 16 + 1 + 1 + 22;

	if (h->length <= fixed) {
		fill_alphabet(s, ALPHA_ALNUM, h->length, out);
		return;
	}
	buf_adds(out, head);
	fill_alphabet(s, ALPHA_TOKEN, 16, out);
	buf_addc(out, '.');
	fill_alphabet(s, ALPHA_TOKEN, h->length - fixed, out);
	buf_addc(out, '.');
	fill_alphabet(s, ALPHA_TOKEN, 22, out);
}

/* Base64 of user:password. */
static void
expand_basic(struct stream *s, const struct handle *h, struct buf *out)
{
	struct slice letters = LOWER_ALNUM;
	size_t n = h->length / 4 * 3, i;
	struct buf text;

	if (h->length % 4 != 0 || n < 3) {
		fill_alphabet(s, ALPHA_ALNUM, h->length, out);
		return;
	}
	buf_init(&text, n);
	for (i = 0; i < n; i++)
		buf_addc(&text, i == n / 3 ? ':' :
			 letters.p[draw(s) % letters.n]);
	base64_encode(buf_slice(&text), out);
	buf_release(&text);
}

static bool
covers_base64(const struct handle *h, struct slice v)
{
	size_t i;

	(void)h;
	for (i = 0; i < v.n; i++) {
		if (!alphabet_has(ALPHA_BASE64, v.p[i]) &&
		    !alphabet_has(ALPHA_TOKEN, v.p[i]) && v.p[i] != '=')
			return false;
	}
	return true;
}

static void
expand_base64(struct stream *s, const struct handle *h, struct buf *out)
{
	fill_alphabet(s, ALPHA_ALNUM, h->length, out);
}

/* Printable, but nothing that JSON, a URL or a header would escape. */
static void
expand_password(struct stream *s, const struct handle *h, struct buf *out)
{
	fill_alphabet(s, ALPHA_ALNUM, h->length > 0, out);
	fill(s, SLICE("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
		      "23456789-._"), h->length - (h->length > 0), out);
}

static bool
covers_any(const struct handle *h, struct slice v)
{
	size_t i;

	(void)h;
	for (i = 0; i < v.n; i++) {
		if ((unsigned char)v.p[i] < 0x20)
			return false;
	}
	return true;
}

static void
expand_literal(struct stream *s, const struct handle *h, struct buf *out)
{
	(void)s;
	(void)h;
	buf_adds(out, HANDLE_OPEN);
}

static bool
covers_literal(const struct handle *h, struct slice v)
{
	(void)h;
	return slice_eq(v, SLICE(HANDLE_OPEN));
}

static bool
covers_ssn(const struct handle *h, struct slice v)
{
	return covers_pan(h, v);
}

static const struct domain {
	const char *class;
	bool is_prefix;		/* "pan-" and what follows */
	void (*expand)(struct stream *s, const struct handle *h,
		       struct buf *out);
	bool (*covers)(const struct handle *h, struct slice live);
} domains[] = {
	{ HANDLE_LITERAL, false, expand_literal, covers_literal },
	{ "email", false, expand_email, covers_email },
	{ "pan-", true, expand_pan, covers_pan },
	{ "ssn", false, expand_ssn, covers_ssn },
	{ "jwt", false, expand_jwt, covers_jwt },
	{ "jwe", false, expand_jwe, covers_jwt },
	{ "basic", false, expand_basic, covers_base64 },
	{ "base64", false, expand_base64, covers_base64 },
	{ "password", false, expand_password, covers_any },
};

static const struct domain *
domain_of(struct slice class)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(domains); i++) {
		struct slice name = slice_str(domains[i].class);

		if (domains[i].is_prefix ? slice_starts(class, name) :
		    slice_eq(class, name))
			return &domains[i];
	}
	return NULL;
}

static bool
shaped(const struct handle *h, const char *shape)
{
	return slice_ends(h->class, slice_str(shape)) ||
	       slice_eq(h->class, slice_str(shape + 1));
}

void
handle_expand(const struct handle *h, struct buf *out)
{
	struct stream s = { .seed = h->text, .used = SHA256_BYTES };
	const struct domain *d = domain_of(h->class);
	const struct vendor *v = vendor_named(h->class);

	if (shape_expand(h, out))
		return;
	if (d) {
		d->expand(&s, h, out);
	} else if (form_expand(h, &s, out)) {
		return;
	} else if (v && h->length > strlen(v->prefix)) {
		buf_adds(out, v->prefix);
		fill_alphabet(&s, v->alphabet, h->length - strlen(v->prefix),
			      out);
	} else if (shaped(h, "-digits")) {
		expand_digits(&s, h->length, out);
	} else if (shaped(h, "-uuid") && h->length == 36) {
		expand_uuid(&s, out);
	} else if (shaped(h, "-hex")) {
		fill_alphabet(&s, ALPHA_HEX, h->length, out);
	} else if (shaped(h, "-upper")) {
		fill_alphabet(&s, ALPHA_UPPER, h->length, out);
	} else if (shaped(h, "-lower")) {
		fill(&s, LOWER_ALNUM, h->length, out);
	} else {
		fill_alphabet(&s, ALPHA_ALNUM, h->length, out);
	}
}

static bool
is_token(const struct handle *h)
{
	return slice_eq(h->class, SLICE("jwt")) ||
	       slice_eq(h->class, SLICE("jwe"));
}

bool
scrub_class_is_credential(struct slice class)
{
	static const char *const classes[] = { "api-key", "token", "bearer",
		"secret", "password", "credential", "basic", "signature",
		"session", "cookie", "csrf", "jwt", "jwe" };

	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (scrub_class_is(class, slice_str(classes[i])))
			return true;
	return vendor_named(class) != NULL || form_is_of(class);
}

size_t
handle_span(const struct handle *h, struct slice live)
{
	size_t n = 0;

	if (!is_token(h))
		return h->length;
	while (n < live.n && alphabet_has(ALPHA_DOTTED, live.p[n]))
		n++;
	/* a short mock is no token, and a token is not empty */
	return slice_starts(live, SLICE("ey")) ? n : h->length;
}

bool
handle_covers(const struct handle *h, struct slice live)
{
	const struct domain *d = domain_of(h->class);
	const struct vendor *v = vendor_named(h->class);

	if (live.n != h->length && !is_token(h))
		return false;
	if (shape_is_of(h))
		return shape_covers(h, live);
	if (d)
		return d->covers(h, live);
	if (v && h->length > strlen(v->prefix))
		return slice_starts(live, slice_str(v->prefix));
	if (shaped(h, "-digits"))
		return all_of(ALPHA_DIGITS, live);
	if (shaped(h, "-uuid") && h->length == 36)
		return is_uuid(live);
	if (shaped(h, "-hex"))
		return all_of(ALPHA_HEX, live);
	if (shaped(h, "-upper"))
		return all_of(ALPHA_UPPER, live);
	return covers_any(h, live);
}
