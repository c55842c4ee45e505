/* Inside a namespace: makes sockets on demand, answers look-ups, reaps. */
#include "isolation_init.h"

#include "isolation_dns.h"
#include "isolation_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCK_FD 3

struct inside {
	int sock, dns_fd;
	struct dns dns;
	struct watch watch;
};

/* ---- start ------------------------------------------------------------ */

static int
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), saved;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	saved = errno;
	close(fd);
	errno = saved;
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

static int
map_user(const struct init_start *how)
{
	char map[64];
	int rc;

	/* The files belong to nobody while this memory is protected. */
	prctl(PR_SET_DUMPABLE, 1);
	snprintf(map, sizeof(map), "%u %u 1\n", how->uid, how->uid);
	rc = write_file("/proc/self/setgroups", "deny\n");
	if (rc == 0)
		rc = write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "%u %u 1\n", how->gid, how->gid);
	if (rc == 0)
		rc = write_file("/proc/self/gid_map", map);
	prctl(PR_SET_DUMPABLE, 0);
	return rc;
}

static int
loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc, saved;

	if (fd < 0)
		return -1;
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	rc = ioctl(fd, SIOCSIFFLAGS, &r);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

static int
open_spaces(int fds[START_FDS])
{
	static const char *const paths[START_FDS] = {
		[START_USER] = "/proc/self/ns/user",
		[START_NET] = "/proc/self/ns/net",
		[START_PID] = "/proc/self/ns/pid",
	};

	for (int i = 0; i < START_FDS; i++) {
		fds[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0)
			return -1;
	}
	return 0;
}

/* Nothing of the outside stays open: not its terminal, not its listeners. */
static int
leave_outside(const struct init_start *how)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int sock = fcntl(how->sock, F_DUPFD_CLOEXEC, SOCK_FD + 1);

	if (null < 0 || sock < 0)
		return -1;
	for (int i = 0; i < SOCK_FD; i++)
		dup2(null, i);
	if (dup3(sock, SOCK_FD, O_CLOEXEC) < 0)
		return -1;
	return close_range(SOCK_FD + 1, ~0u, 0);
}

/* Signals are for those outside to handle; who dies in here is forgotten. */
static void
mind_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t all;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "dvr-isolation");
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigaction(SIGCHLD, &ignore, NULL);
}

static const char *
start(const struct init_start *how, struct inside *in, int fds[START_FDS])
{
	if (leave_outside(how) < 0)
		return "descriptors";
	in->sock = SOCK_FD;
	if (how->user && map_user(how) < 0)
		return "the user map";
	if (loopback_up() < 0)
		return "loopback";
	if (watch_route() < 0)
		return "a route";
	watch_open(&in->watch);
	in->dns_fd = dns_open();
	if (in->dns_fd < 0)
		return "port 53";
	return open_spaces(fds) < 0 ? "its own namespaces" : NULL;
}

/* ---- service ---------------------------------------------------------- */

/* Everybody but us; returns when our own have ended.  Those whose parent is
 * outside are reaped there. */
static void
sweep(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static void
tell_wanted(struct inside *in, struct answer *out)
{
	dns_serve(&in->dns, in->dns_fd);
	watch_read(&in->watch);
	out->nnames_bytes = in->dns.nmissed_bytes;
	memcpy(out->names, in->dns.missed, in->dns.nmissed_bytes);
	out->nrefused_bytes = in->watch.nrefused_bytes;
	memcpy(out->refused, in->watch.refused, in->watch.nrefused_bytes);
	/* The next to ask is about another replay. */
	in->dns.nmissed_bytes = in->watch.nrefused_bytes = 0;
}

/* A descriptor for the asker, or -1. */
static int
do_ask(struct inside *in, const struct ask *ask, struct answer *out)
{
	int fd = -1;

	errno = 0;
	switch (ask->kind) {
	case ASK_LISTEN:
		if (sock_listen(&ask->address, &fd, &out->bound, NULL) < 0)
			out->error = errno ? errno : EADDRINUSE;
		break;
	case ASK_SOCKET:
		fd = socket(ask->family, ask->type | SOCK_NONBLOCK |
			    SOCK_CLOEXEC, ask->protocol);
		out->error = fd < 0 ? errno : 0;
		break;
	case ASK_NAME:
		out->error = dns_add(&in->dns, ask->name) < 0 ? ENOSPC : 0;
		break;
	case ASK_SWEEP:
		sweep();
		break;
	case ASK_WANTED:
		tell_wanted(in, out);
		break;
	}
	return fd;
}

static void
serve_one(struct inside *in)
{
	struct ask ask;
	struct answer answer = { .error = 0 };
	size_t nfds;
	int fd;
	ssize_t got = pass_recv(in->sock, &ask, sizeof(ask), NULL, 0, &nfds);

	/* Whoever started us is gone: so is everybody in here. */
	if (got <= 0)
		_exit(0);
	if (got != (ssize_t)sizeof(ask))
		return;
	fd = do_ask(in, &ask, &answer);
	if (pass_send(in->sock, &answer, sizeof(answer), &fd, fd >= 0) < 0)
		_exit(1);
	if (fd >= 0)
		close(fd);
}

_Noreturn void
isolation_init(const struct init_start *how)
{
	struct inside in = { .sock = how->sock, .dns_fd = -1,
		.watch = { .fd = -1 } };
	int fds[START_FDS];
	struct answer ready = { .error = 0 };

	mind_signals();
	ready.stage = start(how, &in, fds);
	ready.error = ready.stage ? errno : 0;
	if (pass_send(in.sock, &ready, sizeof(ready), fds,
		      ready.stage ? 0 : START_FDS) < 0 || ready.stage)
		_exit(1);
	for (int i = 0; i < START_FDS; i++)
		close(fds[i]);
	for (;;) {
		struct pollfd p[] = {
			{ .fd = in.sock, .events = POLLIN },
			{ .fd = in.dns_fd, .events = POLLIN },
			{ .fd = in.watch.fd, .events = POLLIN },
		};

		if (poll(p, ARRAY_LEN(p), -1) < 0 && errno != EINTR)
			_exit(1);
		if (p[1].revents)
			dns_serve(&in.dns, in.dns_fd);
		if (p[2].revents)
			watch_read(&in.watch);
		if (p[0].revents)
			serve_one(&in);
	}
}
