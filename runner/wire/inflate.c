/* gzip and deflate (RFC 1951, 1950, 1952) through zlib. */
#include "coding.h"

#include <stdlib.h>
#include <zlib.h>

#define BITS_AUTO (15 + 32)	/* zlib or gzip, by its header */
#define BITS_RAW (-15)
/* avail_in is an unsigned int. */
#define FEED_MAX (1u << 30)

/* Does another gzip member follow (RFC 1952 §2.2)? */
static bool
member_follows(struct slice rest)
{
	return rest.n >= 2 && rest.p[0] == '\x1f' && rest.p[1] == '\x8b';
}

static enum coding_result
inflate_all(z_stream *z, struct slice in, struct sink *s)
{
	unsigned char part[SINK_PART];
	struct slice rest = in;
	bool gzip = member_follows(in);
	int r;

	do {
		size_t feed = rest.n < FEED_MAX ? rest.n : FEED_MAX;

		/* zlib never writes through next_in. */
		z->next_in = (z_const Bytef *)(uintptr_t)rest.p;
		z->avail_in = (uInt)feed;
		z->next_out = part;
		z->avail_out = sizeof(part);
		r = inflate(z, Z_NO_FLUSH);
		rest = slice_from(rest, feed - z->avail_in);
		if (!sink_add(s, part, sizeof(part) - z->avail_out))
			return CODING_LIMIT;
		if (r != Z_STREAM_END)
			continue;
		if (rest.n == 0)
			return CODING_OK;
		if (!gzip || !member_follows(rest) || inflateReset(z) != Z_OK)
			return CODING_BROKEN;
		r = Z_OK;
	} while (r == Z_OK);
	return CODING_BROKEN;
}

static enum coding_result
inflate_as(int bits, struct slice in, struct sink *s)
{
	z_stream z = { .zalloc = Z_NULL };
	enum coding_result r;

	if (inflateInit2(&z, bits) != Z_OK)
		abort();	/* out of memory */
	r = inflate_all(&z, in, s);
	inflateEnd(&z);
	return r;
}

enum coding_result
coding_gzip(struct slice in, struct sink *s)
{
	return inflate_as(BITS_AUTO, in, s);
}

/*
 * "deflate" means zlib (RFC 9110 §8.4.1.2), yet some send raw deflate.  The two
 * are told apart for good: raw data whose low four bits are 8 would be a
 * stored block with padding that is not zero, which no encoder writes.
 */
static bool
has_header(struct slice in)
{
	unsigned a, b;

	if (member_follows(in))
		return true;
	if (in.n < 2)
		return false;
	a = (unsigned char)in.p[0];
	b = (unsigned char)in.p[1];
	return (a & 0x0f) == 8 && (a << 8 | b) % 31 == 0;
}

enum coding_result
coding_deflate(struct slice in, struct sink *s)
{
	return inflate_as(has_header(in) ? BITS_AUTO : BITS_RAW, in, s);
}
