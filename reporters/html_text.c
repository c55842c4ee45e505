/* Text from outside as HTML: escaped here and nowhere else. */
#include "html.h"

static size_t
sequence(struct slice s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return n <= s.n && slice_is_utf8(slice_range(s, 0, n)) ? n : 0;
}

static uint32_t
code_point(struct slice s, size_t n)
{
	static const unsigned char first[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = (unsigned char)s.p[0] & first[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
	return c;
}

/* What is not seen, or makes other characters stand elsewhere: writing
 * directions, no width, line ends of other alphabets, tags, non-characters. */
static bool
is_hidden(uint32_t c)
{
	static const struct { uint32_t from, to; } ranges[] = {
		{ 0x80, 0x9f },	    { 0xad, 0xad },	{ 0x34f, 0x34f },
		{ 0x61c, 0x61c },   { 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
		{ 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

static void
put_ascii(char c, bool lines, struct buf *out)
{
	switch (c) {
	case '&':
		buf_adds(out, "&amp;");
		return;
	case '<':
		buf_adds(out, "&lt;");
		return;
	case '>':
		buf_adds(out, "&gt;");
		return;
	case '"':
		buf_adds(out, "&quot;");
		return;
	case '\'':
		buf_adds(out, "&#39;");
		return;
	case '`':
		buf_adds(out, "&#96;");
		return;
	case '\n':
		buf_adds(out, lines ? "\n" : "\\n");
		return;
	case '\t':
		buf_addc(out, lines ? '\t' : ' ');
		return;
	case '\r':
		buf_adds(out, "\\r");
		return;
	}
	if ((unsigned char)c < 0x20 || c == 0x7f)
		buf_fmt(out, "\\x%02x", (unsigned char)c);
	else
		buf_addc(out, c);
}

static void
put(struct slice s, bool lines, struct buf *out)
{
	while (s.n > 0) {
		size_t n = sequence(s);
		uint32_t c = n > 1 ? code_point(s, n) : 0;

		if (n == 0) {
			buf_fmt(out, "\\x%02x", (unsigned char)s.p[0]);
			n = 1;
		} else if (n == 1) {
			put_ascii(s.p[0], lines, out);
		} else if (is_hidden(c)) {
			buf_fmt(out, "\\u{%x}", c);
		} else {
			buf_add(out, slice_range(s, 0, n));
		}
		s = slice_from(s, n);
	}
}

void
html_text(struct slice s, struct buf *out)
{
	put(s, false, out);
}

void
html_lines(struct slice s, struct buf *out)
{
	put(s, true, out);
}

void
html_size(uint64_t bytes, struct buf *out)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	uint64_t tenths = bytes * 10;
	size_t unit = 0;

	if (bytes < 1024) {
		buf_fmt(out, "%u B", (unsigned)bytes);
		return;
	}
	for (tenths /= 1024; tenths >= 10240 && unit + 1 < ARRAY_LEN(units);
	     unit++)
		tenths /= 1024;
	buf_fmt(out, "%llu.%llu %s", (unsigned long long)(tenths / 10),
		(unsigned long long)(tenths % 10), units[unit]);
}
