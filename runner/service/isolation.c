/* A network of its own: made, asked for sockets, ended. */
#include <dvr/service/isolation.h>

#include "isolation_ask.h"
#include "isolation_init.h"

#include <dvr/base/clock.h>
#include <dvr/base/mem.h>

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Init answers in microseconds; a sweep takes as long as processes die. */
#define ANSWER_MS 5000

struct isolation {
	enum isolation_kind kind;
	pid_t pid;		/* init, as we number it */
	int sock;
	int fds[START_FDS];
	struct process_space space;
};

/* ---- talk --------------------------------------------------------------- */

static int
wait_answer(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	uint64_t end = clock_mono_ns(&clock_system) + ANSWER_MS * NS_PER_MS;

	for (;;) {
		uint64_t now = clock_mono_ns(&clock_system);
		int left = now < end ? (int)((end - now) / NS_PER_MS) + 1 : 0;
		int n = poll(&p, 1, left);

		if (n > 0)
			return 0;
		if (n == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (errno != EINTR)
			return -1;
	}
}

static int
get_answer(int sock, struct answer *out, int *fds, size_t max, size_t *nfds)
{
	ssize_t got;

	if (wait_answer(sock) < 0)
		return -1;
	got = pass_recv(sock, out, sizeof(*out), fds, max, nfds);
	if (got == (ssize_t)sizeof(*out))
		return 0;
	for (size_t i = 0; i < *nfds; i++)
		close(fds[i]);
	*nfds = 0;
	if (got >= 0)
		errno = EPIPE;
	return -1;
}

/* A descriptor, or -1 with errno; *out is then valid unless init is gone. */
static int
ask_fd(struct isolation *in, const struct ask *ask, struct answer *out)
{
	size_t nfds = 0;
	int fd = -1;

	out->error = 0;
	if (pass_send(in->sock, ask, sizeof(*ask), NULL, 0) < 0 ||
	    get_answer(in->sock, out, &fd, 1, &nfds) < 0)
		return -1;
	if (out->error == 0 && nfds == 1)
		return fd;
	errno = out->error ? out->error : EPROTO;
	return -1;
}

static int
ask_plain(struct isolation *in, const struct ask *ask, struct answer *out)
{
	size_t nfds = 0;
	int fd = -1;

	if (pass_send(in->sock, ask, sizeof(*ask), NULL, 0) < 0 ||
	    get_answer(in->sock, out, &fd, 1, &nfds) < 0)
		return -1;
	if (nfds > 0)
		close(fd);
	errno = out->error;
	return out->error ? -1 : 0;
}

/* ---- life ----------------------------------------------------------------- */

/* As fork(), into new namespaces: the child is the first in them. */
static pid_t
fork_into(unsigned long spaces)
{
	return (pid_t)syscall(SYS_clone, spaces | SIGCHLD, 0, 0, 0, 0);
}

static void
wait_for(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int
start(struct isolation *in, enum isolation_kind kind, struct err *e)
{
	unsigned long spaces = CLONE_NEWNET | CLONE_NEWPID;
	struct init_start how = { .uid = geteuid(), .gid = getegid() };
	struct answer ready;
	size_t nfds;
	int pair[2];

	if (kind == ISOLATED_USER) {
		spaces |= CLONE_NEWUSER;
		how.user = 1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, ERR_INTERNAL, "cannot make a socket pair");
	in->pid = fork_into(spaces);
	if (in->pid == 0) {
		how.sock = pair[1];
		isolation_init(&how);
	}
	close(pair[1]);
	in->sock = pair[0];
	if (in->pid < 0)
		return err_sys(e, ERR_INTERNAL, "the system gives no "
			       "namespaces");
	if (get_answer(in->sock, &ready, in->fds, START_FDS, &nfds) < 0)
		return err_sys(e, ERR_INTERNAL, "a process in a new namespace "
			       "gives no answer");
	if (ready.error == 0 && nfds == START_FDS)
		return 0;
	errno = ready.error;
	return err_sys(e, ERR_INTERNAL, "a new namespace refuses %s",
		       ready.stage ? ready.stage : "its descriptors");
}

int
isolation_try(enum isolation_kind kind, struct isolation **out,
	      struct err *e)
{
	struct isolation *in = mem_alloc(sizeof(*in));

	*in = (struct isolation){ .kind = kind, .sock = -1,
		.fds = { -1, -1, -1 } };
	if (start(in, kind, e) < 0) {
		isolation_destroy(in);
		return -1;
	}
	in->space = (struct process_space){
		.user_fd = kind == ISOLATED_USER ? in->fds[START_USER] : -1,
		.net_fd = in->fds[START_NET], .pid_fd = in->fds[START_PID],
		.furnish = isolation_furnish,
	};
	*out = in;
	return 0;
}

int
isolation_create(struct isolation **out, struct err *e)
{
	/* With root's rights the service keeps them only without a user
	 * namespace: there everybody else's files are nobody's. */
	if (geteuid() == 0 && isolation_try(ISOLATED_ROOT, out, NULL) == 0)
		return 0;
	if (isolation_try(ISOLATED_USER, out, e) == 0)
		return 0;
	return err_prefix(e, "no network namespace (run as root, or allow "
			  "unprivileged ones: sysctl kernel.apparmor_restrict_"
			  "unprivileged_userns=0 on Ubuntu, sysctl kernel."
			  "unprivileged_userns_clone=1 on Debian, --cap-add "
			  "SYS_ADMIN for Docker)");
}

void
isolation_destroy(struct isolation *in)
{
	if (!in)
		return;
	/* Init's end is everybody's end; it is waited for. */
	if (in->pid > 0) {
		kill(in->pid, SIGKILL);
		wait_for(in->pid);
	}
	if (in->sock >= 0)
		close(in->sock);
	for (size_t i = 0; i < ARRAY_LEN(in->fds); i++)
		if (in->fds[i] >= 0)
			close(in->fds[i]);
	free(in);
}

const char *
isolation_name(const struct isolation *in)
{
	if (!in)
		return "none";
	return in->kind == ISOLATED_ROOT ? "network namespace" :
		"network namespace (user)";
}

const struct process_space *
isolation_space(const struct isolation *in)
{
	return in ? &in->space : NULL;
}

/* ---- sockets -------------------------------------------------------------- */

int
isolation_listen(struct isolation *in, const struct address *a, int *fd,
		 struct address *bound, struct err *e)
{
	struct ask ask = { .kind = ASK_LISTEN, .address = *a };
	char text[ADDRESS_TEXT_MAX];
	struct answer answer;
	int got;

	if (!in)
		return sock_listen(a, fd, bound, e);
	got = ask_fd(in, &ask, &answer);
	if (got < 0)
		return err_sys(e, ERR_INTERNAL, "cannot listen on %s in the "
			       "namespace", address_text(a, text));
	*fd = got;
	if (bound)
		*bound = answer.bound;
	return 0;
}

int
isolation_socket(struct isolation *in, int family, int type, int protocol)
{
	struct ask ask = { .kind = ASK_SOCKET, .family = family, .type = type,
		.protocol = protocol };
	struct answer answer;

	if (!in)
		return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC,
			      protocol);
	return ask_fd(in, &ask, &answer);
}

int
isolation_connect(struct isolation *in, const struct address *a, int *fd)
{
	int on = 1, got, saved;

	if (!in)
		return sock_connect(a, fd);
	got = isolation_socket(in, a->sa.ss_family, SOCK_STREAM, IPPROTO_TCP);
	if (got < 0)
		return -1;
	setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(got, (const struct sockaddr *)&a->sa, a->len) < 0 &&
	    errno != EINPROGRESS && errno != EINTR) {
		saved = errno;
		close(got);
		errno = saved;
		return -1;
	}
	*fd = got;
	return 0;
}

