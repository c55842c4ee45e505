/* The process that ends the groups of a dvr that is gone (see guard.h). */
#include "guard.h"

#include "family.h"

#include <dvr/base/fs.h>
#include <dvr/base/process.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Groups at a time; one dvr has a suite, a service and a command or two. */
#define GROUPS_MAX 256
/* Folders at a time, and bytes of a path with its end. */
#define FOLDERS_MAX 16
#define FOLDER_MAX 256
/* For who heeds SIGTERM; then SIGKILL. */
#define GRACE_MS 200
#define STEP_MS 5
/* Out of the way of 0, 1 and 2, should one of them be closed. */
#define OUR_FD_MIN 10
/* All that a guard has open. */
#define GUARD_FD 0

enum news { NEWS_STARTED, NEWS_REAPED, NEWS_ENDED, NEWS_FOLDER,
	NEWS_FOLDER_STAYS };

struct message {
	enum news news;
	pid_t group;
	char folder[FOLDER_MAX];	/* only of NEWS_FOLDER* */
};

/* One per process, as children are: whoever starts one finds it here.  A
 * fork's copy is its parent's, which the owner tells. */
static struct {
	pid_t owner;
	int fd;
} own = { .fd = -1 };

/* ---- the guard -------------------------------------------------------- */

struct group {
	pid_t number;
	bool reaped;
};

struct groups {
	struct group v[GROUPS_MAX];
	size_t n;
	char folders[FOLDERS_MAX][FOLDER_MAX];	/* "": free */
};

/*
 * Is that number still the group's?  While the leader is not collected it
 * cannot be anybody else's.  Afterwards it is no process's as long as the
 * group has a member: a process of that number is a stranger.
 */
static bool
is_ours(const struct group *g)
{
	if (kill(-g->number, 0) < 0 && errno == ESRCH)
		return false;
	return !g->reaped || (kill(g->number, 0) < 0 && errno == ESRCH);
}

static void
drop(struct groups *gs, size_t i)
{
	gs->v[i] = gs->v[--gs->n];
}

static void
drop_gone(struct groups *gs)
{
	for (size_t i = gs->n; i-- > 0;)
		if (!is_ours(&gs->v[i]))
			drop(gs, i);
}

static void
forget(struct groups *gs, pid_t number)
{
	for (size_t i = gs->n; i-- > 0;)
		if (gs->v[i].number == number)
			drop(gs, i);
}

static void
note_folder(struct groups *gs, const char *was, const char *is)
{
	for (size_t i = 0; i < FOLDERS_MAX; i++) {
		if (strcmp(gs->folders[i], was) != 0)
			continue;
		memcpy(gs->folders[i], is, FOLDER_MAX);
		return;
	}
}

static void
note(struct groups *gs, const struct message *m)
{
	static const char none[FOLDER_MAX] = "";

	switch (m->news) {
	case NEWS_STARTED:
		forget(gs, m->group);
		if (gs->n == GROUPS_MAX)
			drop_gone(gs);
		if (gs->n < GROUPS_MAX)
			gs->v[gs->n++] = (struct group){ .number = m->group };
		break;
	case NEWS_REAPED:
		for (size_t i = 0; i < gs->n; i++)
			if (gs->v[i].number == m->group)
				gs->v[i].reaped = true;
		break;
	case NEWS_ENDED:
		forget(gs, m->group);
		break;
	case NEWS_FOLDER:
		note_folder(gs, none, m->folder);
		break;
	case NEWS_FOLDER_STAYS:
		note_folder(gs, m->folder, none);
		break;
	}
}

