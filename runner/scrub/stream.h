/* The messages of gRPC calls and WebSockets on their way through a job. */
#ifndef SCRUB_STREAM_H
#define SCRUB_STREAM_H

#include "message.h"

/* One exchange's messages, looked at one by one as bodies are. */
struct stream_work {
	const struct exchange *in;
	struct exchange *out;
	struct message_work *v;		/* in->nmessages */
};

/* Adds their payloads to the job. */
void stream_look(struct job *j, struct stream_work *w);
/*
 * After job_finish(), and after both sides of w->out were stored with what
 * follows the messages in their bodies: fills the messages and makes the
 * bodies that they are part of.
 */
void stream_store(struct job *j, struct stream_work *w, struct arena *a);

#endif
