/* Hand-made tapes and a scripted service for the replay's tests. */
#include "replay_fixture.h"

#include "../../runner/replay/collect.h"

#include <dvr/base/mem.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEEN_MAX 4096

/* ---- tapes --------------------------------------------------------------- */

void
fixture_init(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	tape_init(&f->tape);
	if (f->tape.arena == NULL)
		f->tape.arena = arena_create();
	f->tape.id = SLICE("hand-made");
	f->tape.lanes = arena_array(f->tape.arena, 8, sizeof(*f->tape.lanes));
	f->plan.expect = EXPECT_FIXED;
	f->loop = loop_create(&clock_system, NULL);
}

void
fixture_release(struct fixture *f)
{
	loop_destroy(f->loop);
	tape_release(&f->tape);
}

static uint32_t
lane_of(struct fixture *f, const char *name)
{
	struct tape *t = &f->tape;
	uint32_t i = 0;

	for (; i < t->nlanes; i++)
		if (slice_eq(t->lanes[i].name, slice_str(name)))
			return i;
	t->lanes[i].name = slice_str(name);
	t->lanes[i].role = strcmp(name, "client") == 0 ? LANE_INGRESS
						       : LANE_EGRESS;
	t->nlanes++;
	return i;
}

static void
parse(struct fixture *f, enum http1_kind kind, const char *text,
      struct message *m)
{
	struct slice in = slice_str(text), span;
	struct http1_decoder d;
	struct collect c;
	bool over = false;

	http1_init(&d, kind);
	collect_init(&c, f->tape.arena, NULL);
	while (!over) {
		size_t used = 0;
		enum http1_event ev = http1_next(&d, in, &used, &span);

		in = slice_from(in, used);
		if (ev == HTTP1_HEAD)
			collect_head(&c, &d.head, m);
		if (ev == HTTP1_BODY)
			collect_body(&c, span, m);
		if (ev == HTTP1_CHUNK)
			collect_chunk(&c, d.chunk_size, m);
		if (ev == HTTP1_TRAILERS)
			collect_trailers(&c, &d.head, m);
		over = ev == HTTP1_END || ev == HTTP1_BAD || ev == HTTP1_MORE;
		/* The test says by m->end what a cut message means. */
	}
	collect_end(&c, m);
	collect_release(&c);
	http1_release(&d);
}

struct exchange *
fixture_add(struct fixture *f, const struct fixture_exchange *in)
{
	struct tape *t = &f->tape;
	struct exchange *x;

	t->exchanges = arena_grow(t->arena, t->exchanges, t->nexchanges,
				  &f->cap, sizeof(*t->exchanges));
	x = &t->exchanges[t->nexchanges++];
	*x = (struct exchange){ .id = (uint32_t)t->nexchanges,
		.lane = lane_of(f, in->lane), .conn = in->conn,
		.cause = in->cause };
	parse(f, HTTP1_REQUEST, in->request, &x->request);
	x->request.at_us = in->at_us;
	x->request.end_us = in->asked_us ? in->asked_us : in->at_us;
	if (in->response != NULL)
		parse(f, HTTP1_RESPONSE, in->response, &x->response);
	x->response.end_us = in->end_us;
	x->response.at_us = in->answer_us ? in->answer_us : in->end_us;
	if (in->response == NULL)
		x->response.end = END_FIN;
	return x;
}

struct exchange *
fixture_get(struct fixture *f, uint32_t conn, int64_t at_us, int64_t end_us,
	    const char *path)
{
	struct fixture_exchange x = { .lane = "client", .conn = conn,
		.at_us = at_us, .end_us = end_us,
		.response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" };
	char request[128];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: t\r\n\r\n",
		 path);
	x.request = request;
	return fixture_add(f, &x);
}

/* ---- the service ------------------------------------------------------------ */

struct peer_conn {
	struct peer *peer;
	struct loop_io io;
	struct http1_decoder in;
	struct loop_timer timer;
	const struct peer_script *answer;
	struct buf out;
	unsigned number;
	size_t seen;		/* index of the request that is read */
	bool reading;
	struct peer_conn *next;
};

struct peer {
	struct loop *loop;
	const struct peer_script *script;
	struct loop_io io;
	char url[64];
	struct peer_conn *conns;
	unsigned accepted, cut;
	struct peer_seen seen[SEEN_MAX];
	size_t nseen;
	struct buf bytes;
	void (*fn)(void *arg, size_t i);
	void *arg;
};

static void
conn_gone(struct peer_conn *c)
{
	for (struct peer_conn **p = &c->peer->conns; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			break;
		}
	loop_timer_cancel(c->peer->loop, &c->timer);
	loop_del(c->peer->loop, &c->io);
	close(c->io.fd);
	http1_release(&c->in);
	buf_release(&c->out);
	free(c);
}

static void
after_answer(struct peer_conn *c)
{
	enum peer_then then = c->answer->then;

	c->answer = NULL;
	if (then == PEER_RESET)
		sock_reset_on_close(c->io.fd);
	if (then == PEER_CLOSE || then == PEER_RESET)
		conn_gone(c);
}

static void
flush(struct peer_conn *c)
{
	while (c->out.n > 0) {
		ssize_t n = send(c->io.fd, c->out.p, c->out.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			loop_mod(c->peer->loop, &c->io, LOOP_WRITE);
			return;
		}
		if (n < 0) {
			conn_gone(c);
			return;
		}
		buf_drop(&c->out, (size_t)n);
	}
	loop_mod(c->peer->loop, &c->io, LOOP_READ);
	after_answer(c);
}

