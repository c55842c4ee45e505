/* Puts edits of replay.yaml into requests; adds what is not there (edits.h). */
#include "edits.h"

#include "resolve_edit.h"

#include <dvr/base/ascii.h>
#include <dvr/scrub/scrub.h>

#define EDIT_MAX ((size_t)64 * MiB)
/* Edits that a report names one by one. */
#define TOLD_MAX 5

static struct slice
lower(struct arena *a, struct slice s)
{
	char *p = arena_str(a, s);

	for (size_t i = 0; i < s.n; i++)
		if (is_upper(p[i]))
			p[i] = (char)(p[i] - 'A' + 'a');
	return slice_of(p, s.n);
}

struct request_edit *
edits_of(struct arena *a, const struct tape *t, const struct plan *p,
	 struct notes *notes, size_t *n)
{
	struct request_edit *v = arena_array(a, p->nedits + 1, sizeof(*v));

	*n = 0;
	for (size_t i = 0; i < p->nedits; i++) {
		struct request_edit x = { .edit = &p->edits[i] };
		const struct exchange *to;

		if (place_parse(x.edit->field, &x.place) != 0)
			continue;
		to = tape_exchange(t, x.place.exchange);
		if (!to)
			continue;
		x.index = (size_t)(to - t->exchanges);
		if (x.place.part == PLACE_HEADER)
			x.place.name = lower(a, x.place.name);
		v[(*n)++] = x;
		if (*n <= TOLD_MAX)
			notes_fmt(notes, "replay.yaml sets %.*s, which was "
				  "recorded otherwise",
				  SLICE_ARG(x.edit->field));
	}
	if (*n > TOLD_MAX)
		notes_fmt(notes, "and %zu fields more", *n - TOLD_MAX);
	return v;
}

bool
edits_any(const struct request_edit *v, size_t n, size_t index)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].index == index)
			return true;
	return false;
}

/* ---- what is there ------------------------------------------------------ */

static const struct plan_binding whole_value;

struct setting {
	struct editing editing;
	struct bound bound;
};

static int
on_value(void *arg, const struct value *v)
{
	struct setting *s = arg;

	if (v->place.part != s->bound.to.part ||
	    !slice_eq(v->place.name, s->bound.to.name))
		return 0;
	edit_value(&s->editing, &s->bound, 1, v);
	return 1;
}

/* False: the request has no such place. */
static bool
set_value(const struct request_edit *x, struct arena *a, struct message *m)
{
	struct setting s = {
		.editing = { .arena = a, .was = *m },
		.bound = { .binding = &whole_value, .to = x->place,
			   .live = x->edit->value, .found = true },
	};

	values_walk(a, m, PLACE_REQUEST, on_value, &s);
	if (s.editing.nedits == 0)
		return false;
	edit_end(&s.editing, m);
	return true;
}

/* ---- what is not ---------------------------------------------------------- */

static void
add_header(struct arena *a, struct slice line, struct message *m)
{
	struct header *v = arena_array(a, m->headers.n + 1, sizeof(*v));

	if (m->headers.n)
		memcpy(v, m->headers.v, m->headers.n * sizeof(*v));
	v[m->headers.n] = header_of_line(line);
	m->headers.v = v;
	m->headers.n++;
	m->raw_head = (struct slice){ 0 };
}

/* What would end the line is left out. */
static struct slice
header_text(struct arena *a, struct slice s)
{
	char *p = arena_str(a, s);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\r' && s.p[i] != '\n' && s.p[i] != '\0')
			p[n++] = s.p[i];
	return slice_of(p, n);
}

static bool
add_cookie(const struct request_edit *x, struct arena *a, struct message *m)
{
	const struct header *had = headers_find(&m->headers, "cookie");
	struct slice value = header_text(a, x->edit->value);

	if (!had) {
		add_header(a, arena_fmt(a, "Cookie: %.*s=%.*s",
					SLICE_ARG(x->place.name),
					SLICE_ARG(value)), m);
		return true;
	}
	for (size_t i = 0; i < m->headers.n; i++)
		if (&m->headers.v[i] == had)
			m->headers.v[i] = header_of_line(arena_fmt(
				a, "%.*s; %.*s=%.*s", SLICE_ARG(had->line),
				SLICE_ARG(x->place.name), SLICE_ARG(value)));
	m->raw_head = (struct slice){ 0 };
	return true;
}

/* name=value, percent-encoded, behind '?' or '&'. */
static void
put_pair(const struct request_edit *x, char before, struct buf *out)
{
	if (before)
		buf_addc(out, before);
	percent_encode(x->place.name, true, out);
	buf_addc(out, '=');
	percent_encode(x->edit->value, true, out);
}

static bool
add_query(const struct request_edit *x, struct arena *a, struct message *m)
{
	struct slice target = message_target(m);
	size_t end = (size_t)(target.p - m->line.p) + target.n;
	struct buf b;

	if (target.n == 0)
		return false;
	buf_init(&b, EDIT_MAX);
	buf_add(&b, slice_range(m->line, 0, end));
	put_pair(x, slice_chr(target, '?') < 0 ? '?' : '&', &b);
	buf_add(&b, slice_from(m->line, end));
	m->line = arena_copy(a, buf_slice(&b));
	m->raw_head = (struct slice){ 0 };
	buf_release(&b);
	return true;
}

