/* What git says about the repository that a folder is in. */
#ifndef CLI_GIT_H
#define CLI_GIT_H

#include <dvr/base/buf.h>
#include <dvr/base/err.h>

#define GIT_MAX (16u * MiB)	/* of its output: names of files, a tape */

/* What `git …` prints in `dir`, appended to `out`; its own words go to stderr.
 * ERR_USAGE when it fails: no repository, no such ref, no git. */
int git_print(const char *dir, const char *const *argv, struct buf *out,
	      struct err *e);
/* The same with what git reads: a file, from where it stands. */
int git_print_fed(const char *dir, const char *const *argv, int in_fd,
		  struct buf *out, struct err *e);

/* Paths below `dir` that differ from the ref, new ones included, each with a
 * NUL behind it. */
int git_changed(const char *dir, const char *ref, struct buf *out,
		struct err *e);
/* Is one of them in the folder `name`? */
bool git_names(struct slice paths, const char *name);
/* replay.yaml of the tape `name` below `dir` as it was in the ref: 0; 1 when the
 * tape was there without one, -1 when there was no such tape. */
int git_file(const char *dir, const char *ref, const char *name,
	     struct buf *out);

#endif
