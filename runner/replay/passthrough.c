/* Takes one call to the real dependency and brings its answer back. */
#include "passthrough.h"

#include <dvr/base/mem.h>
#include <dvr/wire/http1.h>

#include <errno.h>
#include <stdlib.h>

#define CONNECT_TIMEOUT_MS 5000u
#define ANSWER_MAX ((size_t)64 * MiB)
#define READ_BYTES (64u * KiB)

struct passthrough {
	struct passthrough_request how;
	struct connecting *pending;
	struct loop_io io;
	struct stream stream;
	struct loop_timer expiry;
	struct buf out, in;
	size_t sent, decoded;
	struct http1_decoder decoder;
	bool keep_alive;
};

void
passthrough_cancel(struct passthrough *p)
{
	if (p == NULL)
		return;
	if (p->pending != NULL)
		connector_cancel(p->pending);
	loop_timer_cancel(p->how.loop, &p->expiry);
	if (p->io.fd >= 0) {
		loop_del(p->how.loop, &p->io);
		stream_close(&p->stream);
	}
	http1_release(&p->decoder);
	buf_release(&p->out);
	buf_release(&p->in);
	free(p);
}

static void
over(struct passthrough *p, const char *why)
{
	p->how.fn(p->how.arg, why ? slice_of(NULL, 0) : buf_slice(&p->in),
		  p->keep_alive, why);
	passthrough_cancel(p);
}

static void
expired(struct loop_timer *t)
{
	over(t->owner, "no whole answer in time");
}

/* True when the answer is whole; *why when it never will be. */
static bool
decode(struct passthrough *p, const char **why)
{
	for (;;) {
		struct slice in = slice_from(buf_slice(&p->in), p->decoded);
		struct slice span;
		size_t used = 0;
		enum http1_event ev = http1_next(&p->decoder, in, &used, &span);

		p->decoded += used;
		if (ev == HTTP1_HEAD)
			p->keep_alive = p->decoder.head.keep_alive;
		if (ev == HTTP1_END && p->decoder.head.status >= 200)
			return true;
		if (ev == HTTP1_BAD || ev == HTTP1_OPAQUE)
			*why = "its answer is not HTTP/1.1";
		if (ev == HTTP1_MORE || *why != NULL)
			return false;
	}
}

static void
read_some(struct passthrough *p)
{
	const char *why = NULL;
	char *room = buf_room(&p->in, READ_BYTES);
	ssize_t n;

	if (room == NULL) {
		over(p, "its answer is too large");
		return;
	}
	n = stream_recv(&p->stream, room, READ_BYTES);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0)
		buf_grew(&p->in, (size_t)n);
	if (n > 0 && (decode(p, &why) || why != NULL))
		over(p, why);
	else if (n == 0 && http1_eof(&p->decoder) == HTTP1_END)
		over(p, NULL);
	else if (n <= 0)
		over(p, "it closed the connection without a whole answer");
}

static void
write_some(struct passthrough *p)
{
	/* Broken: what it says before it goes is worth more than this. */
	if (stream_push(&p->stream, buf_slice(&p->out), &p->sent) ==
	    STREAM_FULL)
		return;
	loop_mod(p->how.loop, &p->io, LOOP_READ);
}

static void
ready_fn(struct loop_io *io, unsigned ready)
{
	struct passthrough *p = io->owner;

	if (ready & (LOOP_READ | LOOP_HANGUP))
		read_some(p);
	else if (ready & LOOP_WRITE)
		write_some(p);
}

static void
connected(void *arg, struct stream s, const char *why)
{
	struct passthrough *p = arg;

	p->pending = NULL;
	if (s.fd < 0) {
		over(p, why);
		return;
	}
	p->stream = s;
	p->io = (struct loop_io){ .fd = s.fd, .fn = ready_fn, .owner = p };
	if (loop_add(p->how.loop, &p->io, LOOP_READ | LOOP_WRITE, NULL) == 0)
		return;
	stream_close(&p->stream);
	p->io.fd = -1;
	over(p, "the event loop refused the socket");
}

struct passthrough *
passthrough_start(const struct passthrough_request *how)
{
	struct passthrough *p = mem_alloc(sizeof(*p));

	p->how = *how;
	p->io.fd = -1;
	buf_init(&p->out, how->bytes.n + 1);
	buf_init(&p->in, ANSWER_MAX);
	buf_add(&p->out, how->bytes);
	http1_init(&p->decoder, HTTP1_RESPONSE);
	http1_answers(&p->decoder, how->method);
	p->expiry = (struct loop_timer){ .fn = expired, .owner = p };
	loop_timer_set(how->loop, &p->expiry,
		       loop_now_ns(how->loop) + how->timeout_ns);
	p->pending = connector_start(how->to, &(struct connect_how){
		.timeout_ms = CONNECT_TIMEOUT_MS, .fn = connected, .arg = p });
	if (p->pending != NULL)
		return p;
	passthrough_cancel(p);
	return NULL;
}
