/* Names to addresses without stopping the loop: a child asks, a pipe tells. */
#include <dvr/base/mem.h>
#include <dvr/net/resolve.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than anybody tries before giving up; the answer stays below PIPE_BUF,
 * so that it arrives whole. */
#define FOUND_MAX 8
#define HOST_MAX 254		/* RFC 1035 §2.3.4, with NUL */
#define CHILD_PIPE_FD 3

struct answer {
	size_t count;
	struct address found[FOUND_MAX];
	char why[128];
};

struct resolve {
	struct loop *loop;
	struct loop_io io;
	struct loop_timer timer;
	pid_t pid;
	resolve_fn *fn;
	void *arg;
};

static void
look_up(const char *host, uint16_t port, struct answer *out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	char service[8];
	int rc;

	snprintf(service, sizeof(service), "%u", port);
	rc = getaddrinfo(host, service, &hints, &list);
	if (rc != 0) {
		snprintf(out->why, sizeof(out->why), "%s", gai_strerror(rc));
		return;
	}
	for (struct addrinfo *at = list; at; at = at->ai_next) {
		struct address *a = &out->found[out->count];

		if (out->count == FOUND_MAX || at->ai_addrlen > sizeof(a->sa))
			break;
		memcpy(&a->sa, at->ai_addr, at->ai_addrlen);
		a->len = at->ai_addrlen;
		out->count++;
	}
	freeaddrinfo(list);
	if (out->count == 0)
		snprintf(out->why, sizeof(out->why), "no address found");
}

static _Noreturn void
child_run(const char *host, uint16_t port, int pipe_fd)
{
	struct answer a = { 0 };
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* An inherited socket would hold back the FIN of a client. */
	if (pipe_fd != CHILD_PIPE_FD && dup2(pipe_fd, CHILD_PIPE_FD) < 0)
		_exit(1);
	close_range(CHILD_PIPE_FD + 1, ~0u, 0);
	/* Signals that the loop takes are not for this child to keep. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	look_up(host, port, &a);
	_exit(write(CHILD_PIPE_FD, &a, sizeof(a)) == (ssize_t)sizeof(a) ?
	      0 : 1);
}

/* Ends the child, closes the pipe, frees. */
static void
finish(struct resolve *r)
{
	loop_timer_cancel(r->loop, &r->timer);
	loop_del(r->loop, &r->io);
	close(r->io.fd);
	kill(r->pid, SIGKILL);
	while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(r);
}

static void
tell(struct resolve *r, const struct answer *a)
{
	resolve_fn *fn = r->fn;
	void *arg = r->arg;

	finish(r);
	fn(arg, a->found, a->count, a->count > 0 ? NULL : a->why);
}

static void
pipe_ready(struct loop_io *io, unsigned ready)
{
	struct answer a = { 0 };
	ssize_t got = read(io->fd, &a, sizeof(a));

	(void)ready;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got != (ssize_t)sizeof(a))
		a = (struct answer){ .why = "the look-up's process died" };
	tell(io->owner, &a);
}

static void
timed_out(struct loop_timer *t)
{
	struct answer a = { .why = "the look-up took too long" };

	tell(t->owner, &a);
}

static struct resolve *
fork_look_up(struct loop *l, const char *host, uint16_t port, struct err *e)
{
	struct resolve *r;
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0) {
		err_sys(e, ERR_INTERNAL, "cannot make a pipe");
		return NULL;
	}
	pid = fork();
	if (pid == 0)
		child_run(host, port, fd[1]);
	if (pid < 0)
		err_sys(e, ERR_INTERNAL, "cannot fork");
	close(fd[1]);
	if (pid < 0) {
		close(fd[0]);
		return NULL;
	}
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	r = mem_alloc(sizeof(*r));
	*r = (struct resolve){
		.loop = l, .pid = pid,
		.io = { .fd = fd[0], .fn = pipe_ready, .owner = r },
		.timer = { .fn = timed_out, .owner = r },
	};
	if (loop_add(l, &r->io, LOOP_READ, e) < 0) {
		finish(r);
		return NULL;
	}
	return r;
}

/* Literals, and localhost as both families name it (RFC 6761 §6.3). */
static size_t
known_already(struct slice host, uint16_t port, struct address out[2])
{
	if (address_literal(host, port, &out[0]) < 0)
		return 0;
	if (!slice_ieq(host, SLICE("localhost")))
		return 1;
	address_literal(SLICE("::1"), port, &out[1]);
	return 2;
}

struct resolve *
resolve_start(struct loop *l, struct slice host, uint16_t port,
	      unsigned timeout_ms, resolve_fn *fn, void *arg)
{
	struct address known[2];
	char name[HOST_MAX];
	struct resolve *r;
	struct err e;
	size_t count = known_already(host, port, known);

	if (count > 0) {
		fn(arg, known, count, NULL);
		return NULL;
	}
	if (host.n == 0 || host.n >= sizeof(name) || slice_chr(host, 0) >= 0) {
		fn(arg, NULL, 0, "not a host's name");
		return NULL;
	}
	memcpy(name, host.p, host.n);
	name[host.n] = '\0';
	r = fork_look_up(l, name, port, &e);
	if (!r) {
		fn(arg, NULL, 0, e.msg);
		return NULL;
	}
	r->fn = fn;
	r->arg = arg;
	loop_timer_set(l, &r->timer,
		       loop_now_ns(l) + timeout_ms * NS_PER_MS);
	return r;
}

void
resolve_cancel(struct resolve *r)
{
	if (r)
		finish(r);
}
