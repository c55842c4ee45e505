/* Passes bytes between two sockets until both directions have ended. */
#include "splice.h"

#include <dvr/base/buf.h>
#include <dvr/base/mem.h>
#include <dvr/net/sock.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* What waits for a slow reader: then the sender waits, too. */
#define WAITING_BYTES (256u * KiB)
#define READ_BYTES (64u * KiB)

struct end {
	struct splice *splice;
	struct loop_io io;
	struct buf out;		/* to be written here */
	bool connecting;
	bool over;		/* nothing more comes from here */
	bool shut;		/* nothing more goes there */
};

struct splice {
	struct splice **list, *next;
	struct loop *loop;
	struct end inner, outer;
};

static struct end *
other_of(struct end *n)
{
	return n == &n->splice->inner ? &n->splice->outer : &n->splice->inner;
}

static void
end_close(struct end *n)
{
	loop_del(n->splice->loop, &n->io);
	close(n->io.fd);
	buf_release(&n->out);
}

static void
splice_end(struct splice *s, bool reset)
{
	struct splice **at = s->list;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	if (reset) {
		sock_reset_on_close(s->inner.io.fd);
		sock_reset_on_close(s->outer.io.fd);
	}
	end_close(&s->inner);
	end_close(&s->outer);
	free(s);
}

/* What to be woken for, from what there is to do. */
static void
want(struct end *n)
{
	unsigned events = 0;

	if (n->connecting || n->out.n > 0)
		events |= LOOP_WRITE;
	if (!n->connecting && !n->over &&
	    other_of(n)->out.n + READ_BYTES <= WAITING_BYTES)
		events |= LOOP_READ;
	if (events != n->io.events)
		loop_mod(n->splice->loop, &n->io, events);
}

/* -1: the connection is broken. */
static int
write_some(struct end *n)
{
	while (!n->connecting && n->out.n > 0) {
		ssize_t put = send(n->io.fd, n->out.p, n->out.n, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return errno == EAGAIN ? 0 : -1;
		buf_drop(&n->out, (size_t)put);
	}
	if (!n->connecting && other_of(n)->over && !n->shut) {
		n->shut = true;
		shutdown(n->io.fd, SHUT_WR);
	}
	return 0;
}

static int
read_some(struct end *n)
{
	char chunk[READ_BYTES];
	struct end *to = other_of(n);
	ssize_t got;

	if (n->over || to->out.n + sizeof(chunk) > WAITING_BYTES)
		return 0;
	got = recv(n->io.fd, chunk, sizeof(chunk), 0);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	if (got == 0)
		n->over = true;
	buf_add(&to->out, slice_of(chunk, (size_t)got));
	return write_some(to);
}

static void
end_ready(struct loop_io *io, unsigned ready)
{
	struct end *n = io->owner;
	struct splice *s = n->splice;
	int rc = 0;

	if (n->connecting) {
		n->connecting = false;
		rc = sock_connect_result(io->fd) == 0 ? 0 : -1;
	}
	if (rc == 0 && ready & LOOP_WRITE)
		rc = write_some(n);
	if (rc == 0 && ready & (LOOP_READ | LOOP_HANGUP))
		rc = read_some(n);
	if (rc < 0 || (s->inner.shut && s->outer.shut)) {
		splice_end(s, rc < 0);
		return;
	}
	want(&s->inner);
	want(&s->outer);
}

static void
end_init(struct end *n, struct splice *s, int fd)
{
	*n = (struct end){ .splice = s };
	n->io = (struct loop_io){ .fd = fd, .fn = end_ready, .owner = n };
	buf_init(&n->out, WAITING_BYTES);
}

void
splice_start(struct splice **list, struct loop *l, int inner, int outer)
{
	struct splice *s = mem_alloc(sizeof(*s));

	s->list = list;
	s->loop = l;
	s->next = *list;
	*list = s;
	end_init(&s->inner, s, inner);
	end_init(&s->outer, s, outer);
	s->outer.connecting = true;
	if (loop_add(l, &s->inner.io, LOOP_READ, NULL) < 0 ||
	    loop_add(l, &s->outer.io, LOOP_WRITE, NULL) < 0)
		splice_end(s, true);
}

void
splice_end_all(struct splice **list)
{
	while (*list)
		splice_end(*list, false);
}
