/* The files of a recording's state on their way through a job. */
#ifndef SCRUB_STATE_H
#define SCRUB_STATE_H

#include <dvr/tape/tape.h>

#include "job.h"

/* One of a store's files. */
struct state_work {
	size_t state, file;	/* indices in the recording */
	size_t path, bytes;	/* pieces; NO_STATE_PIECE: not looked at */
	struct slice withheld;	/* why it is not kept */
};

#define NO_STATE_PIECE SIZE_MAX

/* Adds the pieces of all files to the job; *n of them, in the job's scratch. */
struct state_work *state_look(struct job *j, const struct tape *in,
			      size_t *n);
/*
 * After job_finish(): fills out->state.  What is withheld has its reason in
 * v[i].withheld, and is missing in the tape.
 */
void state_store(struct job *j, const struct tape *in, struct state_work *v,
		 struct tape *out);

#endif
