/*
 * Bindings at replay: a request's bytes are made when it leaves, with the
 * values that the live answers before it held.  What is not bound is the
 * recorded value, its handles expanded.
 */
#ifndef REPLAY_RESOLVE_H
#define REPLAY_RESOLVE_H

#include "edits.h"
#include "notes.h"
#include "resign.h"

#include <dvr/judge/judge.h>

struct resolver {
	const struct tape *tape;
	const struct observed *seen;
	struct arena *arena;	/* raw: the answers' */
	struct notes *notes;
	const struct scrub_values *values;	/* of handles */
	const struct resigner *resigner;	/* NULL: none */
	struct bound *v;	/* by consumer, place and offset: those into
				 * requests, then those into messages */
	struct bound **from;	/* by producer and place: all */
	size_t n, all;		/* of requests; and of messages */
	struct request_edit *edits;	/* edits.h; of the plan */
	size_t nedits;
};

/* `notes` gets what cannot be obeyed. Places were checked by plan_check(). */
void resolver_init(struct resolver *r, const struct tape *t,
		   const struct plan *p, const struct observed *seen,
		   struct notes *notes);
/* Does the exchange (by index) take any value from an answer or from an edit,
 * or a signature over what it is then? */
bool resolver_changes(const struct resolver *r, uint32_t index);
/* Have all answers that it takes values from come whole? */
bool resolver_ready(struct resolver *r, uint32_t index);
/* Have all messages of WebSockets come that it takes values from? */
bool resolver_heard(struct resolver *r, uint32_t index);
/* Its request as of now; lives in `a`. */
void resolver_request(struct resolver *r, uint32_t index, struct arena *a,
		      struct message *out);
/* The payload of message `at` (in x.messages) of the exchange, of which `live`
 * has the handles expanded; lives as long as `live` or the answers. */
struct slice resolver_message(struct resolver *r, uint32_t index, size_t at,
			      const struct stream_message *live);
/* Every recorded value whose live counterpart is known by now. */
void resolver_tell(struct resolver *r, struct observed *out);

#endif
