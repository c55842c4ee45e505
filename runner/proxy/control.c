/* The control endpoint's transport: a small HTTP server on loopback. */
#include "control.h"

#include <dvr/base/mem.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A request's head and body at most; a test's failure message fits. */
#define CONTROL_BODY_MAX (256u * KiB)
#define CONTROL_TARGET_MAX 1024
/* A client that says nothing, or does not close after its answer. */
#define CONTROL_IDLE_NS (10 * NS_PER_S)
#define CONTROL_LINGER_NS (1 * NS_PER_S)
/* Out of descriptors: a listener that stays readable would spin the loop. */
#define CONTROL_STARVED_NS (100 * NS_PER_MS)

enum control_phase { CONTROL_READING, CONTROL_WRITING, CONTROL_LINGERING };

struct control_conn {
	struct control_conn *next, **link;
	struct control *control;
	struct loop_io io;
	struct loop_timer timer;
	struct http1_decoder decoder;
	enum control_phase phase;
	struct buf method, target, body;
	struct buf out;
};

static void
conn_close(struct control_conn *k)
{
	loop_timer_cancel(k->control->loop, &k->timer);
	loop_del(k->control->loop, &k->io);
	close(k->io.fd);
	http1_release(&k->decoder);
	buf_release(&k->method);
	buf_release(&k->target);
	buf_release(&k->body);
	buf_release(&k->out);
	*k->link = k->next;
	if (k->next)
		k->next->link = k->link;
	free(k);
}

static void
on_timer(struct loop_timer *t)
{
	conn_close(t->owner);
}

static void
conn_wait(struct control_conn *k, unsigned events, uint64_t ns)
{
	loop_mod(k->control->loop, &k->io, events);
	loop_timer_set(k->control->loop, &k->timer,
		       loop_now_ns(k->control->loop) + ns);
}

/* ---- answers ------------------------------------------------------------ */

static const char *
reason(unsigned status)
{
	static const struct { unsigned status; const char *text; } reasons[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 400, "Bad Request" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 413, "Content Too Large" },
		{ 500, "Internal Server Error" },
	};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "";
}

static void
conn_write(struct control_conn *k)
{
	while (k->out.n) {
		ssize_t n = send(k->io.fd, k->out.p, k->out.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			conn_wait(k, LOOP_WRITE, CONTROL_IDLE_NS);
			return;
		}
		if (n < 0) {
			conn_close(k);
			return;
		}
		buf_drop(&k->out, (size_t)n);
	}
	/* Closing over unread bytes would reset the answer away. */
	shutdown(k->io.fd, SHUT_WR);
	k->phase = CONTROL_LINGERING;
	conn_wait(k, LOOP_READ, CONTROL_LINGER_NS);
}

static void
conn_answer(struct control_conn *k, unsigned status, struct slice body)
{
	buf_fmt(&k->out, "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n\r\n",
		status, reason(status), body.n);
	buf_add(&k->out, body);
	k->phase = CONTROL_WRITING;
	conn_write(k);
}

static void
conn_route(struct control_conn *k)
{
	const struct control_request r = {
		.method = buf_slice(&k->method),
		.target = buf_slice(&k->target),
		.body = buf_slice(&k->body),
	};
	struct buf body;
	unsigned status;

	/* A restart runs the loop: this connection must sleep meanwhile. */
	loop_timer_cancel(k->control->loop, &k->timer);
	loop_mod(k->control->loop, &k->io, 0);
	buf_init(&body, CONTROL_BODY_MAX);
	status = control_route(k->control, &r, &body);
	conn_answer(k, status, buf_slice(&body));
	buf_release(&body);
}

/* ---- requests ----------------------------------------------------------- */

static void
take_head(struct control_conn *k)
{
	const struct http1_head *h = &k->decoder.head;
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

	buf_add(&k->method, h->method);
	buf_add(&k->target, h->target);
	if (h->expect_continue)	/* a failure shows at the next read */
		send(k->io.fd, go_on, sizeof(go_on) - 1, MSG_NOSIGNAL);
}

