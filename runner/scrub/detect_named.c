/* Secrets by their name in text that no walker reads: logs, broken bodies. */
#include "detect.h"

#include "keys.h"

#include <string.h>

#define NAME_MAX_BYTES 64
#define ODD_MIN 12	/* bytes of a credential behind a scheme's name */
#define SHORT_MAX 600	/* bytes looked at for a value that must be short */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

static bool
name_char(char c)
{
	return is_token_char(c) || c == '.';
}

static size_t
skip_spaces(struct slice t, size_t at)
{
	while (at < t.n && is_space(t.p[at]))
		at++;
	return at;
}

/* Colours of a terminal: ESC [ … letter.  They are no part of a value. */
static size_t
skip_colours(struct slice t, size_t at)
{
	while (char_at(t, at) == '\033' && char_at(t, at + 1) == '[') {
		at += 2;
		while (at < t.n && (is_digit(t.p[at]) || t.p[at] == ';'))
			at++;
		at += at < t.n;
	}
	return at;
}

/* To the value behind a separator: `:=`, `=>`, `==` are one as well, and a
 * value of pretty JSON may stand in the next line. */
static size_t
skip_separator(struct slice t, size_t at)
{
	bool quoted = at > 0 && t.p[at - 1] == '"' && t.p[at] == ':';

	at++;
	while (char_at(t, at) == '=' || char_at(t, at) == '>')
		at++;
	at = skip_colours(t, skip_spaces(t, at));
	if (!quoted || (char_at(t, at) != '\n' && char_at(t, at) != '\r'))
		return at;
	while (at < t.n && t.p[at] && strchr(" \t\r\n", t.p[at]))
		at++;
	return at;
}

/* b'…', u"…": the letter of a literal. */
static size_t
skip_prefix(struct slice t, size_t at)
{
	char quote = char_at(t, at + 1);
	bool letter = char_at(t, at) == 'b' || char_at(t, at) == 'u' ||
		      char_at(t, at) == 'r';

	return letter && (quote == '"' || quote == '\'') ? at + 1 : at;
}

/* An escaped quote of JSON in a string counts as one, three of them too. */
static size_t
skip_quote(struct slice t, size_t at, char *quote)
{
	*quote = '\0';
	while (at < t.n && t.p[at] == '\\')
		at++;
	if (at < t.n && (t.p[at] == '"' || t.p[at] == '\'' || t.p[at] == '`'))
		*quote = t.p[at++];
	if (*quote && char_at(t, at) == *quote && char_at(t, at + 1) == *quote)
		at += 2;
	return at;
}

/* The name that ends before the separator at `at`. */
static struct slice
name_before(struct slice t, size_t at)
{
	size_t to = at, from;

	while (to > 0 && is_space(t.p[to - 1]))
		to--;
	if (to > 0 && (t.p[to - 1] == '"' || t.p[to - 1] == '\'' ||
		       t.p[to - 1] == ']'))
		to--;
	while (to > 0 && t.p[to - 1] == '\\')
		to--;
	from = to;
	while (from > 0 && to - from < NAME_MAX_BYTES &&
	       name_char(t.p[from - 1]))
		from--;
	return slice_range(t, from, to);
}

/* The row of a name; in "\npassword" and "\x01password" the escape is no part
 * of it, in "C:\token" it may be. */
static const struct key_row *
named_row(const struct detecting *d, struct slice t, struct slice name)
{
	const struct key_row *row = detecting_key(d, name);
	size_t n = 0;

	if (row || name.p == t.p || name.p[-1] != '\\')
		return row;
	if (name.p[0] == 'x')
		n = 3;
	else if (name.p[0] == 'u')
		n = 5;
	else if (strchr("abefnrtv", name.p[0]))
		n = 1;
	return n > 0 && name.n > n + 2 ?
		detecting_key(d, slice_from(name, n)) : NULL;
}

/* "Bearer", "Basic" …: the secret is the next word. */
static bool
is_scheme(struct slice word)
{
	return slice_ieq(word, SLICE("Bearer")) ||
	       slice_ieq(word, SLICE("Basic")) ||
	       slice_ieq(word, SLICE("Token")) ||
	       slice_ieq(word, SLICE("Digest")) ||
	       slice_ieq(word, SLICE("Negotiate"));
}

static bool
ends_word(char c)
{
	return (unsigned char)c <= ' ' || strchr("\"',;&<>)]}", c) != NULL;
}

static size_t
word_end(struct slice t, size_t from)
{
	while (from < t.n && !ends_word(t.p[from]))
		from++;
	return from;
}

/* "authorization: Foo x8Qd…": a word that is no prose follows the one that
 * ends here. */
