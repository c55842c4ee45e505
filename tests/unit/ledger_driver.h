/*
 * Drives a ledger as the proxy's taps do: raw HTTP bytes go through the
 * decoders, and what they find is reported, at times that the test sets.
 */
#ifndef TEST_LEDGER_DRIVER_H
#define TEST_LEDGER_DRIVER_H

#include "../../runner/ledger/commit.h"
#include "../../runner/ledger/seen.h"

#define MS NS_PER_MS
#define LANE_CLIENT 0u
#define LANE_DEPENDENCY 1u

struct driver {
	struct clock clock;		/* its state is the driver */
	uint64_t now_ns;
	bool real_time;
	struct ledger_config config;	/* change before driver_start() */
	struct loop *loop;
	struct scrub *scrub;
	struct ledger *l;
};

/* One connection. */
struct wire {
	struct driver *d;
	uint32_t lane;
	uint64_t conn;
	const char *session;		/* control session, or NULL */
	struct http1_decoder req, resp;
	struct lx *x;
	char correlation[CORRELATION_MAX], traceparent[64];
};

/* Defaults: 5xx, exceptions, a small ring, commits held in the queue. */
void driver_init(struct driver *d);
void driver_start(struct driver *d);
void driver_stop(struct driver *d);
/* Time goes on, timers fire. */
void driver_wait(struct driver *d, uint64_t ns);
const struct job *driver_job(const struct driver *d);
size_t driver_tapes(const struct driver *d);

void wire_open(struct wire *w, struct driver *d, uint32_t lane,
	       uint64_t conn);
void wire_close(struct wire *w);
/* Bytes of one read. */
void wire_request(struct wire *w, struct slice bytes);
void wire_response(struct wire *w, struct slice bytes);
void wire_end(struct wire *w, enum lx_side side, enum lx_end how);
/* The exchange is over; the connection may carry another. */
void wire_done(struct wire *w);

/* A whole exchange on a connection of its own, 1 ms for the answer. */
void drive(struct driver *d, const char *request, const char *response);
void drive_on(struct driver *d, const char *session, const char *request,
	      const char *response);

#define OK_200 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define BAD_500 "HTTP/1.1 500 Internal Server Error\r\n" \
	"Content-Length: 4\r\n\r\noops"
#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

#endif
