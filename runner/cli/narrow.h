/* Fewer tapes, or in another order, by what is known besides their names. */
#ifndef CLI_NARROW_H
#define CLI_NARROW_H

#include "last_run.h"
#include "regression.h"

/* --only-failed: leaves those whose last verdict gated.  --changed, --since
 * REF: leaves those with files that git says differ from REF (HEAD), new ones
 * included.  Keeps the library's order. */
int narrow(struct regression *g, const struct args *args,
	   const struct last_run *last, struct err *e);
/* The order in which to begin: what took longest first, what nobody has timed
 * before that.  g->npicked indexes, free(). */
size_t *longest_first(const struct regression *g, const struct last_run *last);

#endif