static bool
is_odd_scheme(const struct key_row *row, struct slice t, size_t to)
{
	size_t from = skip_spaces(t, to), end, digits = 0;

	if (strcmp(row->class, "credential") != 0 || from == to)
		return false;
	end = word_end(t, from);
	for (size_t i = from; i < end; i++)
		digits += t.p[i] >= '0' && t.p[i] <= '9';
	return end - from >= ODD_MIN && digits > 0;
}

/* "authorization: Foo " before a handle, where the text that is looked at ends:
 * what the handle stands for was the secret. */
static bool
is_lone_scheme(const struct key_row *row, struct slice t, size_t from,
	       size_t to)
{
	if (strcmp(row->class, "credential") != 0 || to == t.n ||
	    skip_spaces(t, to) < t.n)
		return false;
	while (from < to && (is_letter(t.p[from]) || t.p[from] == '-'))
		from++;
	return from == to;
}

/* A quoted value ends at its quote, a bare one at a space or a mark. */
static size_t
value_end(struct slice t, size_t from, char quote)
{
	size_t to = from;

	if (!quote)
		return word_end(t, from);
	while (to < t.n && t.p[to] != quote && t.p[to] != '\n') {
		if (t.p[to] == '\\' && to + 1 < t.n) {
			if (t.p[to + 1] == quote)
				return to;
			to++;
		}
		to++;
	}
	return to < t.n ? to : t.n;
}

/* Text as far as a value of that row may reach: looking further for each
 * name would be quadratic on hostile text. */
static struct slice
reach(const struct key_row *row, struct slice t, size_t from)
{
	if (row->take == TAKE_ANY || row->take == TAKE_LONG)
		return t;
	return slice_range(t, 0, from + SHORT_MAX);
}

/* "Cookie: a=1; b=2" of a request that was written down. */
static bool
is_cookie_line(struct slice name)
{
	return slice_ieq(name, SLICE("Cookie")) ||
	       slice_ieq(name, SLICE("Set-Cookie"));
}

/* Returns where to go on. */
static size_t
name_value(const struct detecting *d, struct slice t, size_t sep,
	   struct spans *out)
{
	struct slice name = name_before(t, sep);
	const struct key_row *row;
	size_t from, to;
	char quote;

	if (name.n < 3)
		return sep;
	row = named_row(d, t, name);
	if (is_cookie_line(name) && t.p[sep] == ':' &&
	    detecting_on(d, DETECT_COOKIE))
		return detect_cookie_pairs(t, sep + 1, name.n > 6, out);
	if (!row)
		return sep;
	t = reach(row, t, sep);
	from = skip_prefix(t, skip_separator(t, sep));
	from = skip_quote(t, from, &quote);
	if (!quote && from < t.n && (t.p[from] == '{' || t.p[from] == '['))
		return sep;		/* of names and values of its own */
	to = value_end(t, from, quote);
	if (!quote && is_lone_scheme(row, t, from, to))
		return sep;
	if (!quote && (is_scheme(slice_range(t, from, to)) ||
		       is_odd_scheme(row, t, to))) {
		from = skip_spaces(t, to);
		to = word_end(t, from);
	}
	if (!key_takes(row, slice_range(t, from, to), KEY_TEXT))
		return sep;
	spans_add(out, &(struct span){
		.from = from, .to = to, .rank = RANK_KEY,
		.class = slice_str(row->class), .rule = key_rule(row),
		.value = slice_range(t, from, to),
	});
	return to - 1;
}

void
detect_named(const struct detecting *d, struct slice text, struct spans *out)
{
	size_t i;

	for (i = 0; i < text.n; i++) {
		if (text.p[i] == '=' || text.p[i] == ':')
			i = name_value(d, text, i, out);
		else if (text.p[i] == '<')
			detect_tag(d, text, i, out);
	}
}

static bool
only_letters(struct slice v)
{
	size_t i = 0;

	while (i < v.n && is_letter(v.p[i]))
		i++;
	return i == v.n;
}

/* "password: must be longer" is prose, "urn:secret:x" a name. */
static bool
is_prose(struct slice text, const struct span *x)
{
	char before = char_at(text, x->from - 1), after = char_at(text, x->to);
	char next = char_at(text, x->to + 1);

	if (x->from == 0 || before == ':')
		return before == ':' && slice_find(text, SLICE(": ")) < 0 &&
		       slice_chr(text, '=') < 0;
	return before == ' ' && only_letters(x->value) && after == ' ' &&
	       next != '\0';
}

void
detect_named_in(const struct detecting *d, struct slice text,
		struct spans *out)
{
	size_t first = out->n, k, n = first;

	detect_named(d, text, out);
	for (k = first; k < out->n; k++) {
		if (!is_prose(text, &out->v[k]))
			out->v[n++] = out->v[k];
	}
	out->n = n;
}
