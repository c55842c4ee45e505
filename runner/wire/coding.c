/* Undoes lists of content codings within limits, and makes them again. */
#include "coding.h"

/* A body that is coded more often than this is an attack. */
#define CODINGS_MAX 8

/*
 * A stream may give RATIO_FREE_BYTES whatever its size, then no more than
 * RATIO_MAX times its own: deflate cannot pass 1032, and br and zstd only do
 * on data made to.
 */
#define RATIO_FREE_BYTES (1u * MiB)
#define RATIO_MAX 2000u

struct coding {
	struct slice name;
	coding_fn *decode;	/* NULL: nothing to undo */
	encode_fn *encode;
};

/* RFC 9110 §18.6; "x-gzip" is §8.4.1.3's alias. */
static const struct coding codings[] = {
	{ { "gzip", 4 }, coding_gzip, encode_gzip },
	{ { "br", 2 }, coding_brotli, encode_brotli },
	{ { "deflate", 7 }, coding_deflate, encode_deflate },
	{ { "zstd", 4 }, coding_zstd, encode_zstd },
	{ { "x-gzip", 6 }, coding_gzip, encode_gzip },
	{ { "identity", 8 }, NULL, NULL },
};

/* The codings of a header's value that have something to undo. */
struct chain {
	const struct coding *step[CODINGS_MAX];
	size_t n;
	bool known, too_long;
};

bool
sink_add(struct sink *s, const void *p, size_t n)
{
	size_t skip = s->came < s->known ? s->known - s->came : 0;
	struct slice fresh = slice_from(slice_of(p, n), skip);
	size_t fits = fresh.n < s->left ? fresh.n : s->left;

	s->came += n;
	buf_add(s->out, slice_range(fresh, 0, fits));
	s->left -= fits;
	return fits == fresh.n;
}

void
sink_again(struct sink *s)
{
	s->known = s->came;
	s->came = 0;
}

enum coding_result
coding_in_passes(pass_fn *run, struct slice in, struct sink *s)
{
	struct pass whole = { .feed = SIZE_MAX }, bytes = { .feed = 1 };
	enum coding_result r = run(in, &whole, s);

	if (!whole.fault)
		return r;
	sink_again(s);
	return run(in, &bytes, s);
}

static const struct coding *
find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(codings); i++)
		if (slice_ieq(codings[i].name, name))
			return &codings[i];
	return NULL;
}

static struct chain
chain_of(struct slice rest)
{
	struct chain c = { .known = true };

	while (rest.p) {
		struct slice item = slice_trim(slice_cut(&rest, ','));
		const struct coding *k;

		if (item.n == 0)
			continue;
		k = find(item);
		if (!k) {
			c.known = false;
			break;
		}
		if (!k->decode)
			continue;
		if (c.n == CODINGS_MAX) {
			c.too_long = true;
			break;
		}
		c.step[c.n++] = k;
	}
	return c;
}

static size_t
allowance(struct slice in, const struct buf *out)
{
	size_t room = out->limit - out->n;
	size_t cap = in.n > SIZE_MAX / RATIO_MAX - RATIO_FREE_BYTES ?
		SIZE_MAX : in.n * RATIO_MAX + RATIO_FREE_BYTES;

	return room < cap ? room : cap;
}

static enum coding_result
undo(coding_fn *decode, struct slice in, struct buf *out)
{
	struct sink s = { .out = out, .left = allowance(in, out) };

	/* No body at all: an answer to HEAD, or a server that sends none. */
	return in.n == 0 ? CODING_OK : decode(in, &s);
}

static enum coding_result
undo_none(struct slice in, struct buf *out)
{
	struct sink s = { .out = out, .left = out->limit - out->n };

	return sink_add(&s, in.p, in.n) ? CODING_OK : CODING_LIMIT;
}

enum coding_result
coding_decode(struct slice names, struct slice in, struct buf *out)
{
	struct chain c = chain_of(names);
	enum coding_result first = CODING_OK;
	struct buf between[2];
	size_t turn = 0;

	if (!c.known)
		return CODING_UNKNOWN;
	if (c.too_long)
		return CODING_LIMIT;
	if (c.n == 0)
		return undo_none(in, out);
	buf_init(&between[0], out->limit);
	buf_init(&between[1], out->limit);
	/* On a fault the rest of the chain still works on what came out before
	 * it: the readable part is what the caller scans. */
	for (size_t i = c.n; i-- > 0; turn ^= 1) {
		struct buf *to = i == 0 ? out : &between[turn];
		enum coding_result r;

		if (i > 0)
			buf_clear(to);
		r = undo(c.step[i]->decode, in, to);
		if (first == CODING_OK)
			first = r;
		in = buf_slice(to);
	}
	buf_release(&between[0]);
	buf_release(&between[1]);
	return first;
}

enum coding_result
coding_encode(struct slice names, struct slice in, struct buf *out)
{
	struct chain c = chain_of(names);
	struct buf between[2];
	size_t turn = 0;

	if (!c.known)
		return CODING_UNKNOWN;
	if (c.too_long)
		return CODING_LIMIT;
	if (c.n == 0)
		buf_add(out, in);
	buf_init(&between[0], out->limit);
	buf_init(&between[1], out->limit);
	for (size_t i = 0; i < c.n; i++, turn ^= 1) {
		struct buf *to = i + 1 == c.n ? out : &between[turn];

		if (i + 1 < c.n)
			buf_clear(to);
		c.step[i]->encode(in, to);
		if (to->full)
			break;
		in = buf_slice(to);
	}
	turn = out->full || between[0].full || between[1].full;
	buf_release(&between[0]);
	buf_release(&between[1]);
	return turn ? CODING_LIMIT : CODING_OK;
}

bool
coding_known(struct slice names)
{
	return chain_of(names).known;
}

bool
coding_identity(struct slice names)
{
	struct chain c = chain_of(names);

	return c.known && c.n == 0;
}
