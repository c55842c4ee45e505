/* Walkers for flat name=value lists: form, query and Cookie header. */
#include "formats.h"

#include <dvr/field/header.h>

#include "siblings.h"

struct flat_walk {
	struct arena *arena;
	bool percent;		/* names and values are form-coded */
	struct siblings seen;
	struct arena *names;	/* those of them that had escapes */
};

static struct slice
decode(struct flat_walk *w, struct slice s)
{
	return w->percent ? percent_plain(w->arena, s, true) : s;
}

static struct slice
place_of(struct flat_walk *w, struct slice name, size_t nth)
{
	struct slice place;
	struct buf b;

	buf_init(&b, name.n * 2 + 32);
	pointer_add(&b, name);
	if (nth > 0)
		buf_fmt(&b, "/%zu", nth);
	place = arena_copy(w->arena, buf_slice(&b));
	buf_release(&b);
	return place;
}

/* How many of that name came before. */
static size_t
nth_of(struct flat_walk *w, struct slice name, struct slice decoded)
{
	if (decoded.p != name.p) {
		if (!w->names)
			w->names = arena_create();
		decoded = arena_copy(w->names, decoded);
	}
	return siblings_next(&w->seen, &(struct sibling_name){
		.text = decoded });
}

static int
emit(struct flat_walk *w, const struct header_part *p, field_fn *fn, void *arg)
{
	struct field f = { .kind = FIELD_STRING };

	f.key = decode(w, p->name);
	f.place = place_of(w, f.key, nth_of(w, p->name, f.key));
	f.span = p->value.p ? p->value : slice_from(p->text, p->text.n);
	f.value = decode(w, f.span);
	return fn(arg, &f);
}

static enum field_result
walk(struct flat_walk *w, struct slice body, field_fn *fn, void *arg)
{
	struct header_walk parts = header_walk(w->percent ? HEADER_QUERY :
					       HEADER_COOKIE, body);
	struct header_part p;

	while (header_next(&parts, &p) && emit(w, &p, fn, arg) == 0)
		;
	siblings_release(&w->seen);
	arena_wipe(w->names);
	return FIELD_OK;
}

static enum field_result
walk_coded(struct arena *a, struct slice body, field_fn *fn, void *arg)
{
	struct flat_walk w = { .arena = a, .percent = true };

	return walk(&w, body, fn, arg);
}

static enum field_result
walk_cookie(struct arena *a, struct slice body, field_fn *fn, void *arg)
{
	struct flat_walk w = { .arena = a, .percent = false };

	return walk(&w, body, fn, arg);
}

static void
encode_form(enum field_kind kind, struct slice value, struct buf *out)
{
	(void)kind;
	percent_encode(value, true, out);
}

static void
encode_plain(enum field_kind kind, struct slice value, struct buf *out)
{
	(void)kind;
	buf_add(out, value);
}

const struct field_format field_form = {
	.name = "form", .walk = walk_coded, .encode = encode_form,
	.fleeting = true,
};

const struct field_format field_query = {
	.name = "query", .walk = walk_coded, .encode = encode_form,
	.fleeting = true,
};

const struct field_format field_cookie = {
	.name = "cookie", .walk = walk_cookie, .encode = encode_plain,
	.fleeting = true,
};
