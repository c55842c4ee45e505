/* How alike a recorded call and a live one are, field by field. */
#ifndef REPLAY_LIKENESS_H
#define REPLAY_LIKENESS_H

#include "match.h"

/* Differences that are told; more are only counted. */
#define LIKENESS_SHOWN 5

struct unlike {
	struct place place;
	struct slice recorded, live;	/* p NULL: not there */
};

struct likeness {
	struct arena *arena;	/* of what is compared; the caller's */
	bool all;		/* go on after the first difference */
	unsigned same;
	unsigned loose;		/* like by class, shape or binding only */
	unsigned differ;
	struct unlike v[LIKENESS_SHOWN];
	size_t n;
};

/* Adds to *out what comparing x's request with `live` gives. */
void likeness_of(const struct match *m, const struct exchange *x,
		 const struct message *live, struct likeness *out);

/*
 * noise.c: do these two stand for the same although they differ?  True for
 * values that a service makes up anew in every run (UUIDs, long random
 * tokens, times), of one shape, and only when the recorded one did not come
 * from outside: what a client or a dependency had told is to be repeated.
 */
bool noise_alike(const struct tape *t, const struct exchange *x,
		 struct slice recorded, struct slice live);

#endif
