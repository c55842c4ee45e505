/* Reads a complete HTTP/1.1 head (RFC 9112 §3-5) into slices over its bytes. */
#include "head.h"

#include <dvr/base/mem.h>

#include <string.h>

/* Most heads have fewer fields; the array doubles from here. */
#define FIELDS_FIRST 16

/* RFC 9110 §5.6.2 tchar, one bit a character. */
static bool
is_tchar(char ch)
{
	/* Bytes from 128 on have no bit: the words behind are zero. */
	static const uint32_t bits[8] = { 0x00000000, 0x03ff6cfa, 0xc7fffffe,
					  0x57ffffff };
	unsigned c = (unsigned char)ch;

	return bits[c >> 5] >> (c & 31) & 1;
}

static bool
is_control(char ch)
{
	unsigned char c = (unsigned char)ch;

	return (c < 0x20 && c != '\t') || c == 0x7f;
}

/* Cuts the next line off `rest`, which is known to hold a line feed. */
static struct slice
next_line(struct http1_head *h, struct slice *rest)
{
	struct slice line = slice_cut(rest, '\n');

	if (line.n == 0 || line.p[line.n - 1] != '\r') {
		h->crlf_only = false;
		head_doubt(h, "a line that ends in a bare LF");
		return line;
	}
	return slice_range(line, 0, line.n - 1);
}

static const char *
parse_version(struct http1_head *h, struct slice s)
{
	if (s.n != 8 || memcmp(s.p, "HTTP/", 5) != 0)
		return "no HTTP version in the start line";
	if (s.p[5] != '1' || s.p[6] != '.' || s.p[7] < '0' || s.p[7] > '9')
		return "not HTTP/1.x";
	h->minor = (unsigned)(s.p[7] - '0');
	if (h->minor > 1)
		head_doubt(h, "an HTTP/1 minor version above 1");
	return NULL;
}

static const char *
parse_request_line(struct http1_head *h)
{
	struct slice rest = h->line;
	ssize_t end = slice_chr(rest, ' ');

	if (end <= 0 || end >= HEAD_METHOD_MAX)
		return "no method in the request line";
	h->method = slice_range(rest, 0, (size_t)end);
	for (size_t i = 0; i < h->method.n; i++)
		if (!is_tchar(h->method.p[i]))
			return "a method that is no token";
	rest = slice_from(rest, (size_t)end);
	while (rest.n > 0 && rest.p[0] == ' ')
		rest = slice_from(rest, 1);
	if (rest.p != h->method.p + h->method.n + 1)
		head_doubt(h, "more than one space in the request line");
	while (rest.n > 0 && rest.p[rest.n - 1] == ' ') {
		head_doubt(h, "a space at the end of the request line");
		rest.n--;
	}
	end = slice_chr(rest, ' ');
	if (end <= 0)
		return "no target or no version in the request line";
	h->target = slice_range(rest, 0, (size_t)end);
	rest = slice_from(rest, (size_t)end);
	while (rest.n > 0 && rest.p[0] == ' ')
		rest = slice_from(rest, 1);
	if (rest.p != h->target.p + h->target.n + 1)
		head_doubt(h, "more than one space in the request line");
	for (size_t i = 0; i < h->target.n; i++)
		if (is_control(h->target.p[i]) || h->target.p[i] == '\t')
			return "a control byte in the request target";
	return parse_version(h, rest);
}

static const char *
parse_status_line(struct http1_head *h)
{
	struct slice rest = h->line;
	const char *why = parse_version(h, slice_range(rest, 0, 8));
	uint64_t status;

	if (why)
		return why;
	if (rest.n < 12 || rest.p[8] != ' ' ||
	    (rest.n > 12 && rest.p[12] != ' '))
		return "a status line without a status of three digits";
	if (slice_uint(slice_range(rest, 9, 12), 999, &status) < 0 ||
	    status < 100)
		return "a status outside 100..999";
	h->status = (unsigned)status;
	for (size_t i = 12; i < rest.n; i++) {
		if (rest.p[i] == '\0' || rest.p[i] == '\r')
			return "NUL or bare CR in the status line";
		if (is_control(rest.p[i]))
			head_doubt(h, "a control byte in the reason phrase");
	}
	return NULL;
}

/* What stands before the colon, when it is no plain token. */
static const char *
check_odd_name(struct http1_head *h, struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == ' ' || name.p[i] == '\t')
			return "white space in or after a header name";
		if (is_control(name.p[i]))
			return "a control byte in a header name";
	}
	head_doubt(h, "a header name that is no token");
	return NULL;
}

/* Not 0 when one of the eight bytes at p is below 0x20 (tabs too) or 0x7f. */
static uint64_t
odd_in_word(const char *p)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t w, del;

	memcpy(&w, p, sizeof(w));
	del = w ^ (ones * 0x7f);
	return (((w - ones * 0x20) & ~w) | ((del - ones) & ~del)) &
		(ones * 0x80);
}

static bool
has_control(struct slice v)
{
	for (size_t i = 0; i < v.n; i++)
		if (is_control(v.p[i]))
			return true;
	return false;
}

/* Nearly every value is: told eight bytes at a time, the last eight may
 * overlap those before. */
