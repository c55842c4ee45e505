/* Route templates: which requests go the same way. */
#include <dvr/relate/route.h>

#include <dvr/base/ascii.h>
#include <dvr/field/field.h>
#include <dvr/wire/grpc.h>

#include <string.h>

#include "segment.h"

#define SEGMENT_MAX 64	/* bytes; longer ones are data */

/* v1, V2, v10: a version is part of the route. */
static bool
is_version(struct slice s)
{
	size_t i;

	if (s.n < 2 || s.n > 4 || (s.p[0] != 'v' && s.p[0] != 'V'))
		return false;
	for (i = 1; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return false;
	}
	return true;
}

bool
segment_is_value(struct slice s)
{
	size_t digits = 0, hex = 0, i;

	if (is_version(s))
		return false;
	if (s.n > SEGMENT_MAX || slice_find(s, SLICE(HANDLE_MARK)) >= 0)
		return true;
	for (i = 0; i < s.n; i++) {
		digits += is_digit(s.p[i]);
		hex += is_hex_digit(s.p[i]) || s.p[i] == '-';
		if (s.p[i] == '@')
			return true;
	}
	/* a digit anywhere: a number, a UUID, or letters mixed with digits */
	return digits > 0 || (s.n >= 8 && hex == s.n);
}

/* Decoded first: "my%20file" is words, "%31" is a number. */
static bool
is_value(struct slice segment)
{
	bool yes;
	struct buf b;

	if (slice_chr(segment, '%') < 0)
		return segment_is_value(segment);
	buf_init(&b, segment.n);
	percent_decode(segment, false, &b);
	yes = segment_is_value(buf_slice(&b));
	buf_release(&b);
	return yes;
}

/* Absolute form ("http://host/path", RFC 9112 §3.2.2) without its origin. */
static struct slice
origin_form(struct slice path)
{
	ssize_t at = slice_find(path, SLICE("://"));
	ssize_t slash;

	if (at <= 0 || !is_letter(path.p[0]) || path.p[0] == '/')
		return path;
	path = slice_from(path, (size_t)at + 3);
	slash = slice_chr(path, '/');
	return slash < 0 ? SLICE("/") : slice_from(path, (size_t)slash);
}

void
route_template(struct slice path, struct buf *out)
{
	struct slice rest = path;
	bool first = true;

	rest = slice_cut(&rest, '?');
	rest = slice_cut(&rest, '#');
	rest = origin_form(rest);
	if (rest.n == 0)
		return;
	while (rest.p) {
		struct slice segment = slice_cut(&rest, '/');

		if (!first)
			buf_addc(out, '/');
		first = false;
		if (segment.n > 0 && is_value(segment))
			buf_adds(out, "{}");
		else
			buf_add(out, segment);
	}
}

void
route_of(const struct message *request, struct buf *out)
{
	const struct header *type =
		headers_find(&request->headers, "content-type");

	/* A package's version ("shop.v1.Cart") is no value. */
	if (type && grpc_type(type->value))
		buf_add(out, message_path(request));
	else
		route_template(message_path(request), out);
}
