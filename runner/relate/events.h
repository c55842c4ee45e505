/* What clients asked and heard, in the order of time. */
#ifndef RELATE_EVENTS_H
#define RELATE_EVENTS_H

#include <dvr/tape/tape.h>

struct event {
	int64_t at_us;
	uint32_t index;			/* of the exchange */
	bool asks;			/* its request, else its answer's end */
	size_t spoken;			/* a WebSocket's message: which, from
					 * 1; 0: the exchange */
	size_t nth;			/* of its side, from 0 */
};

/* Of the lanes that clients use; *out lives in `a`.  How many. */
size_t events_list(struct arena *a, const struct tape *t, struct event **out);

#endif