static bool
is_plain(struct slice v)
{
	uint64_t odd = 0;

	if (v.n < sizeof(odd))
		return !has_control(v);
	for (size_t i = 0; i < v.n - sizeof(odd); i += sizeof(odd))
		odd |= odd_in_word(v.p + i);
	return (odd | odd_in_word(v.p + v.n - sizeof(odd))) == 0;
}

static const char *
check_value(struct http1_head *h, struct slice v)
{
	if (is_plain(v) || !has_control(v))
		return NULL;
	if (slice_chr(v, '\0') >= 0)
		return "NUL in a header value";
	if (slice_chr(v, '\r') >= 0)
		return "bare CR in a header value";
	head_doubt(h, "a control byte in a header value");
	return NULL;
}

static struct http1_header *
add_field(struct http1_decoder *d)
{
	struct http1_head *h = &d->head;

	if (h->nheaders == d->fields_cap) {
		size_t cap = d->fields_cap ? d->fields_cap * 2 : FIELDS_FIRST;

		d->fields = mem_grow(d->fields, cap, sizeof(*d->fields));
		d->fields_cap = cap;
	}
	h->headers = d->fields;
	return &d->fields[h->nheaders++];
}

static const char *
parse_field(struct http1_decoder *d, struct slice line)
{
	struct http1_header *f;
	struct slice name, value;
	const char *why = NULL;
	size_t i = 0;

	if (line.p[0] == ' ' || line.p[0] == '\t')
		return "a folded header line";
	if (d->head.nheaders == HTTP1_HEADERS_MAX)
		return "too many header fields";
	while (i < line.n && is_tchar(line.p[i]))
		i++;
	if (i == line.n || line.p[i] != ':') {
		ssize_t colon = slice_chr(line, ':');

		i = colon < 0 ? line.n : (size_t)colon;
		why = check_odd_name(&d->head, slice_range(line, 0, i));
	}
	if (i == 0)
		why = "a header without a name";
	if (why)
		return why;
	name = slice_range(line, 0, i);
	value = slice_trim(slice_from(line, i + 1));
	if (i == line.n) {
		head_doubt(&d->head, "a header line without a colon");
		value = name;
		name = slice_range(line, 0, 0);
	}
	f = add_field(d);
	*f = (struct http1_header){ name, value, line };
	return check_value(&d->head, value);
}

static const char *
parse_fields(struct http1_decoder *d, struct slice rest)
{
	for (;;) {
		struct slice line = next_line(&d->head, &rest);
		const char *why;

		if (line.n == 0)
			return NULL;
		why = parse_field(d, line);
		if (why)
			return why;
	}
}

const char *
head_parse(struct http1_decoder *d, struct slice raw)
{
	struct http1_head *h = &d->head;
	const char *why;

	*h = (struct http1_head){ .raw = raw, .crlf_only = true };
	h->line = next_line(h, &raw);
	if (slice_chr(h->line, '\r') >= 0)
		return "bare CR in the start line";
	why = d->kind == HTTP1_REQUEST ? parse_request_line(h)
				       : parse_status_line(h);
	return why ? why : parse_fields(d, raw);
}

const char *
head_parse_trailers(struct http1_decoder *d, struct slice raw)
{
	struct http1_head *h = &d->head;
	const char *why;

	*h = (struct http1_head){
		.raw = raw,
		.status = h->status,
		.minor = h->minor,
		.framing = h->framing,
		.keep_alive = h->keep_alive,
		.crlf_only = true,
	};
	why = parse_fields(d, raw);
	if (!why && (http1_field(h, "Content-Length") ||
		     http1_field(h, "Transfer-Encoding")))
		head_doubt(h, "a framing field among the trailers");
	return why;
}

const char *
head_glance(enum http1_kind kind, struct slice begun)
{
	static const char version[] = "HTTP/1.";

	for (size_t i = 0; i < begun.n; i++) {
		if (kind == HTTP1_RESPONSE) {
			if (i == sizeof(version) - 1)
				return NULL;
			if (begun.p[i] != version[i])
				return "not an HTTP/1.x response";
			continue;
		}
		if (begun.p[i] == ' ' && i > 0)
			return NULL;
		if (!is_tchar(begun.p[i]) || i + 1 == HEAD_METHOD_MAX)
			return "not an HTTP/1.x request";
	}
	return NULL;
}

const struct http1_header *
http1_field(const struct http1_head *h, const char *name)
{
	struct slice want = slice_str(name);

	for (size_t i = 0; i < h->nheaders; i++)
		if (slice_ieq(h->headers[i].name, want))
			return &h->headers[i];
	return NULL;
}

bool
http1_has_token(const struct http1_head *h, const char *name,
		const char *token)
{
	struct slice want = slice_str(name), word = slice_str(token);

	for (size_t i = 0; i < h->nheaders; i++) {
		struct slice rest = h->headers[i].value;

		if (!slice_ieq(h->headers[i].name, want))
			continue;
		while (rest.p) {
			struct slice item = slice_trim(slice_cut(&rest, ','));

			if (slice_ieq(item, word))
				return true;
		}
	}
	return false;
}
