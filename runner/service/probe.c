/* The readiness probe: connects, perhaps asks, tries again later. */
#include "probe.h"

#include <dvr/base/buf.h>
#include <dvr/base/mem.h>
#include <dvr/net/stream.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROBE_ADDRESSES 8
/* Services start in milliseconds or in seconds: begin eager, end patient. */
#define PAUSE_FIRST_NS (2 * NS_PER_MS)
#define PAUSE_LONGEST_NS (50 * NS_PER_MS)
/* One attempt: a service that accepts but does not answer yet. */
#define ATTEMPT_NS (5 * NS_PER_S)
/* Rest of an answer: read, because closing on unread bytes resets the
 * connection and makes many a service log an exception. */
#define DRAIN_NS (1 * NS_PER_S)
#define DRAIN_BYTES (1u * MiB)
/* "HTTP/1.1 200": all that is looked at. */
#define STATUS_BYTES 12

enum probe_state {
	PROBE_PAUSE, PROBE_CONNECT, PROBE_TLS, PROBE_ANSWER, PROBE_DRAIN, PROBE_OVER
};

struct probe {
	struct loop *loop;
	struct isolation *isolation;
	enum probe_state state;
	struct address to[PROBE_ADDRESSES];
	size_t count, turn;
	struct buf request;	/* empty: a connection is enough */
	void (*fn)(void *arg);
	void *arg;
	struct loop_io io;
	struct tls_trust *trust;	/* NULL: in the clear */
	struct tls *tls;
	char input[TLS_READ_MIN];	/* of an answer */
	struct loop_timer timer;
	uint64_t pause_ns;
	char head[STATUS_BYTES];
	size_t head_n, drained;
	bool good;
	int status, error;	/* of the last attempt */
};

static void
after(struct probe *p, enum probe_state state, uint64_t ns)
{
	p->state = state;
	loop_timer_set(p->loop, &p->timer, loop_now_ns(p->loop) + ns);
}

static void
hang_up(struct probe *p)
{
	loop_timer_cancel(p->loop, &p->timer);
	if (p->io.fd < 0)
		return;
	loop_del(p->loop, &p->io);
	tls_destroy(p->tls);
	p->tls = NULL;
	close(p->io.fd);
	p->io.fd = -1;
}

static struct stream
stream_of(const struct probe *p)
{
	return (struct stream){ .fd = p->io.fd, .tls = p->tls };
}

static void
try_later(struct probe *p, int error)
{
	hang_up(p);
	p->error = error;
	after(p, PROBE_PAUSE, p->pause_ns);
	p->pause_ns += p->pause_ns / 2;
	if (p->pause_ns > PAUSE_LONGEST_NS)
		p->pause_ns = PAUSE_LONGEST_NS;
}

static void
attempt(struct probe *p)
{
	const struct address *to = &p->to[p->turn++ % p->count];
	struct err e;

	p->head_n = p->drained = 0;
	p->status = p->error = 0;
	if (isolation_connect(p->isolation, to, &p->io.fd) < 0) {
		p->io.fd = -1;
		try_later(p, errno);
	} else if (loop_add(p->loop, &p->io, LOOP_WRITE, &e) < 0) {
		try_later(p, ENOMEM);
	} else {
		after(p, PROBE_CONNECT, ATTEMPT_NS);
	}
}

static void
succeed(struct probe *p)
{
	void (*fn)(void *) = p->fn;

	/* Last: the owner may stop us in there. */
	fn(p->arg);
}

/* A fresh socket's buffer takes a request of this size whole. */
static void
ask(struct probe *p)
{
	const struct stream s = stream_of(p);
	ssize_t sent = stream_send(&s, p->request.p, p->request.n);

	if (sent != (ssize_t)p->request.n) {
		try_later(p, sent < 0 ? errno : EAGAIN);
		return;
	}
	loop_mod(p->loop, &p->io, LOOP_READ);
	after(p, PROBE_ANSWER, ATTEMPT_NS);
}

/* Whose certificate it is does not matter: only whether it is there. */
static void
shake(struct probe *p)
{
	switch (tls_handshake(p->tls)) {
	case TLS_WAIT_READ:
		loop_mod(p->loop, &p->io, LOOP_READ);
		return;
	case TLS_WAIT_WRITE:
		loop_mod(p->loop, &p->io, LOOP_WRITE);
		return;
	case TLS_DONE:
		ask(p);
		return;
	case TLS_HELLO:		/* a server's */
	case TLS_FAILED:
		try_later(p, EPROTO);
		return;
	}
}

static void
connected(struct probe *p)
{
	const struct tls_peer peer = { .name = SLICE("localhost") };
	int error = sock_connect_result(p->io.fd);

	if (error != 0) {
		try_later(p, error);
		return;
	}
	if (p->request.n == 0) {
		hang_up(p);
		p->state = PROBE_OVER;
		succeed(p);
		return;
	}
	if (p->trust == NULL) {
		ask(p);
		return;
	}
	p->tls = tls_client(p->trust, p->io.fd, &peer);
	after(p, PROBE_TLS, ATTEMPT_NS);
	shake(p);
}

