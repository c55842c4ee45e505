/* One connection of the service to a mock: reads a call, matches it, waits for
 * its turn, answers. */
#include "correlate.h"
#include "mock_call.h"
#include "mock_conn_private.h"
#include "mock_http2.h"
#include "mock_out.h"

#include <dvr/base/mem.h>
#include <dvr/net/sock.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define OUT_MAX ((size_t)1 << 30)
/* Bytes of later calls that came with this one (pipelining). */
#define BACKLOG_MAX (16u * MiB)

struct mock_conn *
mock_conn_next(struct mock_conn *c)
{
	return c->next;
}

void
mock_conn_destroy(struct mock_conn *c)
{
	struct mocks *m = c->lane->mocks;
	struct stream s = mock_stream(c);
	bool goodbye = c->tls && (c->h2 ? mock_http2_ends_well(c->h2) :
			c->phase == WRITING && c->then != THEN_RESET);

	for (struct mock_conn **p = &c->lane->conns; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			break;
		}
	if (c->hold.waiting)
		gate_leave(c->hold.gate, &c->hold);
	loop_timer_cancel(m->loop, &c->latency);
	passthrough_cancel(c->away);
	mock_http2_destroy(c->h2);
	loop_del(m->loop, &c->io);
	if (goodbye)
		stream_shut(&s);
	stream_close(&s);
	if (c->play)
		play_release(c->play);
	http1_release(&c->in);
	collect_release(&c->collect);
	buf_release(&c->backlog);
	buf_release(&c->out);
	free(c);
}

/* ---- answering ---------------------------------------------------------- */

/* Everything was written: what comes next on this connection. */
static void
answer_done(struct mock_conn *c)
{
	struct mocks *m = c->lane->mocks;
	struct buf rest;

	if (mock_socket_begin(c))
		return;
	if (c->then == THEN_HANG) {
		c->phase = HANGING;
		loop_mod(m->loop, &c->io, LOOP_READ);
		return;
	}
	if (c->then == THEN_RESET)
		sock_reset_on_close(c->io.fd);
	if (c->then != THEN_KEEP || !c->keep_alive) {
		mock_conn_destroy(c);
		return;
	}
	c->phase = READING;
	c->sent = 0;
	buf_clear(&c->out);
	loop_mod(m->loop, &c->io, LOOP_READ);
	if (c->backlog.n == 0)
		return;
	rest = c->backlog;
	buf_init(&c->backlog, BACKLOG_MAX);
	mock_conn_feed(c, buf_slice(&rest));
	buf_release(&rest);
}

static void
write_some(struct mock_conn *c)
{
	const struct stream s = mock_stream(c);

	switch (stream_push(&s, buf_slice(&c->out), &c->sent)) {
	case STREAM_FULL:
		loop_mod(c->lane->mocks->loop, &c->io, LOOP_WRITE);
		return;
	case STREAM_BROKEN:
		mock_conn_destroy(c);
		return;
	case STREAM_SENT:
		answer_done(c);
		return;
	}
}

static void
answer_now(struct mock_conn *c)
{
	struct mocks *m = c->lane->mocks;
	const struct mock_run *run = m->run;
	uint32_t index = c->index;
	bool recorded = c->recorded;

	c->phase = WRITING;
	write_some(c);
	/* c may be gone. */
	if (recorded && run != NULL)
		gate_happened(run->gate, HOLD_ANSWER, index);
}

static void
hold_over(struct gate_wait *w)
{
	answer_now(w->owner);
}

/* The recorded latency is over: now the order decides. */
static void
latency_over(struct loop_timer *t)
{
	struct mock_conn *c = t->owner;
	const struct mock_run *run = c->lane->mocks->run;

	c->hold = (struct gate_wait){ .kind = HOLD_ANSWER, .index = c->index,
		.fn = hold_over, .owner = c };
	if (run == NULL || !c->recorded || gate_ask(run->gate, &c->hold))
		answer_now(c);
}

void
mock_conn_unhold(struct mock_conn *c)
{
	bool slow = c->latency.slot != 0;

	if (c->h2 != NULL) {
		mock_http2_unhold(c->h2);
		return;
	}
	loop_timer_cancel(c->lane->mocks->loop, &c->latency);
	if (c->hold.waiting)
		gate_leave(c->hold.gate, &c->hold);
	else if (!slow)
		return;
	answer_now(c);
}

/* ---- a call has come ------------------------------------------------------ */

void
mock_conn_answer(struct mock_conn *c)
{
	struct mocks *m = c->lane->mocks;
	const struct exchange *x = &m->tape->exchanges[c->index];
	uint64_t at_ns = mock_call_seen(m, c->index, &c->call,
					answer_think_us(x));

	c->then = answer_recorded(x, m->match.values, m->keys, &c->out);
	mock_socket_accept(c);
	loop_timer_set(m->loop, &c->latency, at_ns);
	if (m->run != NULL)
		gate_happened(m->run->gate, HOLD_ARRIVED, c->index);
}

