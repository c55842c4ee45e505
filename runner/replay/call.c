/* One request on its way out and its answer on the way in. */
#include "call_socket.h"
#include "client_private.h"
#include "correlate.h"
#include "decline.h"
#include "schedule.h"
#include "socket_play.h"

#include <dvr/net/sock.h>
#include <dvr/scrub/scrub.h>

#include <sys/socket.h>

/* RFC 9110 §10.1.1: a client does not wait for 100 for ever; curl's second. */
#define CONTINUE_NS NS_PER_S
/* After a recorded abort: what the service still says is worth this much. */
#define LINGER_NS (200 * NS_PER_MS)
/* Segments closer than this go together: a timer costs more. */
#define SEGMENT_SLACK_NS (100 * NS_PER_US)

static struct loop *
loop_of(const struct call *k)
{
	return k->client->loop;
}

static int64_t
live_us(const struct call *k, uint64_t ns)
{
	uint64_t t0 = k->client->t0_ns;

	return ns > t0 ? (int64_t)((ns - t0) / NS_PER_US) : 0;
}

int64_t
call_now_us(const struct call *k)
{
	return live_us(k, loop_now_ns(loop_of(k)));
}

/* ---- preparing -------------------------------------------------------- */

/* Where the head ends in bytes that may hold odd line ends. */
static size_t
head_length(struct slice wire)
{
	ssize_t crlf = slice_find(wire, SLICE("\r\n\r\n"));
	/* What stands behind a head may be large. */
	struct slice head = crlf < 0 ? wire :
				       slice_range(wire, 0, (size_t)crlf + 4);
	ssize_t lf = slice_find(head, SLICE("\n\n"));

	return lf < 0 ? head.n : (size_t)lf + 2;
}

static void
pace_fired(struct loop_timer *t)
{
	struct call *k = t->owner;

	k->expecting = false;
	conn_flush(k->conn);
}

/* Gives up on what is in flight: this answer's patience is over. */
static void
expired(struct loop_timer *t)
{
	struct call *k = t->owner;

	k->written = true;
	if (!k->answered)
		call_end(k, k->aborted ? END_FIN : END_TIMEOUT);
	k->conn->speech->give_up(k);
}

/* The recorded client went away here: so do we. */
static void
leave_fired(struct loop_timer *t)
{
	struct call *k = t->owner;
	struct conn *c = k->conn;
	const struct message *answer = &k->rec->response;
	struct stream left;

	k->aborted = true;
	k->seen->x.request.end_us = call_now_us(k);
	if (k->rec->request.end == END_RESET) {
		/* The recorded client took back this request alone. */
		if (!k->answered)
			call_end(k, END_OPEN);
		c->speech->give_up(k);
		return;
	}
	if (k->rec->protocol == PROTOCOL_HTTP2 && answer->present &&
	    answer->end == END_COMPLETE) {
		/* It had its answer; other streams of the connection go on. */
		if (k->answered)
			c->speech->give_up(k);
		else
			loop_timer_set(loop_of(k), &k->expiry,
				       loop_now_ns(loop_of(k)) + LINGER_NS);
		return;
	}
	if (k->rec->request.end == END_RST) {
		sock_reset_on_close(c->io.fd);
		conn_drop(c, END_RST);
		return;
	}
	left = conn_stream(c);
	stream_shut(&left);	/* a full socket has no room for more words */
	c->final = true;
	if (call_finish(k))
		return;
	if (!answer->present || answer->end != END_COMPLETE)
		loop_timer_set(loop_of(k), &k->expiry,
			       loop_now_ns(loop_of(k)) + LINGER_NS);
}

void
call_request(struct call *k, const struct message *live)
{
	const struct header *expect = headers_find(&live->headers, "Expect");
	struct client *c = k->client;
	struct message plain;

	if (k->rec->protocol == PROTOCOL_HTTP2) {
		h2_request(k, live);
		return;
	}
	buf_clear(&c->print);
	decline_h2c(c->wires, k->rec, live, &plain);
	message_print(&plain, &c->print);
	correlate_inject(c->prefix, k->rec, &c->print);
	/* Messages are played as they are. */
	if (is_socket(k->rec))
		head_drop(&c->print, SLICE("sec-websocket-extensions"));
	k->wire = arena_copy(c->wires, buf_slice(&c->print));
	k->head_n = head_length(k->wire);
	k->expecting = expect != NULL && k->head_n < k->wire.n &&
		       slice_ieq(expect->value, SLICE("100-continue"));
}

