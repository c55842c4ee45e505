/* Hands the terminal to a child's group, and takes it back. */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

void
terminal_pass(pid_t from, pid_t to)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return;
	if (tcgetpgrp(fd) == from && tcsetpgrp(fd, to) < 0)
		errno = 0;	/* the child runs without it: no worse */
	close(fd);
}

void
terminal_take_back(pid_t from)
{
	sigset_t ttou, old;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &old);
	terminal_pass(from, getpgrp());
	sigprocmask(SIG_SETMASK, &old, NULL);
}
