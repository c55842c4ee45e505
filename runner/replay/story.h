/* Tells what one replay was like (dvr/judge/story.h); private to attempt.c. */
#ifndef REPLAY_STORY_H
#define REPLAY_STORY_H

#include "attempt.h"

#include <dvr/scrub/values.h>

struct telling {
	const struct attempt *how;
	const struct observed *seen;		/* raw */
	const struct scrub_values *values;	/* of handles; NULL: none */
	const char *state_dir;			/* where the stores are, or "" */
	const struct env *env;			/* of their commands, or NULL */
};

/* Sets r->diverged, and r->story where it is wanted. */
void story_tell(const struct telling *w, struct replay_result *r);

/*
 * story_live.c: the live answers as a tape would hold them, by index of the
 * tape's exchanges; what was not answered is not present.  -1: nothing of them
 * may be shown.  *out is released by the caller in any case.
 */
int story_live(const struct telling *w, struct tape *out);

/* story_body.c: what is kept of a pair of bodies, of one side's in `a`; `left`
 * is what may still be kept of all. */
struct story_keeping {
	struct arena *a;
	size_t left;
};
void story_keep(struct story_keeping *k, const struct exchange *want,
		const struct exchange *got, struct story_exchange *out);

/* story_diverged.c: the line of r->diverged; `live` by index, or NULL. */
struct slice story_diverged(const struct telling *w, const struct tape *live,
			    const struct replay_result *r);

/* story_state.c: the stores, and what the replay has changed in them. */
void story_stores(const struct telling *w, bool compare, struct story *out);

#endif
