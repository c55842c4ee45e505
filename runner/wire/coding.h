/*
 * Private to wire/: one decoder a content coding, which appends to `out`
 * through sink_add(), which knows the limits; and one encoder (encode.c).
 */
#ifndef WIRE_CODING_H
#define WIRE_CODING_H

#include <dvr/wire/coding.h>

/* What decoders write through: 16 KiB keeps the stack small and the calls
 * few. */
#define SINK_PART (16u * KiB)

struct sink {
	struct buf *out;
	size_t left;		/* bytes that may still come out */
	size_t came;		/* bytes that came out in this pass */
	size_t known;		/* of them, came out in the pass before */
};

/* Appends what fits; false when that was not all of it. */
bool sink_add(struct sink *s, const void *p, size_t n);
/* The same stream comes again from its start: what is there already is not
 * appended twice. */
void sink_again(struct sink *s);

typedef enum coding_result coding_fn(struct slice in, struct sink *s);

coding_fn coding_gzip, coding_deflate;	/* inflate.c */
coding_fn coding_brotli;		/* brotli.c */
coding_fn coding_zstd;			/* zstd.c */

/* Appends `in` coded.  An encoder fails for want of memory alone. */
typedef void encode_fn(struct slice in, struct buf *out);

encode_fn encode_gzip, encode_deflate, encode_brotli, encode_zstd;

/*
 * brotli and zstd give back nothing of what a call decoded when that call finds
 * a fault, except while they wait for input.  So a pass is made with all of
 * the input, and after a fault another one byte by byte.
 */
struct pass {
	size_t feed;		/* bytes handed over at a time */
	bool fault;		/* the data is wrong, not merely cut */
};

typedef enum coding_result pass_fn(struct slice in, struct pass *p,
				   struct sink *s);
enum coding_result coding_in_passes(pass_fn *run, struct slice in,
				    struct sink *s);

#endif
