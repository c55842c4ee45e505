/* Plays the client's side of a WebSocket on a recorded connection. */
#include "call_socket.h"
#include "client_private.h"
#include "socket_play.h"

#include <dvr/net/sock.h>
#include <dvr/scrub/scrub.h>

bool
is_socket(const struct exchange *x)
{
	return x->protocol == PROTOCOL_WEBSOCKET && x->nmessages > 0;
}

void
head_drop(struct buf *wire, struct slice name)
{
	struct slice all = buf_slice(wire), head;
	ssize_t end = slice_find(all, SLICE("\r\n\r\n")), at, n;
	struct buf rest;

	if (end < 0)
		return;
	head = slice_range(all, 0, (size_t)end + 2);
	for (at = slice_find(head, SLICE("\r\n")) + 2; (size_t)at < head.n;
	     at += n) {
		struct slice line = slice_from(head, (size_t)at);

		n = slice_find(line, SLICE("\r\n")) + 2;
		if (!slice_istarts(line, name) || line.p[name.n] != ':')
			continue;
		buf_init(&rest, wire->limit);
		buf_add(&rest, slice_range(all, 0, (size_t)at));
		buf_add(&rest, slice_from(all, (size_t)(at + n)));
		buf_clear(wire);
		buf_add(wire, buf_slice(&rest));
		buf_release(&rest);
		return;
	}
}

/* More bytes behind those that were sent or still wait. */
static void
send_more(void *arg, struct slice bytes)
{
	struct call *k = arg;
	struct slice rest = slice_from(k->wire, k->sent);
	char *p = arena_alloc(k->client->wires, rest.n + bytes.n + 1);

	if (rest.n > 0)
		memcpy(p, rest.p, rest.n);
	memcpy(p + rest.n, bytes.p, bytes.n);
	k->wire = slice_of(p, rest.n + bytes.n);
	k->sent = 0;
	k->conn->writing = k;
	conn_flush(k->conn);
}

static void
over(void *arg)
{
	struct call *k = arg;
	const struct exchange *rec = k->rec;

	if (k->answered)
		return;
	if (rec->request.end == END_RST && k->conn->io.fd >= 0)
		sock_reset_on_close(k->conn->io.fd);
	k->written = true;
	k->conn->final = true;
	call_end(k, rec->response.end == END_OPEN ? END_OPEN : END_COMPLETE);
	call_finish(k);
}

/* What was heard so far. */
static void
observe(struct call *k)
{
	k->seen->x.messages = k->play->seen;
	k->seen->x.nmessages = k->play->nseen;
}

static struct slice
words(void *arg, size_t at)
{
	struct call *k = arg;
	const struct client *c = k->client;
	const struct stream_message *live = &k->play->how.live->messages[at];

	observe(k);
	return c->words ? c->words(c->arg, k, at, live) : live->payload;
}

static bool
is_accepted(const struct call *k, const struct http1_head *h)
{
	const struct header *key = headers_find(&k->rec->request.headers,
						"sec-websocket-key");
	char want[WEBSOCKET_ACCEPT];

	if (!websocket_agreed(h) || !key)
		return false;
	websocket_accept(key->value, want);
	return slice_eq(http1_field(h, "sec-websocket-accept")->value,
			slice_str(want));
}

void
call_socket_begin(struct call *k, const struct http1_head *h)
{
	struct client *c = k->client;
	struct exchange *live;

	if (!is_socket(k->rec) || h->status != 101)
		return;
	k->seen->x.protocol = PROTOCOL_WEBSOCKET;
	if (!is_accepted(k, h)) {
		notes_fmt(c->notes, "exchange %u: the answer does not accept "
			  "the WebSocket's key; nothing was sent on it",
			  k->rec->id);
		return;
	}
	live = arena_alloc(c->arena, sizeof(*live));
	scrub_live_exchange(c->arena, c->options->values, k->rec, live);
	k->play = arena_alloc(c->arena, sizeof(*k->play));
	play_begin(k->play, &(struct play_how){
		.loop = c->loop, .arena = c->arena, .live = live,
		.us = FROM_CLIENT, .timing = c->options->timing,
		.t0_ns = c->t0_ns, .send = send_more,
		.words = words, .over = over, .arg = k,
	});
}

void
call_socket_feed(struct call *k, struct slice in)
{
	bool good;

	if (k->answered)
		return;
	good = play_feed(k->play, in);
	observe(k);
	if (k->client->on_heard)
		k->client->on_heard(k->client->arg, k);
	if (good)
		return;
	notes_fmt(k->client->notes, "exchange %u: the service sent what is no "
		  "WebSocket frame: %s", k->rec->id, k->play->in.why);
	conn_drop(k->conn, END_FIN);
}

enum message_end
call_socket_end(struct call *k, enum message_end how)
{
	how = play_end(k->play, how);
	observe(k);
	return how;
}
