/* Walker for multipart bodies (RFC 2046 §5.1): one field a part, by name. */
#include "formats.h"

#include <dvr/field/header.h>

#include <string.h>

#define BOUNDARY_MAX 200	/* RFC 2046 says 70; real ones are looser */
#define PART_HEAD_MAX 8192	/* a part's head; longer is not one */

/* The delimiter line is taken from the body itself, so that no header is
 * needed: "--boundary" stands at its very start. */
static struct slice
delimiter(struct slice body)
{
	ssize_t end = slice_chr(body, '\n');
	struct slice line;

	if (end < 0 || end > BOUNDARY_MAX)
		return (struct slice){ 0 };
	line = slice_range(body, 0, (size_t)end);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n < 3 || !slice_starts(line, SLICE("--")))
		return (struct slice){ 0 };
	return line;
}

/* The value of a part's Content-Disposition, folded lines and all. */
static struct slice
disposition(struct slice head)
{
	struct slice rest = head, value = { 0 };

	while (rest.p) {
		struct slice line = slice_cut(&rest, '\n');
		struct slice name = slice_cut(&line, ':');

		if (!line.p || !slice_ieq(slice_trim(name),
					  SLICE("content-disposition")))
			continue;
		value = line;
		while (rest.n > 0 && (rest.p[0] == ' ' || rest.p[0] == '\t')) {
			line = slice_cut(&rest, '\n');
			value.n = (size_t)(line.p + line.n - value.p);
		}
		return value;
	}
	return value;
}

static bool
is_file(struct slice value)
{
	struct header_part p;

	return header_param(value, SLICE("filename"), &p) ||
	       header_param(value, SLICE("filename*"), &p);
}

/* The end of the part that starts at `from`: where CRLF "--boundary" is. */
static ssize_t
part_end(struct slice body, size_t from, struct slice delim)
{
	while (from < body.n) {
		ssize_t at = slice_find(slice_from(body, from), delim);

		if (at < 0)
			return -1;
		from += (size_t)at;
		if (body.p[from - 1] == '\n')
			return (ssize_t)from - 1 -
			       (from >= 2 && body.p[from - 2] == '\r');
		from += delim.n;
	}
	return -1;
}

static int
emit(struct arena *a, struct slice head, struct slice value, size_t nth,
     field_fn *fn, void *arg)
{
	struct slice how = disposition(head);
	struct field f = {
		.kind = FIELD_STRING, .span = value, .value = value,
	};
	struct header_part name;
	struct buf place;

	if (header_param(how, SLICE("name"), &name))
		f.key = header_text(a, &name);
	if (is_file(how) || !slice_is_utf8(value))
		f.kind = FIELD_BYTES;
	if (f.key.n) {
		buf_init(&place, f.key.n * 2 + 2);
		pointer_add(&place, f.key);
		f.place = arena_copy(a, buf_slice(&place));
		buf_release(&place);
	} else {
		f.place = arena_fmt(a, "/%zu", nth);
	}
	return fn(arg, &f);
}

/* The blank line that ends a part's head: *head and *start of its content. */
static bool
split_head(struct slice body, size_t from, struct slice *head, size_t *start)
{
	struct slice rest = slice_range(body, from, from + PART_HEAD_MAX);
	ssize_t at = slice_find(rest, SLICE("\r\n\r\n"));
	size_t skip = 4;

	if (at < 0) {
		at = slice_find(rest, SLICE("\n\n"));
		skip = 2;
	}
	if (at < 0)
		return false;
	*head = slice_range(rest, 0, (size_t)at);
	*start = from + (size_t)at + skip;
	return true;
}

/* Parts that are there are emitted even when the end is missing: a body cut
 * short is often the very bug, and its fields matter as much. */
static enum field_result
walk(struct arena *a, struct slice body, field_fn *fn, void *arg)
{
	struct slice delim = delimiter(body);
	size_t at = delim.n, nth = 0;

	if (delim.n == 0)
		return FIELD_BROKEN;
	for (;;) {
		struct slice rest = slice_from(body, at);
		struct slice head;
		size_t start;
		ssize_t end;

		if (slice_starts(rest, SLICE("--")))
			return FIELD_OK;
		if (!split_head(body, at, &head, &start))
			return FIELD_BROKEN;
		end = part_end(body, start, delim);
		if (emit(a, head, slice_range(body, start,
				end < 0 ? body.n :
				(size_t)end < start ? start : (size_t)end),
			 nth++, fn, arg) != 0)
			return FIELD_OK;
		if (end < 0)
			return FIELD_BROKEN;
		at = (size_t)end;
		while (at < body.n && (body.p[at] == '\r' ||
				       body.p[at] == '\n'))
			at++;
		at += delim.n;
	}
}

static void
encode(enum field_kind kind, struct slice value, struct buf *out)
{
	(void)kind;
	buf_add(out, value);
}

const struct field_format field_multipart = {
	.name = "multipart", .walk = walk, .encode = encode,
	.fleeting = true,
};
