/* Finds the exchange that a death of the service is blamed on. */
#include "suspects.h"

/* 2: was cut off by the death; 1: got its whole answer, or is a stream that
 * was merely there; 0: never reached the service. */
static int
suspicion(const struct pending *p, const struct lx *x)
{
	bool whole = (x->flags & LXF_RESP_ENDED) &&
		x->end[LX_RESPONSE] == LX_COMPLETE;

	if (lx_refused(x) || x->at_ns[LX_REQUEST] > p->at_ns)
		return 0;
	return whole || (x->flags & LXF_ENDLESS) ? 1 : 2;
}

static struct lx *
last_suspect(const struct pending *p, int level, uint64_t before_ns)
{
	struct lx *best = NULL;
	size_t i;

	for (i = 0; i < p->nsuspects; i++)
		if (suspicion(p, p->suspects[i]) == level &&
		    p->suspects[i]->at_ns[LX_REQUEST] <= before_ns &&
		    (!best || p->suspects[i]->seq > best->seq))
			best = p->suspects[i];
	return best;
}

/* When the first that was cut off ended; UINT64_MAX when none has yet. */
static uint64_t
first_cut_ns(const struct pending *p)
{
	uint64_t first = UINT64_MAX;
	size_t i;

	for (i = 0; i < p->nsuspects; i++) {
		const struct lx *x = p->suspects[i];

		if (suspicion(p, x) == 2 && (x->flags & LXF_RESP_ENDED) &&
		    x->end_ns[LX_RESPONSE] < first)
			first = x->end_ns[LX_RESPONSE];
	}
	return first;
}

struct lx *
suspect_cut_off(const struct pending *p)
{
	return last_suspect(p, 2, first_cut_ns(p));
}

struct lx *
suspect_answered(const struct pending *p)
{
	return last_suspect(p, 1, UINT64_MAX);
}
