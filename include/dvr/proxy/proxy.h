/*
 * The recording proxy: lanes that listen on loopback and relay to a target,
 * forwarding exactly the bytes that were read while a tap decodes a copy into
 * the ledger.  The edits that exist are named: headers appended at the end of
 * a request's head (clean framing only), Host rewritten where a lane asks.
 */
#ifndef DVR_PROXY_PROXY_H
#define DVR_PROXY_PROXY_H

#include <dvr/ledger/ledger.h>
#include <dvr/net/loop.h>
#include <dvr/net/sock.h>
#include <dvr/net/tls_ca.h>

struct lane_config {
	char *name;
	enum lane_role role;
	char *listen;		/* "127.0.0.1:0" */
	char *target;		/* http://host:port; `${PORT}` was expanded */
	char *env;		/* variable that gets the lane's URL, or NULL */
	bool rewrite_host;	/* egress, when asked */
	bool inject;		/* correlation id and traceparent; default true */
	bool tls;		/* clients speak TLS to it */
	bool forward;		/* egress: a forward proxy, no target */
	char *ca;		/* https target: PEM file instead of the
				 * system's; NULL */
	char *cert, *key;	/* PEM files of our client certificate; NULL */
	bool insecure;		/* the target's certificate is not verified */
	char **passthrough;	/* hosts (or "*.host") whose TLS is not opened,
				 * NULL-terminated; NULL: none */
};

/* Is this host one of a lane's passthrough list? */
bool lane_config_passes(char *const *passthrough, struct slice host);

struct proxy_config {
	const struct lane_config *lanes;
	size_t nlanes;
	bool record;		/* false: relay only (bench) */
	struct tls_ca *ca;	/* of the run, for lanes with TLS or forward;
				 * outlives the proxy */
	uint64_t connect_timeout_ns;
};

struct proxy;

/* Opens every listener, or none. `ledger` may be NULL when record is false. */
struct proxy *proxy_create(const struct proxy_config *cfg, struct loop *loop,
			   struct ledger *ledger, struct err *e);
/* Target of a lane set or changed (the service's port is known late). */
int proxy_target(struct proxy *p, size_t lane, const char *url,
		 struct err *e);
uint16_t proxy_port(const struct proxy *p, size_t lane);
/* "http://127.0.0.1:PORT", or https:// */
const char *proxy_url(const struct proxy *p, size_t lane);

/* Another listener of an ingress lane whose traffic is of one session. */
int proxy_session_listen(struct proxy *p, size_t lane, const char *session,
			 uint16_t *port, struct err *e);
void proxy_session_close(struct proxy *p, const char *session);

/* Stops accepting; open connections go on. */
void proxy_close_listeners(struct proxy *p);
/* Runs the loop until no connection is left, or out of time; then resets. */
void proxy_drain(struct proxy *p, uint64_t timeout_ns);
void proxy_destroy(struct proxy *p);

struct proxy_stats {
	uint64_t accepted, connect_refused, connect_failed, bytes_up,
		bytes_down, open_now, open_peak, not_injected, undecoded,
		undecoded_5xx,	/* answers, where nobody decodes them */
		accept_starved;	/* times that no descriptor was left */
	char last_refusal[128];	/* clean: lane and target */
};
void proxy_stats(const struct proxy *p, struct proxy_stats *out);

/* What the user should know of connections that no tape tells in full. */
enum proxy_notice_kind {
	NOTICE_TLS_TARGET,	/* TLS with the target failed */
	NOTICE_TLS_CLIENT,	/* TLS with the client failed */
	NOTICE_TLS_ON_PLAIN,	/* a client spoke TLS to a plain lane */
	NOTICE_PLAIN_ON_TLS,	/* a client spoke plainly to a TLS lane */
	NOTICE_PASSTHROUGH,	/* tunnelled untouched */
	NOTICE_FORWARD		/* a request that is none for a proxy */
};

struct proxy_notice {
	enum proxy_notice_kind kind;
	const char *lane;
	char peer[128];		/* "host:port" */
	char why[192];		/* clean words; "" with passthrough */
	uint64_t count, bytes_up, bytes_down;
};
/* In order of first sight; valid until the next connection. */
size_t proxy_notices(const struct proxy *p, const struct proxy_notice **out);

/* Control endpoint: POST /session, POST /session/ID/end, POST
 * /service/restart, GET /status; JSON. */
struct control;
typedef int control_restart_fn(void *arg, struct err *e);
int control_create(struct proxy *p, struct loop *loop, struct ledger *ledger,
		   control_restart_fn *restart, void *arg,
		   struct control **out, struct err *e);
const char *control_url(const struct control *c);
void control_destroy(struct control *c);

#endif
