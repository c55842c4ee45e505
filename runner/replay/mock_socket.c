/* Plays the server's side of a WebSocket that the service opened. */
#include "call_socket.h"
#include "mock_conn_private.h"
#include "socket_play.h"

#include <dvr/net/sock.h>
#include <dvr/scrub/scrub.h>

#include <errno.h>

static const struct exchange *
recorded(const struct mock_conn *c)
{
	return &c->lane->mocks->tape->exchanges[c->index];
}

/* The service makes a key anew for each connection. */
void
mock_socket_accept(struct mock_conn *c)
{
	const struct header *key = headers_find(&c->call.headers,
						"sec-websocket-key");
	char accept[WEBSOCKET_ACCEPT];
	struct buf head;

	if (!is_socket(recorded(c)) || !key || c->out.n < 2)
		return;
	head_drop(&c->out, SLICE("sec-websocket-extensions"));
	head_drop(&c->out, SLICE("sec-websocket-accept"));
	websocket_accept(key->value, accept);
	buf_init(&head, c->out.limit);
	buf_add(&head, slice_range(buf_slice(&c->out), 0, c->out.n - 2));
	buf_fmt(&head, "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
	buf_clear(&c->out);
	buf_add(&c->out, buf_slice(&head));
	buf_release(&head);
}

/* False: the connection is broken. */
static bool
flush(struct mock_conn *c)
{
	const struct stream s = mock_stream(c);
	struct loop *l = c->lane->mocks->loop;

	switch (stream_push(&s, buf_slice(&c->out), &c->sent)) {
	case STREAM_FULL:
		loop_mod(l, &c->io, LOOP_READ | LOOP_WRITE);
		return true;
	case STREAM_BROKEN:
		return false;
	case STREAM_SENT:
		break;
	}
	c->sent = 0;
	buf_clear(&c->out);
	loop_mod(l, &c->io, LOOP_READ);
	return true;
}

static void
send_frames(void *arg, struct slice bytes)
{
	struct mock_conn *c = arg;

	buf_add(&c->out, bytes);
	if (c->out.full || !flush(c))
		c->play_over = true;
}

/* The player still runs: who called it ends the connection. */
static void
over(void *arg)
{
	struct mock_conn *c = arg;

	c->play_over = true;
}

static void
end_if_over(struct mock_conn *c)
{
	enum message_end end;

	if (!c->play_over)
		return;
	end = recorded(c)->response.end;
	if (end == END_RST)
		sock_reset_on_close(c->io.fd);
	mock_conn_destroy(c);
}

static void
fired(struct loop_timer *t)
{
	struct play *p = t->owner;
	struct mock_conn *c = p->how.arg;

	play_fired(p);
	end_if_over(c);
}

bool
mock_socket_begin(struct mock_conn *c)
{
	struct mocks *m = c->lane->mocks;
	const struct mock_run *run = m->run;
	struct exchange *live;

	if (!c->recorded || c->play || !is_socket(recorded(c)))
		return false;
	live = arena_alloc(m->arena, sizeof(*live));
	scrub_live_exchange(m->arena, m->match.values, recorded(c), live);
	c->play = arena_alloc(m->arena, sizeof(*c->play));
	c->phase = PLAYING;
	c->sent = 0;
	buf_clear(&c->out);
	loop_mod(m->loop, &c->io, LOOP_READ);
	play_begin(c->play, &(struct play_how){
		.loop = m->loop, .arena = m->arena, .live = live,
		.us = FROM_SERVER,
		.timing = run ? run->timing : TIMING_FAST,
		.t0_ns = run ? run->t0_ns : loop_now_ns(m->loop),
		.send = send_frames, .over = over, .fired = fired, .arg = c,
	});
	end_if_over(c);
	return true;
}

void
mock_socket_ready(struct mock_conn *c, unsigned ready)
{
	struct mocks *m = c->lane->mocks;
	const struct stream s = mock_stream(c);
	ssize_t n;

	if ((ready & LOOP_WRITE) && !flush(c)) {
		mock_conn_destroy(c);
		return;
	}
	n = stream_recv(&s, m->scratch, MOCK_SCRATCH);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		mock_conn_destroy(c);
		return;
	}
	if (!play_feed(c->play, slice_of(m->scratch, (size_t)n)))
		c->play_over = true;
	end_if_over(c);
}
