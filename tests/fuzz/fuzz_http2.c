/*
 * The HTTP/2 decoder under any bytes of both sides: the same events however
 * they are cut, and no more memory than its limits say.
 *
 * Input: pieces of {side and length (two bytes), bytes}; the client's begin
 * with the preface, which is put there.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../unit/http2_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Memory of its own, so that a read behind the end is seen. */
static bool
feed_copy(struct h2_trace *t, enum http2_side side, const uint8_t *p, size_t n)
{
	char *copy = mem_alloc(n ? n : 1);
	bool good;

	if (n > 0)
		memcpy(copy, p, n);
	good = h2_trace_feed(t, side, slice_of(copy, n));
	free(copy);
	return good;
}

static void
run(struct h2_trace *t, const uint8_t *p, size_t n, size_t step)
{
	h2_trace_init(t);
	feed_copy(t, HTTP2_CLIENT, (const uint8_t *)HTTP2_PREFACE,
		  HTTP2_PREFACE_BYTES);
	while (n >= 2) {
		enum http2_side side = p[0] & 1 ? HTTP2_SERVER : HTTP2_CLIENT;
		size_t piece = (size_t)(p[0] >> 1) << 8 | p[1];

		p += 2;
		n -= 2;
		if (piece > n)
			piece = n;
		for (size_t i = 0; i < piece; i += step)
			if (!feed_copy(t, side, p + i,
				       piece - i < step ? piece - i : step))
				return;
		p += piece;
		n -= piece;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const size_t steps[] = { 1, 7 };
	struct h2_trace whole, other;
	struct buf a, b;

	run(&whole, data, n, SIZE_MAX / 2);
	buf_init(&a, 256 * MiB);
	buf_init(&b, 256 * MiB);
	h2_trace_print(&whole, &a);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		run(&other, data, n, steps[i]);
		buf_clear(&b);
		h2_trace_print(&other, &b);
		if (!slice_eq(buf_slice(&a), buf_slice(&b))) {
			fprintf(stderr, "whole: %s\nstep %zu: %s\n",
				buf_cstr(&a), steps[i], buf_cstr(&b));
			abort();
		}
		h2_trace_release(&other);
	}
	h2_trace_release(&whole);
	buf_release(&a);
	buf_release(&b);
	return 0;
}
