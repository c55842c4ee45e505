/*
 * The files of a tape library, looked through for secrets that are in them
 * all the same: made by an older dvr, by hand, or by a merge.
 */
#ifndef CLI_AUDIT_H
#define CLI_AUDIT_H

#include <dvr/base/err.h>
#include <dvr/scrub/inspect.h>

/* A secret was found.  What it is is not told. */
struct leak {
	const char *file;
	unsigned line;
	struct slice rule;
	struct slice place;		/* in the tape; "" in other files */
};

typedef void leak_fn(void *arg, const struct leak *x);

struct audit {
	struct scrub *scrub;
	leak_fn *fn;
	void *arg;
	unsigned tapes, files;		/* looked through */
	unsigned unreadable;		/* tapes: as text only */
	bool quiet;			/* does not tell of those */
	char **seen;			/* folders of tapes */
	size_t nseen;
};

/*
 * A folder with all that is below it, but for hidden files and links; a file;
 * any file of a tape is the whole tape, once.  ERR_USAGE when it is not there
 * or cannot be read.
 */
int audit_path(struct audit *a, const char *path, struct err *e);
void audit_release(struct audit *a);

#endif
