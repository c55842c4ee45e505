/* Text as XML 1.0 can carry it: what it cannot is escaped visibly. */
#include <dvr/reporter.h>

/* "ESC [ 1 ; 31 m": colours are dropped, all other sequences are shown. */
static size_t
colour_sequence(struct slice s)
{
	size_t i = 2;

	if (!slice_starts(s, SLICE("\x1b[")))
		return 0;
	while (i < s.n && ((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == ';'))
		i++;
	return i < s.n && s.p[i] == 'm' ? i + 1 : 0;
}

/* XML 1.0, production 2 (Char), without the C1 controls and U+FFFE, U+FFFF. */
static size_t
char_sequence(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (n == 1)
		return p[0] == '\t' || p[0] == '\n' ||
		       (p[0] >= 0x20 && p[0] != 0x7f);
	if (n > s.n || !slice_is_utf8(slice_range(s, 0, n)))
		return 0;
	if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0)
		return 0;
	if (n == 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe)
		return 0;
	return n;
}

void
xml_safe_text(struct slice s, struct buf *out)
{
	while (s.n > 0) {
		size_t n = colour_sequence(s);

		if (n == 0) {
			n = char_sequence(s);
			if (n > 0) {
				buf_add(out, slice_range(s, 0, n));
			} else {
				buf_fmt(out, "\\x%02x", (unsigned char)s.p[0]);
				n = 1;
			}
		}
		s = slice_from(s, n);
	}
}
