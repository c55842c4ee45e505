/*
 * A proxy between a client socket and a fake upstream, all on one loop in the
 * test's own process: whatever waits, waits by turning that loop.
 */
#ifndef TESTS_PROXY_RIG_H
#define TESTS_PROXY_RIG_H

#include <dvr/proxy/proxy.h>

struct rig {
	struct loop *loop;
	struct ledger *ledger;	/* the caller's, or NULL */
	struct proxy *proxy;
	int listen_fd;		/* the fake upstream's */
	uint16_t port;		/* its port */
	int client, upstream;	/* one connection, -1 when closed */
};

/* `lane` may be NULL for the defaults; its target is set here. */
void rig_open(struct rig *r, const struct lane_config *lane);
/* With a ledger that was created on `loop`; both stay the caller's. */
void rig_open_recording(struct rig *r, const struct lane_config *lane,
			struct loop *loop, struct ledger *ledger);
void rig_close(struct rig *r);

/* One turn of the loop, a millisecond at most. */
void rig_turn(struct rig *r);
/* A client connected through the proxy; the upstream's end is accepted. */
void rig_connect(struct rig *r);
/* Connects to `port` on loopback; nothing else. */
int rig_client(uint16_t port);
int rig_accept(struct rig *r);

void rig_send(struct rig *r, int fd, struct slice bytes);
/* Fails the test unless exactly these bytes come next. */
void rig_expect(struct rig *r, int fd, struct slice bytes);
/* Reads until `end` was read; everything is appended to `out`. */
void rig_read_until(struct rig *r, int fd, struct slice end, struct buf *out);

enum rig_end { RIG_FIN, RIG_RST };
/* Reads to the end of the stream; bytes go to `out` (may be NULL). */
enum rig_end rig_read_end(struct rig *r, int fd, struct buf *out);
/* Closes with a RST. */
void rig_abort(int *fd);

#endif
