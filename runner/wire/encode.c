/* The encoders of content codings, for bodies that were changed. */
#include "coding.h"

#include <dvr/base/mem.h>

#include <brotli/encode.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define BITS_ZLIB 15
#define BITS_GZIP (15 + 16)
#define MEMORY_LEVEL 8		/* zlib's own default */
#define BROTLI_QUALITY_USED 5	/* what servers use: 11 is slow */
#define ZSTD_LEVEL_USED 3	/* zstd's own default */
/* avail_in is an unsigned int. */
#define FEED_MAX (1u << 30)

static void
deflate_all(z_stream *z, struct slice in, struct buf *out)
{
	unsigned char part[SINK_PART];
	int r;

	do {
		size_t feed = in.n < FEED_MAX ? in.n : FEED_MAX;

		/* zlib never writes through next_in. */
		z->next_in = (z_const Bytef *)(uintptr_t)in.p;
		z->avail_in = (uInt)feed;
		z->next_out = part;
		z->avail_out = sizeof(part);
		r = deflate(z, feed == in.n ? Z_FINISH : Z_NO_FLUSH);
		in = slice_from(in, feed - z->avail_in);
		buf_add(out, slice_of((const char *)part,
				      sizeof(part) - z->avail_out));
	} while (r == Z_OK && !out->full);
}

static void
deflate_as(int bits, struct slice in, struct buf *out)
{
	z_stream z = { .zalloc = Z_NULL };

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits,
			 MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();	/* out of memory */
	deflate_all(&z, in, out);
	deflateEnd(&z);
}

void
encode_gzip(struct slice in, struct buf *out)
{
	deflate_as(BITS_GZIP, in, out);
}

void
encode_deflate(struct slice in, struct buf *out)
{
	deflate_as(BITS_ZLIB, in, out);
}

void
encode_brotli(struct slice in, struct buf *out)
{
	size_t n = BrotliEncoderMaxCompressedSize(in.n);
	uint8_t *coded = mem_alloc(n);

	if (n == 0 || !BrotliEncoderCompress(BROTLI_QUALITY_USED,
			BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, in.n,
			(const uint8_t *)in.p, &n, coded))
		abort();	/* out of memory */
	buf_add(out, slice_of((const char *)coded, n));
	free(coded);
}

void
encode_zstd(struct slice in, struct buf *out)
{
	size_t n = ZSTD_compressBound(in.n);
	char *coded = mem_alloc(n);

	n = ZSTD_compress(coded, n, in.p, in.n, ZSTD_LEVEL_USED);
	if (ZSTD_isError(n))
		abort();	/* out of memory */
	buf_add(out, slice_of(coded, n));
	free(coded);
}
