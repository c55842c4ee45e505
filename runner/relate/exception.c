/* Exception lines made equal where only their values differ. */
#include <dvr/relate/route.h>

#include <dvr/base/ascii.h>

#include <string.h>

#include "segment.h"

#define LINE_MAX_BYTES 1024	/* what follows tells no more */

static bool
is_path_char(char c)
{
	return is_alnum(c) || strchr("_-.@+~", c) != NULL;
}

/* ⟦dvr:CLASS:…⟧ at the start: its length. */
static size_t
take_handle(struct slice s)
{
	ssize_t end;

	if (!slice_starts(s, SLICE(HANDLE_MARK)))
		return 0;
	end = slice_find(slice_range(s, 0, 160), SLICE("\xe2\x9f\xa7"));
	return end < 0 ? 0 : (size_t)end + 3;
}

/* 'x', "x" and `x`; an apostrophe within a word opens nothing. */
static size_t
take_quoted(struct slice s, char before)
{
	ssize_t end;

	if ((s.p[0] != '"' && s.p[0] != '\'' && s.p[0] != '`') ||
	    is_alnum(before))
		return 0;
	end = slice_chr(slice_from(s, 1), s.p[0]);
	return end < 0 ? 0 : (size_t)end + 2;
}

/* /x/y.py, ./a.js, C:\x\y.cs */
static size_t
take_path(struct slice s, char before)
{
	size_t n = 0, separators = 0;

	if (is_alnum(before) || before == '/' || before == '<')
		return 0;
	if (s.n > 3 && is_alnum(s.p[0]) && !is_digit(s.p[0]) &&
	    s.p[1] == ':' && s.p[2] == '\\')
		n = 2;
	else if (s.p[0] != '/' && !slice_starts(s, SLICE("./")) &&
		 !slice_starts(s, SLICE("../")))
		return 0;
	while (n < s.n && (is_path_char(s.p[n]) || s.p[n] == '/' ||
			   s.p[n] == '\\')) {
		separators += s.p[n] == '/' || s.p[n] == '\\';
		n++;
	}
	while (n > 0 && s.p[n - 1] == '.')
		n--;
	return separators > 0 && n > 1 ? n : 0;
}

/* 0x…, a UUID, or eight and more hex digits with a number among them. */
static size_t
take_hex(struct slice s, char before)
{
	bool digit = false;
	size_t n = 0;

	if (is_alnum(before))
		return 0;
	if (slice_starts(s, SLICE("0x"))) {
		for (n = 2; n < s.n && is_hex_digit(s.p[n]); n++)
			;
		return n > 2 ? n : 0;
	}
	while (n < s.n && (is_hex_digit(s.p[n]) || (s.p[n] == '-' && n >= 8 &&
			n + 1 < s.n && is_hex_digit(s.p[n + 1])))) {
		digit = digit || is_digit(s.p[n]);
		n++;
	}
	if (n < 8 || !digit || (n < s.n && is_alnum(s.p[n])))
		return 0;
	return n;
}

static size_t
take_number(struct slice s)
{
	size_t n = 0;

	while (n < s.n && is_digit(s.p[n]))
		n++;
	return n;
}

static const char *
take(struct slice s, char before, size_t *n)
{
	if ((*n = take_handle(s)))
		return "{value}";
	if ((*n = take_quoted(s, before)))
		return "{text}";
	if ((*n = take_path(s, before)))
		return "{path}";
	if ((*n = take_hex(s, before)))
		return "{hex}";
	if ((*n = take_number(s)))
		return "{n}";
	return NULL;
}

/* All digits count, in the middle of words too: "u17" and "u18" are one. */
void
route_normalise_exception(struct slice line, struct buf *out)
{
	char before = ' ';
	size_t i = 0;

	line = slice_range(slice_trim(line), 0, LINE_MAX_BYTES);
	while (i < line.n) {
		size_t n;
		const char *class = take(slice_from(line, i), before, &n);

		if (class) {
			buf_adds(out, class);
			i += n;
		} else if ((unsigned char)line.p[i] < ' ') {
			buf_addc(out, ' ');
			i++;
		} else {
			buf_addc(out, line.p[i++]);
		}
		before = line.p[i - 1];
	}
}
