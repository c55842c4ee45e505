/*
 * The name server inside a namespace: 127.0.0.1 for the names that were
 * configured, no such name for all others, and it remembers who was asked for.
 */
#ifndef SERVICE_ISOLATION_DNS_H
#define SERVICE_ISOLATION_DNS_H

#include "isolation_ask.h"

#define DNS_KNOWN_MAX 64
#define DNS_PACKET_MAX 512	/* RFC 1035 §4.2.1, without EDNS */

struct dns {
	char known[DNS_KNOWN_MAX][ASK_NAME_MAX];
	size_t nknown;
	char missed[ASK_NAMES_BYTES];	/* distinct, each with a newline */
	size_t nmissed_bytes;
};

/* 0, or -1 when there are too many. */
int dns_add(struct dns *d, const char *name);
/* The answer to one query (RFC 1035 §4.1); its length, 0: say nothing. */
size_t dns_answer(struct dns *d, struct slice query,
		  char out[DNS_PACKET_MAX]);
/* A UDP socket on port 53 of 127.0.0.1; -1 with errno. */
int dns_open(void);
/* Answers what has arrived. */
void dns_serve(struct dns *d, int fd);

#endif
