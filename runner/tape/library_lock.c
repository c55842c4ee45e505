/* Keeps those who write to a library apart from those who read it. */
#include <dvr/tape/library.h>

#include "plan_file.h"

#include <dvr/base/clock.h>
#include <dvr/base/fs.h>
#include <dvr/base/hash.h>
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

/* What tape_hash() says of a tape's file, in `a`; "" when there is none. */
static struct slice
hash_of(struct arena *a, const char *dir, const char *name, size_t max)
{
	struct slice done = SLICE("");
	char path[FS_PATH_MAX], hash[SHA256_HEX];
	struct buf text;

	buf_init(&text, max);
	if (fs_join(path, dir, name, NULL) == 0 &&
	    fs_read(path, &text, NULL) == 0) {
		tape_hash(buf_slice(&text), hash);
		done = arena_copy(a, slice_str(hash));
	}
	buf_release(&text);
	return done;
}

static int
check_same(const char *dir, const struct tape *t, const struct plan *p,
	   struct err *e)
{
	if (!slice_eq(hash_of(t->arena, dir, "tape.yaml", TAPE_FILE_MAX),
		      t->hash))
		return err_set(e, ERR_TAPE, "%s was recorded anew by another "
			       "run meanwhile; its replay.yaml was left as it "
			       "is", dir);
	if (!slice_eq(hash_of(t->arena, dir, "replay.yaml", PLAN_FILE_MAX),
		      p->hash))
		return err_set(e, ERR_TAPE, "%s/replay.yaml was changed by "
			       "somebody else meanwhile and was left as it is; "
			       "once more, please", dir);
	return 0;
}

int
library_replan(const char *dir, const struct tape *t, struct plan *p,
	       struct err *e)
{
	struct library_lock l;
	int rc = -1;

	if (lock_parent(dir, LIBRARY_WRITE, &l, e) != 0)
		return -1;
	if (check_same(dir, t, p, e) == 0)
		rc = plan_save(p, dir, e);
	if (rc == 0)
		p->hash = hash_of(t->arena, dir, "replay.yaml",
				  PLAN_FILE_MAX);
	library_unlock(&l);
	return rc;
}
