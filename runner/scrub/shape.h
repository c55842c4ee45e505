/*
 * Personal data with its shape: "phone-l3rs3d4" stands for (312) 867-5309.  The
 * shape is a list of runs, digits n, upper case u and lower case w with how many
 * and of separators by a letter each, so that what
 * stands for a number or a date is written as it was.
 */
#ifndef SCRUB_SHAPE_H
#define SCRUB_SHAPE_H

#include <dvr/base/arena.h>

#include "handle.h"

/* The class with the value's shape behind it; "" for classes without one, and
 * for values that are written in no such way. */
struct slice shape_class(struct arena *a, struct slice class,
			 struct slice value);
/* Is it a handle with a shape? */
bool shape_is_of(const struct handle *h);
/* Appends what stands for it: invalid or reserved, where the class has that
 * (RFC 2544, RFC 3849, 555-01xx, wrong check digits).  False: no shape. */
bool shape_expand(const struct handle *h, struct buf *out);
/* Could `live`, of its length, be such a value? */
bool shape_covers(const struct handle *h, struct slice live);

#endif
