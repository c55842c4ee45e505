/* Queues of bytes that a socket did not take yet, in pooled chunks. */
#include "backlog.h"

#include <dvr/base/mem.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Pieces a system call: 128 KiB, more than one read leaves behind. */
#define BACKLOG_PIECES 8

static struct backlog_chunk *
chunk_take(struct backlog_pool *pool)
{
	struct backlog_chunk *k = pool->free;

	if (!k)
		return mem_alloc(sizeof(*k));
	pool->free = k->next;
	pool->nfree--;
	k->next = NULL;
	k->from = k->to = 0;
	return k;
}

static void
chunk_give(struct backlog_pool *pool, struct backlog_chunk *k)
{
	explicit_bzero(k->data, k->to);
	if (pool->nfree >= BACKLOG_POOL_MAX) {
		free(k);
		return;
	}
	k->next = pool->free;
	pool->free = k;
	pool->nfree++;
}

void
backlog_pool_release(struct backlog_pool *pool)
{
	while (pool->free) {
		struct backlog_chunk *k = pool->free;

		pool->free = k->next;
		free(k);
	}
	pool->nfree = 0;
}

void
backlog_add(struct backlog *b, struct backlog_pool *pool, struct slice bytes)
{
	b->n += bytes.n;
	while (bytes.n) {
		struct backlog_chunk *k = b->last;
		size_t n;

		if (!k || k->to == BACKLOG_CHUNK_BYTES) {
			k = chunk_take(pool);
			if (b->last)
				b->last->next = k;
			else
				b->first = k;
			b->last = k;
		}
		n = BACKLOG_CHUNK_BYTES - k->to;
		if (n > bytes.n)
			n = bytes.n;
		memcpy(k->data + k->to, bytes.p, n);
		k->to += n;
		bytes = slice_from(bytes, n);
	}
}

static void
backlog_drop(struct backlog *b, struct backlog_pool *pool, size_t n)
{
	b->n -= n;
	while (n) {
		struct backlog_chunk *k = b->first;
		size_t have;

		assert(k);	/* the chunks hold what b->n counts */
		have = k->to - k->from;
		if (n < have) {
			k->from += n;
			return;
		}
		n -= have;
		b->first = k->next;
		if (!b->first)
			b->last = NULL;
		chunk_give(pool, k);
	}
}

static_assert(BACKLOG_CHUNK_BYTES >= TLS_SEND_MAX, "a chunk is sent again whole");

static int
flush_tls(struct backlog *b, struct backlog_pool *pool, struct tls *to)
{
	while (b->n) {
		const struct backlog_chunk *k = b->first;
		ssize_t n = tls_send(to, k->data + k->from, k->to - k->from);

		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		backlog_drop(b, pool, (size_t)n);
	}
	return 0;
}

int
backlog_flush(struct backlog *b, struct backlog_pool *pool,
	      const struct stream *to)
{
	if (to->tls)
		return flush_tls(b, pool, to->tls);
	while (b->n) {
		struct iovec v[BACKLOG_PIECES];
		struct msghdr m = { .msg_iov = v };
		struct backlog_chunk *k;
		ssize_t n;

		for (k = b->first; k && m.msg_iovlen < BACKLOG_PIECES;
		     k = k->next)
			v[m.msg_iovlen++] = (struct iovec){
				.iov_base = k->data + k->from,
				.iov_len = k->to - k->from,
			};
		n = sendmsg(to->fd, &m, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
		backlog_drop(b, pool, (size_t)n);
	}
	return 0;
}

void
backlog_clear(struct backlog *b, struct backlog_pool *pool)
{
	backlog_drop(b, pool, b->n);
}
