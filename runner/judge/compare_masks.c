/* Places that need not be equal: masked ones, and those of values made anew. */
#include "compare.h"

/* A mask or producer of a container covers what is in it. */
static bool
covers(struct slice pattern, const struct place *p)
{
	struct place want, at = *p;

	if (place_parse(pattern, &want) != 0)
		return false;
	for (;;) {
		if (place_matches(&want, &at))
			return true;
		if (at.part != PLACE_BODY || at.name.n == 0)
			return false;
		while (at.name.n > 0 && at.name.p[at.name.n - 1] != '/')
			at.name.n--;
		if (at.name.n > 0)
			at.name.n--;
	}
}

const struct plan_mask *
compare_mask(const struct plan *plan, const struct place *p)
{
	for (size_t i = 0; i < plan->nmasks; i++) {
		if (covers(plan->masks[i].field, p))
			return &plan->masks[i];
	}
	return NULL;
}

bool
compare_masked(const struct comparison *c, const struct place *p)
{
	return compare_mask(c->in->plan, p) != NULL;
}

bool
compare_produced(const struct comparison *c, const struct place *p)
{
	const struct plan *plan = c->in->plan;

	for (size_t i = 0; i < plan->nbindings; i++) {
		/* Of a part the rest is compared: see compare_echo(). */
		if (plan->bindings[i].take.n == 0 &&
		    covers(plan->bindings[i].from, p))
			return true;
	}
	return false;
}
