/* The messages of a gRPC call beside the body that they make. */
#include <dvr/tape/tape.h>

#include <string.h>

/* Flag and length (gRPC over HTTP/2, Length-Prefixed-Message). */
#define PREFIX_BYTES 5u

struct message *
exchange_side(struct exchange *x, enum sender from)
{
	return from == FROM_CLIENT ? &x->request : &x->response;
}

const struct stream_message *
exchange_spoken(const struct exchange *x, enum sender from, struct slice name,
		size_t *nth)
{
	struct slice rest = slice_from(name, 1), number = slice_cut(&rest, '/');
	uint64_t want;
	size_t n = 0;

	if (x->protocol != PROTOCOL_WEBSOCKET || !slice_starts(name, SLICE("/")) ||
	    slice_uint(number, UINT32_MAX, &want) < 0)
		return NULL;
	for (size_t i = 0; i < x->nmessages; i++) {
		if (x->messages[i].from != from)
			continue;
		if (n == want) {
			*nth = n;
			return &x->messages[i];
		}
		n++;
	}
	return NULL;
}

static bool
is_joined(const struct exchange *x, const struct stream_message *p,
	  enum sender from)
{
	return x->protocol == PROTOCOL_HTTP2 && p->from == from;
}

static void
put_prefix(const struct stream_message *p, char out[PREFIX_BYTES])
{
	uint32_t n = (uint32_t)p->payload.n;

	/* What was decoded to be scrubbed is sent as it is. */
	out[0] = p->kind == STREAM_COMPRESSED && p->decoded.n == 0;
	out[1] = (char)(n >> 24 & 0xff);
	out[2] = (char)(n >> 16 & 0xff);
	out[3] = (char)(n >> 8 & 0xff);
	out[4] = (char)(n & 0xff);
}

size_t
exchange_joined(const struct exchange *x, enum sender from)
{
	size_t n = 0;

	for (size_t i = 0; i < x->nmessages; i++)
		if (is_joined(x, &x->messages[i], from))
			n += PREFIX_BYTES + x->messages[i].payload.n;
	return n;
}

bool
exchange_is_joined(const struct exchange *x, enum sender from)
{
	struct slice body =
		from == FROM_CLIENT ? x->request.body : x->response.body;
	char prefix[PREFIX_BYTES];

	for (size_t i = 0; i < x->nmessages; i++) {
		const struct stream_message *p = &x->messages[i];

		if (!is_joined(x, p, from))
			continue;
		put_prefix(p, prefix);
		if (!slice_starts(body, slice_of(prefix, sizeof(prefix))))
			return false;
		body = slice_from(body, sizeof(prefix));
		if (!slice_starts(body, p->payload))
			return false;
		body = slice_from(body, p->payload.n);
	}
	return true;
}

void
exchange_join(struct arena *a, struct exchange *x, enum sender from,
	      struct slice rest)
{
	size_t n = exchange_joined(x, from), at = 0;
	struct message *m = exchange_side(x, from);
	char *body;

	if (n == 0) {
		m->body = rest;
		return;
	}
	body = arena_alloc(a, n + rest.n);
	for (size_t i = 0; i < x->nmessages; i++) {
		const struct stream_message *p = &x->messages[i];

		if (!is_joined(x, p, from))
			continue;
		put_prefix(p, body + at);
		at += PREFIX_BYTES;
		if (p->payload.n > 0)
			memcpy(body + at, p->payload.p, p->payload.n);
		at += p->payload.n;
	}
	if (rest.n > 0)
		memcpy(body + at, rest.p, rest.n);
	m->body = slice_of(body, n + rest.n);
}
