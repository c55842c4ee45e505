/* Runs git and reads what it prints. */
#include "git.h"

#include <dvr/base/process.h>

#include <errno.h>
#include <fcntl.h>
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
