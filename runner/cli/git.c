/* Runs git and reads what it prints. */
#include "git.h"

#include <dvr/base/fs.h>
#include <dvr/base/process.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void
read_all(int fd, struct buf *out)
{
	for (;;) {
		char *room = buf_room(out, 64 * KiB);
		ssize_t n;

		if (room == NULL)
			return;
		n = read(fd, room, 64 * KiB);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		buf_grew(out, (size_t)n);
	}
}

int
git_print_fed(const char *dir, const char *const *argv, int in_fd,
	      struct buf *out, struct err *e)
{
	struct process_spec spec = { .argv = argv, .workdir = dir,
				     .in_fd = in_fd, .err_fd = -1 };
	struct process_end end;
	struct process p;
	int fds[2], rc;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_sys(e, ERR_INTERNAL, "a pipe to git");
	spec.out_fd = fds[1];
	rc = process_start(&spec, &p, e);
	close(fds[1]);
	if (rc == 0)
		read_all(fds[0], out);
	close(fds[0]);
	if (rc != 0)
		return -1;
	if (process_wait(&p, -1, &end) != 1)
		return err_sys(e, ERR_INTERNAL, "waiting for git");
	if (end.signalled || end.code != 0)
		return err_set(e, ERR_USAGE, "git %s failed in %s; it needs a "
			       "git repository, and a ref that is there",
			       argv[1], dir);
	if (out->full)
		return err_set(e, ERR_INTERNAL, "git prints more than %u MiB",
			       GIT_MAX / MiB);
	return 0;
}

int
git_print(const char *dir, const char *const *argv, struct buf *out,
	  struct err *e)
{
	return git_print_fed(dir, argv, -1, out, e);
}

int
git_changed(const char *dir, const char *ref, struct buf *out, struct err *e)
{
	const char *const diff[] = { "git", "diff", "--name-only", "-z",
		"--no-renames", "--relative", "--end-of-options", ref, "--",
		".", NULL };
	const char *const others[] = { "git", "ls-files", "-z", "--others",
		"--exclude-standard", "--", ".", NULL };

	if (git_print(dir, diff, out, e) != 0 ||
	    git_print(dir, others, out, e) != 0)
		return err_prefix(e, "--changed");
	return 0;
}

bool
git_names(struct slice paths, const char *name)
{
	struct slice id = slice_str(name);

	while (paths.n > 0) {
		struct slice path = slice_cut(&paths, '\0');

		if (slice_starts(path, id) && path.n > id.n &&
		    path.p[id.n] == '/')
			return true;
	}
	return false;
}

/* Is there such a path in the ref?  Asked so that git says nothing when not. */
static bool
has_path(const char *dir, const char *ref, const char *path)
{
	const char *const argv[] = { "git", "ls-tree", "--name-only", ref,
		"--", path, NULL };
	struct buf out;
	bool there;

	buf_init(&out, GIT_MAX);
	there = git_print(dir, argv, &out, NULL) == 0 && out.n > 0;
	buf_release(&out);
	return there;
}

int
git_file(const char *dir, const char *ref, const char *name, struct buf *out)
{
	char path[FS_PATH_MAX], where[2 * FS_PATH_MAX];
	const char *const show[] = { "git", "show", where, NULL };

	if (fs_join(path, name, "tape.yaml", NULL) != 0 ||
	    !has_path(dir, ref, path))
		return -1;
	if (fs_join(path, name, "replay.yaml", NULL) != 0 ||
	    !has_path(dir, ref, path))
		return 1;
	snprintf(where, sizeof(where), "%s:./%s", ref, path);
	return git_print(dir, show, out, NULL) == 0 ? 0 : 1;
}
