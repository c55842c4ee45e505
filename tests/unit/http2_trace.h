/*
 * What the HTTP/2 decoder says about a connection, as text, one line a stream
 * and side, so that tests compare strings and the fuzzer compares one feeding
 * with another:
 *
 *   c1 (POST /a HTTP/2|:scheme: http)abc.     a request, its body, its end
 *   s1 <HTTP/2 103>(HTTP/2 200)x[grpc-status: 0].
 *   s1 !8          reset        s5 ~0         GOAWAY      bad: why
 */
#ifndef TESTS_HTTP2_TRACE_H
#define TESTS_HTTP2_TRACE_H

#include <dvr/base/mem.h>
#include <dvr/wire/http2.h>

#include <stdlib.h>

#define TRACE_STREAMS 64u

struct h2_trace {
	struct http2 *h;
	struct buf text[HTTP2_SIDES][TRACE_STREAMS];	/* by number, wrapped */
};

static inline void
h2_trace_init(struct h2_trace *t)
{
	t->h = http2_create();
	for (size_t s = 0; s < HTTP2_SIDES; s++)
		for (size_t i = 0; i < TRACE_STREAMS; i++)
			buf_init(&t->text[s][i], 64 * MiB);
}

static inline void
h2_trace_release(struct h2_trace *t)
{
	http2_destroy(t->h);
	for (size_t s = 0; s < HTTP2_SIDES; s++)
		for (size_t i = 0; i < TRACE_STREAMS; i++)
			buf_release(&t->text[s][i]);
}

static inline void
h2_trace_head(struct buf *b, const char *marks, const struct http1_head *h)
{
	buf_addc(b, marks[0]);
	buf_add(b, h->line);
	for (size_t i = 0; i < h->nheaders; i++) {
		if (i > 0 || h->line.n > 0)
			buf_addc(b, '|');
		buf_add(b, h->headers[i].line);
	}
	buf_addc(b, marks[1]);
}

static inline void
h2_trace_event(struct h2_trace *t, enum http2_side side, enum http2_kind kind,
	       const struct http2_event *ev)
{
	struct buf *b = &t->text[side][ev->stream % TRACE_STREAMS];

	switch (kind) {
	case HTTP2_MORE:
	case HTTP2_BAD:
		break;
	case HTTP2_REQUEST:
	case HTTP2_RESPONSE:
		h2_trace_head(b, "()", ev->head);
		break;
	case HTTP2_PROMISE:
		h2_trace_head(b, "{}", ev->head);
		break;
	case HTTP2_INTERIM:
		h2_trace_head(b, "<>", ev->head);
		break;
	case HTTP2_TRAILERS:
		h2_trace_head(b, "[]", ev->head);
		break;
	case HTTP2_DATA:
		buf_add(b, ev->data);
		break;
	case HTTP2_RESET:
		buf_fmt(b, "!%u", ev->code);
		break;
	case HTTP2_GOAWAY:
		buf_fmt(b, "~%u", ev->code);
		break;
	}
	if (ev->end)
		buf_addc(b, '.');
}

/* False: it is bad. */
static inline bool
h2_trace_feed(struct h2_trace *t, enum http2_side side, struct slice in)
{
	struct http2_event ev;
	enum http2_kind kind;
	size_t used;

	do {
		kind = http2_next(t->h, side, in, &used, &ev);
		in = slice_from(in, used);
		h2_trace_event(t, side, kind, &ev);
	} while (kind != HTTP2_MORE && kind != HTTP2_BAD);
	if (kind == HTTP2_MORE && in.n > 0)
		abort();
	return kind == HTTP2_MORE;
}

/* All lines, in the order of the streams. */
static inline void
h2_trace_print(struct h2_trace *t, struct buf *out)
{
	for (size_t i = 0; i < TRACE_STREAMS; i++) {
		for (size_t s = 0; s < HTTP2_SIDES; s++) {
			if (t->text[s][i].n == 0)
				continue;
			buf_fmt(out, "%c%zu ", "cs"[s], i);
			buf_add(out, buf_slice(&t->text[s][i]));
			buf_addc(out, '\n');
		}
	}
	if (http2_why(t->h))
		buf_fmt(out, "bad: %s\n", http2_why(t->h));
}

#endif