void
call_init(struct call *k, const struct exchange *rec,
	  struct observed_exchange *seen, struct client *c)
{
	*k = (struct call){ .client = c, .rec = rec, .seen = seen };
	collect_init(&k->collect, c->arena, &rec->response);
	k->pace = (struct loop_timer){ .fn = pace_fired, .owner = k };
	k->expiry = (struct loop_timer){ .fn = expired, .owner = k };
	k->leave = (struct loop_timer){ .fn = leave_fired, .owner = k };
	seen->x.response.end = END_OPEN;
}

static void
cancel_timers(struct call *k, struct loop *l)
{
	loop_timer_cancel(l, &k->pace);
	loop_timer_cancel(l, &k->expiry);
	loop_timer_cancel(l, &k->leave);
}

void
call_release(struct call *k, struct loop *l)
{
	cancel_timers(k, l);
	if (k->play)
		play_release(k->play);
	collect_release(&k->collect);
}

/* ---- sending ------------------------------------------------------------ */

static uint64_t
patience_ns(const struct call *k)
{
	const struct replay_options *o = k->client->options;
	int64_t us = schedule_exchange_end(k->rec) - k->rec->request.at_us;
	uint64_t recorded = (uint64_t)us * NS_PER_US;

	/* What was too long then is too long now; a little more is for this
	 * machine. */
	if (k->rec->response.end == END_TIMEOUT)
		return recorded + (recorded / 4 > o->margin_ns ?
				   recorded / 4 : o->margin_ns);
	recorded *= 2;
	return recorded > o->timeout_ns ? recorded : o->timeout_ns;
}

void
call_begin(struct call *k, uint64_t now_ns)
{
	struct exchange *x = &k->seen->x;

	k->begun_ns = now_ns;
	x->request = k->rec->request;
	x->request.at_us = x->request.end_us = live_us(k, now_ns);
	loop_timer_set(loop_of(k), &k->expiry, now_ns + patience_ns(k));
}

/* Bytes of the recorded timeline that are due; *next_ns: when more are. */
static size_t
due_bytes(const struct call *k, uint64_t now_ns, uint64_t *next_ns)
{
	const struct message *m = &k->rec->request;
	enum replay_timing timing = k->client->options->timing;
	uint64_t total = 0, due = 0;

	*next_ns = 0;
	for (size_t i = 0; i < m->nsegments; i++)
		total += m->segments[i].bytes;
	if (m->nsegments < 2 || total == 0)
		return k->wire.n;
	for (size_t i = 0; i < m->nsegments; i++) {
		uint64_t at = k->begun_ns +
			schedule_scaled_ns(timing, m->segments[i].at_us -
							   m->at_us);

		if (i > 0 && at > now_ns + SEGMENT_SLACK_NS) {
			*next_ns = at;
			break;
		}
		due += m->segments[i].bytes;
	}
	if (due >= total)
		return k->wire.n;
	/* Expanded handles change the length; the shape stays. */
	return (size_t)((double)due / (double)total * (double)k->wire.n);
}

size_t
call_allowed(struct call *k, uint64_t now_ns)
{
	uint64_t next_ns;
	size_t n = due_bytes(k, now_ns, &next_ns);

	if (k->expecting && n >= k->head_n) {
		n = k->head_n;
		next_ns = k->begun_ns + CONTINUE_NS;
	}
	if (next_ns != 0 && !k->pace.slot)
		loop_timer_set(loop_of(k), &k->pace, next_ns);
	return n;
}

void
call_written(struct call *k)
{
	const struct message *m = &k->rec->request;
	uint64_t at;

	k->written = true;
	k->seen->sent = true;
	k->seen->x.request.end_us = call_now_us(k);
	if ((m->end != END_FIN && m->end != END_RST && m->end != END_RESET) ||
	    is_socket(k->rec))
		return;
	at = k->begun_ns +
	     schedule_scaled_ns(k->client->options->timing,
				m->end_us - m->at_us);
	loop_timer_set(loop_of(k), &k->leave, at);
}

