/*
 * fixtures/retired.yaml: tapes that were taken out of the library, one a line,
 * with the day, the signature and the reason.  What they held is in git's
 * history.
 */
#ifndef CLI_RETIRED_H
#define CLI_RETIRED_H

#include <dvr/base/arena.h>
#include <dvr/base/err.h>

#define RETIRED_FILE "retired.yaml"

struct retired {
	struct slice id, signature, day, reason;
};

/* All of them, in `a`, oldest first; none when there is no such file. */
int retired_load(struct arena *a, const char *fixtures, struct retired **out,
		 size_t *n, struct err *e);
/* One more line. */
int retired_add(const char *fixtures, const struct retired *x,
		struct err *e);

#endif