static void
answer(struct loop_timer *t)
{
	struct peer_conn *c = t->owner;

	if (c->answer->answer != NULL)
		buf_adds(&c->out, c->answer->answer);
	flush(c);
}

static const struct peer_script *
script_for(const struct peer *p, const char *line)
{
	for (const struct peer_script *s = p->script; s->path; s++)
		if (strcmp(s->path, "*") == 0 || strstr(line, s->path))
			return s;
	abort();
}

static void
request_came(struct peer_conn *c)
{
	struct peer *p = c->peer;
	struct peer_seen *seen = &p->seen[c->seen];
	size_t i = c->seen;

	seen->whole = true;
	c->reading = false;
	c->answer = script_for(p, seen->line);
	if (c->answer->then != PEER_SILENT)
		loop_timer_set(p->loop, &c->timer, loop_now_ns(p->loop) +
			       c->answer->delay_ms * NS_PER_MS);
	if (p->fn != NULL)
		p->fn(p->arg, i);
}

static void
feed(struct peer_conn *c, struct slice in)
{
	struct peer *p = c->peer;
	struct slice span;

	if (c->reading)
		p->seen[c->seen].reads++;
	for (;;) {
		size_t used = 0;
		enum http1_event ev;

		if (!c->reading && in.n > 0) {
			c->reading = true;
			c->seen = p->nseen++;
			p->seen[c->seen].conn = c->number;
			p->seen[c->seen].reads = 1;
			p->seen[c->seen].at_ns = loop_now_ns(p->loop);
		}
		ev = http1_next(&c->in, in, &used, &span);
		in = slice_from(in, used);
		if (ev == HTTP1_HEAD)
			p->seen[c->seen].head_ns = loop_now_ns(p->loop);
		if (ev == HTTP1_HEAD)
			snprintf(p->seen[c->seen].line,
				 sizeof(p->seen[c->seen].line), "%.*s",
				 SLICE_ARG(c->in.head.line));
		if (ev == HTTP1_BODY)
			p->seen[c->seen].body_n += span.n;
		if (ev == HTTP1_END) {
			request_came(c);
			/* The test let the service die: c is gone. */
			if (p->io.fd < 0)
				return;
		}
		if (ev == HTTP1_MORE || ev == HTTP1_BAD ||
		    ev == HTTP1_OPAQUE)
			return;
	}
}

static void
peer_ready(struct loop_io *io, unsigned ready)
{
	struct peer_conn *c = io->owner;
	char bytes[65536];
	ssize_t n;

	if (c->out.n > 0) {
		flush(c);
		return;
	}
	(void)ready;
	n = recv(io->fd, bytes, sizeof(bytes), 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		c->peer->cut += c->reading;
		conn_gone(c);
		return;
	}
	buf_add(&c->peer->bytes, slice_of(bytes, (size_t)n));
	feed(c, slice_of(bytes, (size_t)n));
}

static void
peer_accept(struct loop_io *io, unsigned ready)
{
	struct peer *p = io->owner;
	int fd;

	(void)ready;
	while ((fd = sock_accept(io->fd, NULL)) >= 0) {
		struct peer_conn *c = mem_alloc(sizeof(*c));

		c->peer = p;
		c->number = ++p->accepted;
		c->io = (struct loop_io){ .fd = fd, .fn = peer_ready,
			.owner = c };
		c->timer = (struct loop_timer){ .fn = answer, .owner = c };
		http1_init(&c->in, HTTP1_REQUEST);
		buf_init(&c->out, 64 * MiB);
		c->next = p->conns;
		p->conns = c;
		loop_add(p->loop, &c->io, LOOP_READ, NULL);
	}
}

struct peer *
peer_create(struct loop *l, const struct peer_script *script)
{
	struct peer *p = mem_alloc(sizeof(*p));
	struct address at, bound;
	int fd = -1;

	p->loop = l;
	p->script = script;
	buf_init(&p->bytes, 64 * MiB);
	if (address_literal(SLICE("127.0.0.1"), 0, &at) != 0 ||
	    sock_listen(&at, &fd, &bound, NULL) != 0)
		abort();
	snprintf(p->url, sizeof(p->url), "http://127.0.0.1:%u",
		 (unsigned)address_port(&bound));
	p->io = (struct loop_io){ .fd = fd, .fn = peer_accept, .owner = p };
	loop_add(l, &p->io, LOOP_READ, NULL);
	return p;
}

void
peer_drop(struct peer *p, unsigned conn)
{
	struct peer_conn *c = p->conns;

	while (c->number != conn)
		c = c->next;
	p->cut += c->reading;
	conn_gone(c);
}

void
peer_die(struct peer *p)
{
	while (p->conns != NULL)
		conn_gone(p->conns);
	if (p->io.fd < 0)
		return;
	loop_del(p->loop, &p->io);
	close(p->io.fd);
	p->io.fd = -1;
}

void
peer_destroy(struct peer *p)
{
	peer_die(p);
	buf_release(&p->bytes);
	free(p);
}

const char *
peer_url(const struct peer *p)
{
	return p->url;
}

size_t
peer_count(const struct peer *p)
{
	return p->nseen;
}

const struct peer_seen *
peer_seen(const struct peer *p, size_t i)
{
	return &p->seen[i];
}

unsigned
peer_connections(const struct peer *p)
{
	return p->accepted;
}

struct slice
peer_bytes(const struct peer *p)
{
	return buf_slice(&p->bytes);
}

unsigned
peer_cut(const struct peer *p)
{
	return p->cut;
}

void
peer_on_request(struct peer *p, void (*fn)(void *arg, size_t i), void *arg)
{
	p->fn = fn;
	p->arg = arg;
}
