/* What the control endpoint's two halves share: transport and routes. */
#ifndef PROXY_CONTROL_H
#define PROXY_CONTROL_H

#include "state.h"

/* A session that was started here; its id goes into paths as it is. */
struct control_session {
	struct control_session *next;
	char *name;
	char id[24];
};

struct control {
	struct proxy *proxy;
	struct loop *loop;
	struct ledger *ledger;
	control_restart_fn *restart;
	void *arg;
	struct loop_io io;
	struct loop_timer starved;	/* set: no descriptor was left */
	char url[64];
	struct control_conn *conns;
	struct control_session *sessions;	/* started, not ended */
	uint64_t sessions_seen;
};

struct control_request {
	struct slice method, target, body;
};

/* Carries out one request: the HTTP status, and a JSON text in `out`. */
unsigned control_route(struct control *c, const struct control_request *r,
		       struct buf *out);
void control_sessions_release(struct control *c);

#endif
