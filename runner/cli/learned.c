/* Adds learned masks to plans. */
#include "learned.h"

#include <string.h>

bool
learned_add(struct plan *p, struct arena *a, const struct plan_mask *mask)
{
	struct plan_mask *all;

	for (size_t i = 0; i < p->nmasks; i++) {
		if (slice_eq(p->masks[i].field, mask->field))
			return false;
	}
	all = arena_array(a, p->nmasks + 1, sizeof(*all));
	if (p->nmasks)
		memcpy(all, p->masks, p->nmasks * sizeof(*all));
	all[p->nmasks++] = (struct plan_mask){
		.field = arena_copy(a, mask->field),
		.reason = arena_copy(a, mask->reason),
	};
	p->masks = all;
	return true;
}

unsigned
learned_add_all(struct plan *p, struct arena *a,
		const struct trial_learned *l)
{
	unsigned n = 0;

	for (size_t i = 0; i < l->nmasks; i++)
		n += learned_add(p, a, &l->masks[i]);
	return n;
}
