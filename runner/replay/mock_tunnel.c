/* A mock's TLS towards the service, and the tunnels that it asks a proxy for. */
#include "mock_call.h"
#include "mock_conn_private.h"

#include <dvr/net/sock.h>
#include <dvr/proxy/proxy.h>

#include <sys/socket.h>

/* Of a failure that no alert was noted for (RFC 8446 §6.2). */
#define HANDSHAKE_FAILURE 40

/* A hello, or what came in its place. */
#define SAID_MAX (1u * MiB)

/* What a proxy says to CONNECT. */
static const char tunnel_is_there[] =
	"HTTP/1.1 200 Connection established\r\n\r\n";
static const char no_tunnel[] =
	"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n"
	"Connection: close\r\n\r\n";

/* It speaks plainly after all. */
static void
speak_plainly(struct mock_conn *c)
{
	struct buf said;

	buf_init(&said, SAID_MAX);
	buf_add(&said, tls_hello_bytes(c->tls));
	tls_destroy(c->tls);
	c->tls = NULL;
	c->phase = READING;
	mock_conn_feed(c, buf_slice(&said));
	buf_release(&said);
}

/* In the list of a hello (RFC 7301 §3.1). */
static bool
offers(struct slice list, struct slice protocol)
{
	while (list.n > 0) {
		size_t n = (unsigned char)list.p[0];

		if (slice_eq(slice_range(list, 1, 1 + n), protocol))
			return true;
		list = slice_from(list, 1 + n);
	}
	return false;
}

static bool
recorded_http2(const struct mock_conn *c)
{
	const struct tape *t = c->lane->mocks->tape;
	struct slice host = match_authority(c->tunnel);

	for (size_t i = 0; i < t->nexchanges; i++)
		if (t->exchanges[i].protocol == PROTOCOL_HTTP2 &&
		    match_on_lane(t, &t->exchanges[i], c->lane->name, host))
			return true;
	return false;
}

/* What the recorded dependency chose.  Who speaks HTTP/2 alone and was not
 * recorded is at least heard. */
static struct slice
protocol_for(const struct mock_conn *c)
{
	struct slice list = tls_hello_alpn(c->tls);
	bool http2 = offers(list, SLICE("h2")) &&
		     (recorded_http2(c) || !offers(list, SLICE("http/1.1")));

	return http2 ? SLICE("h2") : SLICE("http/1.1");
}

/* The leaf is for the name that it asks for. */
static bool
show_leaf(struct mock_conn *c)
{
	struct slice name = tls_hello_name(c->tls), tunnel = c->tunnel;
	uint16_t port;

	if (name.n == 0 && tunnel.n > 0 &&
	    address_split(tunnel, &name, &port, NULL) != 0)
		return false;
	return tls_answer(c->tls, name, protocol_for(c)) == 0;
}

/* ---- handshakes that failed with the dependency --------------------------- */

/* The alert that the proxy noted; 0: TLS is not what failed. */
static int
recorded_alert(const struct exchange *x)
{
	static const struct slice before = { " (alert ", 8 };
	ssize_t at = slice_find(x->note, before);
	uint64_t n;

	if (!slice_starts(x->note, SLICE("TLS with the target failed")))
		return 0;
	if (at < 0 || slice_uint(slice_range(x->note, (size_t)at + before.n,
					     x->note.n - 1), UINT8_MAX,
				 &n) != 0 || n == 0)
		return HANDSHAKE_FAILURE;
	return (int)n;
}

/* A lane to one host alone: the recorded connections come in their order.  What
 * never went well fails as often as it is tried. */
static int
failed_handshake(struct mock_conn *c)
{
	struct mocks *m = c->lane->mocks;
	const struct tape *t = m->tape;
	static const struct message nothing;
	bool well = false;
	int alert = 0;

	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];

		if (!match_on_lane(t, x, c->lane->name, slice_of(NULL, 0)))
			continue;
		alert = x->request.present ? 0 : recorded_alert(x);
		well |= alert == 0;
		if (m->match.used[i])
			continue;
		if (alert != 0) {
			m->match.used[i] = true;
			mock_call_seen(m, (uint32_t)i, &nothing, 0);
		}
		return alert;
	}
	return well ? 0 : alert;
}

