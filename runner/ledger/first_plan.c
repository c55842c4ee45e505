/* A new tape's plan: expect a fix, bind what answers produced. */
#include "first_plan.h"

#include <dvr/relate/bindings.h>

static bool
is_clean(const struct ledger *l, struct slice text)
{
	struct buf b;
	bool same;

	if (!slice_is_utf8(text))
		return false;
	buf_init(&b, 64 * KiB);
	scrub_text(l->scrub, text, &b);
	same = slice_eq(buf_slice(&b), text);
	buf_release(&b);
	return same;
}

void
first_plan(const struct ledger *l, struct arena *a,
	   const struct recording *raw, struct plan *out)
{
	size_t i, n = 0;

	*out = (struct plan){ .expect = EXPECT_FIXED };
	bindings_find(a, &raw->raw, out);
	for (i = 0; i < out->nbindings; i++) {
		const struct plan_binding *b = &out->bindings[i];

		if (is_clean(l, b->from) && is_clean(l, b->to) &&
		    is_clean(l, b->take))
			out->bindings[n++] = *b;
	}
	out->nbindings = n;
}
