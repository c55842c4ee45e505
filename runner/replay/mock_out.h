/* Where a mock's calls go that are passed through: the lane's real dependency,
 * or on a forward proxy's lane each host. */
#ifndef REPLAY_MOCK_OUT_H
#define REPLAY_MOCK_OUT_H

#include "mock_conn_private.h"

/* The way out for the call, and its URL; NULL: there is none. */
struct mock_out *mock_out(struct mock_conn *c, const struct message *call);
/* The call's bytes as they go out, in HTTP/1.1. */
void mock_out_print(const struct mock_conn *c, const struct message *call,
		    struct buf *out);

/* Words about a call that goes out, and about one that came to nothing. */
void mock_out_tell(const struct mock_conn *c, const struct message *call,
		   const struct mock_out *to);
void mock_out_failed(const struct mock_conn *c, const struct mock_out *to,
		     const char *why);

#endif
