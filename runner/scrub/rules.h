/* The user's `sanitization:` entries, compiled. */
#ifndef SCRUB_RULES_H
#define SCRUB_RULES_H

#include <dvr/base/err.h>
#include <dvr/field/field.h>
#include <dvr/scrub/scrub.h>

#include "span.h"

struct rules;

/* Before the reason, in the names of rules that keep. */
#define KEEP_RULE "keep: "

struct rules *rules_create(const struct scrub_rule *v, size_t n,
			   const struct clock *clock, struct err *e);
void rules_destroy(struct rules *r);

/*
 * Adds what the regex rules find; texts live in `a`.  When a rule gave up at
 * one of its limits, *gave_up is its name: the caller withholds the whole text.
 */
void rules_search(const struct rules *r, struct arena *a, struct slice text,
		  struct spans *out, struct slice *gave_up);
/* The class that a field rule gives to a place, or "" when none does; *rule
 * is its name. */
struct slice rules_field(const struct rules *r, const struct place *p,
			 struct slice *rule);
/* Why the whole body at that place is withheld ("withhold: REASON"), or "". */
struct slice rules_withhold(const struct rules *r, const struct place *body);
/* The name of the keep that covers a place, or "". */
struct slice rules_keep(const struct rules *r, const struct place *p);
bool rules_have_places(const struct rules *r);

#endif
