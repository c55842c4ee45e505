/* Edits a request: values composed, coded for their place, put in. */
#include "resolve_edit.h"

#include <dvr/base/hash.h>
#include <dvr/scrub/scrub.h>
#include <dvr/tape/payload.h>

#define EDIT_MAX ((size_t)1 << 30)

void
edit_begin(struct editing *e, const struct exchange *recorded)
{
	struct exchange x = *recorded;
	const struct headers *was = &recorded->request.headers;
	struct message *m = &x.request;
	size_t n = was->n;

	/* Parts of a line are to lie in it, whoever made the message. */
	m->headers.v = arena_array(e->arena, n + 1, sizeof(*m->headers.v));
	for (size_t i = 0; i < n; i++)
		m->headers.v[i] = header_of_line(was->v[i].line);
	scrub_live_side(e->arena, e->values, &x, FROM_CLIENT, &e->was);
}

/* ---- one value ---------------------------------------------------------- */

static void
add_coded(enum plan_as as, struct slice live, struct buf *out)
{
	switch (as) {
	case AS_IS:
		buf_add(out, live);
		break;
	case AS_BASE64:
		base64_encode(live, out);
		break;
	case AS_BASE64URL:
		base64url_encode(live, out);
		break;
	case AS_PERCENT:
		percent_encode(live, false, out);
		break;
	}
}

/* The decoded value: what is around the bound pieces stays. */
static bool
compose(struct bound *b, size_t n, struct slice value, struct buf *out)
{
	size_t at = 0;
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		size_t before = b[i].binding->before;
		size_t after = b[i].binding->after;

		b[i].used = true;
		/* A piece that cannot be there, or lies in another one. */
		if (!b[i].found || before < at || before > value.n ||
		    after > value.n - before)
			continue;
		buf_add(out, slice_range(value, at, before));
		add_coded(b[i].binding->as, b[i].live, out);
		at = value.n - after;
		any = true;
	}
	buf_add(out, slice_from(value, at));
	return any;
}

/* RFC 3986 §3.3: pchar, without the escapes. */
static bool
is_path_char(char c)
{
	static const char marks[] = "-._~!$&'()*+,;=:@";

	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z'))
		return true;
	for (size_t i = 0; marks[i]; i++)
		if (marks[i] == c)
			return true;
	return false;
}

static void
add_segment(const struct value *v, struct slice text, struct buf *out)
{
	bool plain = slice_eq(v->span, v->value);

	for (size_t i = 0; i < text.n; i++)
		plain = plain && is_path_char(text.p[i]);
	if (plain)
		buf_add(out, text);
	else
		percent_encode(text, false, out);
}

/* What ends a header line cannot be in one. */
static void
add_header_text(struct slice text, bool cookie, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c != '\r' && c != '\n' && c != '\0' &&
		    !(cookie && c == ';'))
			buf_addc(out, c);
	}
}

/* RFC 8259 §6, near enough: what starts and goes on like a number. */
static bool
is_number(struct slice s)
{
	bool digit = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		digit |= c >= '0' && c <= '9';
		if (!(c >= '0' && c <= '9') && c != '.' && c != 'e' &&
		    c != 'E' && c != '+' && c != '-')
			return false;
	}
	return digit && s.p[0] != '+' && s.p[0] != '.' &&
	       !(s.n > 1 && s.p[0] == '0' && s.p[1] >= '0' && s.p[1] <= '9');
}

static void
add_field(const struct value *v, struct slice text, struct buf *out)
{
	bool quote = v->kind != FIELD_STRING && !v->format->binary &&
		!is_number(text);

	if (quote)
		buf_addc(out, '"');
	v->format->encode(quote ? FIELD_STRING : v->kind, text, out);
	if (quote)
		buf_addc(out, '"');
}

static void
add_for_place(const struct value *v, struct slice text, struct buf *out)
{
	switch (v->place.part) {
	case PLACE_PATH:
		add_segment(v, text, out);
		return;
	case PLACE_HEADER:
	case PLACE_COOKIE:
		add_header_text(text, v->place.part == PLACE_COOKIE, out);
		return;
	case PLACE_STATUS:
	case PLACE_METHOD:
	case PLACE_QUERY:
	case PLACE_BODY:
		break;
	}
	if (v->format)
		add_field(v, text, out);
	else
		buf_add(out, text);
}

