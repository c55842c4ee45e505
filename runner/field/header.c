/* A cursor over the parts of header values (see dvr/field/header.h). */
#include <dvr/field/header.h>

#include <dvr/base/ascii.h>
#include <dvr/base/attr.h>

static const struct {
	char param, list;	/* what ends a part, and an item; 0: nothing */
	bool runs;		/* strings, targets and lists are one */
	bool trims;
	bool unquotes;		/* a value in quotes without them */
} grammars[] = {
	[HEADER_COOKIE] = { ';', 0, false, true, true },
	[HEADER_VALUE] = { ';', 0, true, true, true },
	[HEADER_LIST] = { ';', ',', true, true, true },
	[HEADER_CREDENTIALS] = { ',', 0, true, true, true },
	[HEADER_QUERY] = { '&', 0, false, false, false },
};

/* ---- characters --------------------------------------------------------- */

/* RFC 9110 §5.6.2 */
static bool
is_tchar(char c)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	return is_alnum(c) || (c && memchr(marks, c, sizeof(marks) - 1));
}

/* A folded line is a blank, too (RFC 9112 §5.2). */
static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t
skip_blanks(struct slice s, size_t at)
{
	while (at < s.n && is_blank(s.p[at]))
		at++;
	return at;
}

static struct slice
trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return slice_from(s, skip_blanks(s, 0));
}

static size_t
token_end(struct slice s, size_t at)
{
	while (at < s.n && is_tchar(s.p[at]))
		at++;
	return at;
}

/* ---- what holds separators ---------------------------------------------- */

static const char openers[] = "\"<(", closers[] = "\">)";

static int
opener_of(char c)
{
	for (int i = 0; openers[i]; i++) {
		if (openers[i] == c)
			return i;
	}
	return -1;
}

/*
 * Behind what opens at `at`; `at` when nothing does, or when it has no end.
 * That is looked for once: what had none has none later on either, and a text
 * of nothing but quotes is read in one go.
 */
static size_t
run_end(struct header_walk *w, size_t at)
{
	struct slice s = w->rest;
	int kind = at < s.n ? opener_of(s.p[at]) : -1;
	size_t i;

	if (kind < 0 || w->endless[kind])
		return at;
	for (i = at + 1; i < s.n; i++) {
		if (s.p[i] == closers[kind])
			return i + 1;
		if (openers[kind] == '"' && s.p[i] == '\\')
			i++;
		/* a string among the items of a list */
		if (openers[kind] == '(' && s.p[i] == '"') {
			size_t end = run_end(w, i);

			i = end > i ? end - 1 : i;
		}
	}
	w->endless[kind] = true;
	return at;
}

static bool
ends_part(const struct header_walk *w, char c)
{
	return c == grammars[w->grammar].param ||
	       (c == grammars[w->grammar].list && c);
}

/* ---- parts -------------------------------------------------------------- */

struct bounds {
	size_t from, equals, value, run, end;	/* no '=': equals == end */
};

/* Where the part at the start of what is left has its bounds. */
static struct bounds
measure(struct header_walk *w)
{
	bool runs = grammars[w->grammar].runs;
	struct slice s = w->rest;
	struct bounds b;
	size_t i;

	b.from = grammars[w->grammar].trims ? skip_blanks(s, 0) : 0;
	b.value = b.from;
	b.run = i = runs ? run_end(w, b.from) : b.from;
	while (i < s.n && !ends_part(w, s.p[i]) &&
	       (s.p[i] != '=' || b.run > b.from))
		i++;
	b.equals = i;
	if (i < s.n && s.p[i] == '=') {
		i++;
		b.value = grammars[w->grammar].trims ? skip_blanks(s, i) : i;
		b.run = i = runs ? run_end(w, b.value) : b.value;
		while (i < s.n && !ends_part(w, s.p[i]))
			i++;
	}
	b.end = i;
	return b;
}

/* abc== (RFC 9110 §11.2): nothing but its padding behind the first '='. */
static bool
is_token68(struct slice text, size_t equals)
{
	size_t i = equals;

	while (i < text.n && text.p[i] == '=')
		i++;
	return i == text.n;
}

static void
take_quotes(const struct header_walk *w, struct header_part *p)
{
	struct slice v = p->value;
	bool quoted = v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"';
	bool target = v.n >= 2 && v.p[0] == '<' && v.p[v.n - 1] == '>';

	if (!grammars[w->grammar].runs) {
		if (quoted && grammars[w->grammar].unquotes)
			p->value = slice_range(v, 1, v.n - 1);
		return;
	}
	if (p->odd || !(quoted || (target && p->name.n == 0)))
		return;
	p->value = slice_range(v, 1, v.n - 1);
}

/* The part within its bounds. */
static void
fill(const struct header_walk *w, const struct bounds *b,
     struct header_part *out)
{
	bool trims = grammars[w->grammar].trims;
	bool runs = grammars[w->grammar].runs;
	struct slice text = slice_range(w->rest, b->from, b->end);
	bool named = b->equals < b->end;
	char first;

