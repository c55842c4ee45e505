/*
 * Tapes side by side: forked children try tapes and hand their results back in
 * memory that they share with us.  Processes, because a replay owns its
 * loop, its timer slack and its signals, and because a crash takes one tape
 * with it and not the run.
 */
#ifndef CLI_JOBS_H
#define CLI_JOBS_H

#include "regression.h"

#include <signal.h>

#define JOBS_MAX 64

/* Called in the parent as each tape gets its verdict, in that order. */
typedef void tried_fn(void *arg, size_t i);

struct jobs_how {
	const sigset_t *blocked;	/* signals that stop the run: they come
					 * in only while we wait */
	bool keep;	/* a child tries tape after tape, and keeps services
			 * between them */
	tried_fn *begun;		/* a tape begins; NULL: no need */
	tried_fn *fn;
	void (*tick)(void *arg);	/* every so often; NULL: no need */
	void *arg;
};

/*
 * Tries every picked tape, g->jobs at a time, into g->results.tapes; a child
 * that dies is that tape's error.  Ends early when *g->trial.stop is set: then
 * the children wind down, and are killed with all that they started when they
 * do not.  Results stay valid until jobs_release().
 */
void jobs_run(struct regression *g, const struct jobs_how *how);
void jobs_release(struct regression *g);

#endif
