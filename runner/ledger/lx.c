/* Exchange records: the pool, its lists, and who makes room when it is full. */
#include "book.h"

#include <dvr/base/mem.h>

#include <assert.h>
#include <stdlib.h>

#define SLAB_LIVES 64u
#define SPARE_CHUNKS_MAX 64u

void
list_push(struct lx *pool, struct lx_list *q, uint32_t slot)
{
	struct lx *x = &pool[slot];

	x->prev = q->tail;
	x->next = LX_NONE;
	if (q->tail != LX_NONE)
		pool[q->tail].next = slot;
	else
		q->head = slot;
	q->tail = slot;
	q->count++;
}

void
list_remove(struct lx *pool, struct lx_list *q, uint32_t slot)
{
	struct lx *x = &pool[slot];

	if (x->prev != LX_NONE)
		pool[x->prev].next = x->next;
	else
		q->head = x->next;
	if (x->next != LX_NONE)
		pool[x->next].prev = x->prev;
	else
		q->tail = x->prev;
	q->count--;
}

int
lx_init(struct ledger *l, struct err *e)
{
	size_t each = RING_CHUNK_BYTES + RING_LINK_BYTES +
		      sizeof(struct lx);
	size_t n = l->config.max_memory_bytes / each;
	unsigned i;

	if (n < 16 || n >= RING_NONE - LX_SPARE)
		return err_set(e, ERR_USAGE,
			       "capture.max_memory: %zu bytes do not do; "
			       "64 KiB is the least",
			       l->config.max_memory_bytes);
	l->npool = (uint32_t)n + LX_SPARE;
	if (ring_init(&l->ring, (uint32_t)n, l->npool * sizeof(struct lx), e))
		return -1;
	l->pool = ring_extra(&l->ring);
	l->pool_free = LX_NONE;
	for (i = 0; i < LX_WHERE_COUNT; i++)
		l->lists[i] = (struct lx_list){ LX_NONE, LX_NONE, 0 };
	l->nowhere.flags = LXF_VOID;
	return 0;
}

void
lx_finish(struct ledger *l)
{
	size_t i;

	for (i = 0; i < l->nslabs; i++)
		free(l->slabs[i]);
	free(l->slabs);
	ring_finish(&l->ring);
}

uint32_t
lx_slot(const struct ledger *l, const struct lx *x)
{
	return (uint32_t)(x - l->pool);
}

struct lx *
lx_at(const struct ledger *l, uint32_t slot)
{
	return &l->pool[slot];
}

struct lx *
lx_find(const struct ledger *l, uint32_t slot, uint64_t seq)
{
	struct lx *x;

	if (slot >= l->pool_fresh || seq == 0)
		return NULL;
	x = &l->pool[slot];
	return x->where != LX_FREE && x->seq == seq ? x : NULL;
}

static struct live *
live_new(struct ledger *l)
{
	struct live *v, *slab;
	unsigned i;

	if (!l->live_free) {
		slab = mem_array(SLAB_LIVES, sizeof(*slab));
		l->slabs = mem_grow(l->slabs, l->nslabs + 1,
				    sizeof(*l->slabs));
		l->slabs[l->nslabs++] = slab;
		for (i = 0; i < SLAB_LIVES; i++) {
			slab[i].next = l->live_free;
			l->live_free = &slab[i];
		}
	}
	v = l->live_free;
	l->live_free = v->next;
	v->next = v->prev = NULL;
	v->timed = v->has_trace = false;
	v->traceparent[0] = '\0';
	v->correlation_n = 0;
	return v;
}

static void
live_free(struct ledger *l, struct lx *x)
{
	struct live *v = x->live;

	if (!v)
		return;
	x->live = NULL;
	v->x = NULL;
	v->next = l->live_free;
	l->live_free = v;
}

/* The oldest that nobody holds, of ended sessions first. */
static struct lx *
victim(struct ledger *l)
{
	static const enum lx_where order[] = { LX_OLD, LX_DONE };
	uint32_t slot;
	size_t i;

	for (i = 0; i < ARRAY_LEN(order); i++) {
		slot = l->lists[order[i]].head;
		while (slot != LX_NONE && l->pool[slot].pins > 0)
			slot = l->pool[slot].next;
		if (slot != LX_NONE)
			return &l->pool[slot];
	}
	return NULL;
}

