/* Between client.c (connections) and call.c (one request and its answer). */
#ifndef REPLAY_CLIENT_PRIVATE_H
#define REPLAY_CLIENT_PRIVATE_H

#include "client.h"

/* How many bytes of the request may be on the wire by now; sets the pace timer
 * for the rest. */
size_t call_allowed(struct call *k, uint64_t now_ns);
void call_begin(struct call *k, uint64_t now_ns);
/* Everything was written. */
void call_written(struct call *k);
/* One decoder event of its answer.  False: the answer is garbage. */
bool call_event(struct call *k, struct http1_decoder *d, enum http1_event ev,
		struct slice span);
/* The answer is over: how. */
void call_end(struct call *k, enum message_end how);
/* Takes a finished call off its connection and tells; true when it did. */
bool call_finish(struct call *k);

void conn_flush(struct conn *c);

#endif