static enum tls_step
answer_hello(struct mock_conn *c)
{
	if (!c->lane->forward)
		c->alert = failed_handshake(c);
	if (c->alert == 0)
		return show_leaf(c) ? tls_handshake(c->tls) : TLS_FAILED;
	tls_refuse(c->tls, c->alert);
	tls_handshake(c->tls);
	/* The alert goes before the end does. */
	shutdown(c->io.fd, SHUT_WR);
	return TLS_FAILED;
}

void
mock_shake(struct mock_conn *c)
{
	enum tls_step step = tls_handshake(c->tls);

	if (tls_hello_is_plain(c->tls)) {
		speak_plainly(c);
		return;
	}
	if (step == TLS_HELLO)
		step = answer_hello(c);
	switch (step) {
	case TLS_WAIT_READ:
		loop_mod(c->lane->mocks->loop, &c->io, LOOP_READ);
		return;
	case TLS_WAIT_WRITE:
		loop_mod(c->lane->mocks->loop, &c->io, LOOP_WRITE);
		return;
	case TLS_DONE:
		c->phase = READING;
		loop_mod(c->lane->mocks->loop, &c->io, LOOP_READ);
		return;
	case TLS_HELLO:		/* was answered */
	case TLS_FAILED:
		break;
	}
	if (c->alert == 0 &&
	    (tls_hello_bytes(c->tls).n > 0 || tls_why(c->tls)[0] != '\0'))
		notes_fmt(&c->lane->mocks->notes, "%.*s: TLS with the service "
			  "failed: %s", SLICE_ARG(c->lane->name),
			  tls_why(c->tls));
	mock_conn_destroy(c);
}

/* The service goes on inside the tunnel: with TLS, or plainly. */
static void
tunnel_opens(struct mock_conn *c)
{
	struct mocks *m = c->lane->mocks;

	c->tunnel = arena_copy(m->arena, message_target(&c->call));
	http1_release(&c->in);
	http1_init(&c->in, HTTP1_REQUEST);
	c->begun = false;
	/* Fits the socket's empty buffer; who leaves is noticed later. */
	if (send(c->io.fd, tunnel_is_there, sizeof(tunnel_is_there) - 1,
		 MSG_NOSIGNAL) < 0)
		c->keep_alive = false;
	c->tls = tls_server(c->lane->ca, c->io.fd, slice_of(NULL, 0));
	c->phase = SHAKING;
	loop_mod(m->loop, &c->io, LOOP_READ);
}

static bool
was_passed_by(const struct mock_lane *lane, struct slice target)
{
	struct slice host;
	uint16_t port;

	return address_split(target, &host, &port, NULL) == 0 &&
	       lane_config_passes(lane->passthrough, host);
}

/* A tunnel that failed when it was recorded fails again; what goes on in
 * others is matched call by call. */
void
mock_tunnel(struct mock_conn *c)
{
	struct mocks *m = c->lane->mocks;
	struct live_call call = { .lane = c->lane->name,
		.message = &c->call };
	struct slice target = message_target(&c->call);
	struct found_call found;
	char q[QUOTE_MAX];

	c->recorded = match_find(&m->match, &call, &found);
	if (c->recorded)
		c->alert = recorded_alert(&m->tape->exchanges[found.index]);
	if (c->alert != 0) {
		c->recorded = false;
		mock_call_seen(m, (uint32_t)found.index, &c->call, 0);
		tunnel_opens(c);
		return;
	}
	if (!c->recorded && !was_passed_by(c->lane, target)) {
		tunnel_opens(c);
		return;
	}
	c->phase = WAITING;
	loop_mod(m->loop, &c->io, LOOP_HANGUP);
	if (c->recorded) {
		c->index = (uint32_t)found.index;
		mock_conn_answer(c);
	} else {
		notes_fmt(&m->notes, "%.*s: no tunnel to %s: what is passed "
			  "through is not on the tape",
			  SLICE_ARG(c->lane->name), quote(target, q));
		loop_timer_set(m->loop, &c->latency, loop_now_ns(m->loop));
	}
	buf_clear(&c->out);
	buf_adds(&c->out, no_tunnel);
	c->then = THEN_CLOSE;
}
