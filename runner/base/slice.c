/* Borrowed runs of bytes: comparing, searching, cutting, reading numbers. */
#include <dvr/base/slice.h>

#include "utf8.h"

#include <stdlib.h>
#include <string.h>

static unsigned char
lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool
same_bytes(const char *a, const char *b, size_t n)
{
	return n == 0 || a == b || memcmp(a, b, n) == 0;
}

bool
slice_same_letters(const char *a, const char *b, size_t n)
{
	/* Mostly they are the same bytes: only others need a closer look. */
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool
slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && same_bytes(a.p, b.p, a.n);
}

bool
slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && same_bytes(s.p, prefix.p, prefix.n);
}

bool
slice_istarts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_same_letters(s.p, prefix.p, prefix.n);
}

bool
slice_ends(struct slice s, struct slice suffix)
{
	/* An empty suffix must not step on a NULL pointer. */
	if (suffix.n == 0)
		return true;
	return s.n >= suffix.n &&
		same_bytes(s.p + (s.n - suffix.n), suffix.p, suffix.n);
}

int
slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	if (c == 0)
		return (a.n > b.n) - (a.n < b.n);
	return c < 0 ? -1 : 1;
}

ssize_t
slice_chr(struct slice s, char c)
{
	const char *at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

	return at ? at - s.p : -1;
}

ssize_t
slice_find(struct slice s, struct slice needle)
{
	const char *at;

	if (needle.n == 0)
		return 0;
	if (needle.n > s.n)
		return -1;
	at = memmem(s.p, s.n, needle.p, needle.n);
	return at ? at - s.p : -1;
}

ssize_t
slice_ifind(struct slice s, struct slice needle)
{
	if (needle.n > s.n)
		return -1;
	for (size_t i = 0; i <= s.n - needle.n; i++)
		if (needle.n == 0 ||
		    slice_same_letters(s.p + i, needle.p, needle.n))
			return (ssize_t)i;
	return -1;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct slice
slice_trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct slice
slice_cut(struct slice *rest, char sep)
{
	struct slice all = *rest;
	ssize_t at = slice_chr(all, sep);

	if (at < 0) {
		*rest = (struct slice){ 0 };
		return all;
	}
	*rest = slice_from(all, (size_t)at + 1);
	return slice_range(all, 0, (size_t)at);
}

static int
digit(char c, unsigned base)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (base == 16 && lower(c) >= 'a' && lower(c) <= 'f')
		return lower(c) - 'a' + 10;
	return -1;
}

static int
read_number(struct slice s, unsigned base, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		int d = digit(s.p[i], base);

		if (d < 0 || v > (UINT64_MAX - (uint64_t)d) / base)
			return -1;
		v = v * base + (uint64_t)d;
		if (v > max)
			return -1;
	}
	*out = v;
	return 0;
}

struct slice
slice_digits(uint64_t v, char room[UINT_DIGITS])
{
	size_t at = UINT_DIGITS;

	do {
		room[--at] = (char)('0' + v % 10);
	} while ((v /= 10) > 0);
	return slice_of(room + at, UINT_DIGITS - at);
}

int
slice_uint(struct slice s, uint64_t max, uint64_t *out)
{
	return read_number(s, 10, max, out);
}

int
slice_hex(struct slice s, uint64_t max, uint64_t *out)
{
	return read_number(s, 16, max, out);
}

size_t
utf8_step(const char *p, size_t n, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char c;
	uint32_t v;
	size_t len;

	if (n == 0)
		return 0;
	c = (unsigned char)p[0];
	if (c < 0x80) {
		*code = c;
		return 1;
	}
	if (c < 0xc2 || c > 0xf4)
		return 0;
	len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (len > n)
		return 0;
	v = c & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | ((unsigned char)p[i] & 0x3f);
	}
	if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*code = v;
	return len;
}

static bool
ends_word(char c)
{
	return (unsigned char)c <= ' ' || strchr("\"',;&?|<>(){}[]", c) != NULL;
}

struct slice
slice_words(struct slice s, size_t max)
{
	size_t n = max;

	if (s.n <= max)
		return s;
	while (n > 0 && !ends_word(s.p[n - 1]) && !ends_word(s.p[n]))
		n--;
	return slice_range(s, 0, n);
}

bool
slice_is_utf8(struct slice s)
{
	uint32_t code;

	for (size_t i = 0; i < s.n;) {
		size_t len = utf8_step(s.p + i, s.n - i, &code);

		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

int
slice_real(struct slice s, double *out)
{
	char text[64], *end;
	double v;

	if (s.n == 0 || s.n >= sizeof(text))
		return -1;
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '-' &&
		    s.p[i] != '+' && s.p[i] != '.' && s.p[i] != 'e' &&
		    s.p[i] != 'E')
			return -1;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	v = strtod(text, &end);
	if (end != text + s.n)
		return -1;
	*out = v;
	return 0;
}
