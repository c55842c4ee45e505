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
	bool quiet;
};

/* Selects by args->rest (all when empty). Nothing: ERR_NOTHING. */
int regression_select(struct regression *g, const struct args *args,
		      struct err *e);
/* One tape, read and tried; never fails: trouble is its verdict. */
void regression_tape(struct regression *g, size_t i);

#endif
