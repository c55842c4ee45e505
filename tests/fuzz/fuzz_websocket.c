/*
 * The WebSocket decoder under any bytes: the same messages however they are
 * cut, and no more memory than its limit says.
 *
 * Input: one byte that says the terms, then the bytes of a direction.
 */
#include <stdint.h>
#include <stdio.h>

#include "../unit/websocket_trace.h"

#define LIMIT (64u * KiB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const size_t steps[] = { 1, 7 };
	struct websocket_terms terms = { .sender = WEBSOCKET_CLIENT };
	struct buf a, b;

	if (n == 0)
		return 0;
	terms.sender = data[0] & 1 ? WEBSOCKET_SERVER : WEBSOCKET_CLIENT;
	terms.deflate = (data[0] & 2) != 0;
	terms.no_context = (data[0] & 4) != 0;
	buf_init(&a, 256 * MiB);
	buf_init(&b, 256 * MiB);
	websocket_trace(&terms, LIMIT, slice_of(data + 1, n - 1), n, &a);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		buf_clear(&b);
		websocket_trace(&terms, LIMIT, slice_of(data + 1, n - 1),
				steps[i], &b);
		if (!slice_eq(buf_slice(&a), buf_slice(&b))) {
			fprintf(stderr, "whole: %s\nstep %zu: %s\n",
				buf_cstr(&a), steps[i], buf_cstr(&b));
			abort();
		}
	}
	buf_release(&a);
	buf_release(&b);
	return 0;
}
