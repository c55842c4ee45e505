/* Takes the escape sequences of terminals out of text. */
#include "escapes.h"

#include <dvr/base/buf.h>

#define ESC '\033'

static size_t
skip_while(struct slice s, size_t at, unsigned char from, unsigned char to)
{
	while (at < s.n && (unsigned char)s.p[at] >= from &&
	       (unsigned char)s.p[at] <= to)
		at++;
	return at;
}

/* Titles and links: up to BEL or ESC \, or the line's end. */
static size_t
string_end(struct slice s, size_t at)
{
	while (at < s.n && s.p[at] != '\a' && s.p[at] != ESC &&
	       s.p[at] != '\n')
		at++;
	if (at < s.n && s.p[at] == '\a')
		return at + 1;
	return at + 1 < s.n && s.p[at] == ESC && s.p[at + 1] == '\\' ?
		at + 2 : at;
}

/* Where the sequence that begins with the ESC at `at` ends. */
static size_t
sequence_end(struct slice s, size_t at)
{
	char kind = at + 1 < s.n ? s.p[at + 1] : '\0';

	if (kind == '[') {
		at = skip_while(s, at + 2, 0x20, 0x3f);
		return at < s.n && s.p[at] >= 0x40 ? at + 1 : at;
	}
	if (kind == ']' || kind == 'P')
		return string_end(s, at + 2);
	at = skip_while(s, at + 1, 0x20, 0x2f);
	return at < s.n && s.p[at] >= 0x30 ? at + 1 : at;
}

struct slice
without_escapes(struct arena *a, struct slice text)
{
	struct slice done;
	size_t from = 0;
	struct buf b;
	ssize_t at;

	if (slice_chr(text, ESC) < 0)
		return text;
	buf_init(&b, text.n);
	while ((at = slice_chr(slice_from(text, from), ESC)) >= 0) {
		buf_add(&b, slice_range(text, from, from + (size_t)at));
		from = sequence_end(text, from + (size_t)at);
	}
	buf_add(&b, slice_from(text, from));
	done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}
