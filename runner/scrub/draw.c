/* Bytes drawn from a handle's text. */
#include "draw.h"

unsigned
draw(struct stream *s)
{
	if (s->used == SHA256_BYTES) {
		unsigned char n[4] = {
			(unsigned char)(s->counter >> 24),
			(unsigned char)(s->counter >> 16),
			(unsigned char)(s->counter >> 8),
			(unsigned char)s->counter,
		};
		struct sha256 *h = sha256_begin();

		sha256_more(h, s->seed);
		sha256_more(h, slice_of(n, sizeof(n)));
		sha256_end(h, s->block);
		s->counter++;
		s->used = 0;
	}
	return s->block[s->used++];
}

void
fill(struct stream *s, struct slice letters, size_t n, struct buf *out)
{
	while (n-- > 0)
		buf_addc(out, letters.p[draw(s) % letters.n]);
}
