/* Builds a tape's data stores before the service starts. */
#include "restore.h"

bool
restore_has_files(const struct trial_config *cfg, const struct tape *t)
{
	for (size_t i = 0; i < t->nstate; i++)
		for (size_t k = 0; k < cfg->nstate; k++)
			if (slice_eq(t->state[i].name,
				     slice_str(cfg->state[k].name)) &&
			    cfg->state[k].provider->has_path)
				return true;
	return false;
}

/* A service that runs already has its files open; one that is started by hand
 * is told where the tape's are. */
static int
check_target(const struct trial_config *cfg, const struct tape *t,
	     struct err *e)
{
	char q[QUOTE_MAX];

	if (cfg->target == NULL || cfg->by_hand || !restore_has_files(cfg, t))
		return 0;
	return err_set(e, ERR_USAGE, "the tape has state ('%s') that must be "
		       "restored before the service starts; without --target "
		       "dvr starts it, with --step-mode you do", quote(t->state[0].name, q));
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
	process_guard_folder(dir);
	return state_restore(cfg->state, cfg->nstate, t, &where, scrub_expand,
			     e);
}

struct filling {
	const struct scrub_values *values;
	struct slice text;
	size_t at;
	struct buf *out;
};

/* A quote or an end of line would be read as one in a dump. */
static bool
stands_anywhere(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == '\'' ||
		    s.p[i] == '\\')
			return false;
	return true;
}

static void
fill_handle(void *arg, struct slice handle, struct slice class)
{
	struct filling *f = arg;
	struct slice live;
	size_t from;

	(void)class;
	/* within base64 it is not in the text itself */
	if (handle.p < f->text.p || handle.p >= f->text.p + f->text.n ||
	    !scrub_values_get(f->values, handle, &live) ||
	    !stands_anywhere(live))
		return;
	from = (size_t)(handle.p - f->text.p);
	buf_add(f->out, slice_range(f->text, f->at, from));
	buf_add(f->out, live);
	f->at = from + handle.n;
}

void
restore_fill(const struct scrub_values *v, struct arena *a, struct tape *t)
{
	struct tape_state *state = arena_array(a, t->nstate + 1,
					       sizeof(*state));

	for (size_t i = 0; i < t->nstate; i++) {
		struct tape_state *s = &state[i];

		*s = t->state[i];
		s->files = arena_array(a, s->nfiles + 1, sizeof(*s->files));
		for (size_t k = 0; k < s->nfiles; k++) {
			struct filling f = { .values = v,
				.text = t->state[i].files[k].bytes };
			struct buf b;

			s->files[k] = t->state[i].files[k];
			buf_init(&b, SIZE_MAX / 4);
			f.out = &b;
			scrub_each_handle(f.text, fill_handle, &f);
			if (f.at > 0) {
				buf_add(&b, slice_from(f.text, f.at));
				s->files[k].bytes = arena_copy(a,
							buf_slice(&b));
			}
			buf_release(&b);
		}
	}
	t->state = state;
}

void
restore_end(char dir[FS_PATH_MAX])
{
	/* What cannot be removed stays in the system's temporary folder. */
	if (dir[0] != '\0' && fs_remove_tree(dir, NULL) == 0)
		process_unguard_folder(dir);
	dir[0] = '\0';
}
