/* Memory that is freed all at once: a chain of blocks, filled from the end. */
#include <dvr/base/arena.h>
#include <dvr/base/mem.h>

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first block holds an exchange's scratch work; blocks double up to the
 * largest, above which a request gets a block of its own size. */
#define BLOCK_FIRST_BYTES ((size_t)4 * 1024)
#define BLOCK_LARGEST_BYTES ((size_t)256 * 1024)

struct block {
	struct block *next;
	size_t n, cap;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *head;
	size_t next_cap;
	struct block *region;	/* the caller's block, or NULL */
};

struct arena *
arena_create(void)
{
	struct arena *a = mem_alloc(sizeof(*a));

	a->next_cap = BLOCK_FIRST_BYTES;
	return a;
}

struct arena *
arena_create_in(void *region, size_t n)
{
	const size_t align = alignof(max_align_t);
	size_t at = (sizeof(struct arena) + align - 1) / align * align;
	struct arena *a = region;

	assert(n >= at + sizeof(struct block));
	a->next_cap = BLOCK_FIRST_BYTES;
	a->region = (struct block *)(void *)((char *)region + at);
	a->region->cap = n - at - sizeof(struct block);
	a->head = a->region;
	return a;
}

size_t
arena_region_used(const struct arena *a)
{
	const struct block *b = a->region;

	if (!b || a->head != b || b->next)
		return 0;
	return (size_t)(b->data + b->n - (const char *)a);
}

void
arena_destroy(struct arena *a)
{
	struct block *next;

	if (!a)
		return;
	for (struct block *b = a->head; b; b = next) {
		next = b->next;
		if (b != a->region)
			free(b);
	}
	if (!a->region)
		free(a);
}

void
arena_wipe(struct arena *a)
{
	if (!a)
		return;
	for (struct block *b = a->head; b; b = b->next)
		explicit_bzero(b->data, b->n);
	arena_destroy(a);
}

static struct block *
add_block(struct arena *a, size_t n)
{
	size_t cap = n > a->next_cap ? n : a->next_cap;
	struct block *b = mem_alloc(sizeof(*b) + cap);

	b->cap = cap;
	/* An oversized block is full at once: the current one stays first,
	 * so that what is left in it is not lost. */
	if (n > a->next_cap && a->head) {
		b->next = a->head->next;
		a->head->next = b;
		return b;
	}
	b->next = a->head;
	a->head = b;
	if (a->next_cap < BLOCK_LARGEST_BYTES)
		a->next_cap *= 2;
	return b;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	const size_t align = alignof(max_align_t);
	struct block *b = a->head;
	void *at;

	if (n > SIZE_MAX / 2)
		mem_array(n, 2);	/* aborts: nobody has that much */
	n = (n + align - 1) / align * align;
	if (!b || n > b->cap - b->n)
		b = add_block(a, n);
	at = b->data + b->n;
	b->n += n;
	return at;
}

struct arena_mark
arena_mark(const struct arena *a)
{
	struct block *b = a->head;

	return (struct arena_mark){ b, b ? b->next : NULL, b ? b->n : 0 };
}

static void
empty_block(struct block *b, size_t from)
{
	explicit_bzero(b->data + from, b->n - from);
	b->n = from;
}

/* The newest block stays: at the end of one, each round would need another. */
void
arena_rewind(struct arena *a, struct arena_mark *m)
{
	struct block *head = a->head, *marked = m->block, *b, *next;

	if (!head)
		return;
	for (b = head->next; b != m->next; b = next) {
		next = b->next;
		empty_block(b, b == marked ? m->n : 0);
		if (b != marked)
			free(b);
	}
	if (marked)
		marked->next = m->next;
	if (head == marked) {
		empty_block(head, m->n);
		return;
	}
	head->next = marked;
	empty_block(head, 0);
	*m = (struct arena_mark){ head, head->next, 0 };
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		n = SIZE_MAX;
	return arena_alloc(a, n);
}

void *
arena_grow(struct arena *a, void *old, size_t count, size_t *cap, size_t size)
{
	size_t wider;
	void *p;

	if (old && count < *cap)
		return old;
	wider = count < 4 ? 8 : count * 2;
	p = arena_array(a, wider, size);
	if (old && count > 0)
		memcpy(p, old, count * size);
	*cap = wider;
	return p;
}

char *
arena_str(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p;
}

struct slice
arena_copy(struct arena *a, struct slice s)
{
	return slice_of(arena_str(a, s), s.n);
}

struct slice
arena_fmt(struct arena *a, const char *fmt, ...)
{
	char small[256], *p;
	va_list args;
	size_t n;
	int len;

	va_start(args, fmt);
	len = vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	n = len < 0 ? 0 : (size_t)len;
	if (n < sizeof(small))
		return arena_copy(a, slice_of(small, n));
	p = arena_alloc(a, n + 1);
	va_start(args, fmt);
	vsnprintf(p, n + 1, fmt, args);
	va_end(args);
	return slice_of(p, n);
}
