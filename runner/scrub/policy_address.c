/* Reading the addresses of clients: X-Forwarded-For, Forwarded and the like. */
#include "reading.h"

#include "pii.h"

#include <dvr/field/header.h>

/* RFC 7239 §6, and what else is written: more of them in one string. */
static bool
ends_address(char c)
{
	return c == ',' || c == ';' || c == ' ' || c == '"' || c == '=' ||
	       c == '[' || c == ']' || c == '\t';
}

/* With a port behind it ("81.2.69.142:443"), without it. */
static struct slice
without_port(struct slice v)
{
	ssize_t colon = slice_chr(v, ':');

	return slice_chr(v, '.') > 0 && colon > 0 ?
		slice_range(v, 0, (size_t)colon) : v;
}

static void
read_node(const struct reading *r, struct slice v)
{
	struct reading as = *r;
	size_t from, to;

	for (from = 0; from < v.n; from = to + 1) {
		struct slice part;

		for (to = from; to < v.n && !ends_address(v.p[to]); to++)
			;
		part = without_port(slice_range(v, from, to));
		as.detector = DETECT_IPV4;
		if (ipv4_is_public(part))
			reading_mark(&as, part, "ipv4");
		as.detector = DETECT_IPV6;
		if (ipv6_is_public(part))
			reading_mark(&as, part, "ipv6");
	}
}

/* Here no version number stands: all public addresses go, and only they. */
void
read_addresses(const struct reading *r)
{
	struct header_walk w = header_walk(HEADER_LIST, r->value);
	struct header_part p;

	while (header_next(&w, &p))
		read_node(r, p.value.p ? p.value : p.text);
}
