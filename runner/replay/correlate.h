/*
 * Names on the wire by which a call of the service leads to the request that
 * it is made for: a service that passes the recording's headers on passes
 * these on, too.
 */
#ifndef REPLAY_CORRELATE_H
#define REPLAY_CORRELATE_H

#include <dvr/tape/tape.h>

/* "namespace/tape/": what stands before the exchange's number. */
struct slice correlate_prefix(const struct tape *t, struct arena *a);
/* Appends the headers that the recording injected to the head in `wire`; an
 * exchange without them, or whose head is not plain, stays as it is. */
void correlate_inject(struct slice prefix, const struct exchange *x,
		      struct buf *wire);
/* The ingress exchange that a call names as its cause, or 0. */
uint32_t correlate_cause(const struct tape *t, struct slice prefix,
			 const struct message *call);

#endif
