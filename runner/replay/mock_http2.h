/* A connection of the service to a mock that speaks HTTP/2: its streams are
 * calls, each matched, waited for and answered by itself. */
#ifndef REPLAY_MOCK_HTTP2_H
#define REPLAY_MOCK_HTTP2_H

#include "mock_conn_private.h"

struct mock_http2 *mock_http2_create(struct mock_conn *c);
/* NULL is fine. */
void mock_http2_destroy(struct mock_http2 *h);
/* Does its connection end otherwise than by a reset? */
bool mock_http2_ends_well(const struct mock_http2 *h);
/* Both may end the connection and all that belongs to it; flush tells: false
 * when it is gone. */
void mock_http2_feed(struct mock_http2 *h, struct slice in);
bool mock_http2_flush(struct mock_http2 *h);
/* Every answer goes now. */
void mock_http2_unhold(struct mock_http2 *h);

#endif
