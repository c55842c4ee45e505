/*
 * Walker for what a page hands on to the next request: hidden inputs by their
 * name, metas (a CSRF token) by theirs.  Known by name only: it sees too
 * little of a page for comparing or scrubbing it.
 */
#include "formats.h"

#include <dvr/field/tag.h>

#include <string.h>

struct tag {
	struct slice name;		/* "input" */
	struct slice key, value;	/* name= or key=, value= or content= */
	bool hidden;
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static struct slice
skip_space(struct slice s)
{
	while (s.n > 0 && (is_space(s.p[0]) || s.p[0] == '/'))
		s = slice_from(s, 1);
	return s;
}

static size_t
word_length(struct slice s, const char *ends)
{
	size_t n = 0;

	while (n < s.n && !is_space(s.p[n]) &&
	       (s.p[n] == '\0' || !strchr(ends, s.p[n])))
		n++;
	return n;
}

/* One attribute off the front of *s; false at the tag's end. */
static bool
take_attribute(struct slice *s, struct slice *name, struct slice *value)
{
	size_t n;
	char mark;
	ssize_t end;

	*s = skip_space(*s);
	n = word_length(*s, "=>");
	if (n == 0)
		return false;
	*name = slice_range(*s, 0, n);
	*value = slice_from(*s, s->n);
	*s = skip_space(slice_from(*s, n));
	if (s->n == 0 || s->p[0] != '=')
		return true;
	*s = slice_from(*s, 1);
	while (s->n > 0 && is_space(s->p[0]))
		*s = slice_from(*s, 1);
	mark = s->n > 0 ? s->p[0] : '\0';
	if (mark != '"' && mark != '\'') {
		n = word_length(*s, ">");
		*value = slice_range(*s, 0, n);
		*s = slice_from(*s, n);
		return true;
	}
	*s = slice_from(*s, 1);
	end = slice_chr(*s, mark);
	n = end < 0 ? s->n : (size_t)end;
	*value = slice_range(*s, 0, n);
	*s = slice_from(*s, n + 1);
	return true;
}

/* Reads a tag behind its '<'; returns what is behind it. */
static struct slice
read_tag(struct slice s, struct tag *t)
{
	struct slice name, value;
	size_t n = word_length(s, "/>");

	*t = (struct tag){ .name = slice_range(s, 0, n) };
	s = slice_from(s, n);
	while (take_attribute(&s, &name, &value)) {
		if (slice_ieq(name, SLICE("name")) ||
		    (slice_ieq(name, SLICE("key")) && t->key.n == 0))
			t->key = value;
		else if (slice_ieq(name, SLICE("value")) ||
			 slice_ieq(name, SLICE("content")))
			t->value = value;
		else if (slice_ieq(name, SLICE("type")))
			t->hidden = slice_ieq(value, SLICE("hidden"));
	}
	return s;
}

bool
field_tag_pair(struct slice tag, struct slice *key, struct slice *value)
{
	struct tag t;

	read_tag(tag, &t);
	*key = t.key;
	*value = t.value;
	return t.key.n > 0;
}

/* The five references that attribute values are written with. */
static struct slice
unescape(struct arena *a, struct slice s)
{
	static const struct { const char *text; char c; } refs[] = {
		{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' },
		{ "&quot;", '"' }, { "&#34;", '"' }, { "&#39;", '\'' },
		{ "&#x27;", '\'' }, { "&#43;", '+' }, { "&#x2B;", '+' },
		{ "&#61;", '=' },
	};
	struct slice done;
	struct buf b;

	if (slice_chr(s, '&') < 0)
		return s;
	buf_init(&b, s.n + 1);
	while (s.n > 0) {
		size_t k = 0;

		while (k < ARRAY_LEN(refs) &&
		       !slice_istarts(s, slice_str(refs[k].text)))
			k++;
		buf_addc(&b, k < ARRAY_LEN(refs) ? refs[k].c : s.p[0]);
		s = slice_from(s, k < ARRAY_LEN(refs) ?
			       strlen(refs[k].text) : 1);
	}
	done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

static int
emit(struct arena *a, const struct tag *t, field_fn *fn, void *arg)
{
	struct field f = { .kind = FIELD_STRING, .span = t->value };
	struct buf place;
	int rc;

	buf_init(&place, t->key.n * 2 + 2);
	pointer_add(&place, t->key);
	f.key = t->key;
	f.place = arena_copy(a, buf_slice(&place));
	f.value = unescape(a, t->value);
	rc = fn(arg, &f);
	buf_release(&place);
	return rc;
}

static enum field_result
walk(struct arena *a, struct slice body, field_fn *fn, void *arg)
{
	struct slice rest = body;
	struct tag t;
	ssize_t at;

	while ((at = slice_chr(rest, '<')) >= 0) {
		rest = slice_from(rest, (size_t)at + 1);
		if (slice_starts(rest, SLICE("!--"))) {
			at = slice_find(rest, SLICE("-->"));
			rest = slice_from(rest, at < 0 ? rest.n : (size_t)at);
			continue;
		}
		if (!slice_istarts(rest, SLICE("input")) &&
		    !slice_istarts(rest, SLICE("meta")))
			continue;
		rest = read_tag(rest, &t);
		if (t.key.n == 0 || t.value.n == 0)
			continue;
		if (!(slice_ieq(t.name, SLICE("input")) && t.hidden) &&
		    !slice_ieq(t.name, SLICE("meta")))
			continue;
		if (emit(a, &t, fn, arg) != 0)
			break;
	}
	return FIELD_OK;
}

/* Nobody writes pages here. */
static void
encode(enum field_kind kind, struct slice value, struct buf *out)
{
	(void)kind;
	buf_add(out, value);
}

const struct field_format field_html = {
	.name = "html", .walk = walk, .encode = encode,
};
