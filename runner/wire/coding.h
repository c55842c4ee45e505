/*
 * Private to wire/: one decoder a content coding.  Each appends to `out`
 * through sink_add(), which knows the limits.
 */
#ifndef WIRE_CODING_H
#define WIRE_CODING_H

#include <dvr/wire/coding.h>

/* What decoders write through: 16 KiB keeps the stack small and the calls few. */
#define SINK_PART (16u * KiB)

struct sink {
	struct buf *out;
	size_t left;		/* bytes that may still come out */
};

/* Appends what fits; false when that was not all of it. */
bool sink_add(struct sink *s, const void *p, size_t n);

typedef enum coding_result coding_fn(struct slice in, struct sink *s);

coding_fn coding_gzip, coding_deflate;	/* inflate.c */
coding_fn coding_brotli;		/* brotli.c */
coding_fn coding_zstd;			/* zstd.c */

#endif
