/* br (RFC 7932) through libbrotlidec. */
#include "coding.h"

#include <brotli/decode.h>
#include <stdlib.h>

static enum coding_result
decode_all(BrotliDecoderState *b, struct slice in, struct pass *p,
	   struct sink *s)
{
	uint8_t part[SINK_PART];
	const uint8_t *next = (const uint8_t *)in.p;
	size_t left = 0, later = in.n;

	for (;;) {
		uint8_t *to = part;
		size_t room = sizeof(part);
		BrotliDecoderResult r;

		r = BrotliDecoderDecompressStream(b, &left, &next, &room, &to,
						  NULL);
		if (!sink_add(s, part, sizeof(part) - room))
			return CODING_LIMIT;
		switch (r) {
		case BROTLI_DECODER_RESULT_SUCCESS:
			return left + later == 0 ? CODING_OK : CODING_BROKEN;
		case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
			continue;
		case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
			if (later == 0)
				return CODING_BROKEN;
			left = p->feed < later ? p->feed : later;
			later -= left;
			continue;
		case BROTLI_DECODER_RESULT_ERROR:
			p->fault = true;
			return CODING_BROKEN;
		}
	}
}

static enum coding_result
run(struct slice in, struct pass *p, struct sink *s)
{
	BrotliDecoderState *b = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	enum coding_result r;

	if (!b)
		abort();	/* out of memory */
	r = decode_all(b, in, p, s);
	BrotliDecoderDestroyInstance(b);
	return r;
}

enum coding_result
coding_brotli(struct slice in, struct sink *s)
{
	return coding_in_passes(run, in, s);
}
