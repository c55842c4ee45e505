/* The table of formats: which walker reads a body of which media type. */
#include "formats.h"

static const struct field_format *const formats[] = {
	&field_json,
	&field_form,
	&field_query,
	&field_cookie,
	&field_multipart,
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

const struct field_format *
field_format_for(struct slice content_type)
{
	struct slice rest = content_type;
	struct slice type = slice_trim(slice_cut(&rest, ';'));

	if (is_json(type))
		return &field_json;
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
