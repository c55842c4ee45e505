/* A call that became a WebSocket: between call.c and the player. */
#ifndef REPLAY_CALL_SOCKET_H
#define REPLAY_CALL_SOCKET_H

#include "client.h"

/* Is that exchange one whose messages are played? */
bool is_socket(const struct exchange *x);
/* Takes a header line out of a head that was printed. */
void head_drop(struct buf *wire, struct slice name);
/* The answer's head came: begins to play if it agrees to a WebSocket. */
void call_socket_begin(struct call *k, const struct http1_head *h);
/* Frames of the service. */
void call_socket_feed(struct call *k, struct slice in);
/* It is over: what was observed stands in k->seen.  Returns how it ended. */
enum message_end call_socket_end(struct call *k, enum message_end how);

#endif
