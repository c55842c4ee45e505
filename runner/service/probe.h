/*
 * Is somebody there?  Asks an address again and again, with a growing pause,
 * until it accepts a connection, or answers a GET with 2xx or 3xx.
 */
#ifndef DVR_SERVICE_PROBE_PRIVATE_H
#define DVR_SERVICE_PROBE_PRIVATE_H

#include <dvr/net/loop.h>
#include <dvr/net/sock.h>
#include <dvr/service/isolation.h>

struct probe;

struct probe_spec {
	struct loop *loop;
	struct isolation *isolation;	/* where `to` is; NULL: here */
	const struct address *to;	/* tried in turn; copied */
	size_t count;
	const char *host;		/* for the Host field; copied */
	const char *path;		/* NULL: a connection is enough */
	bool tls;			/* with a path: it is asked over TLS */
	/* Called once; the probe may be stopped in it. */
	void (*fn)(void *arg);
	void *arg;
};

struct probe *probe_start(const struct probe_spec *spec);
/* Takes NULL. */
void probe_stop(struct probe *p);

#define PROBE_WHY_MAX 160
/* What stood in the way last time, for a message. */
const char *probe_why(const struct probe *p, char out[PROBE_WHY_MAX]);

#endif