/* ---- the answer ----------------------------------------------------------- */

void
call_interim_ended(struct call *k)
{
	struct exchange *x = &k->seen->x;
	struct message *all;

	collect_end(&k->collect, k->interim);
	k->interim->end_us = call_now_us(k);
	all = arena_array(k->collect.arena, x->ninterim + 1, sizeof(*all));
	for (size_t i = 0; i < x->ninterim; i++)
		all[i] = x->interim[i];
	all[x->ninterim++] = *k->interim;
	x->interim = all;
}

static void
go_on_with_body(struct call *k)
{
	if (!k->expecting)
		return;
	k->expecting = false;
	loop_timer_cancel(loop_of(k), &k->pace);
	conn_flush(k->conn);
}

void
call_head(struct call *k, const struct http1_head *h)
{
	struct exchange *x = &k->seen->x;
	bool interim = h->status >= 100 && h->status < 200 &&
		       h->status != 101;

	if (interim) {
		k->interim = arena_alloc(k->collect.arena,
					 sizeof(*k->interim));
		k->interim->at_us = call_now_us(k);
		collect_head(&k->collect, h, k->interim);
		return;
	}
	x->response.at_us = call_now_us(k);
	collect_head(&k->collect, h, &x->response);
	k->head_seen = true;
	if (!h->keep_alive)
		k->conn->final = true;
	if (schedule_endless(k->rec))
		loop_timer_cancel(loop_of(k), &k->expiry);
	k->client->on_head(k->client->arg, k);
	call_socket_begin(k, h);
	go_on_with_body(k);
}

void
call_end(struct call *k, enum message_end how)
{
	struct message *m = &k->seen->x.response;

	k->answered = true;
	if (k->play)
		how = call_socket_end(k, how);
	m->end = how;
	m->end_us = call_now_us(k);
	if (!m->present)
		m->at_us = m->end_us;
	collect_end(&k->collect, m);
	if (k->h2 != NULL)
		h2_observe(k);
}

bool
call_finish(struct call *k)
{
	struct conn *c = k->conn;

	if (!k->answered || !k->written || k->done)
		return false;
	/* A recorded abort is still to come, unless the connection is gone. */
	if (k->leave.slot && c->state == CONN_UP)
		return false;
	k->done = true;
	cancel_timers(k, loop_of(k));
	for (struct call **p = &c->first; *p != NULL; p = &(*p)->next)
		if (*p == k) {
			*p = k->next;
			break;
		}
	if (c->writing == k)
		c->writing = k->next;
	if (c->final && c->first == NULL)
		conn_close(c);
	c->client->on_done(c->client->arg, k);
	return true;
}

static void
message_ended(struct call *k)
{
	if (!k->head_seen) {
		call_interim_ended(k);
		if (message_status(k->interim) == 100)
			go_on_with_body(k);
		return;
	}
	/* The head's end is not the tunnel's. */
	if (k->seen->x.response.framing == FRAMING_TUNNEL &&
	    k->rec->response.framing == FRAMING_TUNNEL)
		return;
	call_end(k, END_COMPLETE);
	call_finish(k);
}

bool
call_event(struct call *k, struct http1_decoder *d, enum http1_event ev,
	   struct slice span)
{
	struct message *m = k->head_seen ? &k->seen->x.response : k->interim;

	switch (ev) {
	case HTTP1_HEAD:
		call_head(k, &d->head);
		return true;
	case HTTP1_BODY:
	case HTTP1_OPAQUE:
		if (k->play) {
			call_socket_feed(k, span);
			return true;
		}
		collect_body(&k->collect, span, m);
		return true;
	case HTTP1_CHUNK:
		collect_chunk(&k->collect, d->chunk_size, m);
		return true;
	case HTTP1_TRAILERS:
		collect_trailers(&k->collect, &d->head, m);
		return true;
	case HTTP1_END:
		message_ended(k);
		return true;
	case HTTP1_MORE:
	case HTTP1_BAD:
		break;
	}
	return false;
}
