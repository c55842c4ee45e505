/* What a new tape's replay.yaml begins with. */
#ifndef LEDGER_FIRST_PLAN_H
#define LEDGER_FIRST_PLAN_H

#include "book.h"

#include <dvr/tape/plan.h>

/* After scrub_recording(), which makes known what is secret: a binding whose
 * places would tell such a thing (a name that is an address) is left out. */
void first_plan(const struct ledger *l, struct arena *a,
		const struct recording *raw, struct plan *out);

#endif
