/* Writes a tape's folder whole or not at all. */
#include <dvr/tape/yaml.h>

#include <dvr/base/fs.h>

#include "check.h"
#include "plan_file.h"
#include "state_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Fixtures are scrubbed and committed: everybody may read them. */
#define FILE_MODE 0644
#define DIR_MODE 0755

/* A new file in the folder that nobody sees yet, on the disk on return. */
static int
write_file(int dir, const char *name, struct slice content, struct err *e)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			FILE_MODE);
	int rc;

	if (fd < 0)
		return err_sys(e, ERR_INTERNAL, "%s", name);
	rc = fs_write_all(fd, content);
	if (rc == 0)
		rc = fsync(fd);
	if (rc < 0)
		err_sys(e, ERR_INTERNAL, "%s", name);
	close(fd);
	return rc;
}

static int
write_bodies(int dir, const struct tape_blobs *blobs, struct err *e)
{
	int rc = -1, bodies;

	if (blobs->n == 0)
		return 0;
	if (mkdirat(dir, "bodies", DIR_MODE) < 0)
		return err_sys(e, ERR_INTERNAL, "bodies");
	bodies = openat(dir, "bodies", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bodies < 0)
		return err_sys(e, ERR_INTERNAL, "bodies");
	for (size_t i = 0; i < blobs->n; i++)
		if (write_file(bodies, blobs->v[i].hash, blobs->v[i].bytes, e) <
		    0)
			goto out;
	rc = fsync(bodies);
	if (rc < 0)
		err_sys(e, ERR_INTERNAL, "bodies");
out:
	close(bodies);
	return rc;
}

/* What one folder is made of. */
struct content {
	const struct tape *tape;
	struct slice text, plan;	/* plan.p NULL: none */
	struct tape_blobs blobs;
};

static int
write_folder(const char *path, const struct content *c, struct err *e)
{
	int rc = -1, dir;

	if (mkdir(path, DIR_MODE) < 0)
		return err_sys(e, ERR_INTERNAL, "%s", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, ERR_INTERNAL, "%s", path);
	if (write_bodies(dir, &c->blobs, e) < 0 ||
	    state_files_write(dir, c->tape, e) < 0 ||
	    (c->plan.p && write_file(dir, "replay.yaml", c->plan, e) < 0) ||
	    write_file(dir, "tape.yaml", c->text, e) < 0) {
		err_prefix(e, "%s", path);
		goto out;
	}
	rc = fsync(dir);
	if (rc < 0)
		err_sys(e, ERR_INTERNAL, "%s", path);
out:
	close(dir);
	return rc;
}

/*
 * Puts the finished folder in its place.  One that is there already changes
 * places with it in one step where the file system can; else it is moved
 * aside, and back again should the second step fail.  An old folder that
 * cannot be removed stays hidden: the tape is written all the same.
 */
static int
put_in_place(const char *temp, const char *final, const char *old,
	     struct err *e)
{
	if (rename(temp, final) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
		return err_sys(e, ERR_INTERNAL, "%s", final);
	if (renameat2(AT_FDCWD, temp, AT_FDCWD, final, RENAME_EXCHANGE) == 0) {
		fs_remove_tree(temp, NULL);
		return 0;
	}
	if (rename(final, old) < 0)
		return err_sys(e, ERR_INTERNAL, "%s", final);
	if (rename(temp, final) < 0) {
		err_sys(e, ERR_INTERNAL, "%s", final);
		if (rename(old, final) < 0)
			err_prefix(e, "the old tape is now %s", old);
		return -1;
	}
	fs_remove_tree(old, NULL);
	return 0;
}

/* ".ID.WHAT-PID": hidden from the library, ours alone. */
static int
sibling(char out[FS_PATH_MAX], const char *fixtures, struct slice id,
	const char *what, struct err *e)
{
	char name[320];

	snprintf(name, sizeof(name), ".%.*s.%s-%ld", SLICE_ARG(id), what,
		 (long)getpid());
	return fs_join(out, fixtures, name, e);
}

static int
write_and_rename(const struct content *c, const char *fixtures, struct err *e)
{
	const struct tape *t = c->tape;
	char temp[FS_PATH_MAX], old[FS_PATH_MAX], final[FS_PATH_MAX];
	char id[256];

	snprintf(id, sizeof(id), "%.*s", SLICE_ARG(t->id));
	if (fs_join(final, fixtures, id, e) < 0 ||
	    sibling(temp, fixtures, t->id, "tmp", e) < 0 ||
	    sibling(old, fixtures, t->id, "old", e) < 0)
		return -1;
	/* What a killed process with our number may have left. */
	if (fs_remove_tree(temp, e) < 0 || fs_remove_tree(old, e) < 0)
		return -1;
	if (write_folder(temp, c, e) < 0 ||
	    put_in_place(temp, final, old, e) < 0) {
		fs_remove_tree(temp, NULL);
		return -1;
	}
	return fs_sync_dir(fixtures, e);
}

static int
check_tape(const struct tape *t, struct err *e)
{
	struct fault f;

	if (!tape_find_fault(t, &f))
		return 0;
	err_set(e, ERR_INTERNAL, "tape not written: %s", f.text);
	if (f.exchange < t->nexchanges)
		err_prefix(e, "exchange %u%s%s", t->exchanges[f.exchange].id,
			   f.side ? ", " : "", f.side ? f.side : "");
	return -1;
}

int
tape_write_with(const struct tape *t, const struct plan *p,
		const char *fixtures, struct err *e)
{
	struct content c = { .tape = t };
	struct buf text, plan;
	int rc = -1;

	if (check_tape(t, e) != 0)
		return -1;
	buf_init(&text, TAPE_FILE_MAX);
	buf_init(&plan, PLAN_FILE_MAX);
	if (p && plan_text(p, "replay.yaml", &plan, e) != 0)
		goto out;
	tape_print(t, &text, &c.blobs);
	c.text = buf_slice(&text);
	c.plan = p ? buf_slice(&plan) : (struct slice){ 0 };
	if (text.full)
		err_set(e, ERR_INTERNAL,
			"tape not written: its text is larger than %u bytes; "
			"record a shorter session",
			TAPE_FILE_MAX);
	else if (fs_mkdirs(fixtures, DIR_MODE, e) == 0)
		rc = write_and_rename(&c, fixtures, e);
out:
	free(c.blobs.v);
	buf_release(&plan);
	buf_release(&text);
	return rc;
}

int
tape_write(const struct tape *t, const char *fixtures, struct err *e)
{
	return tape_write_with(t, NULL, fixtures, e);
}
