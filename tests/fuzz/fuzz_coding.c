/*
 * Content codings under any bytes: no more comes out than the limit and the
 * ratio allow, and a body that is cut gives the beginning of what the whole
 * gives.  The first byte chooses the codings.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <dvr/base/mem.h>
#include <dvr/wire/coding.h>

#define OUT_MAX (3u * MiB)
#define OUT_RATIO 2000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const names[] = {
	"gzip", "deflate", "br", "zstd", "gzip, br", "zstd, gzip",
	"br, deflate", "identity", "gzip, gzip",
};

static enum coding_result
run(const char *name, struct slice in, struct buf *out)
{
	char *copy = mem_alloc(in.n ? in.n : 1);
	enum coding_result r;

	if (in.n > 0)
		memcpy(copy, in.p, in.n);
	buf_init(out, OUT_MAX);
	r = coding_decode(slice_str(name), slice_of(copy, in.n), out);
	free(copy);
	if (out->n > OUT_MAX || out->full || r == CODING_UNKNOWN)
		abort();
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf whole, cut;
	const char *name;
	struct slice in;

	if (n < 4)
		return 0;
	name = names[data[0] % ARRAY_LEN(names)];
	in = slice_of(data + 1, n - 1);
	run(name, in, &whole);
	if (!strchr(name, ',') && whole.n > MiB + OUT_RATIO * in.n)
		abort();
	run(name, slice_range(in, 0, in.n / 2 + 1), &cut);
	if (!slice_starts(buf_slice(&whole), buf_slice(&cut)))
		abort();
	buf_release(&whole);
	buf_release(&cut);
	return 0;
}
