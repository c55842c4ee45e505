/* One replay of a tape on a service started for it (private to trial.c). */
#ifndef REPLAY_ATTEMPT_H
#define REPLAY_ATTEMPT_H

#include <dvr/replay/trial.h>

struct stage;

/* Services that outlive an attempt; and how many there were. */
struct stages {
	struct stage *kept;		/* served the last tape: to be reset */
	struct stage *ahead;		/* starts for the next replay */
	bool no_ahead;			/* an error may have come from it */
	struct mint *mint;		/* keys of the run; NULL: not yet */
	unsigned started, resets;
};

struct attempt {
	const struct trial_config *cfg;
	const struct tape *tape;
	const struct plan *plan;
	struct arena *arena;		/* of the results */
	struct slice *log_tail;		/* the tape's: scrubbed, set on death */
	struct stages *stages;
	const struct attempt *next;	/* the likely next one: its service may
					 * start meanwhile.  NULL: none */
	unsigned stories;		/* that may still be told of replays
					 * that did not pass */
	bool first;			/* a pass is worth its times */
	struct observed *kept;		/* NULL: not kept.  Raw, with an arena
					 * to wipe; none: nothing was seen.
					 * Of egress nothing may be read */
};

/* -1 only for internal trouble; what the service does goes into *r. */
int attempt_run(const struct attempt *how, struct replay_result *r,
		struct err *e);

/* Ends the services that nobody is going to use; the keys stay. */
void stages_end(struct stages *all);

#endif
