/* Judges the service's calls to its dependencies: too many, too few. */
#include "findings.h"

#include <dvr/base/plural.h>
#include <dvr/field/field.h>

/* Notes about calls that were not made; a longer list says no more. */
#define UNMADE_SHOWN 8

static struct slice
call_line(const struct judging *j, uint32_t id)
{
	const struct tape *t = j->in->tape;
	const struct exchange *x = tape_exchange(t, id);

	if (x == NULL)
		return SLICE("");
	return arena_fmt(j->a, "%.*s: the recorded call %.*s %.*s (exchange "
			 "%u) was not made",
			 SLICE_ARG(t->lanes[x->lane].name),
			 SLICE_ARG(message_method(&x->request)),
			 SLICE_ARG(message_target(&x->request)), id);
}

static void
judge_unmade(struct judging *j)
{
	const struct observed *o = j->in->seen;
	struct replay_result *r = j->r;

	for (size_t i = 0; i < o->nunmade && i < UNMADE_SHOWN; i++)
		r->notes[r->nnotes++] = call_line(j, o->unmade[i]);
	if (o->nunmade > UNMADE_SHOWN)
		r->notes[r->nnotes++] = arena_fmt(
			j->a, "and %zu more recorded calls were not made",
			o->nunmade - UNMADE_SHOWN);
	if (o->nunmade > 0 && j->in->strict)
		judging_find(j, FIND_UNMADE, NO_CASE,
			     call_line(j, o->unmade[0]));
}

static void
judge_misses(struct judging *j)
{
	const struct observed *o = j->in->seen;

	if (o->nmisses == 0)
		return;
	j->r->stubs = judging_clean(j, o->stubs);
	if (j->r->stubs.n > 0)
		j->r->stubs = arena_fmt(j->a, "%.*s\n",
					SLICE_ARG(j->r->stubs));
	judging_find(j, FIND_MISS, NO_CASE, arena_fmt(
		j->a, "the service made %zu call%s that %s not on the tape: "
		"%.*s", o->nmisses, plural(o->nmisses),
		o->nmisses == 1 ? "is" : "are",
		SLICE_ARG(judging_clean_line(j, o->misses[0]))));
}

/* What came of the call without its dependency is not the build's fault. */
static void
judge_unreached(struct judging *j)
{
	const struct observed *o = j->in->seen;
	struct slice more = SLICE("");

	if (o->nunreached == 0)
		return;
	j->r->unreached = arena_array(j->a, o->nunreached,
				      sizeof(*j->r->unreached));
	for (size_t i = 0; i < o->nunreached; i++)
		j->r->unreached[i] = judging_clean_line(j, o->unreached[i]);
	j->r->nunreached = o->nunreached;
	if (o->nunreached > 1)
		more = arena_fmt(j->a, " (and %zu more)", o->nunreached - 1);
	judging_find(j, FIND_UNREACHED, NO_CASE, arena_fmt(
		j->a, "the service wanted %.*s%.*s, where no lane leads: make "
		"it an egress lane and record anew, let it through with "
		"replay.reach, or name it in replay.allow_unreached with a "
		"reason", SLICE_ARG(j->r->unreached[0]), SLICE_ARG(more)));
}

size_t
judging_egress_notes(const struct observed *o)
{
	return o->nunmade > UNMADE_SHOWN ? UNMADE_SHOWN + 1 : o->nunmade;
}

void
judging_egress(struct judging *j)
{
	judge_misses(j);
	judge_unreached(j);
	judge_unmade(j);
}
