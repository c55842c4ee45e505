/* Bytes that depend on a handle's text alone. */
#ifndef SCRUB_DRAW_H
#define SCRUB_DRAW_H

#include <dvr/base/buf.h>
#include <dvr/base/hash.h>

/* SHA-256 in counter mode; begin with .seed and .used = SHA256_BYTES. */
struct stream {
	struct slice seed;
	unsigned char block[SHA256_BYTES];
	size_t used;
	uint32_t counter;
};

unsigned draw(struct stream *s);
/* Appends n of the letters. */
void fill(struct stream *s, struct slice letters, size_t n, struct buf *out);

#endif
