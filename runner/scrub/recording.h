/* A whole recording on its way through a job. */
#ifndef SCRUB_RECORDING_H
#define SCRUB_RECORDING_H

#include <dvr/scrub/scrub.h>

#include "job.h"

struct recording_work {
	struct job job;
	const struct tape *in;
	struct tape *out;
	struct message_work *messages;
	size_t n, cap;
	struct stream_work *streams;	/* one for each exchange */
	struct state_work *state;
	size_t nstate;
	struct token_work *tokens;
	size_t ntokens;
	struct slice **texts;		/* of `out`, with their pieces */
	size_t *pieces, ntexts;
	size_t nlosses_cap, nentries_cap;
	uint32_t *entries;		/* of out->scrubbed by their hash */
};

/* All of `in` as work to be done into `out`, whose arena is there. */
void recording_begin(struct recording_work *w, struct scrub *s,
		     const struct tape *in, struct tape *out);
/* Every piece into w->job, looked through. */
void recording_look(struct recording_work *w);

#endif
