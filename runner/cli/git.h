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

#endif
