/*
 * Name look-up that does not stop the loop: getaddrinfo(3) in a forked child,
 * its answer through a pipe.  No thread, no extra library; /etc/hosts and NSS
 * behave as everywhere else on the machine.
 */
#ifndef DVR_NET_RESOLVE_H
#define DVR_NET_RESOLVE_H

#include <dvr/net/loop.h>
#include <dvr/net/sock.h>

struct resolve;

/* `count` 0 means failure, `why` says so ("Name or service not known"). */
typedef void resolve_fn(void *arg, const struct address *found, size_t count,
			const char *why);

/* Literals and localhost (127.0.0.1, then ::1) answer at once: before it
 * returns, and it returns NULL.  Gives up after timeout_ms.  `fn` is called
 * once; the handle is gone by then. */
struct resolve *resolve_start(struct loop *l, struct slice host, uint16_t port,
			      unsigned timeout_ms, resolve_fn *fn, void *arg);
void resolve_cancel(struct resolve *r);

#endif