/* The status of "HTTP/1.x NNN"; 0 when that is no status line. */
static int
read_status(const struct probe *p)
{
	struct slice s = slice_of(p->head, p->head_n);
	uint64_t status;

	if (!slice_starts(s, SLICE("HTTP/1.")) || s.p[8] != ' ' ||
	    slice_uint(slice_range(s, 9, 12), 999, &status) < 0)
		return 0;
	return (int)status;
}

static void
answer_readable(struct probe *p)
{
	const struct stream s = stream_of(p);
	ssize_t got = stream_recv(&s, p->input, sizeof(p->input));
	size_t n;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		try_later(p, got < 0 ? errno : ECONNRESET);
		return;
	}
	n = sizeof(p->head) - p->head_n;
	if (n > (size_t)got)
		n = (size_t)got;
	memcpy(p->head + p->head_n, p->input, n);
	p->head_n += n;
	if (p->head_n < sizeof(p->head))
		return;
	p->status = read_status(p);
	p->good = p->status >= 200 && p->status < 400;
	after(p, PROBE_DRAIN, DRAIN_NS);
	if (p->good)
		succeed(p);
}

static void
drained(struct probe *p)
{
	if (!p->good) {
		try_later(p, 0);
		return;
	}
	hang_up(p);
	p->state = PROBE_OVER;
}

static void
drain(struct probe *p)
{
	const struct stream s = stream_of(p);
	ssize_t got = stream_recv(&s, p->input, sizeof(p->input));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	p->drained += got > 0 ? (size_t)got : 0;
	if (got <= 0 || p->drained > DRAIN_BYTES)
		drained(p);
}

static void
io_ready(struct loop_io *io, unsigned ready)
{
	struct probe *p = io->owner;

	(void)ready;
	switch (p->state) {
	case PROBE_CONNECT:
		connected(p);
		break;
	case PROBE_TLS:
		shake(p);
		break;
	case PROBE_ANSWER:
		answer_readable(p);
		break;
	case PROBE_DRAIN:
		drain(p);
		break;
	case PROBE_PAUSE:
	case PROBE_OVER:
		break;
	}
}

static void
time_is_up(struct loop_timer *t)
{
	struct probe *p = t->owner;

	switch (p->state) {
	case PROBE_PAUSE:
		attempt(p);
		break;
	case PROBE_CONNECT:
	case PROBE_TLS:
	case PROBE_ANSWER:
		try_later(p, ETIMEDOUT);
		break;
	case PROBE_DRAIN:
		drained(p);
		break;
	case PROBE_OVER:
		break;
	}
}

struct probe *
probe_start(const struct probe_spec *spec)
{
	const struct tls_trust_config anybody = { .insecure = true };
	struct probe *p = mem_alloc(sizeof(*p));

	*p = (struct probe){
		.loop = spec->loop, .isolation = spec->isolation,
		.fn = spec->fn, .arg = spec->arg,
		.count = spec->count, .pause_ns = PAUSE_FIRST_NS,
		.io = { .fd = -1, .fn = io_ready, .owner = p },
		.timer = { .fn = time_is_up, .owner = p },
	};
	if (p->count > PROBE_ADDRESSES)
		p->count = PROBE_ADDRESSES;
	memcpy(p->to, spec->to, p->count * sizeof(p->to[0]));
	buf_init(&p->request, 16u * KiB);
	if (spec->path)
		buf_fmt(&p->request, "GET %s HTTP/1.1\r\nHost: %s\r\n"
			"User-Agent: dvr\r\nAccept: */*\r\n"
			"Connection: close\r\n\r\n", spec->path, spec->host);
	/* Without it (no memory) a service that speaks TLS never answers. */
	if (spec->path && spec->tls)
		p->trust = tls_trust_create(&anybody, NULL);
	attempt(p);
	return p;
}

void
probe_stop(struct probe *p)
{
	if (!p)
		return;
	hang_up(p);
	tls_trust_destroy(p->trust);
	buf_release(&p->request);
	free(p);
}

const char *
probe_why(const struct probe *p, char out[PROBE_WHY_MAX])
{
	char to[ADDRESS_TEXT_MAX];
	size_t last = p->turn > 0 ? (p->turn - 1) % p->count : 0;

	address_text(&p->to[last], to);
	if (p->status > 0)
		snprintf(out, PROBE_WHY_MAX, "%s answers %d", to, p->status);
	else if (p->error != 0)
		snprintf(out, PROBE_WHY_MAX, "%s: %s", to,
			 strerror(p->error));
	else
		snprintf(out, PROBE_WHY_MAX, "%s gives no answer", to);
	return out;
}
