/* Makes a head of an HTTP/2 header block's fields: start line and lines. */
#include <dvr/wire/http2_head.h>

#include <dvr/base/mem.h>

#include <stdlib.h>

/* Room for the fields, for the lines that are made of them, and for a value
 * that stands in the start line as well. */
#define TEXT_MAX (4 * (HTTP1_HEAD_MAX + 8 * HTTP1_HEADERS_MAX))

void
http2_head_init(struct http2_head *h)
{
	*h = (struct http2_head){ .cut = false };
	buf_init(&h->text, TEXT_MAX);
}

void
http2_head_release(struct http2_head *h)
{
	buf_release(&h->text);
	free(h->fields);
	free(h->headers);
}

void
http2_head_clear(struct http2_head *h)
{
	buf_clear(&h->text);
	h->n = 0;
	h->cut = false;
}

void
http2_head_add(struct http2_head *h, struct slice name, struct slice value)
{
	if (h->n == HTTP1_HEADERS_MAX ||
	    h->text.n + name.n + value.n > HTTP1_HEAD_MAX) {
		h->cut = true;
		return;
	}
	if (h->n == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 16;
		h->fields = mem_grow(h->fields, h->cap, sizeof(*h->fields));
	}
	h->fields[h->n].name = h->text.n;
	h->fields[h->n].name_n = name.n;
	buf_add(&h->text, name);
	h->fields[h->n].value = h->text.n;
	h->fields[h->n++].value_n = value.n;
	buf_add(&h->text, value);
}

static struct slice
name_of(const struct http2_head *h, size_t i)
{
	return slice_of(h->text.p + h->fields[i].name, h->fields[i].name_n);
}

static struct slice
value_of(const struct http2_head *h, size_t i)
{
	return slice_of(h->text.p + h->fields[i].value, h->fields[i].value_n);
}

/* The first field of that name, or "". */
static struct slice
pseudo(const struct http2_head *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++)
		if (slice_eq(name_of(h, i), slice_str(name)))
			return value_of(h, i);
	return (struct slice){ 0 };
}

/* Those that the start line tells. */
static bool
in_line(struct slice name)
{
	return slice_eq(name, SLICE(":method")) ||
	       slice_eq(name, SLICE(":path")) ||
	       slice_eq(name, SLICE(":status"));
}

/* Bytes that would end a line end nothing here; they are told of. */
static bool
is_odd(struct slice s)
{
	return slice_chr(s, '\r') >= 0 || slice_chr(s, '\n') >= 0 ||
	       slice_chr(s, '\0') >= 0;
}

/* The whole text is reserved first: slices into it stay. */
static struct slice
put(struct buf *b, const struct slice *v, size_t n)
{
	size_t from = b->n;

	for (size_t i = 0; i < n; i++)
		buf_add(b, v[i]);
	return slice_of(b->p + from, b->n - from);
}

static void
start_line(struct http2_head *h)
{
	struct http1_head *out = &h->head;
	struct slice method = pseudo(h, ":method"), path = pseudo(h, ":path");
	struct slice status = pseudo(h, ":status");
	uint64_t code;

	if (!path.p)	/* CONNECT (RFC 9113 §8.5) */
		path = pseudo(h, ":authority");
	if (method.p) {
		const struct slice v[] = { method, SLICE(" "), path,
					   SLICE(" HTTP/2") };

		out->line = put(&h->text, v, ARRAY_LEN(v));
		out->method = slice_range(out->line, 0, method.n);
		out->target = slice_range(out->line, method.n + 1,
					  method.n + 1 + path.n);
	} else if (status.p) {
		const struct slice v[] = { SLICE("HTTP/2 "), status };

		out->line = put(&h->text, v, ARRAY_LEN(v));
		if (slice_uint(status, 999, &code) == 0)
			out->status = (unsigned)code;
	}
	buf_adds(&h->text, "\r\n");
}

static void
header_line(struct http2_head *h, size_t i)
{
	struct slice name = name_of(h, i), value = value_of(h, i);
	const struct slice v[] = { name, SLICE(": "), value };
	struct http1_header *out = &h->headers[h->head.nheaders++];

	if (is_odd(name) || is_odd(value))
		h->head.ambiguous = "a field with a line end or NUL in it";
	out->line = put(&h->text, v, ARRAY_LEN(v));
	out->name = slice_range(out->line, 0, name.n);
	out->value = slice_trim(slice_from(out->line, name.n + 2));
	buf_adds(&h->text, "\r\n");
}

void
http2_head_finish(struct http2_head *h)
{
	size_t need = 64, from;

	h->head = (struct http1_head){ .minor = 0 };
	for (size_t i = 0; i < h->n; i++)
		need += 2 * (h->fields[i].name_n + h->fields[i].value_n + 4);
	(void)buf_room(&h->text, need);
	if (h->headers_cap < h->n) {
		h->headers_cap = h->n;
		h->headers = mem_grow(h->headers, h->n, sizeof(*h->headers));
	}
	h->head.headers = h->headers;
	from = h->text.n;
	start_line(h);
	for (size_t i = 0; i < h->n; i++)
		if (!in_line(name_of(h, i)))
			header_line(h, i);
	buf_adds(&h->text, "\r\n");
	h->head.raw = slice_of(h->text.p + from, h->text.n - from);
	if (h->cut)
		h->head.ambiguous = "more header fields than are kept";
}
