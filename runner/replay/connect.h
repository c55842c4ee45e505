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

/* Connects inside `in`, or here.  HTTP/1.1 is what it asks for. */
int connector_create(struct loop *l, const char *url, struct isolation *in,
		     struct connector **out, struct err *e);
/* Whom it believes behind an https URL.  Not told, it believes the system's
 * authorities, and on loopback anybody. */
int connector_trust(struct connector *c, const struct tls_trust_config *t,
		    struct err *e);
/* Goes over TLS without knowing to whom. */
bool connector_is_blind(const struct connector *c);
/* Always answers later, never before it returns; NULL on trouble. */
struct connecting *connector_start(struct connector *c, unsigned timeout_ms,
				   connect_fn *fn, void *arg);
void connector_cancel(struct connecting *k);
void connector_destroy(struct connector *c);

#endif
