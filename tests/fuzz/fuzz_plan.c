/* The plan's reader under any text: refused with a place, or printed and read
 * to the same text again. */
#include <stdlib.h>
#include <string.h>

#include <dvr/base/buf.h>
#include <dvr/tape/plan.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *a = arena_create();
	struct buf text, again;
	struct err e = { 0 };
	struct plan p;

	buf_init(&text, 64 * MiB);
	buf_init(&again, 64 * MiB);
	if (plan_read(a, "f", slice_of(data, n), &p, &e) < 0) {
		if (e.code != ERR_TAPE || strncmp(e.msg, "f:", 2) != 0)
			abort();
		goto out;
	}
	plan_print(&p, &text);
	if (plan_read(a, "f", buf_slice(&text), &p, &e) < 0)
		abort();
	plan_print(&p, &again);
	if (!slice_eq(buf_slice(&text), buf_slice(&again)))
		abort();
out:
	buf_release(&text);
	buf_release(&again);
	arena_destroy(a);
	return 0;
}
