/* Shells as children, and waiting for their end. */
#include "children.h"

#include <dvr/base/buf.h>
#include <dvr/base/fs.h>

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

struct process_spec
child_spec(const char *const *argv)
{
	return (struct process_spec){
		.argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1,
		.new_group = true,
	};
}

pid_t
read_pid(int fd)
{
	char text[32];
	uint64_t pid = 0;
	size_t n = 0;

	while (n < sizeof(text) && read(fd, text + n, 1) == 1 &&
	       text[n] != '\n')
		n++;
	ck_assert_int_eq(slice_uint(slice_of(text, n), 1 << 30, &pid), 0);
	return (pid_t)pid;
}

void
expect_gone(pid_t pid)
{
	char path[64];
	struct err e;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (int i = 0; i < 1000; i++) {
		struct buf b;
		bool gone;

		buf_init(&b, 4 * KiB);
		gone = fs_read(path, &b, &e) < 0 ||
			slice_find(buf_slice(&b), SLICE(") Z ")) >= 0;
		buf_release(&b);
		if (gone)
			return;
		poll(NULL, 0, 5);
	}
	ck_abort_msg("process %d lives on", (int)pid);
}
