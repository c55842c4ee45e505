/* One connection through the proxy: forwards the bytes that it reads. */
#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

static struct side *
peer_of(struct conn *c, struct side *s)
{
	return s == &c->client ? &c->server : &c->client;
}

uint64_t
conn_now(const struct conn *c)
{
	return clock_mono_ns(loop_clock(c->proxy->loop));
}

/* ---- end ---------------------------------------------------------------- */

void
side_close(struct conn *c, struct side *s)
{
	if (s->watched)
		loop_del(c->proxy->loop, &s->io);
	s->watched = false;
	if (s->io.fd >= 0)
		close(s->io.fd);
	s->io.fd = -1;
	backlog_clear(&s->out, &c->proxy->chunks);
}

static void
conn_close(struct conn *c)
{
	struct proxy *p = c->proxy;

	loop_timer_cancel(p->loop, &c->timer);
	side_close(c, &c->client);
	side_close(c, &c->server);
	tap_destroy(c->tap, conn_now(c));
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	p->stats.open_now--;
	listener_unref(c->from);
	free(c);
	listeners_resume(p);
}

void
conn_abort(struct conn *c)
{
	if (c->client.io.fd >= 0)
		sock_reset_on_close(c->client.io.fd);
	if (c->server.io.fd >= 0)
		sock_reset_on_close(c->server.io.fd);
	conn_close(c);
}

/* `s` sent a RST: the other one gets it too. */
static void
conn_reset(struct conn *c, struct side *s)
{
	struct tap_out none;

	if (c->tap && s == &c->client)
		tap_request_end(c->tap, LX_RST, conn_now(c), &none);
	else if (c->tap)
		tap_response_end(c->tap, LX_RST, conn_now(c));
	conn_abort(c);
}

void
relay_reset_all(struct proxy *p)
{
	while (p->conns)
		conn_abort(p->conns);
}

void
relay_close_idle(struct proxy *p)
{
	struct conn *next;

	for (struct conn *c = p->conns; c; c = next) {
		next = c->next;
		if (p->ledger && c->state == CONN_OPEN && !c->client.out.n &&
		    !c->server.out.n && (!c->tap || tap_idle(c->tap)))
			conn_close(c);
	}
}

/* ---- what is waited for ------------------------------------------------- */

int
side_watch(struct conn *c, struct side *s, unsigned events)
{
	if (!s->watched) {
		if (loop_add(c->proxy->loop, &s->io, events, NULL) < 0)
			return -1;
		s->watched = true;
	} else if (s->io.events != events) {
		loop_mod(c->proxy->loop, &s->io, events);
	}
	return 0;
}

static int
side_settle(struct conn *c, struct side *s, const struct side *peer)
{
	unsigned events = 0;

	if (peer->eof && !s->out.n && !s->shut && !s->dead) {
		shutdown(s->io.fd, SHUT_WR);
		s->shut = true;
	}
	/* Both directions ended: the kernel reports a hang-up for ever. */
	if (s->eof && s->shut) {
		if (s->watched)
			loop_del(c->proxy->loop, &s->io);
		s->watched = false;
		return 0;
	}
	if (!s->eof && !peer->out.n && !peer->dead)
		events |= LOOP_READ;
	if (s->out.n)
		events |= LOOP_WRITE;
	if (events & LOOP_READ)
		s->parked = false;
	/* A reset is passed on at once, also while nothing is read. */
	if (!events && !s->eof && !s->parked)
		events = LOOP_HANGUP;
	return side_watch(c, s, events);
}

/* After any change of state that is not the plain forwarding of a read. */
void
conn_settle(struct conn *c)
{
	if (side_settle(c, &c->client, &c->server) < 0 ||
	    side_settle(c, &c->server, &c->client) < 0)
		conn_abort(c);
	else if (c->client.eof && c->client.shut && c->server.eof &&
		 c->server.shut)
		conn_close(c);
}

/* ---- bytes -------------------------------------------------------------- */

/* `s` refuses bytes; what it sent before may still be read, as its peer would
 * have read it, and then the reset is passed on. */
static void
side_dead(struct conn *c, struct side *s)
{
	s->dead = true;
	backlog_clear(&s->out, &c->proxy->chunks);
	if (s->eof)
		conn_reset(c, s);
	else
		conn_settle(c);
}

