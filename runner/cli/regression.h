/* The library against a build: selects tapes, tries each, fills results. */
#ifndef CLI_REGRESSION_H
#define CLI_REGRESSION_H

#include "command.h"

#include <dvr/replay/trial.h>
#include <dvr/reporter.h>
#include <dvr/tape/library.h>

struct regression {
	struct config *cfg;
	struct trial_config trial;
	struct library lib;
	const struct library_entry **picked;	/* by index of results.tapes */
	size_t npicked;
	struct results results;
	struct report_style style;		/* for progress on stdout */
	struct read_tape *coming;		/* read ahead, or NULL */
	bool quiet;
	bool learn;				/* masks from this build first */
	unsigned jobs;				/* tapes side by side, from 1 */
	size_t *order;				/* to begin in; NULL: as picked */
	const char *fixtures;			/* as it was given, or NULL */
	struct jobs_room *rooms;		/* jobs.c: by index, or NULL */
};

/* Selects by args->rest (all when empty). Nothing: ERR_NOTHING. */
int regression_select(struct regression *g, const struct args *args,
		      struct err *e);
#define NO_TAPE ((size_t)-1)

/* One tape, read and tried; never fails: trouble is its verdict.  All texts of
 * *out live in `a` or are static.  `next` is tried after it, or NO_TAPE. */
void regression_tape(struct regression *g, size_t i, size_t next,
		     struct arena *a, struct tape_result *out);
/* Forgets what was read ahead. */
void regression_end(struct regression *g);
/* Puts the configuration's masks behind the tape's own; lists in `a`. */
void regression_masks(const struct config *c, struct arena *a,
		      struct plan *p);
/* plan_check_stubs() with the configured lanes. */
int regression_stubs(const struct config *c, const struct tape *t,
		     const struct plan *p, const char *dir, struct err *e);
/* The verdict about a tape that could not be tried, into the results. */
void regression_error(struct regression *g, size_t i, const struct err *why);

#endif
