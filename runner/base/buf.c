/* The growable byte buffer with a limit and a sticky error. */
#include <dvr/base/buf.h>
#include <dvr/base/mem.h>

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A first allocation that most heads and messages never outgrow. */
#define BUF_FIRST_BYTES 256u

void
buf_init(struct buf *b, size_t limit_bytes)
{
	*b = (struct buf){ .limit = limit_bytes };
}

/* Most buffers hold traffic at some time: none leaves it on the heap. */
static void
wipe(struct buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	free(b->p);
}

void
buf_release(struct buf *b)
{
	wipe(b);
	*b = (struct buf){ .limit = b->limit };
}

void
buf_clear(struct buf *b)
{
	b->n = 0;
	b->full = false;
	if (b->p)
		b->p[0] = '\0';
}

char *
buf_room(struct buf *b, size_t n)
{
	size_t cap;
	char *p;

	if (b->full || n > b->limit - b->n) {
		b->full = true;
		return NULL;
	}
	if (b->p && n <= b->cap - b->n)
		return b->p + b->n;
	cap = b->cap > b->limit / 2 ? b->limit : b->cap * 2;
	if (cap < BUF_FIRST_BYTES)
		cap = BUF_FIRST_BYTES < b->limit ? BUF_FIRST_BYTES : b->limit;
	if (cap < b->n + n)
		cap = b->n + n;
	/* One byte more than cap, for the NUL behind a full buffer.  Not
	 * realloc(), which leaves a copy where it was. */
	p = mem_grow(NULL, cap + 1, 1);
	if (b->p)
		memcpy(p, b->p, b->n);
	wipe(b);
	b->p = p;
	b->cap = cap;
	b->p[b->n] = '\0';
	return b->p + b->n;
}

void
buf_grew(struct buf *b, size_t n)
{
	assert(n <= b->cap - b->n);
	if (!b->p)
		return;
	b->n += n;
	b->p[b->n] = '\0';
}

void
buf_add(struct buf *b, struct slice s)
{
	char *at = buf_room(b, s.n);

	if (!at)
		return;
	if (s.n > 0)
		memcpy(at, s.p, s.n);
	buf_grew(b, s.n);
}

void
buf_addc(struct buf *b, char c)
{
	char *at = buf_room(b, 1);

	if (!at)
		return;
	*at = c;
	b->p[++b->n] = '\0';
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, slice_str(s));
}

void
buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list args;
	char *at;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	at = n < 0 ? NULL : buf_room(b, (size_t)n);
	if (!at) {
		b->full = true;
		return;
	}
	va_start(args, fmt);
	vsnprintf(at, (size_t)n + 1, fmt, args);
	va_end(args);
	buf_grew(b, (size_t)n);
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n >= b->n)
		n = b->n;
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	b->p[b->n] = '\0';
}

struct slice
buf_slice(const struct buf *b)
{
	return slice_of(b->p, b->n);
}

const char *
buf_cstr(struct buf *b)
{
	return b->p ? b->p : "";
}
