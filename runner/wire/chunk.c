/* Reads the lines around chunks byte by byte, so that no split matters. */
#include "chunk.h"

/* Where in the line (d->line). */
enum place {
	PLACE_FIRST,	/* the first digit */
	PLACE_DIGITS,
	PLACE_SPACE,	/* bad white space behind the size */
	PLACE_EXT,	/* behind ';' */
	PLACE_LF	/* CR was read */
};

static enum chunk_step
bad(struct http1_decoder *d, const char *why)
{
	d->why = why;
	return CHUNK_BAD;
}

void
chunk_begin(struct http1_decoder *d)
{
	d->line = PLACE_FIRST;
	d->chunk_line = 0;
	d->chunk_size = 0;
}

static int
hex_value(struct http1_decoder *d, char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c < 'A' || c > 'F')
		return -1;
	d->chunks_odd = true;	/* rebuilt sizes are in lower case */
	return c - 'A' + 10;
}

static enum chunk_step
take_digit(struct http1_decoder *d, char c)
{
	int v = hex_value(d, c);

	if (v < 0)
		return bad(d, "a chunk size that is no number");
	/* A digit behind a zero: the zero was a leading one. */
	if (d->line == PLACE_DIGITS && d->chunk_size == 0)
		d->chunks_odd = true;
	if (d->chunk_size > (uint64_t)INT64_MAX >> 4)
		return bad(d, "a chunk size above 2^63 - 1");
	d->chunk_size = d->chunk_size << 4 | (uint64_t)v;
	d->line = PLACE_DIGITS;
	return CHUNK_MORE;
}

static enum chunk_step
take(struct http1_decoder *d, char c)
{
	if (d->line == PLACE_LF)
		return c == '\n' ? CHUNK_DONE
				 : bad(d, "bare CR in a chunk header");
	if (d->line == PLACE_FIRST)
		return take_digit(d, c);
	if (c == '\r') {
		d->line = PLACE_LF;
		return CHUNK_MORE;
	}
	if (c == '\n') {
		d->chunks_odd = true;
		return CHUNK_DONE;
	}
	if (d->line == PLACE_EXT) {
		if ((unsigned char)c < 0x20 && c != '\t')
			return bad(d, "a control byte in a chunk extension");
		return CHUNK_MORE;
	}
	if (d->line == PLACE_DIGITS && c != ';' && c != ' ' && c != '\t')
		return take_digit(d, c);
	d->chunks_odd = true;
	if (c == ';') {
		d->line = PLACE_EXT;
		return CHUNK_MORE;
	}
	if (c != ' ' && c != '\t')
		return bad(d, "a chunk size with bytes behind it");
	d->line = PLACE_SPACE;
	return CHUNK_MORE;
}

enum chunk_step
chunk_header(struct http1_decoder *d, struct slice in, size_t *used)
{
	for (size_t i = 0; i < in.n; i++) {
		enum chunk_step step = take(d, in.p[i]);

		*used = i + 1;
		if (step != CHUNK_MORE)
			return step;
		if (++d->chunk_line > CHUNK_LINE_MAX)
			return bad(d, "a chunk header above 16 KiB");
	}
	*used = in.n;
	return CHUNK_MORE;
}

void
chunk_end_begin(struct http1_decoder *d)
{
	d->line = PLACE_DIGITS;
}

enum chunk_step
chunk_end(struct http1_decoder *d, struct slice in, size_t *used)
{
	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];

		*used = i + 1;
		if (c == '\n') {
			if (d->line != PLACE_LF)
				d->chunks_odd = true;
			return CHUNK_DONE;
		}
		if (c != '\r' || d->line == PLACE_LF)
			return bad(d, "no line end behind a chunk's data");
		d->line = PLACE_LF;
	}
	*used = in.n;
	return CHUNK_MORE;
}
