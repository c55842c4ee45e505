/* Requests that offered h2c are sent as the service got them. */
#ifndef REPLAY_DECLINE_H
#define REPLAY_DECLINE_H

#include <dvr/tape/tape.h>

/* *out is the live request of the recorded exchange, without an offer of h2c
 * that the proxy did not pass on; lives in `a`, and as long as `live`. */
void decline_h2c(struct arena *a, const struct exchange *rec,
		 const struct message *live, struct message *out);

#endif
