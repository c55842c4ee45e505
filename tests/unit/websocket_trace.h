/* What a WebSocket direction decodes to, as text, however it is cut. */
#ifndef TESTS_WEBSOCKET_TRACE_H
#define TESTS_WEBSOCKET_TRACE_H

#include <dvr/base/mem.h>
#include <dvr/wire/websocket.h>

#include <stdlib.h>

static inline void
websocket_trace_one(const struct websocket_message *m, struct buf *out)
{
	buf_fmt(out, "%u [%llu,%llu) ", (unsigned)m->kind,
		(unsigned long long)m->from, (unsigned long long)m->to);
	if (m->code)
		buf_fmt(out, "%u ", m->code);
	buf_adds(out, m->withheld ? m->withheld : "");
	buf_add(out, m->payload);
	buf_adds(out, "\n");
}

/* Feeds `in` in pieces of `step` bytes, each in memory of its own. */
static inline void
websocket_trace(const struct websocket_terms *terms, size_t limit,
		struct slice in, size_t step, struct buf *out)
{
	struct websocket_message m;
	struct websocket w;
	enum websocket_event ev = WEBSOCKET_MORE;
	size_t used;

	websocket_init(&w, terms, limit);
	while (in.n > 0 && ev != WEBSOCKET_BAD) {
		size_t n = in.n < step ? in.n : step, at = 0;
		char *copy = mem_alloc(n);

		memcpy(copy, in.p, n);
		do {
			ev = websocket_next(&w, slice_of(copy + at, n - at),
					    &used, &m);
			at += used;
			if (ev == WEBSOCKET_MESSAGE)
				websocket_trace_one(&m, out);
		} while (ev == WEBSOCKET_MESSAGE);
		free(copy);
		in = slice_from(in, n);
	}
	if (ev == WEBSOCKET_BAD)
		buf_fmt(out, "bad: %s\n", w.why);
	websocket_release(&w);
}

#endif
