/* How much a value tells: is it there again by chance, or by descent? */
#ifndef RELATE_STRENGTH_H
#define RELATE_STRENGTH_H

#include <dvr/base/arena.h>

/* Long and varied enough to be no accident. */
bool value_is_strong(struct slice v);
/* Digits only, 18 at most. */
bool value_is_integer(struct slice v);
/* Does this key hold ids, tokens and the like? */
bool key_names_id(struct slice key);
/*
 * What the id is of: "cart_id", "cartId", "carts" are all "cart".  A bare
 * "id" is of `resource`, which is such a word already.
 */
struct slice key_scope(struct arena *a, struct slice key,
		       struct slice resource);
/* The last word of a path that is a name: "carts" of /api/carts/17. */
struct slice path_resource(struct arena *a, struct slice path);

#endif
