/* Starts the rest of a child's life in other namespaces. */
#include "space.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

pid_t
space_enter(const struct process_space *space)
{
	long pid;

	/* The user namespace first: it gives the right to enter the rest. */
	if (space->user_fd >= 0 && setns(space->user_fd, CLONE_NEWUSER) < 0)
		return -1;
	if (setns(space->net_fd, CLONE_NEWNET) < 0 ||
	    setns(space->pid_fd, CLONE_NEWPID) < 0)
		return -1;
	/* A sibling, not a child: our parent reaps it and gets its end. */
	pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid != 0)
		return (pid_t)pid;
	/* Not inherited.  Should the parent have died already, then the
	 * namespace's init dies with it and takes us along. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (space->furnish)
		space->furnish();
	return 0;
}
