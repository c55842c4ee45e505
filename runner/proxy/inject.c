/* Writes the headers that dvr adds to a request's forwarded copy. */
#include "inject.h"

#include <string.h>

static const char correlation_name[] = "X-DVR-Correlation-Id";
static const char traceparent_name[] = "traceparent";

static char *
put(char *at, struct slice s)
{
	memcpy(at, s.p, s.n);
	return at + s.n;
}

bool
inject_allowed(const struct http1_head *h)
{
	return h->crlf_only && !h->ambiguous;
}

static void
put_line(struct slice name, struct slice value, struct buf *out)
{
	size_t n = name.n + value.n + 4;
	char *at = buf_room(out, n);

	if (!at)
		return;
	at = put(put(at, name), SLICE(": "));
	put(put(at, value), SLICE("\r\n"));
	buf_grew(out, n);
}

bool
inject_lines(const struct injection *in, const struct http1_head *h,
	     struct buf *out)
{
	size_t before = out->n;

	if (in->correlation.n && !http1_field(h, correlation_name))
		put_line(SLICE(correlation_name), in->correlation, out);
	if (in->traceparent.n && !http1_field(h, traceparent_name))
		put_line(SLICE(traceparent_name), in->traceparent, out);
	return out->n > before;
}

bool
inject_head(const struct injection *in, const struct http1_head *h,
	    struct buf *out)
{
	const struct http1_header *host =
		in->host ? http1_field(h, "host") : NULL;
	size_t end = h->raw.n - 2, from = 0;
	bool added;

	if (host && host->value.n) {
		size_t at = (size_t)(host->value.p - h->raw.p);

		buf_add(out, slice_range(h->raw, 0, at));
		buf_adds(out, in->host);
		from = at + host->value.n;
	}
	buf_add(out, slice_range(h->raw, from, end));
	added = inject_lines(in, h, out);
	buf_adds(out, "\r\n");
	return added;
}
