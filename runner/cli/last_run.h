/*
 * What became of each tape when it was last tried, in .dvr/last.json beside
 * dvr.yaml: working data of this checkout (0600, ignored by git), so that
 * failures can be tried again alone and long tapes can begin first.
 */
#ifndef CLI_LAST_RUN_H
#define CLI_LAST_RUN_H

#include "config.h"

#include <dvr/judge/result.h>

struct last_tape {
	struct slice id;
	bool failed;		/* its verdict gated */
	double seconds;
	struct slice runs;	/* the last ones, the latest at the end: 'p'
				 * pass or as expected, 'f' gated, 'r' passed
				 * when repeated */
};

#define LAST_RUNS_MAX 16

struct last_run {
	struct last_tape *v;	/* by id */
	size_t n;
};

/* In `a`.  None yet, or one that cannot be read: empty. */
void last_run_load(const struct config *c, struct arena *a,
		   struct last_run *out);
/* NULL: never tried. */
const struct last_tape *last_run_find(const struct last_run *l,
				      struct slice id);
/* Tapes that were not tried now keep what is known about them. */
int last_run_save(const struct config *c, const struct last_run *before,
		  const struct results *now, struct err *e);

#endif
