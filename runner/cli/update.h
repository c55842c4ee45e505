/* What `dvr update` takes from a replay into a plan, a file for each kind. */
#ifndef CLI_UPDATE_H
#define CLI_UPDATE_H

#include "trying.h"

struct update {
	struct trying t;
	const struct args *args;
	bool dry, quiet;
	unsigned taken;		/* changes of the plan at hand */
};

/* A line about the tape at hand. */
void update_tell(const struct update *u, const char *what, struct slice place,
		 struct slice text);

/* update_set.c: the --set options, as edits of the plan. */
int update_set(struct update *u, struct err *e);

/* update_take.c: what the last replay did otherwise, as far as it may be taken
 * for new behaviour; how much that was, or -1 with the reason why it may not. */
int update_take(struct update *u, const struct replay_result *r,
		struct err *e);

#endif
