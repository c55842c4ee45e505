/*
 * A call that the tape cannot answer, taken to the real dependency: one
 * connection, the service's bytes, the whole answer.
 */
#ifndef REPLAY_PASSTHROUGH_H
#define REPLAY_PASSTHROUGH_H

#include "connect.h"

#include <dvr/base/buf.h>

struct passthrough;

struct passthrough_request {
	struct loop *loop;
	struct connector *to;
	struct slice bytes;		/* copied */
	struct slice method;		/* borrowed only for the start */
	uint64_t timeout_ns;
	/* `why` NULL: `answer` is whole; valid only during the call.  The
	 * passthrough is gone when it returns. */
	void (*fn)(void *arg, struct slice answer, bool keep_alive,
		   const char *why);
	void *arg;
};

/* fn is never called before it returns; NULL when nothing can be started. */
struct passthrough *passthrough_start(const struct passthrough_request *how);
/* fn is not called any more. */
void passthrough_cancel(struct passthrough *p);

#endif
