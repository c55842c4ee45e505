/*
 * The replay's client side: recorded connections, our exact bytes on them,
 * live answers decoded into `struct observed_exchange`.  It knows nothing of
 * deadlines and order: who calls conn_send() decides when.
 */
#ifndef REPLAY_CLIENT_H
#define REPLAY_CLIENT_H

#include "collect.h"
#include "connect.h"
#include "notes.h"

#include <dvr/replay/replay.h>

struct call;
struct call_h2;
struct conn;
struct http2_client;
struct play;

struct client {			/* what all connections share */
	struct loop *loop;
	struct connector *connector;
	const struct replay_options *options;
	struct arena *arena;	/* of the answers */
	struct notes *notes;
	struct slice prefix;	/* of correlation ids */
	uint64_t t0_ns;		/* live times count from here */
	struct arena *wires;	/* of the requests' bytes */
	struct buf print;	/* where those are made */
	char *scratch;		/* CLIENT_SCRATCH bytes for reading */
	/* Connected, or not (then *why): what waits for it goes on. */
	void (*on_up)(void *arg, struct conn *c, const char *why);
	void (*on_head)(void *arg, struct call *k);	/* final answer's */
	void (*on_done)(void *arg, struct call *k);
	/* More was said on its WebSocket; or NULL. */
	void (*on_heard)(void *arg, struct call *k);
	/* What message `at` of its WebSocket says now; NULL: as recorded, which
	 * is `live`. */
	struct slice (*words)(void *arg, struct call *k, size_t at,
			      const struct stream_message *live);
	void *arg;
};

#define CLIENT_SCRATCH (64u * KiB)

enum conn_state { CONN_NONE, CONN_CONNECTING, CONN_UP };

/* What a protocol makes of a connection: client_http1.c, client_http2.c. */
struct speech {
	void (*up)(struct conn *c);	/* there is a new socket */
	void (*down)(struct conn *c);	/* it is gone */
	/* May another request go on the wire beside those in flight?
	 * `pipelined`: so it was on the tape. */
	bool (*takes)(const struct conn *c, bool pipelined);
	void (*ahead)(struct conn *c, struct call *k);	/* or NULL */
	void (*send)(struct conn *c, struct call *k);
	void (*flush)(struct conn *c);	/* what is due and can go */
	void (*feed)(struct conn *c, struct slice in);
	void (*eof)(struct conn *c);	/* the service ended it: does that
					 * complete an answer? */
	void (*give_up)(struct call *k);	/* its patience is over */
	bool http2;
};
extern const struct speech speech_http1, speech_http2;

struct conn {
	struct client *client;
	const struct speech *speech;
	uint32_t lane, number;		/* of the tape */
	enum conn_state state;
	struct connecting *pending;
	struct loop_io io;
	struct tls *tls;		/* NULL: in the clear */
	struct http1_decoder in;	/* HTTP/1.1 */
	struct http2_client *h2;	/* HTTP/2 */
	struct call *first;		/* in flight, oldest first */
	struct call *writing;		/* first not yet written whole */
	unsigned opened;		/* how often; also guards re-entry */
	bool used;			/* this opening carried a request */
	bool final;			/* the service will close it */
	bool broken;			/* writing failed */
	bool heading;			/* the next bytes begin an answer */
};

struct call {			/* one request and its answer */
	struct client *client;
	struct conn *conn;
	const struct exchange *rec;
	struct observed_exchange *seen;
	struct collect collect;
	struct call_h2 *h2;		/* HTTP/2, or NULL */
	struct message *interim;	/* 1xx that is being read */
	struct slice wire;
	size_t head_n, sent;
	unsigned ahead;		/* opening that has its first bytes, 0 none */
	uint64_t begun_ns;
	bool expecting;		/* the body waits for 100 Continue */
	bool written;		/* whole, or given up */
	bool answered;		/* nothing more is expected */
	bool head_seen;
	bool aborted;		/* the recorded abort was done */
	bool done;
	struct loop_timer pace;		/* next segment, or 100's patience */
	struct loop_timer expiry;
	struct loop_timer leave;	/* recorded abort */
	struct call *next;
	struct play *play;	/* it became a WebSocket; or NULL */
	void *owner;
};

/* Observation begun; call_release() when all is over. */
void call_init(struct call *k, const struct exchange *rec,
	       struct observed_exchange *seen, struct client *c);
void call_release(struct call *k, struct loop *l);
/* What will be sent, before it is: the request as it is alive. */
void call_request(struct call *k, const struct message *live);

static inline struct stream
conn_stream(const struct conn *c)
{
	return (struct stream){ .fd = c->io.fd, .tls = c->tls };
}

void conn_init(struct conn *c, struct client *client, enum protocol p);
/* Begins to connect unless it is up or at it; on_up() follows. */
void conn_open(struct conn *c);
/*
 * Puts the first bytes of a request that must still wait on a connection where
 * nothing is in flight, all but the end of its head.  Services begin to work
 * when the head is complete, so what is left to send at its time is short and
 * finds the reader at it.
 */
void conn_send_ahead(struct conn *c, struct call *k);
/* Puts a request on an open connection, behind what is in flight. */
void conn_send(struct conn *c, struct call *k);
/* Reads what has arrived, then ends everything in flight with `how`. */
void conn_finish(struct conn *c, enum message_end how);
/* The same without reading. */
void conn_drop(struct conn *c, enum message_end how);
/* Closes; nothing may be in flight. */
void conn_close(struct conn *c);
void conn_release(struct conn *c);

#endif
