/* Between mock_conn.c (calls and answers) and mock_tunnel.c (TLS, CONNECT). */
#ifndef REPLAY_MOCK_CONN_PRIVATE_H
#define REPLAY_MOCK_CONN_PRIVATE_H

#include "mock_answer.h"
#include "mock_conn.h"

#include "socket_play.h"

#include <dvr/net/stream.h>
#include <dvr/wire/http2.h>

enum phase { SHAKING, READING, WAITING, WRITING, HANGING,
	STREAMING,		/* HTTP/2 */
	PLAYING			/* a WebSocket */
};

struct mock_http2;

struct mock_conn {
	struct mock_lane *lane;
	struct loop_io io;
	struct tls *tls;		/* NULL: in the clear */
	int alert;			/* TLS fails with it; 0: it does not */
	struct slice tunnel;		/* host:port of its CONNECT, or "" */
	struct http1_decoder in;
	struct collect collect;
	struct message call;
	enum phase phase;
	bool begun;			/* its protocol is known */
	struct mock_http2 *h2;		/* STREAMING */
	bool keep_alive;
	bool recorded;			/* `index` says by which exchange */
	uint32_t index;
	struct loop_timer latency;
	struct gate_wait hold;
	struct buf backlog, out;
	size_t sent;
	enum answer_then then;
	struct passthrough *away;	/* asks the real dependency */
	struct play *play;		/* a WebSocket, or NULL */
	bool play_over;
	struct mock_conn *next;
};

static inline struct stream
mock_stream(const struct mock_conn *c)
{
	return (struct stream){ .fd = c->io.fd, .tls = c->tls };
}

/* ---- mock_conn.c ------------------------------------------------------ */

/* Bytes of the service; `c` may be gone afterwards. */
void mock_conn_feed(struct mock_conn *c, struct slice in);
/* c->index answers the call, in its time. */
void mock_conn_answer(struct mock_conn *c);

/* ---- mock_socket.c ---------------------------------------------------- */

/* The answer in c->out agrees to the key that this call brought. */
void mock_socket_accept(struct mock_conn *c);
/* The answer is out: false: it is no WebSocket that is played.  `c` may be gone
 * afterwards, here and below. */
bool mock_socket_begin(struct mock_conn *c);
void mock_socket_ready(struct mock_conn *c, unsigned ready);

/* ---- mock_tunnel.c ---------------------------------------------------- */

/* The next step of TLS; `c` may be gone afterwards. */
void mock_shake(struct mock_conn *c);
/* c->call is a CONNECT. */
void mock_tunnel(struct mock_conn *c);

#endif
