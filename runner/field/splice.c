/* Walks and edits in any format (see field.h). */
#include <dvr/field/field.h>

enum field_result
field_walk(const struct field_format *f, struct arena *a, struct slice body,
	   field_fn *fn, void *arg)
{
	return f->walk_as ? f->walk_as(f, a, body, fn, arg) :
		f->walk(a, body, fn, arg);
}

void
field_splice(const struct field_format *f, struct slice body,
	     const struct field_edit *v, size_t n, struct buf *out)
{
	size_t at = 0, i;

	if (f && f->splice) {
		f->splice(f, body, v, n, out);
		return;
	}
	for (i = 0; i < n; i++) {
		buf_add(out, slice_range(body, at, v[i].from));
		buf_add(out, v[i].text);
		at = v[i].to;
	}
	buf_add(out, slice_from(body, at));
}