struct lx *
lx_new(struct ledger *l, uint64_t now_ns)
{
	struct lx *x;
	uint32_t slot = l->pool_free;

	lx_expire(l, now_ns);
	if (slot == LX_NONE && l->pool_fresh == l->npool) {
		x = victim(l);
		if (!x)
			return NULL;
		l->stats.evicted++;
		lx_drop(l, x);
		slot = l->pool_free;
	}
	if (slot != LX_NONE)
		l->pool_free = l->pool[slot].next;
	else
		slot = l->pool_fresh++;
	x = &l->pool[slot];
	*x = (struct lx){ .sprev = LX_NONE, .snext = LX_NONE };
	chain_init(&x->chain);
	x->live = live_new(l);
	x->live->x = x;
	x->where = LX_OPEN;
	list_push(l->pool, &l->lists[LX_OPEN], slot);
	return x;
}

static void
move(struct ledger *l, struct lx *x, enum lx_where to)
{
	uint32_t slot = lx_slot(l, x);

	list_remove(l->pool, &l->lists[x->where], slot);
	x->where = (uint8_t)to;
	list_push(l->pool, &l->lists[to], slot);
}

void
lx_close(struct ledger *l, struct lx *x)
{
	assert(x->where == LX_OPEN);
	live_free(l, x);
	x->session->holds--;
	move(l, x, x->session->ended ? LX_OLD : LX_DONE);
}

void
lx_retire(struct ledger *l, struct lx *x)
{
	if (x->where == LX_DONE)
		move(l, x, LX_OLD);
}

static void
bytes_now(struct ledger *l)
{
	uint64_t used = l->ring.chunks - l->ring.nfree;

	l->stats.bytes_now = used * RING_CHUNK_BYTES;
	if (l->stats.bytes_now > l->stats.bytes_peak)
		l->stats.bytes_peak = l->stats.bytes_now;
}

/* Its bytes are given back already. */
static void
forget(struct ledger *l, struct lx *x)
{
	uint32_t slot = lx_slot(l, x);

	assert(x->pins == 0 && !x->live);
	session_leave(l, x);
	bytes_now(l);
	list_remove(l->pool, &l->lists[x->where], slot);
	x->where = LX_FREE;
	x->next = l->pool_free;
	l->pool_free = slot;
}

void
lx_drop(struct ledger *l, struct lx *x)
{
	ring_free_chain(&l->ring, &x->chain);
	forget(l, x);
}

void
lx_pin(struct ledger *l, struct lx *x)
{
	if (x->pins++ > 0)
		return;
	l->pinned_chunks += x->chain.chunks;
	x->session->holds++;
}

void
lx_unpin(struct ledger *l, struct lx *x)
{
	assert(x->pins > 0);
	if (--x->pins > 0)
		return;
	l->pinned_chunks -= x->chain.chunks;
	x->session->holds--;
}

void
lx_expire(struct ledger *l, uint64_t now_ns)
{
	static const enum lx_where order[] = { LX_OLD, LX_DONE };
	struct lx *x;
	size_t i;

	if (now_ns < l->config.window_ns)
		return;
	for (i = 0; i < ARRAY_LEN(order); i++) {
		while (l->lists[order[i]].head != LX_NONE) {
			x = lx_at(l, l->lists[order[i]].head);
			if (x->pins > 0 || x->end_ns[LX_RESPONSE] >=
			    now_ns - l->config.window_ns)
				break;
			lx_drop(l, x);
		}
	}
}

static uint32_t
stop_flag(unsigned side)
{
	return side == LX_REQUEST ? LXF_STOP_REQ : LXF_STOP_RESP;
}

