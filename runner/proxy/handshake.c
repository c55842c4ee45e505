/* TLS on a connection's two sides: the target first, the client as it chose. */
#include "conn.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

static const char alpn_h2[] = "\x02h2", alpn_http1[] = "\x08http/1.1";

static const char *
peer_text(const struct conn *c)
{
	return c->upstream ? c->upstream->text :
	       c->from->lane->target ? c->from->lane->target->text : "-";
}

/* ---- failures --------------------------------------------------------- */

/* An exchange tells of what never got as far as a request. */
static void
record_failure(struct conn *c)
{
	uint64_t now = conn_now(c);

	conn_tap(c);
	if (!c->tap)
		return;
	if (c->asked.n)
		tap_request(c->tap, buf_slice(&c->asked), now, NULL);
	tap_refused(c->tap, c->failed, now);
}

static void
client_failed(struct conn *c, const char *why)
{
	notice(c->from->lane, NOTICE_TLS_CLIENT, peer_text(c), why);
	c->failed = "TLS with the client failed";
	record_failure(c);
	conn_end(c);
}

/* The client gets the alert that the target's failure deserves. */
static void
target_failed(struct conn *c, const char *why)
{
	struct tls *client = c->client.tls;

	c->proxy->stats.connect_failed++;
	notice(c->from->lane, NOTICE_TLS_TARGET, peer_text(c), why);
	/* The alert, so that a mock can fail in the same way. */
	snprintf(c->failed_how, sizeof(c->failed_how), "TLS with the target "
		 "failed: %.60s (alert %d)", why,
		 tls_alert_of(c->server.tls));
	c->failed = c->failed_how;
	if (!client) {
		conn_refused(c, why);
		return;
	}
	tls_refuse(client, tls_alert_of(c->server.tls));
	if (tls_handshake(client) == TLS_FAILED)
		shutdown(c->client.io.fd, SHUT_WR);
	record_failure(c);
	conn_end(c);
}

void
handshake_late(struct conn *c)
{
	static const char why[] = "no answer in time";

	if (c->state == CONN_SHAKING_UP)
		target_failed(c, why);
	else
		client_failed(c, why);
}

/* ---- both sides in turn ----------------------------------------------- */

/* False: the loop cannot, and the connection is gone. */
static bool
wait_for(struct conn *c, struct side *s, enum tls_step step)
{
	unsigned events = step == TLS_WAIT_WRITE ? LOOP_WRITE : LOOP_READ;

	if (side_watch(c, s, events) == 0)
		return true;
	conn_abort(c);
	return false;
}

static void
shake_down(struct conn *c)
{
	enum tls_step step = tls_handshake(c->client.tls);

	switch (step) {
	case TLS_WAIT_READ:
	case TLS_WAIT_WRITE:
		wait_for(c, &c->client, step);
		return;
	case TLS_DONE:
		conn_start(c);
		return;
	case TLS_HELLO:		/* was answered */
	case TLS_FAILED:
		client_failed(c, tls_why(c->client.tls));
		return;
	}
}

static void
limit(struct conn *c, enum conn_state state)
{
	c->state = state;
	loop_timer_set(c->proxy->loop, &c->timer,
		       conn_now(c) + c->proxy->connect_timeout_ns);
}

/* The target is ready: the client gets a leaf for the name that it asked for
 * and the protocol that the target chose. */
static void
begin_down(struct conn *c)
{
	struct tls *client = c->client.tls;
	struct slice name, alpn = SLICE("http/1.1");

	if (!client) {
		conn_start(c);
		return;
	}
	name = tls_hello_name(client);
	if (!name.n && c->asked.n)
		name = slice_str(c->upstream->host);
	if (c->server.tls)
		alpn = tls_alpn(c->server.tls);
	if (tls_answer(client, name, alpn) < 0) {
		client_failed(c, "no certificate can be made for that name");
		return;
	}
	limit(c, CONN_SHAKING_DOWN);
	shake_down(c);
}

static void
shake_up(struct conn *c)
{
	enum tls_step step = tls_handshake(c->server.tls);

	switch (step) {
	case TLS_WAIT_READ:
	case TLS_WAIT_WRITE:
		wait_for(c, &c->server, step);
		return;
	case TLS_DONE:
		if (side_watch(c, &c->server, 0) < 0)
			conn_abort(c);
		else
			begin_down(c);
		return;
	case TLS_HELLO:		/* a server's */
	case TLS_FAILED:
		target_failed(c, tls_why(c->server.tls));
		return;
	}
}

