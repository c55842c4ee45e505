/* Places: the names of single values in a tape, and patterns over them. */
#include <dvr/field/field.h>

static const struct {
	const char *name;
	enum place_part part;
	char named_by;		/* what stands before the name, 0: no name */
} parts[] = {
	{ "status", PLACE_STATUS, 0 },
	{ "method", PLACE_METHOD, 0 },
	{ "path", PLACE_PATH, '/' },
	{ "query", PLACE_QUERY, '/' },
	{ "header", PLACE_HEADER, '/' },
	{ "cookie", PLACE_COOKIE, '/' },
	{ "body", PLACE_BODY, '#' },
};

static int
parse_exchange(struct slice s, uint32_t *out)
{
	uint64_t v;

	if (slice_eq(s, SLICE("*"))) {
		*out = 0;
		return 0;
	}
	if (slice_uint(s, UINT32_MAX, &v) < 0 || v == 0)
		return -1;
	*out = (uint32_t)v;
	return 0;
}

static int
parse_part(struct slice s, struct place *out)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(parts); i++) {
		struct slice name = slice_str(parts[i].name);
		struct slice rest = slice_from(s, name.n);

		if (!slice_starts(s, name))
			continue;
		out->part = parts[i].part;
		out->name = slice_from(rest, 1);
		if (rest.n == 0)	/* a header is never meant whole */
			return out->part == PLACE_HEADER ||
			       out->part == PLACE_COOKIE ||
			       out->part == PLACE_QUERY ? -1 : 0;
		if (parts[i].named_by == 0 || rest.p[0] != parts[i].named_by)
			return -1;
		if (out->part == PLACE_BODY)	/* RFC 6901: "" or "/…" */
			return out->name.n == 0 || out->name.p[0] == '/' ?
				0 : -1;
		return out->name.n > 0 ? 0 : -1;
	}
	return -1;
}

int
place_parse(struct slice s, struct place *out)
{
	struct slice rest = s;
	struct slice exchange = slice_cut(&rest, '.');
	struct slice side = slice_cut(&rest, '.');
	struct place p = { .side = PLACE_REQUEST };

	if (!rest.p || parse_exchange(exchange, &p.exchange) < 0)
		return -1;
	if (slice_eq(side, SLICE("resp")))
		p.side = PLACE_RESPONSE;
	else if (!slice_eq(side, SLICE("req")))
		return -1;
	if (parse_part(rest, &p) < 0)
		return -1;
	*out = p;
	return 0;
}

void
place_print(const struct place *p, struct buf *out)
{
	size_t i;

	if (p->exchange)
		buf_fmt(out, "%u", p->exchange);
	else
		buf_addc(out, '*');
	buf_adds(out, p->side == PLACE_REQUEST ? ".req." : ".resp.");
	for (i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i].part != p->part)
			continue;
		buf_adds(out, parts[i].name);
		if (p->name.n && parts[i].named_by) {
			buf_addc(out, parts[i].named_by);
			buf_add(out, p->name);
		}
	}
}

/* Segment by segment; what lies below a covered value is covered too. */
static bool
pointer_covers(struct slice pattern, struct slice pointer)
{
	while (pattern.n > 0) {
		struct slice want, have;

		if (pointer.n == 0)
			return false;
		pattern = slice_from(pattern, 1);
		pointer = slice_from(pointer, 1);
		want = slice_range(pattern, 0, (size_t)(
			slice_chr(pattern, '/') < 0 ? (ssize_t)pattern.n :
			slice_chr(pattern, '/')));
		have = slice_range(pointer, 0, (size_t)(
			slice_chr(pointer, '/') < 0 ? (ssize_t)pointer.n :
			slice_chr(pointer, '/')));
		if (!slice_eq(want, SLICE("*")) && !slice_eq(want, have))
			return false;
		pattern = slice_from(pattern, want.n);
		pointer = slice_from(pointer, have.n);
	}
	return true;
}

bool
place_matches(const struct place *pattern, const struct place *p)
{
	if (pattern->exchange && pattern->exchange != p->exchange)
		return false;
	if (pattern->side != p->side || pattern->part != p->part)
		return false;
	if (pattern->part == PLACE_BODY)
		return pointer_covers(pattern->name, p->name);
	if (pattern->name.n == 0 || slice_eq(pattern->name, SLICE("*")))
		return true;
	if (pattern->part == PLACE_HEADER)
		return slice_ieq(pattern->name, p->name);
	return slice_eq(pattern->name, p->name);
}