static ssize_t
send_pieces(int fd, const struct tap_out *out)
{
	struct iovec v[2];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };

	if (!out->edited.n)
		return send(fd, out->tail.p, out->tail.n, MSG_NOSIGNAL);
	if (!out->tail.n)
		return send(fd, out->edited.p, out->edited.n, MSG_NOSIGNAL);
	v[0].iov_base = (void *)(uintptr_t)out->edited.p;
	v[0].iov_len = out->edited.n;
	v[1].iov_base = (void *)(uintptr_t)out->tail.p;
	v[1].iov_len = out->tail.n;
	return sendmsg(fd, &m, MSG_NOSIGNAL);
}

/* Tries the write at once; keeps only what the socket does not take. */
static int
side_write(struct conn *c, struct side *s, const struct tap_out *out)
{
	size_t total = out->edited.n + out->tail.n, sent = 0;
	ssize_t n = 0;

	if (s->dead || !total)
		return 0;
	if (!s->out.n) {
		do
			n = send_pieces(s->io.fd, out);
		while (n < 0 && errno == EINTR);
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			return -1;
		sent = n > 0 ? (size_t)n : 0;
	}
	if (sent == total)
		return 0;
	backlog_add(&s->out, &c->proxy->chunks, slice_from(out->edited, sent));
	sent -= sent < out->edited.n ? sent : out->edited.n;
	backlog_add(&s->out, &c->proxy->chunks, slice_from(out->tail, sent));
	return 0;
}

void
conn_tap(struct conn *c)
{
	if (!c->tap && c->proxy->ledger)
		c->tap = tap_create(c->proxy, c->from->lane, c->id,
				    c->from->session);
}

static void
relay_eof(struct conn *c, struct side *s, uint64_t at)
{
	struct tap_out out = { .tail = { .n = 0 } };

	if (s->dead) {
		conn_reset(c, s);
		return;
	}
	if (c->tap && s == &c->client) {
		tap_request_end(c->tap, LX_FIN, at, &out);
		if (side_write(c, &c->server, &out) < 0) {
			side_dead(c, &c->server);
			return;
		}
	} else if (c->tap) {
		tap_response_end(c->tap, LX_FIN, at);
	}
	s->eof = true;
	conn_settle(c);
}

/* Answers go out before the tap looks at them: the client need not wait. */
static int
forward(struct conn *c, struct side *s, struct slice in, uint64_t at)
{
	struct tap_out out = { .tail = in };
	int rc;

	if (s == &c->client) {
		c->proxy->stats.bytes_up += in.n;
		if (c->tap)
			tap_request(c->tap, in, at, &out);
		return side_write(c, &c->server, &out);
	}
	c->proxy->stats.bytes_down += in.n;
	rc = side_write(c, &c->client, &out);
	if (c->tap)
		tap_response(c->tap, in, at);
	return rc;
}

static void
relay_read(struct conn *c, struct side *s)
{
	struct side *peer = peer_of(c, s);
	ssize_t n = recv(s->io.fd, c->proxy->scratch, s->read_max, 0);
	uint64_t at;

	if (n < 0) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			conn_reset(c, s);
		return;
	}
	at = conn_now(c);
	if (!n) {
		relay_eof(c, s, at);
		return;
	}
	conn_tap(c);
	if (forward(c, s, slice_of(c->proxy->scratch, (size_t)n), at) < 0) {
		side_dead(c, peer);
	} else if (peer->out.n) {
		s->read_max = RELAY_READ_SLOW_BYTES;
		conn_settle(c);
	} else if (s->read_max < RELAY_READ_BYTES) {
		s->read_max *= 2;
	}
}

void
side_ready(struct conn *c, struct side *s, unsigned ready)
{
	if (s->out.n && (ready & (LOOP_WRITE | LOOP_HANGUP))) {
		if (backlog_flush(&s->out, &c->proxy->chunks, s->io.fd) < 0) {
			side_dead(c, s);
			return;
		}
		if (!s->out.n) {
			/* May close the connection: events that are left
			 * come again if they still matter. */
			conn_settle(c);
			return;
		}
	}
	if (s->io.events & LOOP_READ) {
		relay_read(c, s);
	} else if ((ready & LOOP_HANGUP) && s->io.events == LOOP_HANGUP) {
		if (sock_connect_result(s->io.fd) != 0) {
			conn_reset(c, s);
			return;
		}
		s->parked = true;	/* a FIN: it is read in its turn */
		conn_settle(c);
	}
}
