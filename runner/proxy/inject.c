/* Writes the headers that dvr adds to a request's forwarded copy. */
#include "inject.h"

#include <dvr/wire/upgrade.h>

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
	const struct http1_header *upgrade = http1_field(h, "upgrade");
	const struct http1_header *settings = http1_field(h, "http2-settings");

	return upgrade && settings &&
	       upgrade_offers_h2c(upgrade->value, settings->value);
}

/* A Connection field without the offer; false: nothing is left of it. */
static bool
put_connection(const struct http1_header *f, struct buf *out)
{
	size_t before = out->n;

	buf_add(out, f->name);
	buf_adds(out, ": ");
	if (upgrade_decline(f->value, out))
		return true;
	out->n = before;
	return false;
}

/* One header line as it goes out; false: it does not. */
static bool
put_edited(const struct injection *in, const struct http1_header *f,
	   const struct http1_header *host, struct buf *out)
{
	if (in->decline_h2c && upgrade_is_field(f->name))
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
