/* The JSON walker: spans lie within the body, values are what their escapes
 * say, and a document that is taken is taken again after rewriting. */
#include <dvr/field/field.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	struct slice body;
	struct buf again;	/* a scalar, written anew */
	size_t fields;
};

static int
look(void *arg, const struct field *f)
{
	struct seen *s = arg;

	s->fields++;
	if (f->span.p < s->body.p ||
	    f->span.p + f->span.n > s->body.p + s->body.n)
		abort();
	if (f->place.n > 0 && f->place.p[0] != '/')
		abort();
	if (f->kind != FIELD_STRING || f->place.n > 0)
		return 0;
	buf_clear(&s->again);
	buf_addc(&s->again, '"');
	field_format_named("json")->encode(f->kind, f->value, &s->again);
	buf_addc(&s->again, '"');
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct field_format *json = field_format_named("json");
	struct arena *a = arena_create();
	struct seen s = { .body = slice_of(data, size) };
	struct seen t = { .body = { 0 } };

	buf_init(&s.again, size * 8 + 16);
	buf_init(&t.again, size * 16 + 16);
	if (json->walk(a, s.body, look, &s) == FIELD_OK) {
		if (s.fields == 0)
			abort();
		t.body = buf_slice(&s.again);
		if (s.again.n && json->walk(a, t.body, look, &t) != FIELD_OK)
			abort();
		if (s.again.n && !slice_eq(buf_slice(&s.again),
					   buf_slice(&t.again)))
			abort();
	} else if (s.fields > 0) {
		abort();
	}
	buf_release(&s.again);
	buf_release(&t.again);
	arena_destroy(a);
	return 0;
}
