/* Writes one scalar as YAML, on one line, so that it reads back the same. */
#include <dvr/base/yaml.h>

#include "utf8.h"

#include <dvr/base/ascii.h>
#include <dvr/base/attr.h>
#include <dvr/base/hash.h>

#include <string.h>

/* What a byte asks of the scalar that it stands in. */
enum {
	E = 1,     /* a control: needs an escape */
	H = 2,     /* part of a code point over 127 */
	A = 4,     /* ' */
	F = 8,     /* not in a plain scalar */
	B = 16,    /* the backslash */
	Q = 8 | 16 /* " */
};

static const unsigned char byte_class[256] = {
	/* clang-format off */
	E, E, E, E, E, E, E, E, E, E, E, E, E, E, E, E,
	E, E, E, E, E, E, E, E, E, E, E, E, E, E, E, E,
	0, 0, Q, 0, 0, 0, 0, A, 0, 0, 0, 0, F, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, F, B, F, 0, 0,
	F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, F, 0, F, 0, E,
	H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
	H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
	H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
	H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
	H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
	H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
	H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
	H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H
	/* clang-format on */
};

/* Words that other readers take for a boolean or for nothing. */
static const char *const reserved[] = { "true", "false", "yes", "no",  "on",
					"off",  "y",     "n",   "null" };

struct range {
	uint32_t from, to;
};

/*
 * Code points over 127 that are escaped: line breaks of YAML 1.1, controls,
 * spaces and marks that nobody sees in a review (zero width, direction).
 */
static const struct range unseen[] = {
	{ 0x80, 0xa0 },     { 0xad, 0xad },     { 0x61c, 0x61c },
	{ 0x180e, 0x180e }, { 0x2000, 0x200f }, { 0x2028, 0x202f },
	{ 0x205f, 0x206f }, { 0x3000, 0x3000 }, { 0xfeff, 0xfeff },
	{ 0xfff0, 0xfffc }, { 0xfffe, 0xffff }, { 0xe0000, 0xe0fff },
};

static bool
is_unseen(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_LEN(unseen); i++)
		if (code >= unseen[i].from && code <= unseen[i].to)
			return true;
	return false;
}

static unsigned
classes_of(struct slice s)
{
	unsigned all = 0;

	for (size_t i = 0; i < s.n; i++)
		all |= byte_class[(unsigned char)s.p[i]];
	return all;
}

/* Not UTF-8: -1; holds code points that nobody sees: 1; else 0. */
static int
look_at_text(struct slice s)
{
	int found = 0;
	uint32_t code;

	for (size_t i = 0; i < s.n;) {
		size_t n = utf8_step(s.p + i, s.n - i, &code);

		if (n == 0)
			return -1;
		if (n > 1 && is_unseen(code))
			found = 1;
		i += n;
	}
	return found;
}

/*
 * Numbers, dates and times of every YAML are made of digits, marks and the
 * letters of hexadecimal, 0x, 0o, T, Z: any other letter makes it text.
 */
static bool
is_surely_text(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_letter(s.p[i]) &&
		    !memchr("abcdefxotzABCDEFXOTZ", s.p[i], 20))
			return true;
	return false;
}

/* Only for bytes whose classes are none or H. */
static bool
is_plain(struct slice s)
{
	char first = s.p[0], last = s.p[s.n - 1];

	if (first >= '0' && first <= '9') {
		if (!is_surely_text(s))
			return false;
	} else if (!is_letter(first) && first != '/' && first != '_' &&
		   !(byte_class[(unsigned char)first] & H)) {
		return false;
	}
	if (last == ' ' || last == ':')
		return false;
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == ' ' && s.p[i - 1] == ':')
			return false;
		if (s.p[i] == '#' && s.p[i - 1] == ' ')
			return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
		if (slice_ieq(s, slice_str(reserved[i])))
			return false;
	return true;
}

static void
put_single(struct buf *out, struct slice s)
{
	ssize_t at;

	buf_addc(out, '\'');
	while ((at = slice_chr(s, '\'')) >= 0) {
		buf_add(out, slice_range(s, 0, (size_t)at + 1));
		buf_addc(out, '\'');
		s = slice_from(s, (size_t)at + 1);
	}
	buf_add(out, s);
	buf_addc(out, '\'');
}

