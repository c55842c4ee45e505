/* Takes an offer of h2c out of a request, as the proxy did. */
#include "decline.h"

#include <dvr/wire/upgrade.h>

/* Of a field that lists connection options (bytes). */
#define CONNECTION_MAX (64u * KiB)

static bool
offers(const struct exchange *rec, const struct message *m)
{
	const struct header *upgrade = headers_find(&m->headers, "Upgrade");
	const struct header *settings =
		headers_find(&m->headers, "HTTP2-Settings");

	/* Odd heads went out as they were; so did what the service took. */
	return upgrade != NULL && settings != NULL && m->raw_head.n == 0 &&
	       message_status(&rec->response) != 101 &&
	       upgrade_offers_h2c(upgrade->value, settings->value);
}

static struct header
without_offer(struct arena *a, const struct header *h)
{
	struct header out = { .line = { 0 } };
	struct buf b;

	buf_init(&b, CONNECTION_MAX);
	buf_add(&b, h->name);
	buf_adds(&b, ": ");
	if (upgrade_decline(h->value, &b))
		out = header_of_line(arena_copy(a, buf_slice(&b)));
	buf_release(&b);
	return out;
}

void
decline_h2c(struct arena *a, const struct exchange *rec,
	    const struct message *live, struct message *out)
{
	const struct headers *in = &live->headers;
	struct header *v;
	size_t n = 0;

	*out = *live;
	if (!offers(rec, live))
		return;
	v = arena_array(a, in->n, sizeof(*v));
	for (size_t i = 0; i < in->n; i++) {
		v[n] = in->v[i];
		if (upgrade_is_field(v[n].name))
			continue;
		if (slice_ieq(v[n].name, SLICE("Connection")))
			v[n] = without_offer(a, &in->v[i]);
		n += v[n].line.n > 0;
	}
	out->headers = (struct headers){ v, n };
}
