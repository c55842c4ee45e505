/*
 * The tap behind a WebSocket's handshake: looks for close frames alone, so that
 * an end can be told from an accident.  Payloads are not put together here;
 * who commits a tape does that from the bytes in the ring.
 */
#ifndef PROXY_TAP_WEBSOCKET_H
#define PROXY_TAP_WEBSOCKET_H

#include "tap.h"

struct tap_websocket;

/* NULL: the answer agrees to no WebSocket. */
struct tap_websocket *tap_websocket_create(const struct http1_head *answer);
void tap_websocket_destroy(struct tap_websocket *w);

/* Returns the code when the server closes by itself, else 0. */
unsigned tap_websocket_read(struct tap_websocket *w, enum lx_side side,
			    struct slice in);
/* Has either side said goodbye, or can that not be told? */
bool tap_websocket_closed(const struct tap_websocket *w);

#endif