/* The letter behind the backslash for the bytes that have one. */
static const char escape_letter[128] = {
	['\0'] = '0', ['\a'] = 'a', ['\b'] = 'b',  ['\t'] = 't',
	['\n'] = 'n', ['\v'] = 'v', ['\f'] = 'f',  ['\r'] = 'r',
	[0x1b] = 'e', ['"'] = '"',  ['\\'] = '\\',
};

/* Writes the escape of one code point; returns its length, at most 10. */
static size_t
escape(uint32_t code, char out[10])
{
	size_t digits = code <= 0xff ? 2 : code <= 0xffff ? 4 : 8;

	out[0] = '\\';
	if (code < 0x80 && escape_letter[code]) {
		out[1] = escape_letter[code];
		return 2;
	}
	out[1] = digits == 2 ? 'x' : digits == 4 ? 'u' : 'U';
	for (size_t i = 0; i < digits; i++)
		out[2 + i] =
			"0123456789abcdef"[code >> 4 * (digits - 1 - i) & 15];
	return digits + 2;
}

/* Gathered here first: pretty JSON is an escape every few bytes. */
#define CHUNK_BYTES 512u

static void
put_double(struct buf *out, struct slice s)
{
	char chunk[CHUNK_BYTES];
	size_t have = 0, n;
	uint32_t code;

	buf_addc(out, '"');
	for (size_t i = 0; i < s.n; i += n) {
		unsigned class = byte_class[(unsigned char)s.p[i]];

		if (have > sizeof(chunk) - 10) {
			buf_add(out, slice_of(chunk, have));
			have = 0;
		}
		n = 1;
		code = (unsigned char)s.p[i];
		if (class & H)
			n = utf8_step(s.p + i, s.n - i, &code);
		if (class & (E | B) || (class & H && is_unseen(code))) {
			have += escape(code, chunk + have);
			continue;
		}
		for (size_t k = 0; k < n; k++)
			chunk[have++] = s.p[i + k];
	}
	buf_add(out, slice_of(chunk, have));
	buf_addc(out, '"');
}

static void
put_binary(struct buf *out, struct slice s)
{
	buf_adds(out, "!!binary \"");
	base64_encode(s, out);
	buf_addc(out, '"');
}

void
yaml_put(struct buf *out, struct slice s)
{
	unsigned classes = classes_of(s);
	int odd = classes & H ? look_at_text(s) : 0;

	if (odd < 0)
		put_binary(out, s);
	else if (odd > 0 || classes & E)
		put_double(out, s);
	else if (s.n > 0 && !(classes & (A | F)) && is_plain(s))
		buf_add(out, s);
	else if (classes & A && !(classes & B))
		put_double(out, s);
	else
		put_single(out, s);
}

/* ---- blocks ---------------------------------------------------------- */

/* Several lines, the first not empty, of nothing but printable text. */
static bool
fits_block(struct slice s)
{
	if (s.n == 0 || s.p[0] == '\n' || slice_chr(s, '\n') < 0)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (byte_class[(unsigned char)s.p[i]] & E && s.p[i] != '\n' &&
		    s.p[i] != '\t')
			return false;
	return look_at_text(s) == 0;
}

/* What the block's header must say of the line ends that close the text. */
static const char *
chomping(struct slice s)
{
	if (s.p[s.n - 1] != '\n')
		return "-";
	return s.p[s.n - 2] == '\n' ? "+" : "";
}

void
yaml_put_block(struct buf *out, struct slice s)
{
	if (!fits_block(s)) {
		yaml_put(out, s);
		return;
	}
	buf_adds(out, "|2");
	buf_adds(out, chomping(s));
	if (s.p[s.n - 1] == '\n')
		s.n--;
	while (s.p) {
		struct slice line = slice_cut(&s, '\n');

		buf_adds(out, line.n > 0 ? "\n  " : "\n");
		buf_add(out, line);
	}
}
