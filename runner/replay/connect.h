/*
 * Connections through libcurl (CURLOPT_CONNECT_ONLY): it looks the name up and
 * connects, we take the socket and put our exact bytes on it.
 */
#ifndef REPLAY_CONNECT_H
#define REPLAY_CONNECT_H

#include <dvr/net/loop.h>
#include <dvr/service/isolation.h>

struct connector;
struct connecting;

/* `fd` is the caller's from here on (non-blocking), or -1 and `why`. */
typedef void connect_fn(void *arg, int fd, const char *why);

/* `url` must stay; http only, HTTP/1.1.  Connects inside `in`, or here. */
int connector_create(struct loop *l, const char *url, struct isolation *in,
		     struct connector **out, struct err *e);
/* Always answers later, never before it returns; NULL on trouble. */
struct connecting *connector_start(struct connector *c, unsigned timeout_ms,
				   connect_fn *fn, void *arg);
void connector_cancel(struct connecting *k);
void connector_destroy(struct connector *c);

#endif
