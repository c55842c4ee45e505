/*
 * An arena gives memory that is freed all at once.  One belongs to a tape, one
 * to an exchange's scratch work.  What it hands out is zeroed, aligned for any
 * type, and lives until arena_destroy().  Out of memory aborts.
 */
#ifndef DVR_BASE_ARENA_H
#define DVR_BASE_ARENA_H

#include <dvr/base/attr.h>
#include <dvr/base/slice.h>

struct arena;

struct arena *arena_create(void);
/*
 * An arena that begins in memory of the caller's: `region`, n zeroed bytes
 * that outlive it, aligned for any type, the arena itself included.  When the
 * region is full, blocks come from the heap as in any other.
 */
struct arena *arena_create_in(void *region, size_t n);
/* Bytes from the region's beginning that are in use; 0 when the region was
 * too small for everything. */
size_t arena_region_used(const struct arena *a);
/* Takes NULL.  `wipe` variants overwrite the memory first (raw traffic). */
void arena_destroy(struct arena *a);
void arena_wipe(struct arena *a);

void *arena_alloc(struct arena *a, size_t n);
/*
 * Takes back, wiped, what was handed out since a mark, so that what is looked
 * at once and dropped needs the memory of one.  The mark may move on.
 */
struct arena_mark {
	void *block, *next;
	size_t n;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark *m);
void *arena_array(struct arena *a, size_t count, size_t size);
/*
 * Grows an array that lives in the arena: returns `old` while count < *cap,
 * else a copy with doubled capacity (the old one stays until destroy).
 */
void *arena_grow(struct arena *a, void *old, size_t count, size_t *cap,
		 size_t size);
/* A copy, NUL-terminated behind its end. */
struct slice arena_copy(struct arena *a, struct slice s);
char *arena_str(struct arena *a, struct slice s);
struct slice arena_fmt(struct arena *a, const char *fmt, ...)
	PRINTF_LIKE(2, 3);

#endif
