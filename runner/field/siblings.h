/*
 * How many of the same name came before below the same parent: the nth has a
 * place of its own.  What a parent's names were is forgotten when it ends, so
 * that the table stays as small as what is open.
 */
#ifndef FIELD_SIBLINGS_H
#define FIELD_SIBLINGS_H

#include <dvr/base/slice.h>

#include <stdint.h>

/* All of it together is the name. */
struct sibling_name {
	size_t parent;		/* its number in the document */
	struct slice text;	/* borrowed until the parent ends */
	uint32_t kind;
};

struct sibling {
	struct sibling_name name;
	uint32_t hash, count;
};

/* Zeroed is empty. */
struct siblings {
	struct sibling *v;	/* the youngest last */
	size_t n, cap;
	uint32_t *slots;	/* open addressing, a power of two: index + 1 */
	size_t nslots;
};

void siblings_release(struct siblings *s);
/* Returns how many of that name came before. */
size_t siblings_next(struct siblings *s, const struct sibling_name *name);
/* A parent ends that began when there were n of them. */
void siblings_leave(struct siblings *s, size_t n);

#endif
