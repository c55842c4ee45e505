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
			   struct err *e);
void rules_destroy(struct rules *r);

/*
 * Adds what the regex rules find; texts live in `a`.  -1 when a rule gave up
 * at one of its limits: the caller then withholds the whole text.
 */
int rules_search(const struct rules *r, struct arena *a, struct slice text,
		 struct spans *out);
/* The class that a field rule gives to a place, or "" when none does; *rule
 * is its name. */
struct slice rules_field(const struct rules *r, const struct place *p,
			 struct slice *rule);
/* The name of the keep that covers a place, or "". */
struct slice rules_keep(const struct rules *r, const struct place *p);
bool rules_have_places(const struct rules *r);

#endif