	text = trims ? trim(text) : text;
	out->text = text;
	if (named)
		named = w->grammar != HEADER_CREDENTIALS ||
			!is_token68(text, b->equals - b->from);
	if (named) {
		out->name = slice_range(w->rest, b->from, b->equals);
		out->name = trims ? trim(out->name) : out->name;
		out->value = slice_from(text, b->value - b->from);
		if (!out->value.p)
			out->value = slice_from(text, text.n);
	} else if (b->run > b->from || (text.n && opener_of(text.p[0]) >= 0 &&
					runs) ||
		   w->grammar == HEADER_CREDENTIALS) {
		out->value = text;
	} else {
		out->name = text;
	}
	first = out->value.n ? out->value.p[0] : '\0';
	if (runs && (first == '"' || (first == '<' && !named)))
		out->odd = b->run == b->value ||
			b->run != (size_t)(text.p + text.n - w->rest.p);
	take_quotes(w, out);
}

/* Behind the separator at `end`. */
static void
go_on(struct header_walk *w, size_t end)
{
	char c = end < w->rest.n ? w->rest.p[end] : '\0';

	w->begins = true;
	if (end >= w->rest.n) {
		w->rest = (struct slice){ 0 };
		return;
	}
	w->rest = slice_from(w->rest, end + 1);
	if (c == grammars[w->grammar].list) {
		w->item += w->told;
		w->nth = 0;
		w->told = false;
	} else {
		w->nth++;
	}
}

/* A scheme, and what it is the scheme of: a blank and no '=' behind it. */
static bool
take_scheme(struct header_walk *w, struct header_part *out)
{
	size_t from = skip_blanks(w->rest, 0), end = token_end(w->rest, from);
	size_t next = skip_blanks(w->rest, end);
	bool last = next == w->rest.n || w->rest.p[next] == ',';

	if (!w->begins || end == from)
		return false;
	if (!last && (next == end || w->rest.p[next] == '='))
		return false;
	w->item += w->told;
	*out = (struct header_part){
		.item = w->item,
		.text = slice_range(w->rest, from, end),
		.name = slice_range(w->rest, from, end),
	};
	w->told = true;
	w->nth = 1;
	if (last) {
		go_on(w, next);
		w->nth = 1;
	} else {
		w->rest = slice_from(w->rest, next);
		w->begins = false;
	}
	return true;
}

struct header_walk
header_walk(enum header_grammar grammar, struct slice value)
{
	return (struct header_walk){
		.grammar = grammar, .rest = value, .begins = true,
	};
}

bool
header_next(struct header_walk *w, struct header_part *out)
{
	while (w->rest.p) {
		struct header_part p = { .item = w->item, .nth = w->nth };
		struct bounds b;

		if (w->grammar == HEADER_CREDENTIALS && take_scheme(w, out))
			return true;
		b = measure(w);
		fill(w, &b, &p);
		w->told |= p.text.n > 0;
		go_on(w, b.end);
		if (p.text.n == 0)
			continue;
		*out = p;
		return true;
	}
	return false;
}

/* ---- what is asked most ------------------------------------------------- */

struct slice
header_bare(struct slice value)
{
	struct header_walk w = header_walk(HEADER_VALUE, value);
	struct header_part p;

	return header_next(&w, &p) && p.nth == 0 ? p.text :
		slice_range(value, 0, 0);
}

bool
header_cookie(struct slice value, struct header_part *out)
{
	struct header_walk w = header_walk(HEADER_COOKIE, value);
	struct header_part p;

	if (!header_next(&w, &p) || p.nth > 0)
		return false;
	*out = p;
	return true;
}

bool
header_param(struct slice value, struct slice name, struct header_part *out)
{
	struct header_walk w = header_walk(HEADER_VALUE, value);
	struct header_part p;

	while (header_next(&w, &p)) {
		if (p.nth == 0 || !p.value.p || !slice_ieq(p.name, name))
			continue;
		*out = p;
		return true;
	}
	return false;
}

struct slice
header_scheme(struct header_walk *w)
{
	struct slice rest = trim(w->rest), scheme;
	size_t end = 0;

	while (end < rest.n && !is_blank(rest.p[end]))
		end++;
	scheme = slice_range(rest, 0, end);
	rest = trim(slice_from(rest, end));
	if (rest.n == 0)
		return rest;
	w->rest = rest;
	w->nth = 1;
	w->told = true;
	w->begins = false;
	return scheme;
}

struct slice
header_text(struct arena *a, const struct header_part *p)
{
	struct slice v = p->value;
	size_t n = 0;
	char *to;

	if (slice_chr(v, '\\') < 0)
		return v;
	to = arena_str(a, v);
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '\\' && i + 1 < v.n)
			i++;
		to[n++] = v.p[i];
	}
	return slice_of(to, n);
}