static void
set_body(struct arena *a, struct slice body, struct message *m)
{
	struct message was = *m;

	m->body = arena_copy(a, body);
	scrub_live_mend(a, &was, m);
}

struct parent {
	struct slice place;
	struct slice span;		/* of the object; p NULL: none */
};

static int
find_parent(void *arg, const struct field *f)
{
	struct parent *p = arg;

	if (f->kind != FIELD_OBJECT || !slice_eq(f->place, p->place))
		return 0;
	p->span = f->span;
	return 1;
}

/* Number, word or document of its own; else the value is a string. */
static bool
is_json_literal(struct arena *a, struct slice s)
{
	static const char begins[] = "{[\"-0123456789";

	if (slice_eq(s, SLICE("true")) || slice_eq(s, SLICE("false")) ||
	    slice_eq(s, SLICE("null")))
		return true;
	for (size_t i = 0; s.n > 0 && begins[i]; i++) {
		struct parent none = { .place = SLICE("/") };

		if (s.p[0] == begins[i])
			return field_format_named("json")->walk(
				a, s, find_parent, &none) == FIELD_OK;
	}
	return false;
}

/* The last name of a pointer, RFC 6901 escapes undone. */
static struct slice
member_name(struct arena *a, struct slice pointer, struct slice *parent)
{
	size_t at = pointer.n;
	char *p;
	size_t n = 0;

	while (at > 0 && pointer.p[at - 1] != '/')
		at--;
	*parent = slice_range(pointer, 0, at ? at - 1 : 0);
	p = arena_str(a, slice_from(pointer, at));
	for (size_t i = 0; p[i]; i++) {
		char c = p[i];

		if (c == '~' && (p[i + 1] == '0' || p[i + 1] == '1'))
			c = p[++i] == '0' ? '~' : '/';
		p[n++] = c;
	}
	return slice_of(p, n);
}

static bool
add_member(const struct request_edit *x, struct arena *a, struct message *m)
{
	const struct field_format *json = field_format_named("json");
	struct parent at = { .span = { 0 } };
	struct slice name = member_name(a, x->place.name, &at.place);
	struct slice inside;
	size_t end;
	struct buf b;

	if (json->walk(a, m->body, find_parent, &at) != FIELD_OK ||
	    at.span.n < 2)
		return false;
	end = (size_t)(at.span.p - m->body.p) + at.span.n - 1;
	inside = slice_range(at.span, 1, at.span.n - 1);
	while (inside.n > 0 && strchr(" \t\r\n", inside.p[0]))
		inside = slice_from(inside, 1);
	buf_init(&b, EDIT_MAX);
	buf_add(&b, slice_range(m->body, 0, end));
	buf_adds(&b, inside.n ? ",\"" : "\"");
	json->encode(FIELD_STRING, name, &b);
	buf_adds(&b, "\":");
	if (is_json_literal(a, x->edit->value)) {
		buf_add(&b, x->edit->value);
	} else {
		buf_addc(&b, '"');
		json->encode(FIELD_STRING, x->edit->value, &b);
		buf_addc(&b, '"');
	}
	buf_add(&b, slice_from(m->body, end));
	set_body(a, buf_slice(&b), m);
	buf_release(&b);
	return true;
}

static bool
add_field(const struct request_edit *x, struct arena *a, struct message *m)
{
	const struct header *type = headers_find(&m->headers, "content-type");
	struct request_edit plain = *x;
	const struct field_format *f;
	struct buf b;

	f = type ? field_format_for(type->value) : NULL;
	if (headers_find(&m->headers, "content-encoding"))
		return false;
	if (f == field_format_named("json"))
		return add_member(x, a, m);
	if (f != field_format_named("form"))
		return false;
	buf_init(&b, EDIT_MAX);
	buf_add(&b, m->body);
	if (slice_starts(plain.place.name, SLICE("/")))
		plain.place.name = slice_from(plain.place.name, 1);
	put_pair(&plain, m->body.n ? '&' : '\0', &b);
	set_body(a, buf_slice(&b), m);
	buf_release(&b);
	return true;
}

static bool
add_value(const struct request_edit *x, struct arena *a, struct message *m)
{
	switch (x->place.part) {
	case PLACE_HEADER:
		add_header(a, arena_fmt(a, "%.*s: %.*s",
					SLICE_ARG(x->place.name),
					SLICE_ARG(header_text(
						a, x->edit->value))), m);
		return true;
	case PLACE_COOKIE:
		return add_cookie(x, a, m);
	case PLACE_QUERY:
		return add_query(x, a, m);
	case PLACE_BODY:
		return add_field(x, a, m);
	case PLACE_PATH:
	case PLACE_STATUS:
	case PLACE_METHOD:
		break;
	}
	return false;
}

void
edits_apply(const struct request_edit *v, size_t n, size_t index,
	    struct arena *a, struct message *m, struct notes *notes)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].index != index || set_value(&v[i], a, m) ||
		    add_value(&v[i], a, m))
			continue;
		notes_fmt(notes, "edit of %.*s: the request has no such place, "
			  "and none can be added", SLICE_ARG(v[i].edit->field));
	}
}
