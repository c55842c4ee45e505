/* Between mocks.c (lanes) and mock_conn.c (a connection of the service). */
#ifndef REPLAY_MOCK_CONN_H
#define REPLAY_MOCK_CONN_H

#include "collect.h"
#include "match.h"
#include "mocks.h"
#include "passthrough.h"

struct mock_out {			/* mock_out.c */
	char *url;
	struct connector *connector;
	struct mock_out *next;
};

struct mock_lane {
	struct mocks *mocks;
	struct slice name;
	struct loop_io io;
	uint16_t port;
	char url[64];
	struct tls_ca *ca;		/* NULL: in the clear */
	bool forward;			/* a forward proxy's, TLS in tunnels */
	char **passthrough;		/* hosts that were not recorded */
	struct tls_trust_config trust;	/* in real dependencies */
	struct mock_out *outs;		/* the ways to them: one, or on a
					 * forward proxy's lane one a host */
	struct mock_conn *conns;
	struct mock_lane *next;
};

struct mocks {
	struct loop *loop;
	struct isolation *isolation;	/* NULL: none */
	unsigned nlanes;
	const struct tape *tape;
	const struct plan *plan;
	struct arena *arena;			/* of this tape */
	struct arena *lanes_arena;		/* for life */
	struct mock_lane *lanes;
	struct match match;
	const struct mint *keys;		/* of tokens; NULL: none */
	struct slice prefix;			/* of correlation ids */
	struct observed_exchange **seen;	/* by exchange index */
	struct notes misses;
	struct notes notes;			/* what went otherwise */
	struct buf stubs;			/* items that answer the misses */
	enum on_miss on_miss;
	uint64_t timeout_ns;			/* of a real dependency */
	const struct mock_run *run;
	char *scratch;			/* MOCK_SCRATCH bytes */
};

#define MOCK_SCRATCH (64u * KiB)

/* mock_out.c */
int mock_out_add(struct mock_lane *lane, struct slice url,
		 struct mock_out **out, struct err *e);
void mock_out_release(struct mock_lane *lane);

/* A connection that was accepted on a lane; owns `fd`. */
void mock_conn_start(struct mock_lane *lane, int fd);
void mock_conn_destroy(struct mock_conn *c);
/* Its hold, if any, is void: answered now. */
void mock_conn_unhold(struct mock_conn *c);
struct mock_conn *mock_conn_next(struct mock_conn *c);

#endif
