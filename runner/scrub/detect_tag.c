/* Secrets by their name in tags and elements: pages, configurations, lists of
 * names and values. */
#include "detect.h"

#include <dvr/field/tag.h>

#include "keys.h"

#include <string.h>

#define NAME_MAX_BYTES 64
#define TAG_MAX_BYTES (64u * KiB)	/* SAML's answers stand in one */
#define VALUE_MAX_BYTES (64u * KiB)
#define TOLD_TAGS 4		/* between a name and its value */
#define TOLD_MIN 6		/* bytes of such a value */

static void
mark(const struct key_row *row, struct slice t, struct slice value,
     struct spans *out)
{
	size_t from = (size_t)(value.p - t.p);

	if (!key_takes(row, value, KEY_TEXT))
		return;
	spans_add(out, &(struct span){
		.from = from, .to = from + value.n, .rank = RANK_KEY,
		.class = slice_str(row->class), .rule = key_rule(row),
		.value = value,
	});
}

/* Without the lines and indents around it. */
static struct slice
trimmed(struct slice v)
{
	while (v.n > 0 && (unsigned char)v.p[0] <= ' ')
		v = slice_from(v, 1);
	while (v.n > 0 && (unsigned char)v.p[v.n - 1] <= ' ')
		v.n--;
	return v;
}

/* Quotes that the text around the tag escapes. */
static struct slice
unquoted(struct slice v)
{
	while (v.n > 0 && strchr("\\\"'", v.p[0]))
		v = slice_from(v, 1);
	while (v.n > 0 && strchr("\\\"'", v.p[v.n - 1]))
		v.n--;
	return v;
}

/* "Get Token" on a button. */
static bool
is_label(struct slice v)
{
	size_t i = 0;

	while (i < v.n && (is_letter(v.p[i]) || v.p[i] == ' '))
		i++;
	return i == v.n && slice_chr(v, ' ') >= 0;
}

/* <input name="csrf_token" value="…">, <add key="ApiKey" value="…"/> */
static void
pair(const struct key_row *row, struct slice t, struct slice value,
     struct spans *out)
{
	value = unquoted(value);
	if (!is_label(value))
		mark(row, t, value, out);
}

/* Where the text behind a tag's '>' ends. */
static struct slice
text_of(struct slice t, size_t close)
{
	struct slice rest = slice_range(t, close + 1,
					close + 1 + VALUE_MAX_BYTES);
	ssize_t end = slice_chr(rest, '<');

	return end < 0 ? rest : slice_range(rest, 0, (size_t)end);
}

/* The local name of a start tag; empty when it is none. */
static struct slice
element_name(struct slice tag)
{
	size_t to = 0, from = 0;

	while (to < tag.n && (is_token_char(tag.p[to]) || tag.p[to] == '.'))
		to++;
	if (char_at(tag, to) == ':') {
		for (from = ++to; to < tag.n && (is_token_char(tag.p[to]) ||
						 tag.p[to] == '.'); to++)
			;
	}
	if ((unsigned char)char_at(tag, to) > ' ' && char_at(tag, to) != '>')
		return SLICE("");
	return slice_range(tag, from, to);
}

/* <password>…</password>, <property name="password">…</property> */
static void
element(const struct detecting *d, struct slice t, struct slice tag,
	struct spans *out)
{
	struct slice name = element_name(tag), key, value = { 0 };
	const struct key_row *row = name.n >= 3 && name.n <= NAME_MAX_BYTES ?
		detecting_key(d, name) : NULL;
	ssize_t close = slice_chr(tag, '>');

	if (slice_chr(tag, '=') >= 0 && field_tag_pair(tag, &key, &value) &&
	    key.n <= NAME_MAX_BYTES) {
		const struct key_row *by = detecting_key(d, key);

		if (by && value.n > 0)
			pair(by, t, value, out);
		else if (by)
			row = by;
	}
	if (row && close > 0 && tag.p[close - 1] != '/')
		mark(row, t, text_of(t, (size_t)(tag.p - t.p) +
				     (size_t)close), out);
}

/* A word that nobody writes in a sentence. */
static bool
is_odd(struct slice v)
{
	size_t digits = 0, i;

	for (i = 0; i < v.n; i++) {
		if ((unsigned char)v.p[i] <= ' ')
			return false;
		digits += is_digit(v.p[i]);
	}
	return v.n >= TOLD_MIN && digits > 0;
}

/* <key>password</key><string>…</string>, <th>DB_PASSWORD</th><td>… */
static void
told(const struct detecting *d, struct slice t, size_t close,
     struct spans *out)
{
	struct slice name = trimmed(text_of(t, close));
	size_t at = close + 1 + text_of(t, close).n, n;
	const struct key_row *row;

	if (name.n < 3 || name.n > NAME_MAX_BYTES)
		return;
	row = detecting_key(d, name);
	for (n = 0; row && n < TOLD_TAGS && char_at(t, at) == '<'; n++) {
		struct slice rest = slice_range(t, at, at + 512), value;
		ssize_t end = slice_chr(rest, '>');

		if (end < 0)
			return;
		value = text_of(t, at + (size_t)end);
		at += (size_t)end + 1 + value.n;
		value = trimmed(value);
		if (value.n == 0)
			continue;
		if (is_odd(value))
			mark(row, t, value, out);
		return;
	}
}

void
detect_tag(const struct detecting *d, struct slice text, size_t at,
	   struct spans *out)
{
	struct slice rest = slice_range(text, at + 1, at + 1 + TAG_MAX_BYTES);
	ssize_t next = slice_chr(rest, '<'), close;

	if (next >= 0)		/* each is read once, however broken */
		rest.n = (size_t)next;
	if (rest.n == 0 || rest.p[0] == '/' || rest.p[0] == '!')
		return;
	element(d, text, rest, out);
	close = slice_chr(rest, '>');
	if (close > 0)
		told(d, text, at + 1 + (size_t)close, out);
}
