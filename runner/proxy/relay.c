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
	tls_destroy(s->tls);
	s->tls = NULL;
	if (s->io.fd >= 0)
		close(s->io.fd);
	s->io.fd = -1;
	backlog_clear(&s->out, &c->proxy->chunks);
}

static void
note_passthrough(struct conn *c)
{
	struct proxy_notice *n = notice(c->from->lane, NOTICE_PASSTHROUGH,
					c->upstream ? c->upstream->text : "-",
					"");

	n->bytes_up += c->up;
	n->bytes_down += c->down;
}

void
conn_end(struct conn *c)
{
	struct proxy *p = c->proxy;

	if (c->untapped)
		note_passthrough(c);
	loop_timer_cancel(p->loop, &c->timer);
	forward_end(c);
	upstream_unref(c->upstream);
	buf_release(&c->early);
	buf_release(&c->asked);
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
	conn_end(c);
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

static bool
is_idle(const struct conn *c)
{
	switch (c->state) {
	case CONN_ASKED:
	case CONN_HELLO:
		return true;
	case CONN_OPEN:
		return !c->client.out.n && !c->server.out.n &&
		       (!c->tap || tap_idle(c->tap));
	case CONN_RESOLVING:
	case CONN_CONNECTING:
	case CONN_SHAKING_UP:
	case CONN_SHAKING_DOWN:
	case CONN_REFUSED:
		break;
	}
	return false;
}

/* Both learn that nothing was cut off. */
static void
conn_bye(struct conn *c)
{
	const struct stream client = side_stream(&c->client);
	const struct stream server = side_stream(&c->server);

	if (c->state == CONN_OPEN) {
		stream_shut(&client);
		stream_shut(&server);
	}
	conn_end(c);
}

void
relay_close_idle(struct proxy *p)
{
	struct conn *next;

	for (struct conn *c = p->conns; c; c = next) {
		next = c->next;
		if (p->ledger && is_idle(c))
			conn_bye(c);
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

/* Passes an end on as it came; false: not yet. */
static bool
side_shut(struct side *s, const struct side *peer)
{
	const struct stream to = side_stream(s);

	/* A stream that was cut off must not look whole to the other end. */
	if (peer->cut)
		shutdown(s->io.fd, SHUT_WR);
	else if (stream_shut(&to) < 0)
		return false;
	s->shut = true;
	return true;
}

static int
side_settle(struct conn *c, struct side *s, const struct side *peer)
{
	unsigned events = 0;

	if (peer->eof && !s->out.n && !s->shut && !s->dead &&
	    !side_shut(s, peer))
		events |= LOOP_WRITE;
	/* Both directions ended: the kernel reports a hang-up for ever. */
	if (s->eof && s->shut) {
		if (s->watched)
			loop_del(c->proxy->loop, &s->io);
		s->watched = false;
		return 0;
	}
	if (!s->eof && !peer->out.n && !peer->dead &&
	    !(s == &c->client && forward_waits(c)))
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
		conn_end(c);
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

/* As much of a slice as TLS takes at once; -1 with errno as send(). */
static ssize_t
send_tls(struct tls *t, struct slice s)
{
	size_t sent = 0;

	while (sent < s.n) {
		ssize_t n = tls_send(t, s.p + sent, s.n - sent);

		if (n < 0)
			return sent ? (ssize_t)sent : -1;
		sent += (size_t)n;
	}
	return (ssize_t)sent;
}

static ssize_t
send_pieces(const struct side *s, const struct tap_out *out)
{
	struct iovec v[2];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	int fd = s->io.fd;
	ssize_t n;

	if (s->tls) {
		n = send_tls(s->tls, out->edited);
		if (n != (ssize_t)out->edited.n)
			return n;
		n = send_tls(s->tls, out->tail);
		return n < 0 && out->edited.n ? (ssize_t)out->edited.n :
						n + (ssize_t)out->edited.n;
	}

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
			n = send_pieces(s, out);
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
	if (!c->tap && c->proxy->ledger && !c->untapped)
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
		if (forward_turn(c))
			return;
	}
	s->eof = true;
	s->cut = s->tls && tls_truncated(s->tls);
	conn_settle(c);
}

int
conn_up(struct conn *c, struct slice in, uint64_t at)
{
	struct tap_out out = { .tail = in };

	conn_tap(c);
	if (c->state == CONN_REFUSED) {
		tap_request(c->tap, in, at, NULL);
		return 0;
	}
	c->proxy->stats.bytes_up += in.n;
	c->up += in.n;
	if (c->tap)
		tap_request(c->tap, in, at, &out);
	return side_write(c, &c->server, &out);
}

/* A hello where no TLS is expected: the target answers it as it likes. */
static void
note_hello(struct conn *c, struct slice in)
{
	if (!c->opaque && !c->client.tls && !c->server.tls && in.n > 2 &&
	    in.p[0] == 0x16 && in.p[1] == 0x03)
		notice(c->from->lane, NOTICE_TLS_ON_PLAIN,
		       c->upstream ? c->upstream->text : "-", "");
}

int
conn_client_bytes(struct conn *c, struct slice in, uint64_t at)
{
	if (!c->up)
		note_hello(c, in);
	return c->forward ? forward_bytes(c, in, at) : conn_up(c, in, at);
}

int
conn_early(struct conn *c)
{
	struct buf early = c->early;
	int rc = 0;

	buf_init(&c->early, CONN_EARLY_MAX);
	if (early.n)
		rc = conn_client_bytes(c, buf_slice(&early), conn_now(c));
	buf_release(&early);
	return rc;
}

void
conn_start(struct conn *c)
{
	c->state = CONN_OPEN;
	loop_timer_cancel(c->proxy->loop, &c->timer);
	if (conn_early(c) < 0)
		side_dead(c, &c->server);
	else if (!forward_turn(c))
		conn_settle(c);
}

/* Answers go out before the tap looks at them: the client need not wait. */
static int
pass_on(struct conn *c, struct side *s, struct slice in, uint64_t at)
{
	struct tap_out out = { .tail = in };
	int rc;

	if (s == &c->client)
		return conn_client_bytes(c, in, at);
	c->proxy->stats.bytes_down += in.n;
	c->down += in.n;
	rc = side_write(c, &c->client, &out);
	conn_tap(c);
	if (c->tap)
		tap_response(c->tap, in, at);
	return rc;
}

/* A reset, or TLS that went wrong: an alert, a record that is none. */
static void
read_failed(struct conn *c, struct side *s)
{
	struct lane *l = c->from->lane;

	if (s->tls && errno == EPROTO)
		notice(l, s == &c->client ? NOTICE_TLS_CLIENT :
					    NOTICE_TLS_TARGET,
		       c->upstream ? c->upstream->text : "-", tls_why(s->tls));
	conn_reset(c, s);
}

static void
relay_read(struct conn *c, struct side *s)
{
	struct side *peer = peer_of(c, s);
	const struct stream from = side_stream(s);
	size_t room = s->tls && s->read_max < TLS_READ_MIN ? TLS_READ_MIN :
							     s->read_max;
	ssize_t n = stream_recv(&from, c->proxy->scratch, room);
	uint64_t at;

	if (n < 0) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			read_failed(c, s);
		return;
	}
	at = conn_now(c);
	if (!n) {
		relay_eof(c, s, at);
		return;
	}
	if (pass_on(c, s, slice_of(c->proxy->scratch, (size_t)n), at) < 0) {
		side_dead(c, peer);
	} else if (forward_turn(c)) {
		return;
	} else if (peer->out.n || forward_waits(c)) {
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
		const struct stream to = side_stream(s);

		if (backlog_flush(&s->out, &c->proxy->chunks, &to) < 0) {
			side_dead(c, s);
			return;
		}
		if (!s->out.n) {
			/* May close the connection: events that are left
			 * come again if they still matter. */
			conn_settle(c);
			return;
		}
	} else if ((ready & LOOP_WRITE) && !s->shut) {
		conn_settle(c);		/* its end waits to be said */
		return;
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
