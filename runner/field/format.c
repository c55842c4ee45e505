/* The table of formats: which walker reads a body of which media type. */
#include "formats.h"

#include <dvr/field/header.h>

static const struct field_format *const formats[] = {
	&field_json,
	&field_form,
	&field_query,
	&field_cookie,
	&field_multipart,
	&field_xml,
	&field_protobuf,
	&field_grpc,
	&field_lines,
	&field_events,
	&field_jwt,
	&field_html,	/* by name only */
	&field_sqldump,	/* by name only */
};

const struct field_format *
field_format_named(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(formats); i++) {
		if (slice_eq(slice_str(formats[i]->name), slice_str(name)))
			return formats[i];
	}
	return NULL;
}

/* "application/problem+json", "application/x-amz-json-1.0", but not a stream
 * of documents ("application/x-ndjson", "application/json-seq"). */
static bool
is_json(struct slice type)
{
	ssize_t at = slice_ifind(type, SLICE("json"));
	struct slice after;
	char before;

	if (at <= 0)
		return false;
	before = type.p[at - 1];
	after = slice_from(type, (size_t)at + 4);
	if (before != '/' && before != '+' && before != '-')
		return false;
	return after.n == 0 || slice_starts(after, SLICE("-1.")) ||
	       after.p[0] == '+';
}

/* "text/xml", "application/soap+xml". */
static bool
is_xml(struct slice type)
{
	return slice_ends(type, SLICE("/xml")) ||
	       slice_ends(type, SLICE("+xml"));
}

static bool
is_protobuf(struct slice type)
{
	static const char *const names[] = { "application/x-protobuf",
		"application/protobuf", "application/vnd.google.protobuf",
		"application/x-google-protobuf", "application/grpc-proto" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (slice_ieq(type, slice_str(names[i])))
			return true;
	}
	return slice_ends(type, SLICE("+proto"));
}

/* "application/grpc", "application/grpc+proto", "application/grpc-web"; its
 * text form is base64 and none. */
static bool
is_grpc(struct slice type)
{
	struct slice rest;

	if (!slice_istarts(type, SLICE("application/grpc")))
		return false;
	rest = slice_from(type, 16);
	return rest.n == 0 || rest.p[0] == '+' ||
	       slice_ieq(rest, SLICE("-web")) ||
	       slice_istarts(rest, SLICE("-web+"));
}

static bool
is_lines(struct slice type)
{
	static const char *const names[] = { "application/x-ndjson",
		"application/ndjson", "application/jsonl",
		"application/x-jsonlines", "application/json-seq",
		"application/stream+json" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (slice_ieq(type, slice_str(names[i])))
			return true;
	}
	return false;
}

const struct field_format *
field_format_for(struct slice content_type)
{
	struct slice type = header_bare(content_type);

	if (is_grpc(type))
		return &field_grpc;
	if (is_protobuf(type))
		return &field_protobuf;
	if (is_lines(type))
		return &field_lines;
	if (slice_ieq(type, SLICE("text/event-stream")))
		return &field_events;
	if (slice_ieq(type, SLICE("application/jwt")))
		return &field_jwt;
	if (is_json(type))
		return &field_json;
	if (is_xml(type))
		return &field_xml;
	if (slice_ieq(type, SLICE("application/x-www-form-urlencoded")))
		return &field_form;
	if (slice_istarts(type, SLICE("multipart/")))
		return &field_multipart;
	return NULL;
}

void
pointer_add(struct buf *out, struct slice key)
{
	size_t i, from = 0;

	buf_addc(out, '/');
	for (i = 0; i < key.n; i++) {
		if (key.p[i] != '~' && key.p[i] != '/')
			continue;
		buf_add(out, slice_range(key, from, i));
		buf_adds(out, key.p[i] == '~' ? "~0" : "~1");
		from = i + 1;
	}
	buf_add(out, slice_from(key, from));
}
