/* Keeps bytes in chained chunks of one shared mapping (see ring.h). */
#include "ring.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

/* A record's header: at_ns, then side in the top bit of the length. */
#define REC_BYTES 12u
#define REC_SIDE 0x80000000u
#define REC_MAX 0x7fffffffu
#define CACHE_LINE 64u

static unsigned char *
chunk_at(const struct ring *r, uint32_t i)
{
	assert(i < r->chunks);
	return r->base + (size_t)i * RING_CHUNK_BYTES;
}

/* A ring is far bigger than the caches, and its chunks lie anywhere: the one
 * to be written next is fetched while the one before it is written. */
static void
fetch_ahead(const struct ring *r, uint32_t i)
{
	const unsigned char *p;

	if (i == RING_NONE)
		return;
	p = chunk_at(r, i);
	for (uint32_t at = 0; at < RING_CHUNK_BYTES; at += CACHE_LINE)
		__builtin_prefetch(p + at, 1);
}

int
ring_init(struct ring *r, uint32_t chunks, size_t extra_bytes, struct err *e)
{
	size_t data = (size_t)chunks * RING_CHUNK_BYTES;
	size_t n = data + extra_bytes + (size_t)chunks * RING_LINK_BYTES;
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return err_sys(e, ERR_INTERNAL,
			       "cannot map %zu bytes for the recording", n);
	/* Raw traffic must not end up in a core file. */
	(void)madvise(p, n, MADV_DONTDUMP);
	*r = (struct ring){
		.base = p,
		.links = (void *)((unsigned char *)p + data + extra_bytes),
		.map_bytes = n,
		.chunks = chunks,
		.free_head = RING_NONE,
		.nfree = chunks,
	};
	return 0;
}

void
ring_finish(struct ring *r)
{
	if (r->base)
		explicit_bzero(r->base, (size_t)r->fresh * RING_CHUNK_BYTES);
	if (r->base)
		munmap(r->base, r->map_bytes);
	*r = (struct ring){ .free_head = RING_NONE };
}

void *
ring_extra(const struct ring *r)
{
	return r->base + (size_t)r->chunks * RING_CHUNK_BYTES;
}

void
chain_init(struct chain *c)
{
	*c = (struct chain){
		.first = RING_NONE,
		.last = RING_NONE,
		.used = RING_CHUNK_BYTES,
		.rec_chunk = RING_NONE,
	};
}

uint32_t
ring_needs(const struct chain *c, size_t n)
{
	size_t room = RING_CHUNK_BYTES - c->used;
	size_t each = RING_CHUNK_BYTES;

	if (room >= n + REC_BYTES)
		return 0;
	/* At worst the header does not fit what is left, and starts anew. */
	return (uint32_t)((n + REC_BYTES + each - 1) / each);
}

/* The freed ones first: their pages are there and warm. */
static bool
chain_grow(struct ring *r, struct chain *c)
{
	uint32_t i = r->free_head;

	if (r->nfree == 0)
		return false;
	if (i != RING_NONE)
		r->free_head = r->links[i];
	else
		i = r->fresh++;
	if (r->stale > 0)
		r->stale--;
	r->nfree--;
	r->links[i] = RING_NONE;
	if (c->last != RING_NONE)
		r->links[c->last] = i;
	else
		c->first = i;
	c->last = i;
	c->used = 0;
	c->chunks++;
	return true;
}

static void
rec_read(const struct ring *r, uint32_t chunk, uint32_t at, uint64_t *at_ns,
	 uint32_t *word)
{
	const unsigned char *p = chunk_at(r, chunk) + at;

	memcpy(at_ns, p, sizeof(*at_ns));
	memcpy(word, p + sizeof(*at_ns), sizeof(*word));
}

static void
rec_write(struct ring *r, const struct chain *c, uint64_t at_ns, uint32_t word)
{
	unsigned char *p = chunk_at(r, c->rec_chunk) + c->rec_at;

	memcpy(p, &at_ns, sizeof(at_ns));
	memcpy(p + sizeof(at_ns), &word, sizeof(word));
}

/* Goes on with the last record when it is of the same read, else opens one:
 * returns its length so far, or REC_MAX when there is no room. */
static uint32_t
rec_open(struct ring *r, struct chain *c, unsigned side, uint64_t at_ns)
{
	uint64_t was_ns;
	uint32_t word;

	if (c->rec_chunk != RING_NONE) {
		rec_read(r, c->rec_chunk, c->rec_at, &was_ns, &word);
		if (was_ns == at_ns && (word & REC_SIDE) / REC_SIDE == side)
			return word & REC_MAX;
	}
	if (RING_CHUNK_BYTES - c->used < REC_BYTES && !chain_grow(r, c))
		return REC_MAX;
	c->rec_chunk = c->last;
	c->rec_at = c->used;
	c->used += REC_BYTES;
	return 0;
}