/* Until the other end is closed: by the death of who had it. */
static void
listen_to_owner(struct groups *gs)
{
	struct message m;
	ssize_t got;

	for (;;) {
		got = recv(GUARD_FD, &m, sizeof(m), 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return;
		if (got != (ssize_t)sizeof(m))
			continue;
		/* 0 and 1 would mean our own group and everybody. */
		if (m.group > 1 || m.folder[0] == '/')
			note(gs, &m);
	}
}

static void
end_groups(struct groups *gs)
{
	drop_gone(gs);
	for (size_t i = 0; i < gs->n; i++) {
		kill(-gs->v[i].number, SIGTERM);
		/* Who is stopped must wake to see it. */
		kill(-gs->v[i].number, SIGCONT);
	}
	for (int ms = 0; gs->n > 0 && ms < GRACE_MS; ms += STEP_MS) {
		for (size_t i = gs->n; i-- > 0;)
			if (!family_group_lives(gs->v[i].number))
				drop(gs, i);
		if (gs->n > 0)
			poll(NULL, 0, STEP_MS);
	}
	for (size_t i = 0; i < gs->n; i++)
		kill(-gs->v[i].number, SIGKILL);
}

static void
remove_folders(const struct groups *gs)
{
	for (size_t i = 0; i < FOLDERS_MAX; i++)
		if (gs->folders[i][0] == '/')
			fs_remove_tree(gs->folders[i], NULL);
}

/* Nothing may be held back for its sake: no pipe, no folder, no terminal. */
static _Noreturn void
guard_run(int sock)
{
	const struct rlimit none = { 0, 0 };
	struct groups gs = { .n = 0 };

	prctl(PR_SET_NAME, "dvr-guard");
	/* A copy of dvr's memory: for no core file and no debugger. */
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	if (chdir("/") < 0 || dup2(sock, GUARD_FD) < 0 ||
	    close_range(GUARD_FD + 1, ~0u, 0) < 0)
		_exit(1);
	listen_to_owner(&gs);
	end_groups(&gs);
	remove_folders(&gs);
	_exit(0);
}

/* ---- its owner -------------------------------------------------------- */

/*
 * Twice, so that it is nobody's child here: not to be collected, not to be
 * found among the children.  All signals are blocked, and stay so in it.
 */
static bool
fork_guard(int sock)
{
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return false;
	if (pid == 0) {
		if (setsid() < 0)
			_exit(1);
		pid = fork();
		if (pid == 0)
			guard_run(sock);
		_exit(pid < 0 ? 1 : 0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return status == 0;
}

void
guard_leave(void)
{
	if (own.fd >= 0)
		close(own.fd);
	own.fd = -1;
}

void
guard_open(void)
{
	int pair[2], fd;
	sigset_t all, old;
	bool made;

	if (own.fd >= 0 && own.owner == getpid())
		return;
	guard_leave();
	/* A socket and no pipe: a guard that was killed is no SIGPIPE. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return;
	fd = fcntl(pair[0], F_DUPFD_CLOEXEC, OUR_FD_MIN);
	close(pair[0]);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	made = fd >= 0 && fork_guard(pair[1]);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(pair[1]);
	own.fd = fd;
	own.owner = getpid();
	if (!made)
		guard_leave();
}

/* Never waits: a guard that was stopped must not stop us. */
static void
send_message(const struct message *m)
{
	int saved = errno;

	if (own.fd >= 0)
		(void)send(own.fd, m, sizeof(*m), MSG_NOSIGNAL | MSG_DONTWAIT);
	errno = saved;
}

static void
tell(enum news news, pid_t group)
{
	const struct message m = { .news = news, .group = group };

	send_message(&m);
}

/* A path that is longer than a message or not absolute is not guarded. */
static void
tell_folder(enum news news, const char *path)
{
	struct message m = { .news = news };
	size_t n = strlen(path);

	if (own.owner != getpid() || path[0] != '/' || n >= sizeof(m.folder))
		return;
	memcpy(m.folder, path, n);
	send_message(&m);
}

void
guard_started(pid_t group)
{
	tell(NEWS_STARTED, group);
}

void
guard_reaped(pid_t group)
{
	if (own.owner == getpid())
		tell(NEWS_REAPED, group);
}

void
guard_ended(pid_t group)
{
	if (own.owner == getpid())
		tell(NEWS_ENDED, group);
}

/* ---- for the other rooms ------------------------------------------------ */

void
process_guard(void)
{
	guard_open();
}

void
process_guard_folder(const char *path)
{
	guard_open();
	tell_folder(NEWS_FOLDER, path);
}

void
process_unguard_folder(const char *path)
{
	tell_folder(NEWS_FOLDER_STAYS, path);
}
