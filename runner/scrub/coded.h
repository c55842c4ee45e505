/*
 * Handles within base64 and hex: where a document in base64 held a secret, the
 * tape holds base64 of the document with its handles; where a known secret is
 * coded, its handle is.  They are found by how the opening of a handle looks in
 * base64 or hex.
 */
#ifndef SCRUB_CODED_H
#define SCRUB_CODED_H

#include <dvr/field/nest.h>

struct coded {
	size_t from, to;	/* of the coded run in the text */
	enum nest_coding coding;
	bool percent;		/* the run's '+', '/' and '=' are escaped */
	struct slice text;	/* decoded, in the arena; holds a handle */
};

/* May there be such runs?  Cheap. */
bool coded_any(struct slice s);
/* The first such run at or after `from`. */
bool coded_next(struct arena *a, struct slice s, size_t from,
		struct coded *out);
/* Appends `text` as the run was written. */
void coded_put(const struct coded *c, struct slice text, struct buf *out);

#endif
