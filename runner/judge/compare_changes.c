/* Differences from the tape that were accepted, or could be. */
#include "compare.h"

/* A value of an answer above this is no field to keep in replay.yaml (bytes). */
#define TAKEN_MAX (4u * KiB)

static const struct plan_change *
find_change(const struct comparison *c, const struct place *p,
	    enum change what)
{
	const struct plan *plan = c->in->plan;

	for (size_t i = 0; i < plan->nchanges; i++) {
		const struct plan_change *x = &plan->changes[i];
		struct place want;

		if (x->what == what && place_parse(x->field, &want) == 0 &&
		    place_matches(&want, p))
			return x;
	}
	return NULL;
}

bool
compare_accepted(const struct comparison *c, const struct place *p,
		 enum change what)
{
	return find_change(c, p, what) != NULL;
}

struct slice
compare_wanted(const struct comparison *c, const struct place *p,
	       struct slice recorded)
{
	const struct plan_change *x = find_change(c, p, CHANGE_VALUE);

	return x ? x->value : recorded;
}

/* Clean, whole, and still the same to whoever compares: else it cannot be
 * taken. */
static bool
clean_value(const struct comparison *c, struct slice live, struct slice *out)
{
	struct slice value;
	struct buf text;
	bool good;

	if (!c->in->clean || live.n > TAKEN_MAX || !slice_is_utf8(live))
		return false;
	buf_init(&text, 4 * TAKEN_MAX);
	c->in->clean(c->in->clean_arg, live, &text);
	value = arena_copy(c->a, buf_slice(&text));
	good = !text.full && value.n > 0 && compare_equal(c, value, live);
	buf_release(&text);
	if (good)
		*out = value;
	return good;
}

void
compare_takes(const struct comparison *c, struct difference *d,
	      enum change what, struct slice live)
{
	if (!d)
		return;
	d->change = what;
	d->takeable = what != CHANGE_VALUE || clean_value(c, live, &d->value);
}