/* Copies what finds room behind the record that was just opened. */
static size_t
rec_fill(struct ring *r, struct chain *c, struct slice bytes)
{
	size_t done = 0, part;

	while (done < bytes.n) {
		if (c->used == RING_CHUNK_BYTES && !chain_grow(r, c))
			break;
		part = RING_CHUNK_BYTES - c->used;
		if (part < bytes.n - done)
			fetch_ahead(r, r->free_head);
		else
			part = bytes.n - done;
		memcpy(chunk_at(r, c->last) + c->used, bytes.p + done, part);
		c->used += (uint32_t)part;
		done += part;
	}
	return done;
}

size_t
ring_add(struct ring *r, struct chain *c, unsigned side, struct slice bytes,
	 uint64_t at_ns)
{
	bool over_stale = r->stale > 0;
	uint32_t had, was_last = c->last;
	size_t done = 0;

	if (bytes.n > 0) {
		had = rec_open(r, c, side, at_ns);
		if (bytes.n > REC_MAX - had)
			bytes.n = REC_MAX - had;
		done = rec_fill(r, c, bytes);
		if (done > 0 || (had == 0 && c->rec_chunk != RING_NONE))
			rec_write(r, c, at_ns, (had + (uint32_t)done) |
				  (side ? REC_SIDE : 0));
	}
	/* Behind our last byte there may be another's. */
	if (over_stale && c->last != was_last)
		explicit_bzero(chunk_at(r, c->last) + c->used,
			       RING_CHUNK_BYTES - c->used);
	ring_wipe_stale(r);
	return done;
}

void
ring_wipe_stale(struct ring *r)
{
	for (uint32_t i = r->free_head; r->stale > 0; r->stale--) {
		if (r->stale > 1)
			fetch_ahead(r, r->links[i]);
		explicit_bzero(chunk_at(r, i), RING_CHUNK_BYTES);
		i = r->links[i];
	}
}

void
ring_yield_chain(struct ring *r, struct chain *c)
{
	if (c->last != RING_NONE) {
		r->links[c->last] = r->free_head;
		r->free_head = c->first;
		r->nfree += c->chunks;
		r->stale += c->chunks;
	}
	chain_init(c);
}

void
ring_free_chain(struct ring *r, struct chain *c)
{
	ring_yield_chain(r, c);
	ring_wipe_stale(r);
}

void
ring_truncate(struct ring *r, struct chain *c, uint32_t keep,
	      uint64_t kept[RING_SIDES])
{
	struct chain rest;
	struct ring_cursor w;
	struct record rec;
	uint32_t i = c->first, k;

	kept[0] = kept[1] = 0;
	if (c->chunks > keep) {
		for (k = 1; k < keep; k++)
			i = r->links[i];
		rest = *c;
		rest.first = r->links[i];
		rest.chunks = c->chunks - keep;
		ring_free_chain(r, &rest);
		r->links[i] = RING_NONE;
		c->last = i;
		c->used = RING_CHUNK_BYTES;
		c->chunks = keep;
		/* The last record is cut off; nothing may lengthen it. */
		c->rec_chunk = RING_NONE;
	}
	ring_walk(&w, r, c);
	while (ring_next(&w, &rec))
		kept[rec.side] += rec.bytes.n;
}

void
ring_walk(struct ring_cursor *w, const struct ring *r, const struct chain *c)
{
	*w = (struct ring_cursor){
		.ring = r,
		.chain = *c,
		.chunk = c->first,
	};
}

/* Where the chunk at hand ends for this chain. */
static uint32_t
cursor_end(const struct ring_cursor *w)
{
	return w->chunk == w->chain.last ? w->chain.used : RING_CHUNK_BYTES;
}

bool
ring_next(struct ring_cursor *w, struct record *out)
{
	uint32_t need, end, part, word;

	for (;;) {
		if (w->chunk == RING_NONE)
			return false;
		end = cursor_end(w);
		need = w->left > 0 ? 1 : REC_BYTES;
		if (end - w->at < need) {
			if (w->chunk == w->chain.last)
				return false;
			w->chunk = w->ring->links[w->chunk];
			w->at = 0;
			continue;
		}
		if (w->left > 0)
			break;
		rec_read(w->ring, w->chunk, w->at, &w->at_ns, &word);
		w->side = word & REC_SIDE ? 1u : 0u;
		w->left = word & REC_MAX;
		w->at += REC_BYTES;
	}
	part = end - w->at;
	if (part > w->left)
		part = w->left;
	*out = (struct record){
		.side = w->side,
		.at_ns = w->at_ns,
		.bytes = slice_of(chunk_at(w->ring, w->chunk) + w->at, part),
	};
	w->at += part;
	w->left -= part;
	return true;
}
