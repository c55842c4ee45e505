/*
 * Edits of replay.yaml: fields of requests that are sent otherwise than they
 * were recorded, because the API moved on.  They come last: an edit wins over
 * a binding of its place.
 */
#ifndef REPLAY_EDITS_H
#define REPLAY_EDITS_H

#include "notes.h"

#include <dvr/field/field.h>
#include <dvr/tape/plan.h>

struct request_edit {
	const struct plan_edit *edit;
	struct place place;		/* header names in lower case */
	size_t index;			/* into tape.exchanges */
};

/* The plan's, in `a`; notes say that there are some. */
struct request_edit *edits_of(struct arena *a, const struct tape *t,
			      const struct plan *p, struct notes *notes,
			      size_t *n);
bool edits_any(const struct request_edit *v, size_t n, size_t index);
/* Puts them into the live request of exchange `index`; what cannot be put in is
 * noted. */
void edits_apply(const struct request_edit *v, size_t n, size_t index,
		 struct arena *a, struct message *m, struct notes *notes);

#endif
