/*
 * What could not be written at once: a queue of pooled chunks per direction.
 * A direction with a backlog is not read from, so a queue holds at most one
 * read (plus injected headers) and memory stays flat whatever the peers do.
 */
#ifndef PROXY_BACKLOG_H
#define PROXY_BACKLOG_H

#include <dvr/net/stream.h>

/* One 16 KiB block of the allocator with its links: a slow reader costs one.
 * No less than TLS_SEND_MAX: a send that is repeated has the same bytes. */
#define BACKLOG_CHUNK_BYTES (16u * 1024u - 32u)
/* Chunks kept for reuse: 1 MiB. */
#define BACKLOG_POOL_MAX 64u

struct backlog_chunk {
	struct backlog_chunk *next;
	size_t from, to;	/* data[from, to) is still to be written */
	char data[BACKLOG_CHUNK_BYTES];
};

struct backlog_pool {
	struct backlog_chunk *free;
	size_t nfree;
};

struct backlog {
	struct backlog_chunk *first, *last;
	size_t n;		/* bytes waiting */
};

void backlog_pool_release(struct backlog_pool *pool);

void backlog_add(struct backlog *b, struct backlog_pool *pool,
		 struct slice bytes);
/* Writes what the socket takes: 0 and b->n says what is left, or -1 with
 * errno when the socket is broken. */
int backlog_flush(struct backlog *b, struct backlog_pool *pool,
		  const struct stream *to);
void backlog_clear(struct backlog *b, struct backlog_pool *pool);

#endif
