/* Percent coding of URLs (RFC 3986 §2.1) and forms (WHATWG URL §5). */
#include <dvr/field/field.h>

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte that the escape at s.p[i] stands for, or -1. */
static int
escape_at(struct slice s, size_t i)
{
	int hi, lo;

	if (s.n - i < 3 || s.p[i] != '%')
		return -1;
	hi = hex_digit(s.p[i + 1]);
	lo = hex_digit(s.p[i + 2]);
	return hi < 0 || lo < 0 ? -1 : hi * 16 + lo;
}

void
percent_decode(struct slice s, bool form, struct buf *out)
{
	size_t i, from = 0;

	for (i = 0; i < s.n; i++) {
		int byte = escape_at(s, i);

		if (byte < 0 && !(form && s.p[i] == '+'))
			continue;
		buf_add(out, slice_range(s, from, i));
		buf_addc(out, byte < 0 ? ' ' : (char)byte);
		if (byte >= 0)
			i += 2;
		from = i + 1;
	}
	buf_add(out, slice_from(s, from));
}

struct slice
percent_plain(struct arena *a, struct slice s, bool form)
{
	struct slice done = s;
	struct buf b;

	if (slice_chr(s, '%') < 0 && !(form && slice_chr(s, '+') >= 0))
		return s;
	buf_init(&b, s.n);
	percent_decode(s, form, &b);
	if (!slice_eq(buf_slice(&b), s))
		done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

static bool
stays(unsigned char c, bool form)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_')
		return true;
	return c == (form ? '*' : '~');
}

void
percent_encode(struct slice s, bool form, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i;

	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (stays(c, form)) {
			buf_addc(out, (char)c);
		} else if (form && c == ' ') {
			buf_addc(out, '+');
		} else {
			buf_addc(out, '%');
			buf_addc(out, hex[c >> 4]);
			buf_addc(out, hex[c & 15]);
		}
	}
}
