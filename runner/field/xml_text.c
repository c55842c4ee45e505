/* Text of XML: references, CDATA sections and comments (XML 1.0 §2, §4.1). */
#include "xml_text.h"

#include <string.h>

#define REFERENCE_MAX 16	/* "&#x10FFFF;" and some */

static const struct {
	const char *name;
	char c;
} named[] = {
	{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' },
	{ "apos", '\'' },
};

bool
xml_is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

bool
xml_is_blank(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (!xml_is_space(s.p[i]))
			return false;
	}
	return true;
}

static void
add_utf8(struct buf *b, unsigned c)
{
	if (c < 0x80) {
		buf_addc(b, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_addc(b, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_addc(b, (char)(0xe0 | c >> 12));
		} else {
			buf_addc(b, (char)(0xf0 | c >> 18));
			buf_addc(b, (char)(0x80 | (c >> 12 & 63)));
		}
		buf_addc(b, (char)(0x80 | (c >> 6 & 63)));
	}
	buf_addc(b, (char)(0x80 | (c & 63)));
}

/* "#64" or "#x40" */
static bool
add_number(struct slice ref, struct buf *b)
{
	bool hex = ref.n > 1 && (ref.p[1] == 'x' || ref.p[1] == 'X');
	uint64_t v;

	if (hex ? slice_hex(slice_from(ref, 2), 0x10ffff, &v) :
	    slice_uint(slice_from(ref, 1), 0x10ffff, &v))
		return false;
	if (v == 0 || (v >= 0xd800 && v < 0xe000))
		return false;
	add_utf8(b, (unsigned)v);
	return true;
}

/* A reference at the start of `s`: how many bytes it has, 0 when it is none
 * of XML's own. */
static size_t
add_reference(struct slice s, struct buf *b)
{
	ssize_t end = slice_chr(slice_range(s, 0, REFERENCE_MAX), ';');
	struct slice ref;
	size_t i;

	if (end < 3)
		return 0;
	ref = slice_range(s, 1, (size_t)end);
	if (ref.p[0] == '#')
		return add_number(ref, b) ? (size_t)end + 1 : 0;
	for (i = 0; i < ARRAY_LEN(named); i++) {
		if (!slice_eq(ref, slice_str(named[i].name)))
			continue;
		buf_addc(b, named[i].c);
		return (size_t)end + 1;
	}
	return 0;
}

/* From `s` up to and with `end`. */
static size_t
section(struct slice s, struct slice end)
{
	ssize_t at = slice_find(s, end);

	return at < 0 ? s.n : (size_t)at + end.n;
}

/* Markup at the start of `s`: what of it is text is added. */
static size_t
add_markup(struct slice s, struct buf *b)
{
	static const struct slice cdata = { "<![CDATA[", 9 };
	size_t n;

	if (slice_starts(s, cdata)) {
		n = section(s, SLICE("]]>"));
		if (n >= cdata.n + 3)
			buf_add(b, slice_range(s, cdata.n, n - 3));
		return n;
	}
	if (slice_starts(s, SLICE("<!--")))
		return 4 + section(slice_from(s, 4), SLICE("-->"));
	if (slice_starts(s, SLICE("<?")))
		return section(s, SLICE("?>"));
	buf_addc(b, '<');
	return 1;
}

struct slice
xml_unescape(struct arena *a, struct slice s)
{
	struct slice done;
	struct buf b;
	size_t i = 0, from = 0;

	if (slice_chr(s, '&') < 0 && slice_chr(s, '<') < 0)
		return s;
	buf_init(&b, s.n);
	while (i < s.n) {
		size_t n = 0;

		if (s.p[i] == '&' || s.p[i] == '<') {
			buf_add(&b, slice_range(s, from, i));
			from = i;
			n = s.p[i] == '&' ? add_reference(slice_from(s, i), &b)
				: add_markup(slice_from(s, i), &b);
		}
		i += n ? n : 1;
		if (n)
			from = i;
	}
	buf_add(&b, slice_from(s, from));
	done = slice_eq(buf_slice(&b), s) ? s : arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

void
xml_escape(struct slice s, struct buf *out)
{
	size_t i, k, from = 0;

	for (i = 0; i < s.n; i++) {
		if (!memchr("&<>\"'\r", s.p[i], 6))
			continue;
		buf_add(out, slice_range(s, from, i));
		from = i + 1;
		for (k = 0; k < ARRAY_LEN(named); k++) {
			if (named[k].c == s.p[i])
				buf_fmt(out, "&%s;", named[k].name);
		}
		if (s.p[i] == '\r')
			buf_adds(out, "&#13;");
	}
	buf_add(out, slice_from(s, from));
}
