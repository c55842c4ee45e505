/*
 * The ring: a fixed number of 2 KiB chunks in one shared mapping, handed out
 * and taken back as chains, one chain an exchange.  It knows nothing about
 * exchanges; who is evicted is decided by its owner.
 *
 * Shared, because fork() does not copy the page tables of a shared mapping: a
 * commit with a full 256 MiB ring forks in the time of a small one, and the
 * parent takes no copy-on-write faults afterwards.  So a chain that a child
 * reads must not be freed before the child is gone (the owner's pins).  The
 * parent may append to it meanwhile: a copied `struct chain` ends where it
 * ended when it was copied.
 *
 * A chain holds records: {at_ns, side, length} and the bytes of one read.  A
 * second append of the same side with the same time belongs to the same read
 * and lengthens the record.  Pages are touched when they are first used.
 *
 * What nobody needs any more is not there any more: whenever no call is under
 * way, every byte that is in no chain is 0.
 */
#ifndef LEDGER_RING_H
#define LEDGER_RING_H

#include <dvr/base/err.h>

#include <stddef.h>

#define RING_NONE UINT32_MAX
/* Holds one 1 KiB exchange with its heads: less would chain every one. */
#define RING_CHUNK_BYTES 2048u
/* What a chunk costs beside its bytes: the index of the next one, kept apart
 * so that walking and freeing chains does not touch cold chunks. */
#define RING_LINK_BYTES 4u
#define RING_SIDES 2

struct ring {
	unsigned char *base;		/* the mapping: chunks, `extra`, links */
	uint32_t *links;		/* a chunk's next one, or RING_NONE */
	size_t map_bytes;
	uint32_t chunks;		/* how many there are */
	uint32_t fresh;			/* never used: fresh..chunks */
	uint32_t free_head;
	uint32_t nfree;			/* freed and fresh */
	uint32_t stale;			/* of the freed: the first that many
					 * are not wiped yet */
};

struct chain {
	uint32_t first, last;		/* RING_NONE when empty */
	uint32_t used;			/* bytes in the last chunk */
	uint32_t chunks;
	uint32_t rec_chunk, rec_at;	/* header of the last record */
};

struct record {
	unsigned side;
	uint64_t at_ns;
	struct slice bytes;		/* a part: a record may come in pieces */
};

/* Maps the chunks and `extra_bytes` behind them (zeroed, at ring_extra()). */
int ring_init(struct ring *r, uint32_t chunks, size_t extra_bytes,
	      struct err *e);
void ring_finish(struct ring *r);
void *ring_extra(const struct ring *r);

void chain_init(struct chain *c);
/* How many new chunks an append of n bytes takes at most. */
uint32_t ring_needs(const struct chain *c, size_t n);
/* Returns how many bytes found room: fewer than bytes.n when it is full.
 * Nothing stale is left. */
size_t ring_add(struct ring *r, struct chain *c, unsigned side,
		struct slice bytes, uint64_t at_ns);
void ring_free_chain(struct ring *r, struct chain *c);
/* The same for the ring_add() that follows at once: it wipes only what it does
 * not overwrite.  Who does not come to it calls ring_wipe_stale(). */
void ring_yield_chain(struct ring *r, struct chain *c);
void ring_wipe_stale(struct ring *r);
/* Keeps the first `keep` chunks (>= 1) and frees the others; kept[side] is how
 * many bytes of each side are still there. */
void ring_truncate(struct ring *r, struct chain *c, uint32_t keep,
		   uint64_t kept[RING_SIDES]);

/* Walks a chain's records in order, in pieces that are contiguous in memory. */
struct ring_cursor {
	const struct ring *ring;
	struct chain chain;
	uint32_t chunk, at;
	uint32_t left;			/* of the record at hand */
	unsigned side;
	uint64_t at_ns;
};
void ring_walk(struct ring_cursor *w, const struct ring *r,
	       const struct chain *c);
/* false at the end. */
bool ring_next(struct ring_cursor *w, struct record *out);

#endif
