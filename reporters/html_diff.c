/* Two texts, line by line. */
#include "html.h"

#include <dvr/base/mem.h>

#include <stdlib.h>

/* The middle that differs is compared exactly up to so many lines a side; what
 * is larger stands as gone and come. */
#define EXACT_MAX 700u
/* Lines that stayed, around those that did not. */
#define CONTEXT 3u
/* Of a difference in the page, and of a line of it (bytes). */
#define SHOWN_MAX 16384u
#define LINE_MAX_BYTES 2000u
/* Columns that a line of JSON is moved in by a level; deeper is not moved. */
#define INDENT 2u
#define INDENT_MAX 40u

/* ---- JSON over lines ---------------------------------------------------- */

static void
new_line(size_t depth, struct buf *out)
{
	size_t columns = depth * INDENT;

	buf_addc(out, '\n');
	for (size_t i = 0; i < columns && i < INDENT_MAX; i++)
		buf_addc(out, ' ');
}

/* The string that begins at s, with its quotes. */
static size_t
string_length(struct slice s)
{
	size_t i = 1;

	while (i < s.n && s.p[i] != '"')
		i += s.p[i] == '\\' ? 2 : 1;
	return i < s.n ? i + 1 : s.n;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* "{}" stays on its line. */
static bool
closes_next(struct slice rest)
{
	while (rest.n > 0 && is_blank(rest.p[0]))
		rest = slice_from(rest, 1);
	return rest.n > 0 && (rest.p[0] == '}' || rest.p[0] == ']');
}

static size_t
spread_one(struct slice s, size_t *depth, struct buf *out)
{
	char c = s.p[0];
	size_t n = 1;

	if (c == '"') {
		n = string_length(s);
		buf_add(out, slice_range(s, 0, n));
	} else if ((c == '{' || c == '[') && closes_next(slice_from(s, 1))) {
		while (s.p[n] != '}' && s.p[n] != ']')
			n++;
		n++;
		buf_addc(out, c);
		buf_addc(out, c == '{' ? '}' : ']');
	} else if (c == '{' || c == '[') {
		buf_addc(out, c);
		new_line(++*depth, out);
	} else if (c == '}' || c == ']') {
		*depth -= *depth > 0;
		new_line(*depth, out);
		buf_addc(out, c);
	} else if (c == ',') {
		buf_addc(out, c);
		new_line(*depth, out);
	} else if (c == ':') {
		buf_adds(out, ": ");
	} else if (!is_blank(c)) {
		buf_addc(out, c);
	}
	return n;
}

/* By its characters alone: what is no JSON after all is still all there, but
 * for its blanks, so only what looks like it is touched. */
void
html_spread(struct slice text, bool json, struct buf *out)
{
	struct slice s = slice_trim(text);
	size_t depth = 0;

	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	json = json || (s.n >= 2 && ((s.p[0] == '{' && s.p[s.n - 1] == '}') ||
				     (s.p[0] == '[' && s.p[s.n - 1] == ']')));
	if (!json) {
		buf_add(out, text);
		return;
	}
	while (s.n > 0)
		s = slice_from(s, spread_one(s, &depth, out));
	buf_addc(out, '\n');
}

size_t
html_count_lines(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n + (text.n > 0 && text.p[text.n - 1] != '\n');
}

/* ---- the difference ----------------------------------------------------- */

struct text {
	struct slice *v;
	size_t n;
};

static struct text
split(struct slice s)
{
	struct text t = { 0 };

	t.v = mem_array(html_count_lines(s) + 1, sizeof(*t.v));
	while (s.n > 0)
		t.v[t.n++] = slice_cut(&s, '\n');
	return t;
}

enum mark { STAYED, GONE, COME };

/* A line of the outcome; `i` is of the side that it is on. */
struct step {
	enum mark mark;
	size_t i;
};

struct steps {
	struct step *v;
	size_t n;
};

static void
add_step(struct steps *s, enum mark mark, size_t i)
{
	s->v[s->n++] = (struct step){ mark, i };
}

/* Longest common subsequence of the middle (lengths in 16 bits: EXACT_MAX). */
static void
exact(const struct text *a, const struct text *b, size_t from, size_t na,
      size_t nb, struct steps *out)
{
	size_t wide = nb + 1, i = 0, k = 0;
	uint16_t *len = mem_array((na + 1) * wide, sizeof(*len));

	for (i = na; i-- > 0;) {
		for (k = nb; k-- > 0;) {
			uint16_t *at = &len[i * wide + k];

			if (slice_eq(a->v[from + i], b->v[from + k]))
				*at = (uint16_t)(at[wide + 1] + 1);
			else
				*at = at[wide] > at[1] ? at[wide] : at[1];
		}
	}
	for (i = k = 0; i < na || k < nb;) {
		const uint16_t *at = &len[i * wide + k];

		if (i < na && k < nb &&
		    slice_eq(a->v[from + i], b->v[from + k])) {
			add_step(out, STAYED, from + i);
			i++;
			k++;
		} else if (i < na && (k == nb || at[wide] >= at[1])) {
			add_step(out, GONE, from + i++);
		} else {
			add_step(out, COME, from + k++);
		}
	}
	free(len);
}

static struct steps
compare(const struct text *a, const struct text *b)
{
	struct steps s = { .v = mem_array(a->n + b->n + 1, sizeof(*s.v)) };
	size_t head = 0, tail = 0, na, nb;

	while (head < a->n && head < b->n &&
	       slice_eq(a->v[head], b->v[head]))
		add_step(&s, STAYED, head++);
	while (tail < a->n - head && tail < b->n - head &&
	       slice_eq(a->v[a->n - 1 - tail], b->v[b->n - 1 - tail]))
		tail++;
	na = a->n - head - tail;
	nb = b->n - head - tail;
	if (na <= EXACT_MAX && nb <= EXACT_MAX) {
		exact(a, b, head, na, nb, &s);
	} else {
		for (size_t i = 0; i < na; i++)
			add_step(&s, GONE, head + i);
		for (size_t i = 0; i < nb; i++)
			add_step(&s, COME, head + i);
	}
	for (size_t i = a->n - tail; i < a->n; i++)
		add_step(&s, STAYED, i);
	return s;
}

/* Is a line of the outcome near one that did not stay? */
static bool
is_near(const struct steps *s, size_t at)
{
	size_t from = at > CONTEXT ? at - CONTEXT : 0;

	for (size_t i = from; i < s->n && i <= at + CONTEXT; i++)
		if (s->v[i].mark != STAYED)
			return true;
	return false;
}

static void
put_line(const struct step *step, struct slice line, struct buf *out)
{
	static const char *const begin[] = { "  ", HTML_GONE "- ",
		HTML_COME "+ " };
	static const char *const end[] = { "\n", HTML_END "\n",
		HTML_END "\n" };

	buf_adds(out, begin[step->mark]);
	html_text(slice_range(line, 0, LINE_MAX_BYTES), out);
	if (line.n > LINE_MAX_BYTES)
		buf_fmt(out, "<i>… %zu bytes more</i>",
			line.n - LINE_MAX_BYTES);
	buf_adds(out, end[step->mark]);
}

void
html_diff(struct slice want, struct slice got, struct buf *out)
{
	struct text a = split(want), b = split(got);
	struct steps s = compare(&a, &b);

	size_t begin = out->n;

	buf_adds(out, "<pre class=\"diff\">");
	for (size_t i = 0; i < s.n;) {
		size_t from = i;

		if (out->n - begin > SHOWN_MAX) {
			buf_fmt(out, "<i>  %zu lines more</i>\n", s.n - i);
			break;
		}

		while (i < s.n && !is_near(&s, i))
			i++;
		if (i > from)
			buf_fmt(out, "<i>  %zu line%s alike</i>\n", i - from,
				i - from == 1 ? "" : "s");
		if (i == s.n)
			break;
		put_line(&s.v[i], s.v[i].mark == COME ? b.v[s.v[i].i]
						      : a.v[s.v[i].i], out);
		i++;
	}
	buf_adds(out, "</pre>\n");
	free(s.v);
	free(a.v);
	free(b.v);
}
