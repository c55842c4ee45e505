/* How HTTP/1.1 is spoken on a connection: one answer after the other. */
#include "client_private.h"


/* Bytes of a head's end: the empty line, and the end of the line before. */
#define HEAD_END 4

static void
begin(struct conn *c)
{
	http1_release(&c->in);
	http1_init(&c->in, HTTP1_RESPONSE);
}

static void
gone(struct conn *c)
{
	(void)c;	/* what was read last may still end an answer */
}

static bool
takes(const struct conn *c, bool pipelined)
{
	return c->first == NULL || (pipelined && !c->final && !c->broken);
}

/* ---- writing ----------------------------------------------------------- */

/* Sends one call's bytes as far as they are due; false: wait. */
static bool
write_call(struct conn *c, struct call *k)
{
	size_t allowed = call_allowed(k, loop_now_ns(c->client->loop));

	return conn_push(c, slice_of(k->wire.p, allowed), &k->sent) &&
	       k->sent == k->wire.n;
}

static void
flush(struct conn *c)
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

static void
send_ahead(struct conn *c, struct call *k)
{
	const struct stream s = conn_stream(c);
	ssize_t n;

	if (k->head_n <= HEAD_END)
		return;
	n = stream_send(&s, k->wire.p, k->head_n - HEAD_END);
	/* What is wrong with the connection is found out in time. */
	if (n <= 0)
		return;
	k->sent = (size_t)n;
	k->ahead = c->opened;
	c->used = true;
}

static void
send_call(struct conn *c, struct call *k)
{
	/* What the connection before this one had is lost. */
	if (k->ahead != c->opened)
		k->sent = 0;
	conn_append(c, k);
	if (c->writing == NULL)
		c->writing = k;
	call_begin(k, loop_now_ns(c->client->loop));
	flush(c);
}

/* ---- reading ------------------------------------------------------------ */

/* The call whose answer the next bytes belong to. */
static struct call *
reading(struct conn *c)
{
	struct call *k = c->first;

	while (k != NULL && k->answered)
		k = k->next;
	return k;
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
			conn_garbage(c, NULL, "bytes");
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
			conn_garbage(c, k, c->in.why ? c->in.why : "unexpected");
			return;
		}
	}
}

/* An answer without a length ends with the connection. */
static void
eof(struct conn *c)
{
	struct call *k = reading(c);

	if (k != NULL && k->head_seen && http1_eof(&c->in) == HTTP1_END)
		call_event(k, &c->in, HTTP1_END, slice_of(NULL, 0));
}

/* Answers stand in a row: without this one there are none. */
static void
give_up(struct call *k)
{
	conn_drop(k->conn, END_TIMEOUT);
}

const struct speech speech_http1 = {
	.up = begin, .down = gone, .takes = takes, .ahead = send_ahead,
	.send = send_call, .flush = flush, .feed = feed, .eof = eof,
	.give_up = give_up,
};
