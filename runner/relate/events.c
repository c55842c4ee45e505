/* Lists what was asked and answered on a tape (see events.h). */
#include "events.h"

#include <stdlib.h>

/* Each message is an event of its own. */
static size_t
list_spoken(const struct exchange *x, uint32_t index, struct event *out)
{
	size_t nth[] = { [FROM_CLIENT] = 0, [FROM_SERVER] = 0 };

	if (x->protocol != PROTOCOL_WEBSOCKET)
		return 0;
	for (size_t i = 0; i < x->nmessages; i++) {
		const struct stream_message *m = &x->messages[i];
		bool asks = m->from == FROM_CLIENT;

		out[i] = (struct event){ .index = index, .asks = asks,
			.at_us = asks ? m->at_us : m->end_us,
			.spoken = i + 1, .nth = nth[m->from]++ };
	}
	return x->nmessages;
}

static int
by_time(const void *pa, const void *pb)
{
	const struct event *a = pa, *b = pb;

	if (a->at_us != b->at_us)
		return a->at_us < b->at_us ? -1 : 1;
	if (a->asks != b->asks)
		return a->asks ? 1 : -1;
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return a->spoken < b->spoken ? -1 : a->spoken > b->spoken;
}

/* Nothing ends before it begins, or it would be its own producer. */
static int64_t
end_us(const struct exchange *x)
{
	int64_t end = x->response.end_us;

	if (x->request.end_us > end)
		end = x->request.end_us;
	return end > x->request.at_us ? end : x->request.at_us + 1;
}

size_t
events_list(struct arena *a, const struct tape *t, struct event **list)
{
	size_t n = 2 * t->nexchanges + 1, i;
	struct event *out;

	for (i = 0; i < t->nexchanges; i++)
		n += t->exchanges[i].nmessages;
	*list = out = arena_array(a, n, sizeof(*out));
	n = 0;
	for (i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];

		if (t->lanes[x->lane].role != LANE_INGRESS)
			continue;
		out[n++] = (struct event){ .at_us = x->request.at_us,
			.index = (uint32_t)i, .asks = true };
		out[n++] = (struct event){ .at_us = end_us(x),
			.index = (uint32_t)i };
		n += list_spoken(x, (uint32_t)i, out + n);
	}
	if (n > 0)
		qsort(out, n, sizeof(*out), by_time);
	return n;
}
