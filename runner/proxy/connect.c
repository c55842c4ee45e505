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
keep_refusal(struct conn *c, const char *why)
{
	struct proxy *p = c->proxy;
	struct buf text;

	buf_init(&text, sizeof(p->stats.last_refusal) - 1);
	buf_fmt(&text, "%.40s: ", c->from->lane->name);
	if (c->upstream)
		buf_fmt(&text, "http%s://%.50s: ", c->upstream->tls ? "s" : "",
			c->upstream->text);
	buf_adds(&text, why);
	memcpy(p->stats.last_refusal, buf_cstr(&text), text.n + 1);
	buf_release(&text);
}

static void
refused_end(struct conn *c)
{
	tap_refused(c->tap, c->failed, conn_now(c));
	conn_abort(c);
}

void
conn_refused(struct conn *c, const char *why)
{
	struct proxy *p = c->proxy;

	keep_refusal(c, why);
	side_close(c, &c->server);
	if (forward_is_connect(c)) {
		forward_refuse(c, 502, why);
		return;
	}
	conn_tap(c);
	if (!c->tap || side_watch(c, &c->client, LOOP_READ) < 0) {
		conn_abort(c);
		return;
	}
	c->state = CONN_REFUSED;
	/* What it says is behind TLS that cannot begin. */
	if (c->client.tls) {
		refused_end(c);
		return;
	}
	conn_early(c);
	loop_timer_set(p->loop, &c->timer, conn_now(c) + REFUSED_WAIT_NS);
}

static void
refused_read(struct conn *c)
{
	struct proxy *p = c->proxy;
	ssize_t n = recv(c->client.io.fd, p->scratch, RELAY_READ_BYTES, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		conn_client_bytes(c, slice_of(p->scratch, (size_t)n),
				  conn_now(c));
	if (n <= 0 || !tap_in_request(c->tap) ||
	    ++c->refused_reads == REFUSED_READS_MAX)
		refused_end(c);
	else
		loop_timer_set(p->loop, &c->timer, conn_now(c) + REFUSED_WAIT_NS);
}

static void
connect_next(struct conn *c)
{
	const struct upstream *u = c->upstream;
	struct proxy *p = c->proxy;
	int error = EHOSTUNREACH;

	side_close(c, &c->server);
	while (c->address < u->nfound) {
		const struct address *a = &u->found[c->address++];

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
	int error = sock_connect_result(c->server.io.fd);

	if (!error) {
		loop_timer_cancel(c->proxy->loop, &c->timer);
		handshake_connected(c);
		return;
	}
	if (c->address < c->upstream->nfound) {
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
		if (c->address < c->upstream->nfound) {
			connect_next(c);
			return;
		}
		c->proxy->stats.connect_failed++;
		conn_refused(c, strerror(ETIMEDOUT));
		return;
	case CONN_SHAKING_UP:
	case CONN_SHAKING_DOWN:
		handshake_late(c);
		return;
	case CONN_ASKED:
	case CONN_HELLO:
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
	case CONN_ASKED:
		forward_read(c);
		return;
	case CONN_HELLO:
	case CONN_SHAKING_DOWN:
		handshake_ready(c, &c->client);
		return;
	case CONN_RESOLVING:
	case CONN_CONNECTING:
	case CONN_SHAKING_UP:
		return;		/* not watched yet */
	}
}

static void
on_server(struct loop_io *io, unsigned ready)
{
	struct conn *c = io->owner;

	switch (c->state) {
	case CONN_OPEN:
		side_ready(c, &c->server, ready);
		return;
	case CONN_CONNECTING:
		connect_done(c);
		return;
	case CONN_HELLO:
	case CONN_SHAKING_UP:
		handshake_ready(c, &c->server);
		return;
	case CONN_ASKED:
	case CONN_RESOLVING:
	case CONN_SHAKING_DOWN:
	case CONN_REFUSED:
		return;		/* not watched */
	}
}

void
relay_resolved(struct upstream *u, const char *why)
{
	struct proxy *p = u->lane->proxy;
	struct conn *next;

	u->refs++;	/* the last connection may go */
	for (struct conn *c = p->conns; c; c = next) {
		next = c->next;
		if (c->state != CONN_RESOLVING || c->upstream != u)
			continue;
		if (!why) {
			connect_next(c);
			continue;
		}
		p->stats.connect_failed++;
		conn_refused(c, why);
	}
	upstream_unref(u);
}

void
conn_reach(struct conn *c)
{
	struct lane *l = c->from->lane;

	/* A look-up that fails at once must not find this one waiting. */
	c->state = CONN_CONNECTING;
	if (!c->upstream && l->target) {
		c->upstream = l->target;
		c->upstream->refs++;
	}
	if (!c->upstream || upstream_resolve(c->upstream) < 0) {
		c->proxy->stats.connect_refused++;
		conn_refused(c, c->upstream ? "no such host" : "no target yet");
	} else if (c->upstream->nfound) {
		connect_next(c);
	} else {
		c->state = CONN_RESOLVING;
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
	buf_init(&c->early, CONN_EARLY_MAX);
	buf_init(&c->asked, CONN_EARLY_MAX);
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
	const struct lane *l = s->lane;

	if (l->forward)
		forward_start(c);
	else if (l->tls || (l->target && l->target->tls))
		handshake_listen(c);
	else
		conn_reach(c);
}
