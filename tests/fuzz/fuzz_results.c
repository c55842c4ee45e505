/* The reader of JSON results under any text: refused with a reason, or printed
 * and read to the same text again. */
#include <dvr/reporter.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool
again(struct slice text, struct buf *out)
{
	struct results r = { .arena = arena_create() };
	const struct report_style style = { 0 };
	struct err e = { 0 };
	bool read = results_read(text, RESULTS_ANY, &r, &e) == 0;

	if (!read && (e.code != ERR_USAGE || !e.msg[0]))
		abort();
	if (read && reporter_find("json")->print(&r, &style, out, &e) != 0)
		abort();
	arena_destroy(r.arena);
	return read;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf once, twice;

	buf_init(&once, 64 * MiB);
	buf_init(&twice, 64 * MiB);
	if (again(slice_of(data, n), &once) &&
	    (!again(buf_slice(&once), &twice) ||
	     !slice_eq(buf_slice(&once), buf_slice(&twice))))
		abort();
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
