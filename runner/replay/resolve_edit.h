/* Puts live values into a recorded request (private to resolve.c). */
#ifndef REPLAY_RESOLVE_EDIT_H
#define REPLAY_RESOLVE_EDIT_H

#include <dvr/relate/values.h>
#include <dvr/tape/plan.h>

struct bound {			/* one binding of the plan */
	const struct plan_binding *binding;
	struct place from, to;
	size_t from_index, to_index;	/* into tape.exchanges */
	struct slice recorded, live, key;
	const struct stream_message *into;	/* a WebSocket's message; NULL:
						 * the request */
	bool read;		/* its answer was looked at */
	bool found;		/* and held a value: `live` */
	bool used;		/* the request has the place */
};

struct edit {			/* of `whole`, in its order */
	struct slice whole;
	const struct field_format *format;
	const struct nested *within;	/* that `whole` is the text of */
	struct field_edit by;
};

struct editing {
	struct arena *arena;
	const struct scrub_values *values;	/* of handles */
	struct bound *v;	/* of the request, by place and offset */
	size_t n;
	struct message was;	/* the request, handles expanded */
	struct slice plain;	/* its body as it was walked, or {0} */
	struct edit *edits;
	size_t nedits, cap;
	bool coded;		/* the body was changed and coded again */
};

void edit_begin(struct editing *e, const struct exchange *recorded);
/* The value takes what `n` bindings of its place have found. */
void edit_value(struct editing *e, struct bound *b, size_t n,
		const struct value *v);
/* The request with all edits; lives in e->arena. */
void edit_end(struct editing *e, struct message *out);

#endif