/* ---- a call that nobody recorded ------------------------------------------ */

static void
miss(struct mock_conn *c, const struct live_call *call)
{
	mock_call_missed(c->lane->mocks, call);
	sock_reset_on_close(c->io.fd);
	mock_conn_destroy(c);
}

static void
came_back(void *arg, struct slice answer, bool keep_alive, const char *why)
{
	struct mock_conn *c = arg;

	c->away = NULL;
	if (why != NULL) {
		mock_out_failed(c, mock_out(c, &c->call), why);
		sock_reset_on_close(c->io.fd);
		mock_conn_destroy(c);
		return;
	}
	buf_add(&c->out, answer);
	c->then = keep_alive ? THEN_KEEP : THEN_CLOSE;
	loop_timer_set(c->lane->mocks->loop, &c->latency,
		       loop_now_ns(c->lane->mocks->loop));
}

/* False: there is nowhere to go. */
static bool
pass_through(struct mock_conn *c)
{
	struct mocks *m = c->lane->mocks;
	struct mock_out *to = mock_out(c, &c->call);
	struct passthrough_request how = { .loop = m->loop,
		.timeout_ns = m->timeout_ns,
		.method = message_method(&c->call), .fn = came_back,
		.arg = c };
	struct buf bytes;

	/* What was cut away here cannot be sent on. */
	if (to == NULL || c->call.cut_bytes > 0)
		return false;
	how.to = to->connector;
	buf_init(&bytes, OUT_MAX);
	mock_out_print(c, &c->call, &bytes);
	how.bytes = buf_slice(&bytes);
	c->away = passthrough_start(&how);
	buf_release(&bytes);
	if (c->away == NULL)
		return false;
	mock_out_tell(c, &c->call, to);
	return true;
}

static bool
answer_nearest(struct mock_conn *c, const struct live_call *call)
{
	struct mocks *m = c->lane->mocks;
	const struct exchange *x = match_nearest(&m->match, call);
	char q1[QUOTE_MAX], q2[QUOTE_MAX];

	if (x == NULL)
		return false;
	notes_fmt(&m->notes, "NEAREST: %.*s: %s was answered as exchange %u, "
		  "%s: nobody recorded it", SLICE_ARG(c->lane->name),
		  quote(c->call.line, q1), x->id,
		  quote(x->request.line, q2));
	c->then = answer_recorded(x, m->match.values, m->keys, &c->out);
	loop_timer_set(m->loop, &c->latency, loop_now_ns(m->loop));
	return true;
}

/* False: the connection is gone. */
static bool
not_recorded(struct mock_conn *c, const struct live_call *call)
{
	switch (c->lane->mocks->on_miss) {
	case ON_MISS_FAIL:
		break;
	case ON_MISS_PASSTHROUGH:
		if (pass_through(c))
			return true;
		break;
	case ON_MISS_NEAREST:
		if (answer_nearest(c, call))
			return true;
		break;
	}
	miss(c, call);
	return false;
}

static void
answer_with_stub(struct mock_conn *c, const struct plan_stub *stub)
{
	struct loop *l = c->lane->mocks->loop;

	c->then = answer_stub(stub, slice_eq(message_method(&c->call),
					     SLICE("HEAD")), &c->out);
	loop_timer_set(l, &c->latency, loop_now_ns(l));
}

/* False: the connection is gone. */
static bool
call_came(struct mock_conn *c)
{
	struct mocks *m = c->lane->mocks;
	struct live_call call = { .lane = c->lane->name,
		.message = &c->call };
	const struct plan_stub *stub;
	struct found_call found;

	collect_end(&c->collect, &c->call);
	if (c->lane->forward && c->tunnel.n == 0 &&
	    slice_eq(message_method(&c->call), SLICE("CONNECT"))) {
		mock_tunnel(c);
		return true;
	}
	if (c->lane->forward)
		call.host = match_host(&c->call);
	c->phase = WAITING;
	loop_mod(m->loop, &c->io, LOOP_HANGUP);
	call.cause = correlate_cause(m->tape, m->prefix, &c->call);
	c->recorded = match_find(&m->match, &call, &found);
	if (c->recorded) {
		c->index = (uint32_t)found.index;
		if (found.early)
			notes_fmt(&m->notes, "exchange %u: called before "
				  "exchange %u, which it was recorded for",
				  m->tape->exchanges[c->index].id,
				  m->tape->exchanges[c->index].cause);
		mock_conn_answer(c);
		return true;
	}
	stub = match_stub(m->plan, &call);
	if (stub == NULL)
		return not_recorded(c, &call);
	answer_with_stub(c, stub);
	return true;
}

/* ---- reading ---------------------------------------------------------------- */

