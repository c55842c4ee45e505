/* Writes and reads the records of an HTTP/2 stream in the ring. */
#include "stream_record.h"

#include <string.h>

static void
put_number(uint32_t v, char out[4])
{
	out[0] = (char)(v >> 24 & 0xff);
	out[1] = (char)(v >> 16 & 0xff);
	out[2] = (char)(v >> 8 & 0xff);
	out[3] = (char)(v & 0xff);
}

void
stream_record_begin(enum stream_record_kind kind, size_t n,
		    char out[RECORD_HEAD_BYTES])
{
	out[0] = (char)kind;
	put_number((uint32_t)n, out + 1);
}

static void
put_line(struct slice line, struct buf *out)
{
	char n[RECORD_LINE_BYTES];

	put_number((uint32_t)line.n, n);
	buf_add(out, slice_of(n, sizeof(n)));
	buf_add(out, line);
}

void
stream_record_lines(enum stream_record_kind kind, const struct http1_head *h,
		    struct buf *out)
{
	size_t n = RECORD_LINE_BYTES + h->line.n;
	char head[RECORD_HEAD_BYTES];

	for (size_t i = 0; i < h->nheaders; i++)
		n += RECORD_LINE_BYTES + h->headers[i].line.n;
	stream_record_begin(kind, n, head);
	buf_add(out, slice_of(head, sizeof(head)));
	put_line(h->line, out);
	for (size_t i = 0; i < h->nheaders; i++)
		put_line(h->headers[i].line, out);
}

void
stream_record_code(enum stream_record_kind kind, uint32_t code,
		   struct buf *out)
{
	char head[RECORD_HEAD_BYTES], text[4];

	stream_record_begin(kind, sizeof(text), head);
	put_number(code, text);
	buf_add(out, slice_of(head, sizeof(head)));
	buf_add(out, slice_of(text, sizeof(text)));
}

uint32_t
stream_record_number(struct slice payload)
{
	uint32_t v = 0;

	for (size_t i = 0; i < 4 && i < payload.n; i++)
		v = v << 8 | (unsigned char)payload.p[i];
	return v;
}

bool
stream_record_next(struct slice *in, struct stream_record *out)
{
	size_t n;

	if (in->n < RECORD_HEAD_BYTES)
		return false;
	out->kind = (enum stream_record_kind)in->p[0];
	n = stream_record_number(slice_from(*in, 1));
	*in = slice_from(*in, RECORD_HEAD_BYTES);
	out->payload = slice_range(*in, 0, n);
	*in = slice_from(*in, out->payload.n);
	return true;
}

bool
stream_record_line(struct slice *payload, struct slice *out)
{
	size_t n;

	if (payload->n < RECORD_LINE_BYTES)
		return false;
	n = stream_record_number(*payload);
	*payload = slice_from(*payload, RECORD_LINE_BYTES);
	*out = slice_range(*payload, 0, n);
	*payload = slice_from(*payload, out->n);
	return true;
}
