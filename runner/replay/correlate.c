/* Puts correlation headers on replayed requests and reads them off calls. */
#include "correlate.h"

#include <string.h>

#define CORRELATION_NAME "X-DVR-Correlation-Id"
#define TRACEPARENT_NAME "traceparent"
/* Trace ids of replays begin so: "dvr" and a version. */
#define TRACE_KEY "6476720001000000"
/* 00-<trace id>-<span id>-<flags> (W3C Trace Context, level 1) */
#define TRACE_AT 3
#define TRACE_HEX 32
#define TRACEPARENT_LEN 55

struct slice
correlate_prefix(const struct tape *t, struct arena *a)
{
	struct slice made = arena_fmt(a, "%.*s/%.*s/", SLICE_ARG(t->namespace),
				      SLICE_ARG(t->id));
	char *p = arena_str(a, made);

	/* What may stand in a header's value, and no more. */
	for (size_t i = 0; i < made.n; i++)
		if (p[i] <= ' ' || p[i] > '~')
			p[i] = '_';
	return slice_of(p, made.n);
}

static void
put_headers(struct slice prefix, const struct exchange *x, struct buf *out)
{
	const struct headers *h = &x->request.headers;

	if (headers_find(h, CORRELATION_NAME) == NULL)
		buf_fmt(out, CORRELATION_NAME ": %.*s%u\r\n",
			SLICE_ARG(prefix), x->id);
	if (headers_find(h, TRACEPARENT_NAME) == NULL)
		buf_fmt(out, TRACEPARENT_NAME ": 00-" TRACE_KEY "%016x-%016x-01"
			"\r\n", x->id, x->id);
}

void
correlate_inject(struct slice prefix, const struct exchange *x,
		 struct buf *wire)
{
	ssize_t end = slice_find(buf_slice(wire), SLICE("\r\n\r\n"));
	struct slice rest;
	struct buf made;

	if (!x->injected || end < 0)
		return;
	buf_init(&made, wire->limit);
	buf_add(&made, slice_range(buf_slice(wire), 0, (size_t)end + 2));
	put_headers(prefix, x, &made);
	rest = slice_from(buf_slice(wire), (size_t)end + 2);
	buf_add(&made, rest);
	buf_release(wire);
	*wire = made;
}

/* The trace id of a traceparent, or "". */
static struct slice
trace_of(const struct message *m)
{
	const struct header *h = headers_find(&m->headers, TRACEPARENT_NAME);

	if (h == NULL || h->value.n < TRACEPARENT_LEN)
		return slice_of(NULL, 0);
	return slice_range(h->value, TRACE_AT, TRACE_AT + TRACE_HEX);
}

static uint32_t
ingress_id(const struct tape *t, uint64_t id)
{
	const struct exchange *x = tape_exchange(t, (uint32_t)id);

	if (x == NULL || t->lanes[x->lane].role != LANE_INGRESS)
		return 0;
	return x->id;
}

/* Ours, or one that the recorded client had sent with one request alone. */
static uint32_t
by_trace(const struct tape *t, struct slice trace)
{
	uint32_t found = 0;
	uint64_t id;

	if (trace.n == 0)
		return 0;
	if (slice_starts(trace, SLICE(TRACE_KEY)) &&
	    slice_hex(slice_from(trace, sizeof(TRACE_KEY) - 1), UINT32_MAX,
		      &id) == 0)
		return ingress_id(t, id);
	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];

		if (t->lanes[x->lane].role != LANE_INGRESS ||
		    !slice_eq(trace_of(&x->request), trace))
			continue;
		if (found != 0)
			return 0;
		found = x->id;
	}
	return found;
}

uint32_t
correlate_cause(const struct tape *t, struct slice prefix,
		const struct message *call)
{
	const struct header *h = headers_find(&call->headers,
					      CORRELATION_NAME);
	uint64_t id;

	if (h != NULL && slice_starts(h->value, prefix) &&
	    slice_uint(slice_from(h->value, prefix.n), UINT32_MAX, &id) == 0)
		return ingress_id(t, id);
	return by_trace(t, trace_of(call));
}
