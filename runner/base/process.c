/* Child processes: started in a group, watched by pidfd, ended as a group. */
#include "family.h"
#include "guard.h"
#include "lookup.h"
#include "space.h"
#include "terminal.h"

#include <dvr/base/clock.h>
#include <dvr/base/process.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* After SIGKILL only a child stuck in the kernel lives on; not for us. */
#define KILL_WAIT_MS 5000
/* Where the child keeps the error pipe while it closes everything above. */
#define CHILD_ERROR_FD 3
/* Linux's own default. */
#define TIMER_SLACK_NS 50000
/* Above every descriptor that is given a fixed place. */
#define PARKED_FD_MIN 10

/* What the child says through the error pipe when it cannot become COMMAND. */
struct start_failure {
	enum start_stage {
		STAGE_DESCRIPTORS, STAGE_GROUP, STAGE_FOLDER, STAGE_EXEC,
		STAGE_SPACE,
		STAGE_INSIDE	/* no failure: `error` is the child's pid */
	} stage;
	int error;
};

/* exec(3) takes its strings without const for history's sake only. */
static char **
exec_strings(const char *const *list)
{
	union {
		const char *const *from;
		char **to;
	} u = { .from = list };

	return u.to;
}

static _Noreturn void
child_fail(int error_fd, enum start_stage stage)
{
	struct start_failure f = { .stage = stage, .error = errno };

	/* Smaller than PIPE_BUF: whole or not at all, and then it is exit 127
	 * that tells. */
	if (write(error_fd, &f, sizeof(f)) < 0)
		_exit(126);
	_exit(127);
}

static int
place_fd(int from, int to)
{
	return from < 0 ? 0 : dup2(from, to);
}

static void
close_from(unsigned first)
{
	if (close_range(first, ~0u, 0) == 0)
		return;
	/* Kernels before 5.9. */
	for (int fd = (int)first; fd < 4096; fd++)
		close(fd);
}

/* Any of the given descriptors may be 0, 1 or 2: first out of the way. */
static int
child_descriptors(const struct process_spec *spec, int *error_fd)
{
	int from[3] = { spec->in_fd, spec->out_fd, spec->err_fd };
	int kept = spec->kept_fd > 0 ?
		fcntl(spec->kept_fd, F_DUPFD_CLOEXEC, PARKED_FD_MIN) : -1;
	int parked = fcntl(*error_fd, F_DUPFD_CLOEXEC, PARKED_FD_MIN);

	if (parked < 0 || (spec->kept_fd > 0 && kept < 0))
		return -1;
	*error_fd = parked;
	for (int i = 0; i < 3; i++) {
		if (from[i] < 0)
			continue;
		from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, PARKED_FD_MIN);
		if (from[i] < 0)
			return -1;
	}
	for (int i = 0; i < 3; i++)
		if (place_fd(from[i], i) < 0)
			return -1;
	if (dup3(parked, CHILD_ERROR_FD, O_CLOEXEC) < 0)
		return -1;
	*error_fd = CHILD_ERROR_FD;
	if (place_fd(kept, PROCESS_KEPT_FD) < 0)
		return -1;
	close_from(kept < 0 ? PROCESS_KEPT_FD : PROCESS_KEPT_FD + 1);
	return 0;
}

static void
clean_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig <= SIGRTMAX; sig++)
		sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Goes on in the process inside; the one that went there ends here. */
static void
enter_space(const struct process_space *space, int error_fd)
{
	struct start_failure inside = { .stage = STAGE_INSIDE };
	pid_t pid = space_enter(space);

	if (pid < 0)
		child_fail(error_fd, STAGE_SPACE);
	if (pid == 0)
		return;
	inside.error = pid;
	if (write(error_fd, &inside, sizeof(inside)) < 0)
		_exit(126);
	_exit(0);
}

