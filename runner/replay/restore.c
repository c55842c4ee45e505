/* Builds a tape's data stores before the service starts. */
#include "restore.h"

/* A service that runs already has data that are not ours. */
static int
check_target(const struct trial_config *cfg, const struct tape *t,
	     struct err *e)
{
	char q[QUOTE_MAX];

	if (cfg->target == NULL)
		return 0;
	return err_set(e, ERR_USAGE, "the tape has state ('%s') that must be "
		       "restored before the service starts; without --target "
		       "dvr starts it", quote(t->state[0].name, q));
}

int
restore_begin(const struct trial_config *cfg, const struct tape *t,
	      const struct env *env, char dir[FS_PATH_MAX], struct err *e)
{
	struct state_where where = { .dir = dir, .env = env };

	dir[0] = '\0';
	if (t->nstate == 0)
		return 0;
	if (check_target(cfg, t, e) != 0 ||
	    fs_temp_dir("dvr-state", dir, e) != 0)
		return -1;
	return state_restore(cfg->state, cfg->nstate, t, &where, scrub_expand,
			     e);
}

void
restore_end(char dir[FS_PATH_MAX])
{
	/* What cannot be removed stays in the system's temporary folder. */
	if (dir[0] != '\0')
		fs_remove_tree(dir, NULL);
	dir[0] = '\0';
}
