/* Results of several runs made one. */
#ifndef CLI_MERGE_H
#define CLI_MERGE_H

#include <dvr/base/err.h>
#include <dvr/judge/result.h>

struct merged {
	struct results all;	/* tapes by name; partial when some are missing */
	size_t missing;		/* shards and tapes, told on stderr */
};

/*
 * Reads `n` files that `--report json` wrote.  Runs of shards must be of one
 * plan; a tape may be in one of them only.  -1 when the files do not belong
 * together.  m->all.arena is the caller's.
 */
int merge_files(char *const *files, size_t n, struct merged *m,
		struct err *e);

#endif
