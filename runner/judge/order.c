/* Finds overlaps of the tape that a late request took away from the replay. */
#include "compare.h"
#include "findings.h"

/* An order this close on the tape (us) cannot be asked for by timing alone. */
#define ORDER_MARGIN_US 1000

void
judging_order(struct judging *j)
{
	for (size_t a = 0; a < j->r->ncases; a++) {
		const struct exchange *xa = judging_exchange(j, a);
		const struct observed_exchange *la = judging_seen(j, a);

		if (!xa->response.present || !la || !la->x.response.present ||
		    !la->x.request.present)
			continue;
		for (size_t b = a + 1; b < j->r->ncases; b++) {
			const struct exchange *xb = judging_exchange(j, b);
			const struct observed_exchange *lb = judging_seen(j, b);
			int64_t due = la->x.request.at_us +
				      xb->request.at_us - xa->request.at_us;

			if (xb->request.at_us + ORDER_MARGIN_US >
			    xa->response.at_us)
				break;
			if (lb && lb->x.request.present && lb->x.request.at_us >=
			    la->x.response.at_us &&
			    due < la->x.response.at_us)
				judging_find(j, FIND_ORDER, b, arena_fmt(
					j->a, "%.*s was sent after %.*s had "
					"answered; on the tape before it",
					SLICE_ARG(j->r->cases[b].name),
					SLICE_ARG(j->r->cases[a].name)));
		}
	}
}
