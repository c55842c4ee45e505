/* Detectors of addresses of machines: IPv4, IPv6, MAC. */
#include "detect.h"
#include "pii.h"

#include <dvr/base/attr.h>

#include <arpa/inet.h>
#include <string.h>

#define VERSION_LOOK 20	/* bytes before an address that may say "version" */
#define SMALL_OCTET 32	/* four below it are a version number */

/* ---- IPv4 ------------------------------------------------------------ */

/* Where a dotted quad at `at` ends, 0 when there is none. */
static size_t
quad_end(struct slice text, size_t at, unsigned char out[4])
{
	size_t i;

	for (i = 0; i < 4; i++) {
		size_t to = digits_end(slice_range(text, 0, at + 4), at);
		unsigned v = 0;

		if (to == at || to - at > 3 ||
		    (to - at > 1 && text.p[at] == '0'))
			return 0;
		for (; at < to; at++)
			v = v * 10 + (unsigned)(text.p[at] - '0');
		if (v > 255 || (i < 3 && char_at(text, at) != '.'))
			return 0;
		out[i] = (unsigned char)v;
		at += i < 3;
	}
	return at;
}

/* Networks that name nobody: private, local, for examples and tests, shared,
 * multicast (RFC 6890, RFC 5737, RFC 2544). */
static bool
quad_is_public(const unsigned char a[4])
{
	static const struct {
		unsigned char a, b, c, bits;
	} reserved[] = {
		{ 0, 0, 0, 8 }, { 10, 0, 0, 8 }, { 100, 64, 0, 10 },
		{ 127, 0, 0, 8 }, { 169, 254, 0, 16 }, { 172, 16, 0, 12 },
		{ 192, 0, 0, 24 }, { 192, 0, 2, 24 }, { 192, 168, 0, 16 },
		{ 198, 18, 0, 15 }, { 198, 51, 100, 24 },
		{ 203, 0, 113, 24 }, { 224, 0, 0, 3 },
	};
	uint32_t v = (uint32_t)a[0] << 24 | (uint32_t)a[1] << 16 |
		     (uint32_t)a[2] << 8 | a[3];
	size_t i;

	for (i = 0; i < ARRAY_LEN(reserved); i++) {
		uint32_t net = (uint32_t)reserved[i].a << 24 |
			       (uint32_t)reserved[i].b << 16 |
			       (uint32_t)reserved[i].c << 8;

		if ((v ^ net) >> (32 - reserved[i].bits) == 0)
			return false;
	}
	return true;
}

bool
ipv4_is_public(struct slice v)
{
	unsigned char quad[4];

	return v.n <= 15 && quad_end(v, 0, quad) == v.n && v.n > 0 &&
	       quad_is_public(quad);
}

/* Chrome/120.0.0.0, "version":"10.2.40.7", v1.2.3.4, the network 120.0.0.0. */
static bool
is_version(struct slice text, size_t at, const unsigned char quad[4])
{
	struct slice before = slice_range(text, at > VERSION_LOOK ?
					  at - VERSION_LOOK : 0, at);
	size_t i, small = 0;

	for (i = 0; i < 4; i++)
		small += quad[i] < SMALL_OCTET;
	return small == 4 || quad[3] == 0 ||
	       slice_ifind(before, SLICE("ver")) >= 0 ||
	       slice_ifind(before, SLICE("release")) >= 0 ||
	       slice_ifind(before, SLICE("build")) >= 0;
}

bool
detect_ipv4(struct slice text, size_t at, struct hit *out)
{
	unsigned char quad[4];
	size_t to = char_at(text, digits_end(slice_range(text, 0, at + 4),
					     at)) == '.' ?
		quad_end(text, at, quad) : 0;
	char before = at > 0 ? text.p[at - 1] : ' ';
	char after = char_at(text, to);

	if (to == 0 || !quad_is_public(quad))
		return false;
	/* http://81.2.69.142/ is an address, Name/81.2.69.142 a version */
	if (before == '/' && (at < 2 || text.p[at - 2] != '/'))
		return false;
	if (!number_stands_alone(text, at, to) || before == '.' ||
	    before == '$' || after == '*' || is_version(text, at, quad))
		return false;
	*out = (struct hit){ .from = at, .to = to, .class = "ipv4" };
	return true;
}

/* ---- IPv6 ----------------------------------------------------------------- */

/* Global unicast (2000::/3) but for documentation and tunnels' ends. */
bool
ipv6_is_public(struct slice v)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char a[16];

	if (v.n < 6 || v.n >= sizeof(text))
		return false;
	memcpy(text, v.p, v.n);
	text[v.n] = '\0';
	if (inet_pton(AF_INET6, text, a) != 1 || a[0] >> 5 != 1)
		return false;
	if (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8)
		return false;		/* 2001:db8::/32, RFC 3849 */
	return !(a[0] == 0x3f && a[1] == 0xff && a[2] >> 4 == 0);
}

/* Asked at a colon; the first group has four digits and begins with 2 or 3. */
bool
detect_ipv6(struct slice text, size_t at, struct hit *out)
{
	size_t from, to;

	if (at < 4 || (text.p[at - 4] != '2' && text.p[at - 4] != '3') ||
	    hex_end(slice_range(text, 0, at), at - 4) != at)
		return false;
	from = at - 4;
	if (from > 0 && (is_alnum(text.p[from - 1]) ||
			 text.p[from - 1] == ':' || text.p[from - 1] == '.'))
		return false;
	for (to = at; to < text.n && to - from < 40 &&
	     (is_hex_digit(text.p[to]) || text.p[to] == ':'); to++)
		;
	if (is_token_char(char_at(text, to)))
		return false;
	while (to > from && text.p[to - 1] == ':' &&
	       (to < 2 || text.p[to - 2] != ':'))
		to--;
	if (!ipv6_is_public(slice_range(text, from, to)))
		return false;
	*out = (struct hit){ .from = from, .to = to, .class = "ipv6" };
	return true;
}

/* ---- MAC ------------------------------------------------------------------ */

/* Six pairs; more of them are a fingerprint.  Asked at the first colon. */
bool
detect_mac(struct slice text, size_t at, struct hit *out)
{
	size_t from = at - 2, i;
	bool zero = true;

	if (at < 2 || char_at(text, at + 3) != ':' ||
	    char_at(text, at + 12) != ':' || from + 17 > text.n)
		return false;
	for (i = 0; i < 17; i++) {
		char c = text.p[from + i];

		if (i % 3 == 2 ? c != ':' : !is_hex_digit(c))
			return false;
		zero = zero && (c == '0' || c == ':' || c == 'f' || c == 'F');
	}
	if (zero || !token_begins(text, from) ||
	    (from > 0 && (text.p[from - 1] == ':' ||
			  text.p[from - 1] == '-')) ||
	    is_token_char(char_at(text, from + 17)) ||
	    (char_at(text, from + 17) == ':' &&
	     is_hex_digit(char_at(text, from + 18))))
		return false;
	*out = (struct hit){ .from = from, .to = from + 17, .class = "mac" };
	return true;
}
