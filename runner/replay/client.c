/* Recorded connections: opened, written and read on the loop. */
#include "client_private.h"

#include <dvr/net/sock.h>

#include <errno.h>

#define CONNECT_TIMEOUT_MS 5000u
/* Bytes of a head's end: the empty line, and the end of the line before. */
#define HEAD_END 4
/* Reads in one turn before others get theirs. */
#define READS_A_TURN 16
/* When the service is gone: all that the kernel can hold, 64 MiB at most. */
#define READS_LAST 1024

void
conn_init(struct conn *c, struct client *client)
{
	*c = (struct conn){ .client = client };
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

static void
want(struct conn *c, unsigned events)
{
	if (c->io.events != events)
		loop_mod(c->client->loop, &c->io, events);
}

/* Sends one call's bytes as far as they are due; false: wait. */
static bool
write_call(struct conn *c, struct call *k)
{
	size_t allowed = call_allowed(k, loop_now_ns(c->client->loop));
	const struct stream s = conn_stream(c);

	while (k->sent < allowed) {
		ssize_t n = stream_send(&s, k->wire.p + k->sent,
					allowed - k->sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			want(c, LOOP_READ | LOOP_WRITE);
			return false;
		}
		if (n < 0) {
			/* An answer may still be there to be read. */
			c->broken = true;
			want(c, LOOP_READ);
			return false;
		}
		k->sent += (size_t)n;
	}
	want(c, LOOP_READ);
	return k->sent == k->wire.n;
}

void
conn_flush(struct conn *c)
{
	unsigned opened = c->opened;

	while (c->state == CONN_UP && !c->broken && c->writing != NULL) {
		struct call *k = c->writing;

		if (!write_call(c, k))
			return;
		c->writing = k->next;
		call_written(k);
		call_finish(k);
		if (c->opened != opened)
			return;
	}
}

void
conn_send_ahead(struct conn *c, struct call *k)
{
	ssize_t n;

	/* One that was recorded in pieces has times of its own. */
	if (c->state != CONN_UP || c->first != NULL || c->final || c->broken ||
	    k->ahead == c->opened || k->head_n <= HEAD_END ||
	    k->rec->request.nsegments > 1)
		return;
	n = send(c->io.fd, k->wire.p, k->head_n - HEAD_END, MSG_NOSIGNAL);
	/* What is wrong with the connection is found out in time. */
	if (n <= 0)
		return;
	k->sent = (size_t)n;
	k->ahead = c->opened;
	c->used = true;
}

void
conn_send(struct conn *c, struct call *k)
{
	struct call **p = &c->first;

	/* What the connection before this one had is lost. */
	if (k->ahead != c->opened)
		k->sent = 0;
	while (*p != NULL)
		p = &(*p)->next;
	*p = k;
	k->next = NULL;
	k->conn = c;
	if (c->writing == NULL)
		c->writing = k;
	c->used = true;
	call_begin(k, loop_now_ns(c->client->loop));
	conn_flush(c);
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

/* The call whose answer the next bytes belong to. */
static struct call *
reading(struct conn *c)
{
	struct call *k = c->first;

	while (k != NULL && k->answered)
		k = k->next;
	return k;
}

static void
lost(struct conn *c, enum message_end how)
{
	struct call *k = reading(c);

	conn_close(c);
	/* An answer without a length ends with the connection. */
	if (how == END_FIN && k != NULL && k->head_seen &&
	    http1_eof(&c->in) == HTTP1_END)
		call_event(k, &c->in, HTTP1_END, slice_of(NULL, 0));
	end_all(c, how);
}

static void
garbage(struct conn *c, const char *why)
{
	struct call *k = c->first;

	if (k == NULL) {
		notes_fmt(c->client->notes, "connection %u: the service sent "
			  "bytes that nobody asked for", c->number);
	} else {
		k->seen->x.note = arena_fmt(c->client->arena,
					    "the answer is not HTTP/1.1: %s",
					    why);
		notes_fmt(c->client->notes, "exchange %u: the answer is not "
			  "HTTP/1.1: %s", k->rec->id, why);
	}
	conn_drop(c, END_FIN);
}

/* Decodes one read; stops when the connection is no more the same. */
static void
feed(struct conn *c, struct slice in)
{
	unsigned opened = c->opened;

	while (c->state == CONN_UP && c->opened == opened) {
		struct call *k = reading(c);
		struct slice span = { 0 };
		enum http1_event ev;
		size_t used = 0;

		if (k == NULL && in.n == 0)
			return;
		if (k == NULL) {
			garbage(c, "");
			return;
		}
		if (c->heading && in.n > 0) {
			http1_answers(&c->in, message_method(&k->rec->request));
			c->heading = false;
		}
		ev = http1_next(&c->in, in, &used, &span);
		in = slice_from(in, used);
		if (ev == HTTP1_MORE)
			return;
		if (ev == HTTP1_END)
			c->heading = true;
		if (ev == HTTP1_BAD || !call_event(k, &c->in, ev, span)) {
			garbage(c, c->in.why ? c->in.why : "unexpected");
			return;
		}
	}
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
		feed(c, slice_of(c->client->scratch, (size_t)n));
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
		http1_release(&c->in);
		http1_init(&c->in, HTTP1_RESPONSE);
		if (loop_add(c->client->loop, &c->io, LOOP_READ, NULL) != 0) {
			stream_close(&s);
			c->io.fd = -1;
			c->tls = NULL;
			c->state = CONN_NONE;
			why = "the event loop refused the socket";
		}
	}
	c->client->on_up(c->client->arg, c, why);
}

void
conn_open(struct conn *c)
{
	if (c->state != CONN_NONE)
		return;
	c->pending = connector_start(c->client->connector, CONNECT_TIMEOUT_MS,
				     connected, c);
	if (c->pending != NULL)
		c->state = CONN_CONNECTING;
	else
		c->client->on_up(c->client->arg, c, "libcurl: no handle");
}