static void
conn_feed(struct control_conn *k, struct slice in)
{
	for (;;) {
		struct slice span;
		size_t used;
		enum http1_event ev = http1_next(&k->decoder, in, &used, &span);

		in = slice_from(in, used);
		switch (ev) {
		case HTTP1_MORE:
			return;
		case HTTP1_HEAD:
			take_head(k);
			break;
		case HTTP1_BODY:
			buf_add(&k->body, span);
			break;
		case HTTP1_CHUNK:
		case HTTP1_TRAILERS:
			break;
		case HTTP1_END:
			if (k->body.full || k->target.full || k->method.full)
				conn_answer(k, 413, SLICE(
					"{\"error\":\"too large\"}\n"));
			else
				conn_route(k);
			return;
		case HTTP1_OPAQUE:
		case HTTP1_BAD:
			conn_answer(k, 400, SLICE(
				"{\"error\":\"not an HTTP/1.1 request\"}\n"));
			return;
		}
	}
}

static void
on_conn(struct loop_io *io, unsigned ready)
{
	struct control_conn *k = io->owner;
	char in[4096];
	ssize_t n;

	(void)ready;
	if (k->phase == CONTROL_WRITING) {
		conn_write(k);
		return;
	}
	n = recv(io->fd, in, sizeof(in), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		conn_close(k);
	else if (k->phase == CONTROL_READING)
		conn_feed(k, slice_of(in, (size_t)n));
}

static void
conn_open(struct control *c, int fd)
{
	struct control_conn *k = mem_alloc(sizeof(*k));

	k->control = c;
	k->io = (struct loop_io){ .fd = fd, .fn = on_conn, .owner = k };
	k->timer.fn = on_timer;
	k->timer.owner = k;
	if (loop_add(c->loop, &k->io, LOOP_READ, NULL) < 0) {
		close(fd);
		free(k);
		return;
	}
	http1_init(&k->decoder, HTTP1_REQUEST);
	buf_init(&k->method, CONTROL_TARGET_MAX);
	buf_init(&k->target, CONTROL_TARGET_MAX);
	buf_init(&k->body, CONTROL_BODY_MAX);
	buf_init(&k->out, 2 * CONTROL_BODY_MAX);
	k->next = c->conns;
	k->link = &c->conns;
	if (k->next)
		k->next->link = &k->next;
	c->conns = k;
	conn_wait(k, LOOP_READ, CONTROL_IDLE_NS);
}

static void
accept_again(struct loop_timer *t)
{
	struct control *c = t->owner;

	loop_mod(c->loop, &c->io, LOOP_READ);
}

static void
on_accept(struct loop_io *io, unsigned ready)
{
	struct control *c = io->owner;
	int fd = sock_accept(io->fd, NULL);

	(void)ready;
	if (fd >= 0) {
		conn_open(c, fd);
	} else if (errno != EAGAIN && errno != EWOULDBLOCK) {
		loop_mod(c->loop, io, 0);
		loop_timer_set(c->loop, &c->starved,
			       loop_now_ns(c->loop) + CONTROL_STARVED_NS);
	}
}

/* ---- the endpoint ------------------------------------------------------- */

int
control_create(struct proxy *p, struct loop *loop, struct ledger *ledger,
	       control_restart_fn *restart, void *arg, struct control **out,
	       struct err *e)
{
	struct control *c;
	struct address a, bound;
	struct buf url;
	int fd;

	if (address_literal(SLICE("127.0.0.1"), 0, &a) < 0 ||
	    sock_listen(&a, &fd, &bound, e) < 0)
		return err_prefix(e, "control endpoint");
	c = mem_alloc(sizeof(*c));
	*c = (struct control){ .proxy = p, .loop = loop, .ledger = ledger,
			       .restart = restart, .arg = arg };
	c->io = (struct loop_io){ .fd = fd, .fn = on_accept, .owner = c };
	c->starved.fn = accept_again;
	c->starved.owner = c;
	if (loop_add(loop, &c->io, LOOP_READ, e) < 0) {
		close(fd);
		free(c);
		return -1;
	}
	buf_init(&url, sizeof(c->url) - 1);
	buf_fmt(&url, "http://127.0.0.1:%u", address_port(&bound));
	memcpy(c->url, url.p, url.n + 1);
	buf_release(&url);
	*out = c;
	return 0;
}

const char *
control_url(const struct control *c)
{
	return c->url;
}

void
control_destroy(struct control *c)
{
	if (!c)
		return;
	while (c->conns)
		conn_close(c->conns);
	loop_timer_cancel(c->loop, &c->starved);
	loop_del(c->loop, &c->io);
	close(c->io.fd);
	control_sessions_release(c);
	free(c);
}