static _Noreturn void
child_run(const struct process_spec *spec, int error_fd, pid_t parent)
{
	pid_t group = getpgrp();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before that was in force. */
	if (getppid() != parent)
		_exit(127);
	if (spec->space)
		enter_space(spec->space, error_fd);
	else if (spec->new_group)
		guard_started(getpid());
	if (child_descriptors(spec, &error_fd) < 0)
		child_fail(error_fd, STAGE_DESCRIPTORS);
	if (spec->new_group && setpgid(0, 0) < 0)
		child_fail(error_fd, STAGE_GROUP);
	if (spec->new_group && spec->foreground)
		terminal_pass(group, getpid());
	if (spec->workdir && chdir(spec->workdir) < 0)
		child_fail(error_fd, STAGE_FOLDER);
	/* dvr's own tuning must not be measured in the service. */
	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
	clean_signals();
	/* execvp() then searches the PATH of the child's environment. */
	if (spec->env)
		environ = exec_strings(spec->env);
	execvp(spec->argv[0], exec_strings(spec->argv));
	/* One closed folder on the PATH makes EACCES of what is nowhere. */
	if (errno == EACCES)
		errno = command_stands_on_path(spec->argv[0]) ? EACCES : ENOENT;
	child_fail(error_fd, STAGE_EXEC);
}

static int
start_error(const struct process_spec *spec, struct start_failure f,
	    struct err *e)
{
	char q[QUOTE_MAX];

	quote(slice_str(spec->argv[0]), q);
	errno = f.error;
	switch (f.stage) {
	case STAGE_DESCRIPTORS:
		err_sys(e, ERR_INTERNAL, "cannot start '%s': descriptors", q);
		break;
	case STAGE_GROUP:
		err_sys(e, ERR_INTERNAL, "cannot start '%s': group", q);
		break;
	case STAGE_FOLDER:
		quote(slice_str(spec->workdir), q);
		err_sys(e, ERR_USAGE, "cannot enter the folder '%s'", q);
		break;
	case STAGE_EXEC:
		if (f.error == ENOENT)
			err_set(e, ERR_USAGE, "'%s': command not found", q);
		else
			err_sys(e, ERR_USAGE, "cannot run '%s'", q);
		break;
	case STAGE_SPACE:
		err_sys(e, ERR_INTERNAL, "cannot start '%s': namespaces", q);
		break;
	case STAGE_INSIDE:
		break;
	}
	errno = f.error;
	return -1;
}

/*
 * 0 when the child became the command: the pipe closed without a failure.
 * *inside is the pid of the process that did, when it is another one.
 */
static int
read_failure(int fd, struct start_failure *f, pid_t *inside)
{
	struct start_failure said;
	ssize_t got;
	int rc = 0;

	for (;;) {
		got = read(fd, &said, sizeof(said));
		if (got < 0 && errno == EINTR)
			continue;
		if (got != (ssize_t)sizeof(said))
			return rc;
		if (said.stage == STAGE_INSIDE) {
			*inside = said.error;
		} else {
			*f = said;
			rc = -1;
		}
	}
}

static pid_t
fork_blocked(const struct process_spec *spec, int error_fd)
{
	pid_t parent = getpid(), pid;
	sigset_t all, old;
	int saved;

	if (spec->new_group)
		guard_open();
	/* No handler of ours may run in the child before it is the command. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		child_run(spec, error_fd, parent);
	saved = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return pid;
}

static void
wait_for(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int
process_start(const struct process_spec *spec, struct process *p,
	      struct err *e)
{
	struct start_failure f;
	int pipe_fd[2], pidfd, failed, saved;
	pid_t pid, inside = 0;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return err_sys(e, ERR_INTERNAL, "cannot make a pipe");
	pid = fork_blocked(spec, pipe_fd[1]);
	saved = errno;
	close(pipe_fd[1]);
	if (pid < 0) {
		close(pipe_fd[0]);
		errno = saved;
		return err_sys(e, ERR_INTERNAL, "cannot fork");
	}
	failed = read_failure(pipe_fd[0], &f, &inside);
	close(pipe_fd[0]);
	if (inside > 0) {
		wait_for(pid);
		pid = inside;
		/* In there it does not know its number out here. */
		if (spec->new_group)
			guard_started(pid);
	}
	if (failed) {
		wait_for(pid);
		guard_ended(pid);
		return start_error(spec, f, e);
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		saved = errno;
		kill(spec->new_group ? -pid : pid, SIGKILL);
		wait_for(pid);
		guard_ended(pid);
		errno = saved;
		return err_sys(e, ERR_INTERNAL, "cannot watch a child");
	}
	/* pidfd_open() is close-on-exec by itself. */
	*p = (struct process){ .pid = pid, .pidfd = pidfd };
	return 0;
}