static void
head_came(struct mock_conn *c)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const struct http1_head *h = &c->in.head;
	const struct stream s = mock_stream(c);

	c->call = (struct message){ 0 };
	c->keep_alive = h->keep_alive;
	collect_head(&c->collect, h, &c->call);
	/* Fits the socket's empty buffer; who leaves is noticed later. */
	if (h->expect_continue &&
	    stream_send(&s, go_on, sizeof(go_on) - 1) < 0)
		c->keep_alive = false;
}

/* One event; false: this connection reads no more for now, or is gone. */
static bool
event(struct mock_conn *c, enum http1_event ev, struct slice span)
{
	switch (ev) {
	case HTTP1_HEAD:
		head_came(c);
		return true;
	case HTTP1_BODY:
		collect_body(&c->collect, span, &c->call);
		return true;
	case HTTP1_CHUNK:
		collect_chunk(&c->collect, c->in.chunk_size, &c->call);
		return true;
	case HTTP1_TRAILERS:
		collect_trailers(&c->collect, &c->in.head, &c->call);
		return true;
	case HTTP1_END:
		return call_came(c);
	case HTTP1_MORE:
		return false;
	case HTTP1_OPAQUE:
	case HTTP1_BAD:
		break;
	}
	notes_fmt(&c->lane->mocks->misses, "%.*s: a call that is not HTTP/1.1",
		  SLICE_ARG(c->lane->name));
	mock_conn_destroy(c);
	return false;
}

void
mock_conn_feed(struct mock_conn *c, struct slice in)
{
	struct slice span = { 0 };
	enum http1_event ev;
	size_t used;

	for (;;) {
		used = 0;
		ev = http1_next(&c->in, in, &used, &span);
		in = slice_from(in, used);
		if (!event(c, ev, span))
			return;
		if (c->phase == READING)
			continue;
		/* Into a tunnel that is just opening nobody speaks yet. */
		if (c->phase != SHAKING)
			buf_add(&c->backlog, in);
		return;
	}
}

/* The first bytes say which protocol it is; `c` may be gone afterwards. */
static void
first_bytes(struct mock_conn *c, struct slice in)
{
	struct buf said = c->backlog;
	int preface;

	buf_init(&c->backlog, BACKLOG_MAX);
	buf_add(&said, in);
	preface = http2_preface(buf_slice(&said));
	if (preface == 0) {
		c->backlog = said;
		return;
	}
	c->begun = true;
	if (preface < 0) {
		mock_conn_feed(c, buf_slice(&said));
	} else {
		c->phase = STREAMING;
		c->h2 = mock_http2_create(c);
		mock_http2_feed(c->h2, buf_slice(&said));
	}
	buf_release(&said);
}

static void
ready_fn(struct loop_io *io, unsigned ready)
{
	struct mock_conn *c = io->owner;
	struct mocks *m = c->lane->mocks;
	const struct stream s = mock_stream(c);
	ssize_t n;

	if (c->phase == SHAKING) {
		mock_shake(c);
		return;
	}
	if (c->phase == WRITING) {
		write_some(c);
		return;
	}
	/* The service gave up on this call. */
	if (c->phase == WAITING) {
		mock_conn_destroy(c);
		return;
	}
	if (c->phase == PLAYING) {
		mock_socket_ready(c, ready);
		return;
	}
	if (c->phase == STREAMING && (ready & LOOP_WRITE) &&
	    !mock_http2_flush(c->h2))
		return;
	n = stream_recv(&s, m->scratch, MOCK_SCRATCH);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0)
		mock_conn_destroy(c);
	else if (c->phase == STREAMING)
		mock_http2_feed(c->h2, slice_of(m->scratch, (size_t)n));
	else if (c->phase == READING && !c->begun)
		first_bytes(c, slice_of(m->scratch, (size_t)n));
	else if (c->phase == READING)
		mock_conn_feed(c, slice_of(m->scratch, (size_t)n));
}

void
mock_conn_start(struct mock_lane *lane, int fd)
{
	struct mock_conn *c = mem_alloc(sizeof(*c));

	c->lane = lane;
	c->io = (struct loop_io){ .fd = fd, .fn = ready_fn, .owner = c };
	c->latency = (struct loop_timer){ .fn = latency_over, .owner = c };
	http1_init(&c->in, HTTP1_REQUEST);
	collect_init(&c->collect, lane->mocks->arena, NULL);
	buf_init(&c->backlog, BACKLOG_MAX);
	buf_init(&c->out, OUT_MAX);
	c->phase = READING;
	if (lane->ca != NULL && !lane->forward) {
		c->phase = SHAKING;
		c->tls = tls_server(lane->ca, fd, slice_of(NULL, 0));
	}
	if (loop_add(lane->mocks->loop, &c->io, LOOP_READ, NULL) != 0) {
		tls_destroy(c->tls);
		close(fd);
		http1_release(&c->in);
		free(c);
		return;
	}
	c->next = lane->conns;
	lane->conns = c;
}
