/* Walks as text, for the walkers' tests. */
#include "field_trace.h"

#include <check.h>

struct trace {
	struct slice body;
	struct buf text;
};

static int
note(void *arg, const struct field *f)
{
	static const char kinds[] = "snbz[{y";
	struct trace *t = arg;
	bool whole = f->kind == FIELD_OBJECT || f->kind == FIELD_ARRAY;

	buf_fmt(&t->text, "%.*s %c %.*s\n", SLICE_ARG(f->place),
		kinds[f->kind], whole ? 0 : (int)f->value.n, f->value.p);
	return 0;
}

void
assert_trace(trace_walk *walk, const struct field_format *f,
	     struct slice body, const char *want)
{
	struct arena *a = arena_create();
	struct trace t = { .body = body };

	buf_init(&t.text, 1 * MiB);
	ck_assert_int_eq(walk(f, a, body, note, &t), FIELD_OK);
	ck_assert_str_eq(buf_cstr(&t.text), want);
	buf_release(&t.text);
	arena_destroy(a);
}

struct wanted {
	const char *place;
	struct field found;
};

static int
take(void *arg, const struct field *f)
{
	struct wanted *w = arg;

	if (!slice_eq(f->place, slice_str(w->place)))
		return 0;
	w->found = *f;
	return 1;
}

void
put_field(const struct field_format *f, struct slice body, const char *place,
	  struct slice value, struct buf *out)
{
	struct arena *a = arena_create();
	struct wanted w = { .place = place };
	struct field_edit edit;
	struct buf text;

	ck_assert_int_eq(field_walk(f, a, body, take, &w), FIELD_OK);
	ck_assert_msg(w.found.place.n > 0, "no %s", place);
	buf_init(&text, 1 * MiB);
	f->encode(w.found.kind, value, &text);
	edit = (struct field_edit){
		.from = (size_t)(w.found.span.p - body.p),
		.to = (size_t)(w.found.span.p - body.p) + w.found.span.n,
		.text = buf_slice(&text),
	};
	field_splice(f, body, &edit, 1, out);
	buf_release(&text);
	arena_destroy(a);
}
