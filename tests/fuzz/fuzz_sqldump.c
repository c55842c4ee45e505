/*
 * The reader of dvr's database text: literals cover a row without gap or
 * overlap, what is written anew reads as the same, spans lie in the text.
 */
#include <dvr/field/field.h>
#include <dvr/field/sqldump.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	const struct field_format *format;
	struct arena *arena;
	struct slice body;
	size_t n;
};

/* A value in a row of its own: read back it is the same. */
static void
check_again(const struct seen *s, const struct field *f)
{
	struct sql_literal l;
	bool last;
	struct buf b, plain;

	buf_init(&b, 16 * MiB);
	buf_init(&plain, 16 * MiB);
	buf_adds(&b, f->kind == FIELD_BYTES ? "X'" : "'");
	s->format->encode(f->kind, f->value, &b);
	buf_adds(&b, "');\n");
	if (sqldump_literal(buf_slice(&b), &l, &last) != b.n || !last)
		abort();
	if (f->kind == FIELD_BYTES &&
	    (sqldump_unhex(l.span, &plain) < 0 ||
	     !slice_eq(buf_slice(&plain), f->value)))
		abort();
	buf_clear(&plain);
	if (f->kind == FIELD_STRING) {
		sqldump_name(l.span, &plain);	/* of other quotes */
		s->format->encode(FIELD_STRING, f->value, &plain);
		if (!slice_ends(buf_slice(&plain), l.span))
			abort();
	}
	buf_release(&b);
	buf_release(&plain);
}

static int
look(void *arg, const struct field *f)
{
	struct seen *s = arg;

	if (f->span.p < s->body.p ||
	    f->span.p + f->span.n > s->body.p + s->body.n ||
	    (f->place.n > 0 && f->place.p[0] != '/'))
		abort();
	if (s->n++ < 64 && (f->kind == FIELD_STRING ||
	    (f->kind == FIELD_BYTES && f->value.p != f->span.p)))
		check_again(s, f);
	return 0;
}

static void
check_row(struct slice text)
{
	struct sqldump_insert row;
	struct sql_literal l;
	struct slice name;
	size_t at = sqldump_insert(text, &row), n;
	bool last = false;
	struct buf b;

	if (at > text.n)
		abort();
	if (at == 0)
		return;
	buf_init(&b, 16 * MiB);
	while (sqldump_column(&row.columns, &name))
		sqldump_name(name, &b);
	buf_release(&b);
	while (!last && (n = sqldump_literal(slice_from(text, at), &l,
					     &last)) > 0) {
		if (l.span.p < text.p + at ||
		    l.span.p + l.span.n > text.p + at + n)
			abort();
		at += n;
		if (at > text.n)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen s = { .format = field_format_named("sqldump"),
			  .arena = arena_create() };
	struct buf b;

	check_row(slice_of(data, size));
	buf_init(&b, size + KiB);
	buf_adds(&b, SQLDUMP_HEAD);
	buf_add(&b, slice_of(data, size));
	s.body = buf_slice(&b);
	if (s.format->walk(s.arena, s.body, look, &s) != FIELD_OK)
		abort();
	buf_release(&b);
	arena_destroy(s.arena);
	return 0;
}
