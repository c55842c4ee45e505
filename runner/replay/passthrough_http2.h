/* A call over HTTP/2 that the tape cannot answer, taken to the real dependency:
 * one connection, the service's fields, the whole answer. */
#ifndef REPLAY_PASSTHROUGH_HTTP2_H
#define REPLAY_PASSTHROUGH_HTTP2_H

#include "connect.h"

#include <dvr/tape/tape.h>

struct passthrough_h2;

struct passthrough_h2_request {
	struct loop *loop;
	struct connector *to;
	struct arena *arena;		/* of the answer, and of the request */
	const struct message *call;	/* lives there */
	uint64_t timeout_ns;
	/* `why` NULL: `answer` is whole, and lives in the arena.  The
	 * passthrough is gone when it returns. */
	void (*fn)(void *arg, const struct message *answer, const char *why);
	void *arg;
};

/* fn is never called before it returns. */
struct passthrough_h2 *
passthrough_h2_start(const struct passthrough_h2_request *how);
/* fn is not called any more; takes NULL. */
void passthrough_h2_cancel(struct passthrough_h2 *p);

#endif