static void
begin_up(struct conn *c)
{
	const struct tls *client = c->client.tls;
	struct tls_peer peer = { .name = slice_str(c->upstream->host) };

	/* Who reaches it by CONNECT knows its name best. */
	if (client && c->asked.n && tls_hello_name(client).n)
		peer.name = tls_hello_name(client);
	if (client)
		peer.alpn = tls_hello_alpn(client);
	else
		peer.alpn = c->h2 ? SLICE(alpn_h2) : SLICE(alpn_http1);
	c->server.tls = tls_client(c->from->lane->trust, c->server.io.fd,
				   &peer);
	limit(c, CONN_SHAKING_UP);
	shake_up(c);
}

void
handshake_connected(struct conn *c)
{
	if (c->forward && forward_is_connect(c)) {
		forward_connected(c);
		return;
	}
	if (side_watch(c, &c->server, 0) < 0) {
		conn_abort(c);
		return;
	}
	if (!c->opaque && (c->upstream->tls || (c->asked.n && c->client.tls)))
		begin_up(c);
	else
		begin_down(c);
}

/* ---- the client's first bytes ------------------------------------------- */

static void
go_on(struct conn *c)
{
	if (side_watch(c, &c->client, 0) < 0)
		conn_abort(c);
	else if (c->server.io.fd >= 0)
		handshake_connected(c);
	else
		conn_reach(c);
}

/* What was read goes to the target as it is. */
static void
give_up_tls(struct conn *c)
{
	buf_add(&c->early, tls_hello_bytes(c->client.tls));
	tls_destroy(c->client.tls);
	c->client.tls = NULL;
	c->opaque = true;
	go_on(c);
}

static void
plain_came(struct conn *c)
{
	if (c->from->lane->tls)
		notice(c->from->lane, NOTICE_PLAIN_ON_TLS, peer_text(c), "");
	give_up_tls(c);
}

static void
hello_came(struct conn *c)
{
	const struct lane *l = c->from->lane;
	const struct upstream *u = c->upstream ? c->upstream : l->target;
	struct slice name = tls_hello_name(c->client.tls);

	if ((name.n && lane_passes(l, name)) ||
	    (u && lane_passes(l, slice_str(u->host)))) {
		c->untapped = true;
		give_up_tls(c);
		return;
	}
	go_on(c);
}

static void
listen_on(struct conn *c)
{
	struct tls *t = c->client.tls;
	enum tls_step step = tls_handshake(t);

	if (tls_hello_is_plain(t)) {
		plain_came(c);
		return;
	}
	switch (step) {
	case TLS_WAIT_READ:
	case TLS_WAIT_WRITE:
		return;
	case TLS_HELLO:
		hello_came(c);
		return;
	case TLS_DONE:		/* cannot be: nothing was answered */
	case TLS_FAILED:
		break;
	}
	/* Who only looks whether somebody listens has said nothing. */
	if (tls_hello_bytes(t).n)
		client_failed(c, tls_why(t));
	else
		conn_end(c);
}

/* In the clear, to a target with TLS: HTTP/2 is known by its preface. */
static void
look_at_preface(struct conn *c)
{
	char first[3];
	ssize_t n = recv(c->client.io.fd, first, sizeof(first), MSG_PEEK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_end(c);
		return;
	}
	c->h2 = slice_eq(slice_of(first, (size_t)n), SLICE("PRI"));
	go_on(c);
}

void
handshake_listen(struct conn *c)
{
	bool server_there = c->server.io.fd >= 0;

	c->state = CONN_HELLO;
	if (side_watch(c, &c->client, LOOP_READ) < 0 ||
	    (server_there && side_watch(c, &c->server, LOOP_READ) < 0)) {
		conn_abort(c);
		return;
	}
	if (!c->from->lane->tls && !c->asked.n)
		return;
	c->client.tls = tls_server(c->proxy->ca, c->client.io.fd,
				   buf_slice(&c->early));
	if (!c->early.n)
		return;
	buf_clear(&c->early);
	listen_on(c);
}

void
handshake_ready(struct conn *c, struct side *s)
{
	switch (c->state) {
	case CONN_HELLO:
		/* A target that speaks first speaks no TLS. */
		if (s == &c->server)
			give_up_tls(c);
		else if (c->client.tls)
			listen_on(c);
		else
			look_at_preface(c);
		return;
	case CONN_SHAKING_UP:
		shake_up(c);
		return;
	case CONN_SHAKING_DOWN:
		shake_down(c);
		return;
	case CONN_ASKED:
	case CONN_RESOLVING:
	case CONN_CONNECTING:
	case CONN_OPEN:
	case CONN_REFUSED:
		return;
	}
}
