/* Between client*.c (connections) and call*.c (one request and its answer). */
#ifndef REPLAY_CLIENT_PRIVATE_H
#define REPLAY_CLIENT_PRIVATE_H

#include "client.h"
#include "schedule.h"

#include <dvr/wire/grpc.h>

/* How many bytes of the request may be on the wire by now; sets the pace timer
 * for the rest. */
size_t call_allowed(struct call *k, uint64_t now_ns);
void call_begin(struct call *k, uint64_t now_ns);
/* Everything was written. */
void call_written(struct call *k);
/* One decoder event of its answer.  False: the answer is garbage. */
bool call_event(struct call *k, struct http1_decoder *d, enum http1_event ev,
		struct slice span);
/* A head has come: an answer's, or of one that is yet to come (1xx). */
void call_head(struct call *k, const struct http1_head *h);
/* That interim answer is over. */
void call_interim_ended(struct call *k);
/* Now, in microseconds of the replay. */
int64_t call_now_us(const struct call *k);
/* The answer is over: how. */
void call_end(struct call *k, enum message_end how);
/* Takes a finished call off its connection and tells; true when it did. */
bool call_finish(struct call *k);

void conn_flush(struct conn *c);
void conn_want(struct conn *c, unsigned events);
/* Sends `bytes` from *sent on; false: wait until the socket takes more, or it
 * is broken. */
bool conn_push(struct conn *c, struct slice bytes, size_t *sent);
/* Behind those that are in flight. */
void conn_append(struct conn *c, struct call *k);
/* What came is not the protocol: `k` (or NULL) and all others end. */
void conn_garbage(struct conn *c, struct call *k, const char *why);

/* ---- call_http2.c ------------------------------------------------------ */

struct h2_piece {		/* of a request, in its recorded time */
	size_t end;		/* body bytes with it */
	int64_t at_us;		/* after the request's begin */
	size_t after;		/* messages of the service before it */
};

struct call_h2 {
	int32_t stream;			/* 0: none yet */
	struct headers fields;		/* of the request, pseudo ones too */
	struct headers trailers;
	struct slice body;
	struct h2_piece *pieces;	/* the last one is the end */
	size_t npieces, piece;		/* piece: first that is not due yet */
	size_t sent;			/* body bytes that were handed over */
	uint64_t patience_ns;		/* with the service's messages, 0: not
					 * waiting for one */
	bool impatient;			/* waits for no more of them */
	bool idle;			/* the stream asks for nothing */
	bool ended;			/* our side of the stream */
	bool closed;			/* both */
	struct stream_message *messages;	/* of the answer */
	size_t nmessages, cap;
	struct grpc_cursor cursor;	/* in the one that is read */
};

void h2_request(struct call *k, const struct message *live);
/* How far the body may be on the wire by now; sets the pace timer for the
 * rest. */
size_t h2_allowed(struct call *k, uint64_t now_ns);
/* Is the end of the request due? */
bool h2_end_due(const struct call *k);
/* Bytes of the answer's body. */
void h2_body(struct call *k, struct slice in);
/* The answer is over: what was observed of its messages. */
void h2_observe(struct call *k);

#endif
