/* Did an exchange keep its outcome?  Errors in a 200's body may be masked. */
#include "compare.h"
#include "findings.h"

/* The same status, and the one answer tells errors in its body (GraphQL) where
 * the other one does not. */
static bool
differ_in_errors(const struct outcome *a, const struct outcome *b)
{
	return a->kind == OUTCOME_STATUS && b->kind == OUTCOME_STATUS &&
	       a->status == b->status && a->body_errors != b->body_errors;
}

/* A mask never speaks for the failing exchange of a bug: whether that one is
 * well again is what the replay is made for. */
static bool
may_be_masked(const struct judging *j, size_t at)
{
	return j->in->plan->expect == EXPECT_SAME || !j->trigger ||
	       at != j->failing;
}

static const struct plan_mask *
errors_mask(const struct judging *j, size_t at)
{
	struct place p = { .exchange = j->r->cases[at].exchange,
			   .side = PLACE_RESPONSE,
			   .part = PLACE_BODY, .name = SLICE("/errors") };

	return may_be_masked(j, at) ? compare_mask(j->in->plan, &p) : NULL;
}

static void
keep_masked(struct judging *j, size_t at)
{
	struct case_result *c = &j->r->cases[at];
	const struct plan_mask *mask = errors_mask(j, at);

	if (!mask)
		return;
	j->kept[at] = true;
	j->nmasked++;
	j->r->notes[j->r->nnotes++] = arena_fmt(
		j->a, "%.*s (exchange %u) answered %.*s, on the tape %.*s; "
		"masked: %.*s", SLICE_ARG(c->name), c->exchange,
		SLICE_ARG(c->got), SLICE_ARG(c->want),
		SLICE_ARG(mask->reason));
}

void
judging_kept(struct judging *j)
{
	for (size_t i = 0; i < j->r->ncases; i++) {
		j->kept[i] = outcome_eq(&j->want[i], &j->got[i]);
		if (!differ_in_errors(&j->want[i], &j->got[i]))
			continue;
		j->r->cases[i].errors_appeared = j->got[i].body_errors;
		keep_masked(j, i);
	}
}
