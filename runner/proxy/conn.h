/* A connection through the proxy: a client's socket and the target's. */
#ifndef PROXY_CONN_H
#define PROXY_CONN_H

#include "state.h"
#include "tap.h"

#include <dvr/net/stream.h>

enum conn_state {
	CONN_ASKED,		/* forward: a request says where it goes */
	CONN_HELLO,		/* its first bytes say what it speaks */
	CONN_RESOLVING, CONN_CONNECTING,
	CONN_SHAKING_UP,	/* TLS with the target */
	CONN_SHAKING_DOWN,	/* TLS with the client */
	CONN_OPEN, CONN_REFUSED
};

struct forward;

/* A hello, or a head with what was read behind it. */
#define CONN_EARLY_MAX (1u * MiB)

struct side {
	struct loop_io io;
	struct tls *tls;	/* NULL: in the clear */
	struct backlog out;	/* from the other side, not yet taken */
	size_t read_max;
	bool watched;
	bool eof;		/* its FIN was read */
	bool shut;		/* our FIN was sent */
	bool dead;		/* takes no bytes any more; may still give some */
	bool parked;		/* not read for now, and its FIN is known */
	bool cut;		/* it ended without TLS's close_notify */
};

struct conn {
	struct side client, server;
	struct proxy *proxy;
	struct listener *from;
	struct upstream *upstream;	/* NULL: not known yet */
	uint64_t id;
	enum conn_state state;
	size_t address;		/* of upstream->found to try next */
	unsigned refused_reads;
	struct loop_timer timer;
	struct tap *tap;
	struct forward *forward;	/* NULL: bytes go as they come */
	struct buf early;	/* read before the target was there */
	struct buf asked;	/* a CONNECT's head, for the record */
	bool opaque;		/* TLS that is not ours to open */
	bool untapped;		/* passed through, not recorded */
	const char *failed;	/* why it is refused, for the record; or NULL */
	char failed_how[112];
	bool h2;		/* began in the clear with HTTP/2's preface */
	uint64_t up, down;	/* bytes */
	struct conn *next, **link;
};

static inline struct stream
side_stream(const struct side *s)
{
	return (struct stream){ .fd = s->io.fd, .tls = s->tls };
}

/* ---- connect.c: on the way to the target ---------------------------- */

/* Looks up and connects c->upstream; conn_connected() or a refusal follows. */
void conn_reach(struct conn *c);
/* Tells why there is no way to the target, and ends it like a refusal. */
void conn_refused(struct conn *c, const char *why);

/* ---- handshake.c: TLS on either side -------------------------------- */

/* Waits for the client's first bytes. */
void handshake_listen(struct conn *c);
/* The target's socket is connected. */
void handshake_connected(struct conn *c);
/* A socket is ready in one of the states of a handshake. */
void handshake_ready(struct conn *c, struct side *s);
void handshake_late(struct conn *c);

/* ---- forward.c: a forward proxy's requests --------------------------- */

void forward_start(struct conn *c);
/* Reads in CONN_ASKED. */
void forward_read(struct conn *c);
/* Bytes of the client; -1 when the target takes none any more.  Never frees
 * `c`: what must end waits for forward_turn(). */
int forward_bytes(struct conn *c, struct slice in, uint64_t at);
/* Does a request wait for another target? */
bool forward_waits(const struct conn *c);
/* Goes on to it when nothing is unanswered: true, and `c` is on its way. */
bool forward_turn(struct conn *c);
/* The socket of a CONNECT is there, or is not to be had. */
void forward_connected(struct conn *c);
bool forward_is_connect(const struct conn *c);
void forward_refuse(struct conn *c, unsigned status, const char *why);
void forward_end(struct conn *c);

/* ---- relay.c: an open connection ------------------------------------ */

/* Target and client are there: what was read early goes first. */
void conn_start(struct conn *c);
/* Orderly: what was written still arrives. */
void conn_end(struct conn *c);
/* Gives on what was read early; -1 as conn_client_bytes(). */
int conn_early(struct conn *c);
/* Bytes that came from the client, for whom they concern; -1: the target
 * takes none any more. */
int conn_client_bytes(struct conn *c, struct slice in, uint64_t at);
/* The same past a forward proxy's requests: through the tap to the target. */
int conn_up(struct conn *c, struct slice in, uint64_t at);

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
