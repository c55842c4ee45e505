/* zstd (RFC 8878) through libzstd. */
#include "coding.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

/* RFC 9659: senders must not need a window above 8 MiB. */
#define WINDOW_LOG_MAX 23
/* Enough to see how long a frame's header is. */
#define FRAME_START_BYTES 5

static enum coding_result
fault(size_t r)
{
	return ZSTD_getErrorCode(r) == ZSTD_error_frameParameter_windowTooLarge ?
		CODING_LIMIT : CODING_BROKEN;
}

/*
 * A call that fails gives back nothing of what it decoded, so that each call
 * gets what the library asked for: one block.
 */
static enum coding_result
decode_all(ZSTD_DStream *z, struct slice in, struct sink *s)
{
	char part[SINK_PART];
	ZSTD_inBuffer from = { in.p, 0, 0 };
	size_t want = 0;

	for (;;) {
		ZSTD_outBuffer to = { part, sizeof(part), 0 };
		size_t left = in.n - from.pos;

		if (want == 0 && left == 0)
			return CODING_OK;
		if (want == 0)
			want = FRAME_START_BYTES;	/* another frame */
		from.size = from.pos + (want < left ? want : left);
		want = ZSTD_decompressStream(z, &to, &from);
		if (!sink_add(s, part, to.pos))
			return CODING_LIMIT;
		if (ZSTD_isError(want))
			return fault(want);
		if (want > 0 && from.pos == in.n && to.pos < to.size)
			return CODING_BROKEN;	/* it asks for more */
	}
}

enum coding_result
coding_zstd(struct slice in, struct sink *s)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	enum coding_result r;

	if (!z)
		abort();	/* out of memory */
	/* Fails on a wrong parameter only, which this one is not. */
	(void)ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	r = decode_all(z, in, s);
	ZSTD_freeDStream(z);
	return r;
}
