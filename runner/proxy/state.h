/* What the proxy's own files share: the proxy, its lanes, its listeners. */
#ifndef PROXY_STATE_H
#define PROXY_STATE_H

#include "backlog.h"

#include <dvr/base/buf.h>
#include <dvr/net/resolve.h>
#include <dvr/net/tls.h>
#include <dvr/proxy/proxy.h>

/* A read: one for the whole loop, as nothing of it outlives its event. */
#define RELAY_READ_BYTES (64u * KiB)
/* A reader that was slow is fed from smaller reads until it keeps up. */
#define RELAY_READ_SLOW_BYTES (8u * KiB)
/* Addresses of a name that are tried in turn. */
#define LANE_ADDRESSES_MAX 8
/* Different notices that are kept; a summary with more helps nobody. */
#define NOTICES_MAX 64
/* "http://127.0.0.1:65535" */
#define LISTENER_URL_MAX 96

struct conn;

/* A place that connections go to, shared by those that do. */
struct upstream {
	struct lane *lane;
	char *host;
	char *text;			/* "host:port" */
	uint16_t port;
	bool tls;
	struct address found[LANE_ADDRESSES_MAX];
	size_t nfound;
	struct resolve *resolve;	/* a look-up that runs */
	unsigned refs;
	struct upstream *next;
};

struct lane {
	struct proxy *proxy;
	uint32_t index;
	enum lane_role role;
	char *name;
	struct upstream *target;	/* NULL: not known yet, or forward */
	struct upstream *upstreams;	/* all of the lane */
	char *host_field;		/* target's host[:port] for Host, or NULL */
	bool inject;
	bool tls;			/* towards the client */
	bool forward;
	struct tls_trust *trust;	/* NULL: not needed so far */
	struct tls_trust_config trust_config;
	char *ca, *cert, *key;		/* what trust_config points to */
	char **passthrough;
	struct listener *listener;	/* the lane's own */
};

struct listener {
	struct loop_io io;		/* fd -1 when closed */
	struct lane *lane;
	char *session;			/* all its traffic is of it, or NULL */
	unsigned refs;			/* connections that came through it */
	uint16_t port;
	char url[LISTENER_URL_MAX];
	struct listener *next;
};

struct proxy {
	struct loop *loop;
	struct ledger *ledger;		/* NULL: nothing is recorded */
	uint64_t connect_timeout_ns;
	struct tls_ca *ca;
	struct lane *lanes;
	size_t nlanes;
	struct listener *listeners;
	struct conn *conns;
	uint64_t conn_seq;
	struct backlog_pool chunks;
	struct buf edited;		/* tap_out.edited points in here */
	struct loop_timer starved;	/* set: no descriptor was left */
	struct proxy_stats stats;
	struct proxy_notice notices[NOTICES_MAX];
	size_t nnotices;
	char *scratch;			/* RELAY_READ_BYTES */
};

/* ---- lane.c --------------------------------------------------------- */

int lane_target(struct lane *l, const char *url, struct err *e);
int lane_open(struct lane *l, const struct lane_config *cfg, struct err *e);
void lane_release(struct lane *l);
/* Is TLS to this host left alone? */
bool lane_passes(const struct lane *l, struct slice host);

/* ---- upstream.c ------------------------------------------------------ */

/* The lane's upstream there; the caller has a reference to it. */
struct upstream *upstream_get(struct lane *l, const struct url *u);
void upstream_unref(struct upstream *u);
/* Looks its name up unless it is known or being looked up.  -1: there can be
 * no answer.  relay_resolved() follows when nfound was 0. */
int upstream_resolve(struct upstream *u);

/* ---- notice.c --------------------------------------------------------- */

/* The one of this kind, peer and reason, counted once more; never NULL. */
struct proxy_notice *notice(struct lane *l, enum proxy_notice_kind kind,
			    const char *peer, const char *why);

/* ---- listener.c ----------------------------------------------------- */

int listener_open(struct lane *l, const char *address, const char *session,
		  struct listener **out, struct err *e);
/* Stops accepting; freed when its last connection has gone. */
void listener_close(struct listener *s);
void listener_unref(struct listener *s);
/* A descriptor became free again. */
void listeners_resume(struct proxy *p);

/* ---- relay.c -------------------------------------------------------- */

/* Takes over `fd`, an accepted client. */
void relay_open(struct listener *s, int fd);
/* The look-up ended; `why` is NULL when it found something. */
void relay_resolved(struct upstream *u, const char *why);
/* Closes the connections that wait for nothing (keep-alive). */
void relay_close_idle(struct proxy *p);
void relay_reset_all(struct proxy *p);

#endif