/* The body that the value is in. */
static struct slice
outermost(const struct value *v)
{
	const struct nested *n = v->within;

	while (n && n->outer)
		n = n->outer;
	return n ? n->whole : v->whole;
}

void
edit_value(struct editing *e, struct bound *b, size_t n,
	   const struct value *v)
{
	size_t from = (size_t)(v->span.p - v->whole.p);
	struct buf value, text;

	if (v->place.part == PLACE_BODY)
		e->plain = outermost(v);
	buf_init(&value, EDIT_MAX);
	buf_init(&text, EDIT_MAX);
	if (compose(b, n, v->value, &value)) {
		add_for_place(v, buf_slice(&value), &text);
		e->edits = arena_grow(e->arena, e->edits, e->nedits, &e->cap,
				      sizeof(*e->edits));
		e->edits[e->nedits++] = (struct edit){
			.whole = v->whole, .format = v->format,
			.within = v->within,
			.by = { from, from + v->span.n,
				arena_copy(e->arena, buf_slice(&text)) },
		};
	}
	buf_release(&value);
	buf_release(&text);
}

/* ---- the whole ------------------------------------------------------------ */

struct splicing {		/* of one whole */
	struct slice whole;
	const struct field_format *format;
	struct field_edit *v;
	size_t n;
};

static bool
is_same(struct slice a, struct slice b)
{
	return a.p == b.p && a.n == b.n;
}

/* Edits that lie in another one were made by it. */
static void
add_edit(struct splicing *s, const struct field_format *f,
	 const struct field_edit *by)
{
	if (s->n > 0 && by->from < s->v[s->n - 1].to)
		return;
	s->v[s->n++] = *by;
	s->format = f;
}

static struct slice edited(struct editing *e, struct slice whole);

/* A document in a value of `s`, of which something was edited. */
static void
add_document(struct editing *e, struct splicing *s, const struct nested *n)
{
	struct field_edit by = {
		.from = (size_t)(n->span.p - s->whole.p),
		.to = (size_t)(n->span.p - s->whole.p) + n->span.n,
	};
	struct buf b;

	if (s->n > 0 && by.from < s->v[s->n - 1].to)
		return;
	buf_init(&b, EDIT_MAX);
	nest_encode(n, edited(e, n->text), &b);
	by.text = arena_copy(e->arena, buf_slice(&b));
	buf_release(&b);
	add_edit(s, n->around, &by);
}

/* `whole` with its edits, and those of the documents in it; itself when there
 * are none. */
static struct slice
edited(struct editing *e, struct slice whole)
{
	struct splicing s = { .whole = whole,
		.v = arena_array(e->arena, e->nedits + 1, sizeof(*s.v)) };
	struct slice done;
	struct buf b;

	for (size_t i = 0; i < e->nedits; i++) {
		const struct edit *x = &e->edits[i];
		const struct nested *n = x->within;

		if (is_same(x->whole, whole)) {
			add_edit(&s, x->format, &x->by);
			continue;
		}
		while (n && !is_same(n->whole, whole))
			n = n->outer;
		if (n)
			add_document(e, &s, n);
	}
	if (s.n == 0)
		return whole;
	buf_init(&b, EDIT_MAX);
	field_splice(s.format, whole, s.v, s.n, &b);
	done = arena_copy(e->arena, buf_slice(&b));
	buf_release(&b);
	return done;
}

/* Under the codings that it came in. */
static void
edit_body(struct editing *e, struct message *out)
{
	struct slice plain = edited(e, e->plain);

	if (plain.p != e->plain.p &&
	    message_code(e->arena, &e->was, plain, &out->body))
		e->coded = out->body.p != plain.p;
}

void
edit_end(struct editing *e, struct message *out)
{
	const struct headers *in = &e->was.headers;
	struct header *v = arena_array(e->arena, in->n + 1, sizeof(*v));

	*out = e->was;
	out->line = edited(e, e->was.line);
	out->headers.v = v;
	for (size_t i = 0; i < in->n; i++) {
		struct slice line = edited(e, in->v[i].line);

		v[i] = line.p == in->v[i].line.p ? in->v[i] :
						   header_of_line(line);
	}
	if (e->plain.n > 0)
		edit_body(e, out);
	scrub_live_mend(e->arena, &e->was, out);
}
