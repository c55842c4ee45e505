/* Recorded connections: opened, written and read on the loop. */
#include "client_private.h"

#include <dvr/net/sock.h>

#include <errno.h>

#define CONNECT_TIMEOUT_MS 5000u
/* Reads in one turn before others get theirs. */
#define READS_A_TURN 16
/* When the service is gone: all that the kernel can hold, 64 MiB at most. */
#define READS_LAST 1024

void
conn_init(struct conn *c, struct client *client, enum protocol p)
{
	*c = (struct conn){ .client = client,
		.speech = p == PROTOCOL_HTTP2 ? &speech_http2 :
						&speech_http1 };
	c->io.fd = -1;
	http1_init(&c->in, HTTP1_RESPONSE);
}

void
conn_close(struct conn *c)
{
	connector_cancel(c->pending);
	c->pending = NULL;
	if (c->io.fd >= 0) {
		struct stream s = conn_stream(c);

		loop_del(c->client->loop, &c->io);
		stream_close(&s);
		c->io.fd = -1;
		c->tls = NULL;
		c->speech->down(c);
	}
	c->state = CONN_NONE;
}

void
conn_release(struct conn *c)
{
	c->first = c->writing = NULL;
	conn_close(c);
	http1_release(&c->in);
}

/* ---- writing ----------------------------------------------------------- */

void
conn_want(struct conn *c, unsigned events)
{
	if (c->io.events != events)
		loop_mod(c->client->loop, &c->io, events);
}

bool
conn_push(struct conn *c, struct slice bytes, size_t *sent)
{
	const struct stream s = conn_stream(c);
	enum stream_push went = stream_push(&s, bytes, sent);

	/* Broken, an answer may still be there to be read. */
	c->broken |= went == STREAM_BROKEN;
	conn_want(c, went == STREAM_FULL ? LOOP_READ | LOOP_WRITE : LOOP_READ);
	return went == STREAM_SENT;
}

void
conn_flush(struct conn *c)
{
	c->speech->flush(c);
}

void
conn_append(struct conn *c, struct call *k)
{
	struct call **p = &c->first;

	while (*p != NULL)
		p = &(*p)->next;
	*p = k;
	k->next = NULL;
	k->conn = c;
	c->used = true;
}

void
conn_send_ahead(struct conn *c, struct call *k)
{
	/* One that was recorded in pieces has times of its own. */
	if (c->state != CONN_UP || c->first != NULL || c->final || c->broken ||
	    k->ahead == c->opened || k->rec->request.nsegments > 1)
		return;
	if (c->speech->ahead != NULL)
		c->speech->ahead(c, k);
}

void
conn_send(struct conn *c, struct call *k)
{
	c->speech->send(c, k);
}

/* ---- reading ------------------------------------------------------------ */

/* Ends every call in flight: the oldest first. */
static void
end_all(struct conn *c, enum message_end how)
{
	struct call *k;

	c->broken = true;
	c->writing = NULL;
	while ((k = c->first) != NULL) {
		if (!k->answered)
			call_end(k, how);
		k->written = true;
		call_finish(k);
	}
}

void
conn_drop(struct conn *c, enum message_end how)
{
	conn_close(c);
	end_all(c, how);
}

static void
lost(struct conn *c, enum message_end how)
{
	conn_close(c);
	if (how == END_FIN)
		c->speech->eof(c);
	end_all(c, how);
}

void
conn_garbage(struct conn *c, struct call *k, const char *why)
{
	const char *protocol = c->speech->http2 ? "HTTP/2" : "HTTP/1.1";

	if (k == NULL) {
		notes_fmt(c->client->notes, "connection %u: the service sent "
			  "what nobody asked for: %s", c->number, why);
	} else {
		k->seen->x.note = arena_fmt(c->client->arena,
					    "the answer is not %s: %s",
					    protocol, why);
		notes_fmt(c->client->notes, "exchange %u: the answer is not "
			  "%s: %s", k->rec->id, protocol, why);
	}
	conn_drop(c, END_FIN);
}

/* False: nothing was there. */
static bool
read_some(struct conn *c, int reads)
{
	const struct stream s = conn_stream(c);
	unsigned opened = c->opened;

	while (reads-- > 0 && c->state == CONN_UP && c->opened == opened) {
		ssize_t n = stream_recv(&s, c->client->scratch, CLIENT_SCRATCH);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n <= 0) {
			lost(c, n == 0 ? END_FIN : END_RST);
			return true;
		}
		c->speech->feed(c, slice_of(c->client->scratch, (size_t)n));
		/* Not filled: nothing is left, or the loop tells again. */
		if ((size_t)n < CLIENT_SCRATCH)
			return true;
	}
	return true;
}

void
conn_finish(struct conn *c, enum message_end how)
{
	unsigned opened = c->opened;

	/* Until nothing comes: short reads included. */
	for (int i = 0; i < READS_LAST && c->state == CONN_UP &&
			c->opened == opened && c->first != NULL; i++)
		if (!read_some(c, 1))
			break;
	conn_drop(c, how);
}

static void
ready_fn(struct loop_io *io, unsigned ready)
{
	struct conn *c = io->owner;
	unsigned opened = c->opened;

	if (ready & LOOP_WRITE)
		conn_flush(c);
	if ((ready & (LOOP_READ | LOOP_HANGUP)) && c->state == CONN_UP &&
	    c->opened == opened)
		read_some(c, READS_A_TURN);
}

/* ---- opening ------------------------------------------------------------- */

static void
connected(void *arg, struct stream s, const char *why)
{
	struct conn *c = arg;

	c->pending = NULL;
	c->state = CONN_NONE;
	if (s.fd >= 0) {
		c->io = (struct loop_io){ .fd = s.fd, .fn = ready_fn,
			.owner = c };
		c->tls = s.tls;
		c->state = CONN_UP;
		c->opened++;
		c->used = c->final = c->broken = false;
		c->heading = true;
		if (loop_add(c->client->loop, &c->io, LOOP_READ, NULL) != 0) {
			stream_close(&s);
			c->io.fd = -1;
			c->tls = NULL;
			c->state = CONN_NONE;
			why = "the event loop refused the socket";
		} else {
			c->speech->up(c);
		}
	}
	c->client->on_up(c->client->arg, c, why);
}

void
conn_open(struct conn *c)
{
	if (c->state != CONN_NONE)
		return;
	c->pending = connector_start(c->client->connector,
				     &(struct connect_how){
		.timeout_ms = CONNECT_TIMEOUT_MS, .http2 = c->speech->http2,
		.fn = connected, .arg = c });
	if (c->pending != NULL)
		c->state = CONN_CONNECTING;
	else
		c->client->on_up(c->client->arg, c, "libcurl: no handle");
}
