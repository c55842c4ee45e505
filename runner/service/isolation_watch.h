/*
 * Sees which IPv4 addresses a service tried to reach in vain: inside, every
 * address is a local one, so that an attempt is refused at once by us.
 */
#ifndef SERVICE_ISOLATION_WATCH_H
#define SERVICE_ISOLATION_WATCH_H

#include "isolation_ask.h"

struct watch {
	int fd;				/* -1: the system gives none */
	char refused[ASK_NAMES_BYTES];	/* distinct "a.b.c.d:port\n" */
	size_t nrefused_bytes;
};

/* Makes all of IPv4 local; -1 with errno. */
int watch_route(void);
/* Begins to look; without rights to, fd stays -1. */
void watch_open(struct watch *w);
/* Takes what was seen since. */
void watch_read(struct watch *w);

#endif
