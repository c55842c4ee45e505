/* How a connection begins: the target's addresses in turn, or a refusal. */
#include "conn.h"

#include <dvr/base/mem.h>

#include <errno.h>
#include <string.h>

/* A refused target: how long the client's request is waited for, so that the
 * ledger learns what was refused, before the client is reset. */
#define REFUSED_WAIT_NS (10 * NS_PER_MS)
/* Reads of such a request at most. */
#define REFUSED_READS_MAX 64

static void
conn_refused(struct conn *c, const char *why)
{
	struct proxy *p = c->proxy;
	const struct lane *l = c->from->lane;
	struct buf text;

	buf_init(&text, sizeof(p->stats.last_refusal) - 1);
	buf_fmt(&text, "%.40s: %.60s: ", l->name, l->target ? l->target : "-");
	buf_adds(&text, why);
	memcpy(p->stats.last_refusal, buf_cstr(&text), text.n + 1);
	buf_release(&text);
	side_close(c, &c->server);
	conn_tap(c);
	if (!c->tap || side_watch(c, &c->client, LOOP_READ) < 0) {
		conn_abort(c);
		return;
	}
	c->state = CONN_REFUSED;
	loop_timer_set(p->loop, &c->timer, conn_now(c) + REFUSED_WAIT_NS);
}

static void
refused_end(struct conn *c)
{
	tap_refused(c->tap, conn_now(c));
	conn_abort(c);
}

static void
refused_read(struct conn *c)
{
	struct proxy *p = c->proxy;
	ssize_t n = recv(c->client.io.fd, p->scratch, RELAY_READ_BYTES, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		tap_request(c->tap, slice_of(p->scratch, (size_t)n), conn_now(c),
			    NULL);
	if (n <= 0 || !tap_in_request(c->tap) ||
	    ++c->refused_reads == REFUSED_READS_MAX)
		refused_end(c);
	else
		loop_timer_set(p->loop, &c->timer, conn_now(c) + REFUSED_WAIT_NS);
}

static void
connect_next(struct conn *c)
{
	const struct lane *l = c->from->lane;
	struct proxy *p = c->proxy;
	int error = EHOSTUNREACH;

	side_close(c, &c->server);
	while (c->address < l->nfound) {
		const struct address *a = &l->found[c->address++];

		if (sock_connect(a, &c->server.io.fd) == 0) {
			if (side_watch(c, &c->server, LOOP_WRITE) < 0)
				break;
			c->state = CONN_CONNECTING;
			loop_timer_set(p->loop, &c->timer,
				       conn_now(c) + p->connect_timeout_ns);
			return;
		}
		error = errno;
		c->server.io.fd = -1;
	}
	if (error == ECONNREFUSED)
		p->stats.connect_refused++;
	else
		p->stats.connect_failed++;
	conn_refused(c, strerror(error));
}

static void
connect_done(struct conn *c)
{
	const struct lane *l = c->from->lane;
	int error = sock_connect_result(c->server.io.fd);

	if (!error) {
		c->state = CONN_OPEN;
		loop_timer_cancel(c->proxy->loop, &c->timer);
		conn_settle(c);
		return;
	}
	if (c->address < l->nfound) {
		connect_next(c);
		return;
	}
	if (error == ECONNREFUSED)
		c->proxy->stats.connect_refused++;
	else
		c->proxy->stats.connect_failed++;
	conn_refused(c, strerror(error));
}

static void
on_timer(struct loop_timer *t)
{
	struct conn *c = t->owner;

	switch (c->state) {
	case CONN_REFUSED:
		refused_end(c);
		return;
	case CONN_CONNECTING:
		if (c->address < c->from->lane->nfound) {
			connect_next(c);
			return;
		}
		c->proxy->stats.connect_failed++;
		conn_refused(c, strerror(ETIMEDOUT));
		return;
	case CONN_RESOLVING:
	case CONN_OPEN:
		return;
	}
}

static void
on_client(struct loop_io *io, unsigned ready)
{
	struct conn *c = io->owner;

	switch (c->state) {
	case CONN_OPEN:
		side_ready(c, &c->client, ready);
		return;
	case CONN_REFUSED:
		refused_read(c);
		return;
	case CONN_RESOLVING:
	case CONN_CONNECTING:
		return;		/* not watched yet */
	}
}

static void
on_server(struct loop_io *io, unsigned ready)
{
	struct conn *c = io->owner;

	if (c->state == CONN_OPEN)
		side_ready(c, &c->server, ready);
	else
		connect_done(c);
}

void
relay_resolved(struct lane *l, const char *why)
{
	struct conn *next;

	for (struct conn *c = l->proxy->conns; c; c = next) {
		next = c->next;
		if (c->state != CONN_RESOLVING || c->from->lane != l)
			continue;
		if (!why) {
			connect_next(c);
			continue;
		}
		l->proxy->stats.connect_failed++;
		conn_refused(c, why);
	}
}

static struct conn *
conn_create(struct listener *s, int fd)
{
	struct proxy *p = s->lane->proxy;
	struct conn *c = mem_alloc(sizeof(*c));

	c->proxy = p;
	c->from = s;
	s->refs++;
	c->id = ++p->conn_seq;
	c->client.io = (struct loop_io){ .fd = fd, .fn = on_client,
					 .owner = c };
	c->server.io = (struct loop_io){ .fd = -1, .fn = on_server,
					 .owner = c };
	c->client.read_max = c->server.read_max = RELAY_READ_BYTES;
	c->timer.fn = on_timer;
	c->timer.owner = c;
	c->next = p->conns;
	c->link = &p->conns;
	if (c->next)
		c->next->link = &c->next;
	p->conns = c;
	p->stats.accepted++;
	if (++p->stats.open_now > p->stats.open_peak)
		p->stats.open_peak = p->stats.open_now;
	return c;
}

void
relay_open(struct listener *s, int fd)
{
	struct conn *c = conn_create(s, fd);

	/* A look-up that fails at once must not find this one waiting. */
	c->state = CONN_CONNECTING;
	if (lane_resolve(s->lane) < 0) {
		s->lane->proxy->stats.connect_refused++;
		conn_refused(c, "no target yet");
	} else if (s->lane->nfound) {
		connect_next(c);
	} else {
		c->state = CONN_RESOLVING;
	}
}
