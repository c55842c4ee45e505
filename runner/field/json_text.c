/* Text of JSON strings: escapes undone and made (RFC 8259 §7). */
#include "json_text.h"

#include <string.h>

int
json_hex4(struct slice s, size_t at, unsigned *out)
{
	uint64_t v;

	if (s.n < at + 4 || slice_hex(slice_range(s, at, at + 4), 0xffff,
				      &v) < 0)
		return -1;
	*out = (unsigned)v;
	return 0;
}

static void
add_utf8(struct buf *b, unsigned c)
{
	if (c < 0x80) {
		buf_addc(b, (char)c);
	} else if (c < 0x800) {
		buf_addc(b, (char)(0xc0 | c >> 6));
		buf_addc(b, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {	/* lone surrogates stay tellable */
		buf_addc(b, (char)(0xe0 | c >> 12));
		buf_addc(b, (char)(0x80 | (c >> 6 & 63)));
		buf_addc(b, (char)(0x80 | (c & 63)));
	} else {
		buf_addc(b, (char)(0xf0 | c >> 18));
		buf_addc(b, (char)(0x80 | (c >> 12 & 63)));
		buf_addc(b, (char)(0x80 | (c >> 6 & 63)));
		buf_addc(b, (char)(0x80 | (c & 63)));
	}
}

/* `i` is behind "\u"; returns how many bytes of `s` were used. */
static size_t
decode_unicode(struct slice s, size_t i, struct buf *b)
{
	unsigned high = 0, low;

	if (json_hex4(s, i, &high) < 0)
		return 0;
	if (high >= 0xd800 && high < 0xdc00 && s.n >= i + 10 &&
	    s.p[i + 4] == '\\' && s.p[i + 5] == 'u' &&
	    json_hex4(s, i + 6, &low) == 0 && low >= 0xdc00 && low < 0xe000) {
		add_utf8(b, 0x10000 + ((high - 0xd800) << 10) +
			 (low - 0xdc00));
		return 10;
	}
	add_utf8(b, high);
	return 4;
}

struct slice
json_unescape(struct arena *a, struct slice s)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	struct slice done;
	struct buf b;
	size_t i;

	buf_init(&b, s.n);	/* every escape is longer than its text */
	for (i = 0; i < s.n; i++) {
		const char *e;

		if (s.p[i] != '\\' || i + 1 >= s.n) {
			buf_addc(&b, s.p[i]);
			continue;
		}
		i++;
		e = s.p[i] ? strchr(from, s.p[i]) : NULL;
		if (e)
			buf_addc(&b, to[e - from]);
		else
			i += decode_unicode(s, i + 1, &b);
	}
	done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

void
json_escape(struct slice s, struct buf *out)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	size_t i;

	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		const char *e = c ? strchr(from, c) : NULL;

		if (e) {
			buf_addc(out, '\\');
			buf_addc(out, to[e - from]);
		} else if (c < 0x20) {
			buf_fmt(out, "\\u%04x", c);
		} else {
			buf_addc(out, (char)c);
		}
	}
}
