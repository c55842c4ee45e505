/* Makes bodies in a content coding. */
#include "coders.h"

#include <brotli/encode.h>
#include <check.h>
#include <zlib.h>
#include <zstd.h>

void
code_deflate(struct slice in, int window, struct buf *out)
{
	z_stream z = { .zalloc = Z_NULL };
	size_t room = compressBound(in.n) + 64;

	ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, window, 8,
				      Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (z_const Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.n;
	z.next_out = (Bytef *)buf_room(out, room);
	z.avail_out = (uInt)room;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_grew(out, room - z.avail_out);
	deflateEnd(&z);
}

void
code_brotli(struct slice in, struct buf *out)
{
	size_t n = BrotliEncoderMaxCompressedSize(in.n) + 64;
	char *to = buf_room(out, n);

	ck_assert(BrotliEncoderCompress(9, 22, BROTLI_MODE_TEXT, in.n,
					(const uint8_t *)in.p, &n,
					(uint8_t *)to));
	buf_grew(out, n);
}

void
code_zstd(struct slice in, struct buf *out)
{
	size_t n = ZSTD_compressBound(in.n);
	char *to = buf_room(out, n);

	n = ZSTD_compress(to, n, in.p, in.n, 3);
	ck_assert(!ZSTD_isError(n));
	buf_grew(out, n);
}
