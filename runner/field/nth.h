/* How often a name came already: the nth has a place of its own. */
#ifndef FIELD_NTH_H
#define FIELD_NTH_H

#include <dvr/base/arena.h>

struct nth_name {
	struct slice name;
	size_t count;
};

struct nth_names {
	struct arena *arena;
	struct nth_name *v;		/* open addressing, a power of two */
	size_t slots, n;
};

/* Returns how many of that name came before; the name is borrowed for as long
 * as the table is asked. */
size_t nth_of_name(struct nth_names *s, struct slice name);

#endif
