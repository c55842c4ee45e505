/* From several replays of one build to masks (see learn.h). */
#include "learn.h"

#include <dvr/judge/noise.h>

/* Answers of a larger tape are not kept several times over (bytes). */
#define KEPT_MAX (64u * MiB)

static bool
is_large(const struct tape *t)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < t->nexchanges; i++)
		sum += t->exchanges[i].response.body_bytes;
	return sum > KEPT_MAX;
}

struct observed *
learn_slot(struct learn *l)
{
	if (l->cfg->learned == NULL || l->n == LEARN_REPLAYS ||
	    is_large(l->tape))
		return NULL;
	return &l->kept[l->n++];
}

/* A name in a live answer may be a secret itself: it is not written. */
static bool
is_clean(const struct learn *l, struct slice field)
{
	struct buf b;
	bool same;

	if (!slice_is_utf8(field))
		return false;
	buf_init(&b, 64 * KiB);
	scrub_text(l->cfg->scrub, field, &b);
	same = slice_eq(buf_slice(&b), field);
	buf_release(&b);
	return same;
}

static void
compare(struct learn *l)
{
	struct trial_learned *out = l->cfg->learned;
	struct plan_mask *all;
	size_t n = noise_find(l->tape, l->plan, l->kept, l->n, l->arena,
			      &all);

	*out = (struct trial_learned){ .masks = all };
	for (size_t i = 0; i < n; i++)
		if (is_clean(l, all[i].field))
			out->masks[out->nmasks++] = all[i];
}

void
learn_end(struct learn *l)
{
	if (l->cfg->learned != NULL)
		compare(l);
	for (size_t i = 0; i < l->n; i++)
		if (l->kept[i].arena != NULL)
			arena_wipe(l->kept[i].arena);
}