int
process_fork(int death_signal, struct process *p, struct err *e)
{
	pid_t parent = getpid(), pid = fork();
	int pidfd, saved;

	if (pid < 0)
		return err_sys(e, ERR_INTERNAL, "cannot fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, death_signal);
		if (getppid() != parent)
			_exit(127);
		guard_leave();
		setsid();
		return 1;
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		saved = errno;
		kill(pid, SIGKILL);
		wait_for(pid);
		errno = saved;
		return err_sys(e, ERR_INTERNAL, "cannot watch a child");
	}
	*p = (struct process){ .pid = pid, .pidfd = pidfd };
	return 0;
}

int
process_reap(struct process *p, struct process_end *end)
{
	int status;
	pid_t got;

	if (p->pidfd < 0) {
		errno = ECHILD;
		return -1;
	}
	do {
		got = waitpid(p->pid, &status, WNOHANG);
	} while (got < 0 && errno == EINTR);
	if (got <= 0)
		return (int)got;
	close(p->pidfd);
	p->pidfd = -1;
	if (kill(-p->pid, 0) < 0 && errno == ESRCH)
		guard_ended(p->pid);
	else
		guard_reaped(p->pid);
	terminal_take_back(p->pid);
	if (WIFSIGNALED(status))
		*end = (struct process_end){
			.signalled = true, .code = WTERMSIG(status),
		};
	else
		*end = (struct process_end){ .code = WEXITSTATUS(status) };
	return 1;
}

static uint64_t
deadline_after(int ms)
{
	if (ms < 0)
		return UINT64_MAX;
	return clock_mono_ns(&clock_system) + (unsigned)ms * NS_PER_MS;
}

/* Milliseconds until then, rounded up, for poll(2); -1 for never. */
static int
ms_until(uint64_t deadline_ns)
{
	uint64_t now = clock_mono_ns(&clock_system);

	if (deadline_ns == UINT64_MAX)
		return -1;
	if (now >= deadline_ns)
		return 0;
	return (int)((deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS);
}

int
process_wait(struct process *p, int timeout_ms, struct process_end *end)
{
	uint64_t deadline = deadline_after(timeout_ms);

	for (;;) {
		struct pollfd pfd = { .fd = p->pidfd, .events = POLLIN };
		int rc = process_reap(p, end), left = ms_until(deadline);

		if (rc != 0 || left == 0)
			return rc;
		if (poll(&pfd, 1, left) < 0 && errno != EINTR)
			return -1;
	}
}

void
process_signal_group(const struct process *p, int sig)
{
	int saved = errno;

	/* 0 and 1 would mean our own group and everybody. */
	if (p->pid <= 1)
		return;
	if (kill(-p->pid, sig) < 0 && errno == ESRCH && p->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, p->pidfd, sig, NULL, 0);
	/* Without its leader nobody is told of this group's end later on. */
	if (sig == SIGKILL && p->pidfd < 0)
		guard_ended(p->pid);
	errno = saved;
}

void
process_kill_session(const struct process *p)
{
	uint64_t deadline = deadline_after(KILL_WAIT_MS);

	if (p->pid <= 1 || p->pidfd < 0)
		return;
	/* It may be so young that it leads no session yet. */
	syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0);
	/* Somebody may have forked while we looked. */
	while (family_kill_session(p->pid) > 0 && ms_until(deadline) > 0)
		poll(NULL, 0, 1);
}

void
process_stop(struct process *p, int grace_ms, struct process_end *end)
{
	uint64_t deadline = deadline_after(grace_ms);

	process_signal_group(p, SIGTERM);
	/* Who is stopped (^Z, a debugger) must wake to see it. */
	process_signal_group(p, SIGCONT);
	if (p->pidfd >= 0)
		process_wait(p, grace_ms, end);
	/* The leader may be a shell that left its servers behind. */
	for (int ms = 1; p->pid > 1 && p->pidfd < 0; ms = ms < 16 ? 2 * ms : ms) {
		if (ms_until(deadline) == 0 || !family_group_lives(p->pid))
			break;
		poll(NULL, 0, ms);
	}
	process_signal_group(p, SIGKILL);
	if (p->pidfd >= 0)
		process_wait(p, KILL_WAIT_MS, end);
	/* Its number may be somebody else's from here on. */
	if (p->pid > 1)
		guard_ended(p->pid);
	p->pid = 0;
}

const char *
process_end_text(const struct process_end *end, char out[64])
{
	if (end->signalled)
		snprintf(out, 64, "signal %d (%s)", end->code,
			 strsignal(end->code));
	else
		snprintf(out, 64, "exit status %d", end->code);
	return out;
}
