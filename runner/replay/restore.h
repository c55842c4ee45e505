/* The service's data as a tape has them, in a folder for one replay. */
#ifndef REPLAY_RESTORE_H
#define REPLAY_RESTORE_H

#include <dvr/base/fs.h>
#include <dvr/replay/trial.h>

/* Has the tape stores in files?  They cannot be exchanged below a service that
 * has them open. */
bool restore_has_files(const struct trial_config *cfg, const struct tape *t);
/*
 * Makes a folder for the service and builds in it what the tape has; `dir` is
 * "" when there is nothing to build.  Removed by restore_end().
 */
int restore_begin(const struct trial_config *cfg, const struct tape *t,
		  const struct env *env, char dir[FS_PATH_MAX],
		  struct err *e);
/* Handles that `v` has become their values in the copies of the state's files,
 * which live in `a`; *t is a copy of the tape. */
void restore_fill(const struct scrub_values *v, struct arena *a,
		  struct tape *t);
void restore_end(char dir[FS_PATH_MAX]);

#endif
