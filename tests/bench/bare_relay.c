/*
 * The limit that dvr is measured against: a relay over epoll that does nothing
 * but move bytes.  bare_relay TARGET_PORT prints its own port and runs until
 * it is killed.  Loopback only; a peer that does not take its bytes at once is
 * waited for (the load of the benchmark never does that for long).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 65536, TURN = 64 };

struct end {
	int fd;
	struct end *peer;
};

static struct sockaddr_in
loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static void
fatal(const char *what)
{
	perror(what);
	exit(1);
}

static struct end *
watch(int epoll_fd, int fd)
{
	struct end *e = calloc(1, sizeof(*e));
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = e };
	int one = 1;

	if (!e)
		fatal("calloc");
	e->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		fatal("epoll_ctl");
	return e;
}

static void
accept_one(int epoll_fd, int listen_fd, int target_port)
{
	struct sockaddr_in to = loopback(target_port);
	int client = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK), server;
	struct end *a, *b;

	if (client < 0)
		return;
	server = socket(AF_INET, SOCK_STREAM, 0);
	if (server < 0 ||
	    connect(server, (struct sockaddr *)&to, sizeof(to)) < 0)
		fatal("connect");
	a = watch(epoll_fd, client);
	b = watch(epoll_fd, server);
	a->peer = b;
	b->peer = a;
}

static int
write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		struct pollfd room = { .fd = fd, .events = POLLOUT };

		if (w < 0 && errno != EAGAIN)
			return -1;
		if (w < 0) {
			poll(&room, 1, -1);
			continue;
		}
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

/* Either end's end is the end of both; freed with the process. */
static void
forward(struct end *e)
{
	static char bytes[READ_BYTES];
	ssize_t n;

	if (e->fd < 0)
		return;
	n = recv(e->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0 && write_all(e->peer->fd, bytes, (size_t)n) == 0)
		return;
	close(e->fd);
	close(e->peer->fd);
	e->fd = e->peer->fd = -1;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in me = loopback(0);
	socklen_t len = sizeof(me);
	int epoll_fd = epoll_create1(0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct epoll_event ev = { .events = EPOLLIN };
	long target = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

	if (target <= 0 || target > 65535) {
		fprintf(stderr, "usage: bare_relay TARGET_PORT\n");
		return 2;
	}
	if (bind(fd, (struct sockaddr *)&me, len) < 0 ||
	    listen(fd, 1024) < 0 ||
	    getsockname(fd, (struct sockaddr *)&me, &len) < 0 ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		fatal("listen");
	printf("%d\n", ntohs(me.sin_port));
	fflush(stdout);
	for (;;) {
		struct epoll_event got[TURN];
		int n = epoll_wait(epoll_fd, got, TURN, -1);

		for (int i = 0; i < n; i++) {
			if (got[i].data.ptr)
				forward(got[i].data.ptr);
			else
				accept_one(epoll_fd, fd, (int)target);
		}
	}
}
