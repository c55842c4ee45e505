/*
 * The HTTP/1.1 decoder under any bytes: whole, byte by byte and in odd pieces
 * it must tell the same events.  The first byte chooses the side and what a
 * response answers, the second how the pieces are cut.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <dvr/base/mem.h>

#include "../unit/http1_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const answers[] = { NULL, "HEAD", "CONNECT", "GET" };

/* A piece in memory of its own, so that a read behind its end is seen and
 * slices kept beyond their time are dangling. */
static void
feed_copy(struct trace *t, const uint8_t *p, size_t n)
{
	char *copy = mem_alloc(n ? n : 1);

	if (n > 0)
		memcpy(copy, p, n);
	trace_feed(t, slice_of(copy, n));
	free(copy);
}

/* step 0: all at once; 1: byte by byte; else a sequence made from it. */
static void
run(struct trace *t, unsigned flags, unsigned step, struct slice in)
{
	const uint8_t *p = (const uint8_t *)in.p;
	uint32_t x = step;

	trace_init(t, flags & 1 ? HTTP1_RESPONSE : HTTP1_REQUEST,
		   flags & 1 ? answers[flags >> 1 & 3] : NULL);
	for (size_t i = 0; i < in.n;) {
		size_t n = step == 0 ? in.n : 1;

		if (step > 1) {
			x = x * 1664525u + 1013904223u;
			n = x >> 16 & 31;
		}
		if (n > in.n - i)
			n = in.n - i;
		feed_copy(t, p + i, n);
		i += n;
	}
	trace_eof(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct trace whole, other;
	struct slice in;
	unsigned steps[2];

	if (n < 2)
		return 0;
	in = slice_of(data + 2, n - 2);
	steps[0] = 1;
	steps[1] = data[1] + 2u;
	run(&whole, data[0], 0, in);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		run(&other, data[0], steps[i], in);
		if (!slice_eq(buf_slice(&whole.text), buf_slice(&other.text))) {
			fprintf(stderr, "whole: %s\nstep %u: %s\n",
				buf_cstr(&whole.text), steps[i],
				buf_cstr(&other.text));
			abort();
		}
		trace_release(&other);
	}
	trace_release(&whole);
	return 0;
}