/* Only open exchanges are left: the biggest one gives half of its chunks. */
static bool
cut_biggest(struct ledger *l)
{
	struct lx *x, *big = NULL;
	uint64_t kept[RING_SIDES];
	uint32_t slot = l->lists[LX_OPEN].head;
	unsigned side;

	for (; slot != LX_NONE; slot = x->next) {
		x = lx_at(l, slot);
		if (x->pins == 0 && x->chain.chunks > 1 &&
		    (!big || x->chain.chunks > big->chain.chunks))
			big = x;
	}
	if (!big)
		return false;
	ring_truncate(&l->ring, &big->chain, big->chain.chunks / 2, kept);
	for (side = 0; side < RING_SIDES; side++) {
		l->stats.lost_bytes += big->stored[side] - kept[side];
		if (big->stored[side] > kept[side])
			big->flags |= (uint16_t)(stop_flag(side) | LXF_LOST);
		big->stored[side] = kept[side];
	}
	/* Still growing is what made it the biggest, so all of it stops. */
	big->flags |= LXF_STOP_REQ | LXF_STOP_RESP;
	return true;
}

/* A small append takes what is left from before: what a big one evicts is all
 * overwritten at once, instead of wiped first for a small one. */
static uint32_t
spare_chunks(const struct ledger *l, uint32_t needs)
{
	uint32_t share = l->ring.chunks / 64;

	if (needs < 2)
		return 0;
	return share < SPARE_CHUNKS_MAX ? share : SPARE_CHUNKS_MAX;
}

/* For the ring_add() that follows at once, or ring_wipe_stale(). */
static bool
make_room(struct ledger *l, const struct lx *x, size_t n)
{
	uint32_t needs = ring_needs(&x->chain, n);
	uint32_t wanted = needs + spare_chunks(l, needs);
	struct lx *old;

	if (needs > l->ring.chunks)
		return false;
	while (l->ring.nfree < wanted && (old = victim(l)) != NULL) {
		l->stats.evicted++;
		ring_yield_chain(&l->ring, &old->chain);
		forget(l, old);
	}
	while (l->ring.nfree < needs)
		if (!cut_biggest(l))
			return false;
	return true;
}

/* How many bytes of a side are worth keeping. */
static uint64_t
side_cap(const struct ledger *l, const struct lx *x, unsigned side)
{
	uint64_t head = x->heads[side];
	bool known = x->flags & (side == LX_REQUEST ? LXF_HEAD : LXF_ANSWER);

	if (!known)
		head = HTTP1_HEAD_MAX;
	return head + (l->config.payloads ? l->config.max_body_bytes : 0);
}

static void
count_cut(struct ledger *l, struct lx *x, unsigned side)
{
	if (x->flags & stop_flag(side))
		return;
	x->flags |= (uint16_t)stop_flag(side);
	if (l->config.payloads)
		l->stats.cut_bodies++;
}

uint64_t
lx_room(const struct ledger *l, const struct lx *x, unsigned side)
{
	uint64_t cap = side_cap(l, x, side);

	if ((x->flags & stop_flag(side)) || x->stored[side] >= cap)
		return 0;
	return cap - x->stored[side];
}

void
lx_cut(struct ledger *l, struct lx *x, unsigned side, size_t n)
{
	if (x->flags & LXF_LOST)
		l->stats.lost_bytes += n;
	count_cut(l, x, side);
}

void
lx_keep(struct ledger *l, struct lx *x, unsigned side, struct slice bytes,
	uint64_t at_ns)
{
	size_t had = x->chain.chunks;

	/* Making room may cut this very exchange. */
	if (!(x->flags & LXF_LOST) && !make_room(l, x, bytes.n))
		x->flags |= (uint16_t)(stop_flag(side) | LXF_LOST);
	if (x->flags & LXF_LOST) {
		ring_wipe_stale(&l->ring);
		l->stats.lost_bytes += bytes.n;
		return;
	}
	x->stored[side] += ring_add(&l->ring, &x->chain, side, bytes, at_ns);
	if (x->pins > 0)
		l->pinned_chunks += x->chain.chunks - had;
	bytes_now(l);
}

void
lx_store(struct ledger *l, struct lx *x, unsigned side, struct slice bytes,
	 uint64_t at_ns)
{
	uint64_t room = lx_room(l, x, side);
	size_t n = bytes.n < room ? bytes.n : (size_t)room;

	if (n > 0)
		lx_keep(l, x, side, slice_of(bytes.p, n), at_ns);
	if (n < bytes.n)
		lx_cut(l, x, side, bytes.n - n);
}
