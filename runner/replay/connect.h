/*
 * Connections through libcurl (CURLOPT_CONNECT_ONLY): it looks the name up and
 * connects, we take the socket, put our own TLS on it where the URL says so,
 * and then our exact bytes.
 */
#ifndef REPLAY_CONNECT_H
#define REPLAY_CONNECT_H

#include <dvr/net/loop.h>
#include <dvr/net/stream.h>
#include <dvr/service/isolation.h>

struct connector;
struct connecting;

/* The stream is the caller's from here on (non-blocking), or its fd is -1 and
 * `why` tells. */
typedef void connect_fn(void *arg, struct stream s, const char *why);

/* Connects inside `in`, or here. */
int connector_create(struct loop *l, const char *url, struct isolation *in,
		     struct connector **out, struct err *e);
/* Whom it believes behind an https URL.  Not told, it believes the system's
 * authorities, and on loopback anybody. */
int connector_trust(struct connector *c, const struct tls_trust_config *t,
		    struct err *e);
/* Goes over TLS without knowing to whom. */
bool connector_is_blind(const struct connector *c);
struct connect_how {
	unsigned timeout_ms;
	bool http2;		/* what it asks for behind https; else
				 * HTTP/1.1 */
	connect_fn *fn;
	void *arg;
};
/* Always answers later, never before it returns; NULL on trouble. */
struct connecting *connector_start(struct connector *c,
				   const struct connect_how *how);
void connector_cancel(struct connecting *k);
void connector_destroy(struct connector *c);

#endif
