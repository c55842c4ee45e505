/* One message on its way through a job. */
#ifndef SCRUB_MESSAGE_H
#define SCRUB_MESSAGE_H

#include <dvr/tape/tape.h>

#include "job.h"

#define NO_PIECE SIZE_MAX

struct message_work {
	const struct message *in;
	struct message *out;
	uint32_t exchange;
	enum place_side side;
	size_t *lines;		/* pieces: start line, headers, trailers */
	size_t body, raw_body;	/* pieces, or NO_PIECE */
	size_t coded;		/* of the bytes as they came, if broken */
	struct slice coding;	/* that the body's piece was decoded from */
	bool broken;		/* only part of it could be decoded */
	struct slice withheld;	/* why the body is not kept */
	size_t joined;		/* bytes of the body that are looked at as
				 * messages of the exchange */
	unsigned nth;		/* it is such a message, from 1; else 0 */
};

/* Adds the message's pieces to the job. */
void message_look(struct job *j, struct message_work *w);
/* A message's body alone. */
void message_look_body(struct job *j, struct message_work *w);
void message_store_body(struct job *j, struct message_work *w,
			struct arena *a);
/* After job_finish(): fills w->out, whose memory is of arena `a`. */
void message_store(struct job *j, struct message_work *w, struct arena *a);

#endif
