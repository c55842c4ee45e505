/* One tape tried on this build by a command that may change its plan. */
#ifndef CLI_TRYING_H
#define CLI_TRYING_H

#include "command.h"

#include <dvr/replay/trial.h>
#include <dvr/tape/library.h>

struct trying {
	const char *verb;	/* the command, for messages */
	struct config cfg;
	struct trial_config trial;
	struct library lib;
	const struct library_entry **picked;
	size_t npicked;
	/* of the tape at hand: */
	const char *dir;
	struct tape tape;
	struct plan plan;
	struct arena *arena;	/* of its results */
};

/* The options that such a command takes. */
#define TRYING_OPTS OPT_TARGET, OPT_TIMEOUT, OPT_TIMING

/* Configuration, scrubber, and the tapes that args->rest names.  With `build`
 * there has to be a service, or --target. */
int trying_open(struct trying *t, const struct args *args, bool build,
		struct err *e);
void trying_close(struct trying *t);
/* A picked tape and its plan, read and checked; forgotten by trying_end(). */
int trying_begin(struct trying *t, size_t i, struct err *e);
void trying_end(struct trying *t);
/* t->plan with the configuration's masks, which are not the tape's to keep;
 * `repeat` as trial_config's. */
int trying_run(struct trying *t, unsigned repeat, struct tape_result *r,
	       struct err *e);
/* Today's date, in the tape's arena. */
struct slice trying_today(const struct trying *t);
/* Puts the accepted outcome of an exchange into the plan. */
void trying_pin(struct trying *t, uint32_t exchange,
		const struct outcome *got);

#endif
