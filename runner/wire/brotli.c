/* br (RFC 7932) through libbrotlidec. */
#include "coding.h"

#include <brotli/decode.h>
#include <stdlib.h>

/* One pass over a body. */
struct pass {
	size_t feed;		/* bytes handed over at a time */
	size_t skip;		/* bytes that an earlier pass put out */
	size_t came;		/* bytes that came out */
	bool fault;		/* the data is wrong, not merely cut */
};

static bool
put_out(struct pass *p, struct sink *s, const uint8_t *part, size_t n)
{
	size_t skip = p->came < p->skip ? p->skip - p->came : 0;

	if (skip > n)
		skip = n;
	p->came += n;
	return sink_add(s, part + skip, n - skip);
}

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
		if (!put_out(p, s, part, sizeof(part) - room))
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

/*
 * On a fault the library keeps what is in its window; it gives that out only
 * when it waits for input.  So a faulty body is read again byte by byte.
 */
enum coding_result
coding_brotli(struct slice in, struct sink *s)
{
	struct pass whole = { .feed = SIZE_MAX };
	enum coding_result r = run(in, &whole, s);

	if (whole.fault) {
		struct pass again = { .feed = 1, .skip = whole.came };

		r = run(in, &again, s);
	}
	return r;
}
