/*
 * A growable byte buffer with a mandatory limit and a sticky error.  Append
 * freely and look at `full` once at the end: after an append that would pass
 * `limit`, nothing more is appended and `full` stays true until buf_clear().
 * Invariants: n <= cap, n <= limit; p[n] is always NUL once anything was
 * appended, so p may be handed to the system as a string.
 *
 * Lifecycle: buf_init() / buf_release() on the caller's memory.  The owner of
 * the struct owns the bytes.  Out of memory aborts.
 */
#ifndef DVR_BASE_BUF_H
#define DVR_BASE_BUF_H

#include <dvr/base/attr.h>
#include <dvr/base/slice.h>

struct buf {
	char *p;
	size_t n, cap, limit;
	bool full;
};

#define KiB (1024u)
#define MiB (1024u * 1024u)

void buf_init(struct buf *b, size_t limit_bytes);
/* Wipes what was in it. */
void buf_release(struct buf *b);
/* Forgets the content and the error, keeps the memory. */
void buf_clear(struct buf *b);

void buf_add(struct buf *b, struct slice s);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *s);
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Room for at least n more bytes: returns where to write, or NULL when that
 * would pass the limit (and `full` is set).  buf_grew() then says how many. */
char *buf_room(struct buf *b, size_t n);
void buf_grew(struct buf *b, size_t n);
/* Drops the first n bytes. */
void buf_drop(struct buf *b, size_t n);

struct slice buf_slice(const struct buf *b);
/* The content as a string; "" when empty.  Lives until the next append. */
const char *buf_cstr(struct buf *b);

#endif
