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
inject_asks_h2c(const struct http1_head *h)
{
	const struct http1_header *f = http1_field(h, "upgrade");

	return f && slice_ieq(f->value, SLICE("h2c")) &&
	       http1_field(h, "http2-settings");
}

/* A Connection field without the tokens of the upgrade; false: none is left. */
static bool
put_connection(const struct http1_header *f, struct buf *out)
{
	struct slice rest = f->value;
	size_t before = out->n, n = 0;

	buf_add(out, f->name);
	buf_adds(out, ": ");
	while (rest.p) {
		struct slice item = slice_trim(slice_cut(&rest, ','));

		if (slice_ieq(item, SLICE("upgrade")) ||
		    slice_ieq(item, SLICE("http2-settings")) || item.n == 0)
			continue;
		if (n++ > 0)
			buf_adds(out, ", ");
		buf_add(out, item);
	}
	if (n == 0)
		out->n = before;
	return n > 0;
}

/* One header line as it goes out; false: it does not. */
static bool
put_edited(const struct injection *in, const struct http1_header *f,
	   const struct http1_header *host, struct buf *out)
{
	if (in->decline_h2c && (slice_ieq(f->name, SLICE("upgrade")) ||
				slice_ieq(f->name, SLICE("http2-settings"))))
		return false;
	if (in->decline_h2c && slice_ieq(f->name, SLICE("connection")))
		return put_connection(f, out);
	if (host && f == host && f->value.n) {
		size_t at = (size_t)(f->value.p - f->line.p);

		buf_add(out, slice_range(f->line, 0, at));
		buf_adds(out, in->host);
		buf_add(out, slice_from(f->line, at + f->value.n));
		return true;
	}
	buf_add(out, f->line);
	return true;
}

bool
inject_head(const struct injection *in, const struct http1_head *h,
	    struct buf *out)
{
	const struct http1_header *host =
		in->host ? http1_field(h, "host") : NULL;
	bool added;

	buf_add(out, h->line);
	buf_adds(out, "\r\n");
	for (size_t i = 0; i < h->nheaders; i++)
		if (put_edited(in, &h->headers[i], host, out))
			buf_adds(out, "\r\n");
	added = inject_lines(in, h, out);
	buf_adds(out, "\r\n");
	return added;
}
