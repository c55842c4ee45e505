/* zstd (RFC 8878) through libzstd. */
#include "coding.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

/* RFC 9659: senders must not need a window above 8 MiB. */
#define WINDOW_LOG_MAX 23

static enum coding_result
fault(size_t r)
{
	return ZSTD_getErrorCode(r) == ZSTD_error_frameParameter_windowTooLarge ?
		CODING_LIMIT : CODING_BROKEN;
}

/*
 * Is what stands at a frame's start one of RFC 8878's frames (§3.1, §3.1.2)?
 * The library also reads formats from before 1.0, which HTTP never had.  Too
 * few bytes to tell: the library then asks for more.
 */
static bool
begins_frame(struct slice rest)
{
	if (rest.n < 4)
		return true;
	if (memcmp(rest.p, "\x28\xb5\x2f\xfd", 4) == 0)
		return true;
	return (rest.p[0] & 0xf0) == 0x50 &&
	       memcmp(rest.p + 1, "\x2a\x4d\x18", 3) == 0;
}

static enum coding_result
decode_all(ZSTD_DStream *z, struct slice in, struct pass *p, struct sink *s)
{
	char part[SINK_PART];
	ZSTD_inBuffer from = { in.p, 0, 0 };
	size_t r = 0;		/* 0: between frames */

	for (;;) {
		ZSTD_outBuffer to = { part, sizeof(part), 0 };
		size_t left = in.n - from.pos;

		if (r == 0 && !begins_frame(slice_from(in, from.pos)))
			return CODING_BROKEN;
		from.size = from.pos + (p->feed < left ? p->feed : left);
		r = ZSTD_decompressStream(z, &to, &from);
		if (!sink_add(s, part, to.pos))
			return CODING_LIMIT;
		if (ZSTD_isError(r)) {
			p->fault = true;
			return fault(r);
		}
		if (from.pos < in.n)
			continue;
		if (r == 0)
			return CODING_OK;	/* the end of a frame */
		if (to.pos < to.size)
			return CODING_BROKEN;	/* it asks for more */
	}
}

static enum coding_result
run(struct slice in, struct pass *p, struct sink *s)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	enum coding_result r;

	if (!z)
		abort();	/* out of memory */
	/* Fails on a wrong parameter only, which this one is not. */
	(void)ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	r = decode_all(z, in, p, s);
	ZSTD_freeDStream(z);
	return r;
}

enum coding_result
coding_zstd(struct slice in, struct sink *s)
{
	return coding_in_passes(run, in, s);
}
