/*
 * From decoder events to a `struct message`: used for the service's answers
 * and for the calls it makes to the mocks.
 */
#ifndef REPLAY_COLLECT_H
#define REPLAY_COLLECT_H

#include <dvr/base/arena.h>
#include <dvr/tape/tape.h>
#include <dvr/wire/http1.h>

/* Stored of one body; the rest is counted in cut_bytes. */
#define COLLECT_BODY_MAX (8u * MiB)

struct collect {
	struct arena *arena;
	struct buf body;
	size_t chunks_cap;
};

void collect_init(struct collect *c, struct arena *a);
void collect_release(struct collect *c);
/* A head: *m becomes a copy of it. */
void collect_head(struct collect *c, const struct http1_head *h,
		  struct message *m);
void collect_body(struct collect *c, struct slice span, struct message *m);
void collect_chunk(struct collect *c, uint64_t size, struct message *m);
void collect_trailers(struct collect *c, const struct http1_head *h,
		      struct message *m);
/* The message is over, whole or not: the body moves into the arena. */
void collect_end(struct collect *c, struct message *m);

#endif
