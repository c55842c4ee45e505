/* Private to wire/: the lines that stand around chunks (RFC 9112 §7.1). */
#ifndef WIRE_CHUNK_H
#define WIRE_CHUNK_H

#include <dvr/wire/http1.h>

/* Longest chunk header, extensions included; Node's limit too. */
#define CHUNK_LINE_MAX (16u * KiB)

enum chunk_step {
	CHUNK_MORE,	/* all of `in` used */
	CHUNK_DONE,	/* the line is complete: d->chunk_size */
	CHUNK_BAD	/* d->why */
};

/* Before the first byte of a chunk header. */
void chunk_begin(struct http1_decoder *d);
/* Reads on in a chunk header; *used bytes of `in` belong to it. */
enum chunk_step chunk_header(struct http1_decoder *d, struct slice in,
			     size_t *used);
/* The same for the line end that follows a chunk's data. */
void chunk_end_begin(struct http1_decoder *d);
enum chunk_step chunk_end(struct http1_decoder *d, struct slice in,
			  size_t *used);

#endif
