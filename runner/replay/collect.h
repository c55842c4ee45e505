/*
 * From decoder events to a `struct message`: used for the service's answers
 * and for the calls it makes to the mocks.  Most answers of a replay are the
 * recorded ones, in whole or line by line: what equals the tape's is not
 * copied but is the tape's, because new memory costs more than comparing.
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
	const struct message *like;	/* as recorded; NULL: nothing is */
	uint64_t length;		/* of the body, where its head tells */
	struct buf body;		/* of one that comes in pieces */
	size_t chunks_cap;
};

/* What is collected lives in `a`, or as long as `like`. */
void collect_init(struct collect *c, struct arena *a,
		  const struct message *like);
void collect_release(struct collect *c);
/* A head: *m becomes a copy of it; the body is yet to come. */
void collect_head(struct collect *c, const struct http1_head *h,
		  struct message *m);
void collect_body(struct collect *c, struct slice span, struct message *m);
void collect_chunk(struct collect *c, uint64_t size, struct message *m);
void collect_trailers(struct collect *c, const struct http1_head *h,
		      struct message *m);
/* The message is over, whole or not: *m has its body. */
void collect_end(struct collect *c, struct message *m);

#endif
