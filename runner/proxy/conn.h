/* A connection through the proxy: a client's socket and the target's. */
#ifndef PROXY_CONN_H
#define PROXY_CONN_H

#include "state.h"
#include "tap.h"

enum conn_state { CONN_RESOLVING, CONN_CONNECTING, CONN_OPEN, CONN_REFUSED };

struct side {
	struct loop_io io;
	struct backlog out;	/* from the other side, not yet taken */
	size_t read_max;
	bool watched;
	bool eof;		/* its FIN was read */
	bool shut;		/* our FIN was sent */
	bool dead;		/* takes no bytes any more; may still give some */
	bool parked;		/* not read for now, and its FIN is known */
};

struct conn {
	struct side client, server;
	struct proxy *proxy;
	struct listener *from;
	uint64_t id;
	enum conn_state state;
	size_t address;		/* of lane->found to try next */
	unsigned refused_reads;
	struct loop_timer timer;
	struct tap *tap;
	struct conn *next, **link;
};

/* ---- relay.c: an open connection ------------------------------------ */

uint64_t conn_now(const struct conn *c);
/* Waits for `events`; 0 for nothing. -1: the loop cannot. */
int side_watch(struct conn *c, struct side *s, unsigned events);
void side_close(struct conn *c, struct side *s);
/* Something is ready on a side of an open connection. */
void side_ready(struct conn *c, struct side *s, unsigned ready);
/* Watches what can go on; the connection may be gone afterwards. */
void conn_settle(struct conn *c);
/* Both sockets get a RST, and `c` is freed. */
void conn_abort(struct conn *c);
/* Makes the tap that a connection needs from its first byte on. */
void conn_tap(struct conn *c);

#endif
