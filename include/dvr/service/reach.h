/*
 * What a service inside an isolation may reach nevertheless, its database:
 * a listener in there at the address it knows, whose connections are made
 * again out here and passed through byte for byte.
 */
#ifndef DVR_SERVICE_REACH_H
#define DVR_SERVICE_REACH_H

#include <dvr/net/loop.h>
#include <dvr/service/isolation.h>

struct reach;

/* One of `list`: "host:port", the host a name or an IPv4 address; -1 with
 * ERR_USAGE when it is not. */
int reach_check(const char *entry, struct err *e);
/* `list` ends with NULL. */
int reach_create(struct loop *l, struct isolation *in, char *const *list,
		 struct reach **out, struct err *e);
/* Takes NULL. */
void reach_destroy(struct reach *r);

#endif