/* ---- the rest --------------------------------------------------------------- */

int
isolation_add_name(struct isolation *in, const char *name, struct err *e)
{
	struct ask ask = { .kind = ASK_NAME };
	struct answer answer;
	char q[QUOTE_MAX];

	if (strlen(name) >= sizeof(ask.name))
		return err_set(e, ERR_USAGE, "the name '%s' is too long",
			       quote(slice_str(name), q));
	memcpy(ask.name, name, strlen(name) + 1);
	if (ask_plain(in, &ask, &answer) == 0)
		return 0;
	return err_sys(e, ERR_INTERNAL, "cannot make '%s' known in the "
		       "namespace", quote(slice_str(name), q));
}

void
isolation_sweep(struct isolation *in)
{
	struct ask ask = { .kind = ASK_SWEEP };
	struct answer answer;

	/* Whoever outlives this ends with the namespace. */
	if (in)
		ask_plain(in, &ask, &answer);
}

static size_t
lines(struct slice text, struct arena *a, struct slice **out)
{
	struct slice rest = arena_copy(a, text);
	size_t n = 0;

	for (size_t i = 0; i < rest.n; i++)
		n += rest.p[i] == '\n';
	*out = arena_array(a, n + 1, sizeof(**out));
	for (size_t i = 0; i < n; i++)
		(*out)[i] = slice_cut(&rest, '\n');
	return n;
}

void
isolation_wanted(struct isolation *in, struct arena *a,
		 struct isolation_wanted *out)
{
	struct ask ask = { .kind = ASK_WANTED };
	struct answer w;

	*out = (struct isolation_wanted){ .nnames = 0 };
	if (!in || ask_plain(in, &ask, &w) < 0 ||
	    w.nnames_bytes > sizeof(w.names) ||
	    w.nrefused_bytes > sizeof(w.refused))
		return;
	out->nnames = lines(slice_of(w.names, w.nnames_bytes), a,
			    &out->names);
	out->naddresses = lines(slice_of(w.refused, w.nrefused_bytes), a,
				&out->addresses);
}
