/* Keeps those who write to a library apart from those who read it. */
#include <dvr/tape/library.h>

#include "plan_file.h"

#include <dvr/base/clock.h>
#include <dvr/base/fs.h>
#include <dvr/tape/yaml.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

/* Tapes are read and written in milliseconds; a commit that waits must not be
 * given up by its parent first. */
#define PATIENCE_NS (20 * NS_PER_S)
#define RETRY_MS 5

int
library_lock(const char *fixtures, enum library_use use,
	     struct library_lock *out, struct err *e)
{
	uint64_t until = clock_mono_ns(&clock_system) + PATIENCE_NS;
	int how = (use == LIBRARY_WRITE ? LOCK_EX : LOCK_SH) | LOCK_NB;
	char q[QUOTE_MAX];
	int fd = open(fixtures, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	out->fd = -1;
	if (fd < 0)
		return 0;
	while (flock(fd, how) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			close(fd);
			return 0;
		}
		if (clock_mono_ns(&clock_system) > until) {
			close(fd);
			return err_set(e, ERR_INTERNAL, "%s: another dvr has "
				       "been writing there for %llu s",
				       quote(slice_str(fixtures), q),
				       PATIENCE_NS / NS_PER_S);
		}
		(void)poll(NULL, 0, RETRY_MS);
	}
	out->fd = fd;
	return 0;
}

void
library_unlock(struct library_lock *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

static int
lock_parent(const char *dir, enum library_use use, struct library_lock *out,
	    struct err *e)
{
	char fixtures[FS_PATH_MAX];

	if (fs_parent(dir, fixtures, e) != 0)
		return -1;
	return library_lock(fixtures, use, out, e);
}

int
library_read(const char *dir, struct tape *t, struct plan *p, struct err *e)
{
	struct library_lock l;
	int rc;

	t->arena = NULL;
	if (lock_parent(dir, LIBRARY_READ, &l, e) != 0)
		return -1;
	rc = tape_read(dir, t, e);
	if (rc == 0)
		rc = plan_load(t->arena, dir, p, e);
	library_unlock(&l);
	return rc;
}

/* Is the tape there the one that `t` was read from? */
static bool
is_same(const char *dir, const struct tape *t)
{
	char path[FS_PATH_MAX], hash[65];
	struct buf text;
	bool same = false;

	buf_init(&text, TAPE_FILE_MAX);
	if (fs_join(path, dir, "tape.yaml", NULL) == 0 &&
	    fs_read(path, &text, NULL) == 0) {
		tape_hash(buf_slice(&text), hash);
		same = slice_eq(slice_str(hash), t->hash);
	}
	buf_release(&text);
	return same;
}

int
library_replan(const char *dir, const struct tape *t, const struct plan *p,
	       struct err *e)
{
	struct library_lock l;
	int rc;

	if (lock_parent(dir, LIBRARY_WRITE, &l, e) != 0)
		return -1;
	if (is_same(dir, t))
		rc = plan_save(p, dir, e);
	else
		rc = err_set(e, ERR_TAPE, "%s was recorded anew by another "
			     "run meanwhile; its replay.yaml was left as it "
			     "is", dir);
	library_unlock(&l);
	return rc;
}
