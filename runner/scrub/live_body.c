/* Expands handles field by field, so that lengths follow (see live_body.h). */
#include "live_body.h"

struct fields {
	const struct live_body *b;
	struct slice body;
	struct field_edit *v;
	size_t n, cap;
};

static int
on_field(void *arg, const struct field *f)
{
	struct fields *all = arg;
	struct slice text;
	bool any;

	if (f->kind != FIELD_STRING && f->kind != FIELD_BYTES)
		return 0;
	text = all->b->expand(all->b->arg, f->span, &any);
	if (!any)
		return 0;
	all->v = arena_grow(all->b->arena, all->v, all->n, &all->cap,
			    sizeof(*all->v));
	all->v[all->n++] = (struct field_edit){
		.from = (size_t)(f->span.p - all->body.p),
		.to = (size_t)(f->span.p - all->body.p) + f->span.n,
		.text = text,
	};
	return 0;
}

struct slice
live_body(const struct live_body *b, struct slice body, bool *any)
{
	struct fields all = { .b = b, .body = body };
	struct slice done = body;
	size_t more = 0, i;
	struct buf out;

	*any = false;
	if (!b->format || !b->format->splice)
		return b->expand(b->arg, body, any);
	if (field_walk(b->format, b->arena, body, on_field, &all) != FIELD_OK)
		return b->expand(b->arg, body, any);
	*any = all.n > 0;
	if (all.n == 0)
		return done;
	for (i = 0; i < all.n; i++)
		more += all.v[i].text.n + 16;	/* and its lengths */
	buf_init(&out, body.n + more);
	field_splice(b->format, body, all.v, all.n, &out);
	done = arena_copy(b->arena, buf_slice(&out));
	buf_release(&out);
	return done;
}
