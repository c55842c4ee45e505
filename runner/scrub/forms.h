/* The forms in which a known value may come again. */
#ifndef SCRUB_FORMS_H
#define SCRUB_FORMS_H

#include <dvr/base/arena.h>

#include "known.h"

struct form_list {
	struct needle *v;	/* malloc'ed */
	size_t n, cap;
};

/* How far may a value be searched for, by its length and its letters? */
enum strength value_strength(struct slice value);

/* Adds the forms of value number `index`; texts live in `a`. */
void forms_add(struct form_list *l, struct arena *a, struct slice value,
	       uint32_t index, enum strength strength);

/* From a needle's id: the value's number, and whether it is the inner part
 * of a longer coded run (base64, hex). */
uint32_t form_value(uint32_t id);
bool form_is_wrapped(uint32_t id);
/* Widens a wrapped hit to the whole coded run around it. */
void form_extend(struct slice text, size_t *from, size_t *to);
/* No letter or digit on either side (an escape's last letter is none). */
bool form_stands_alone(struct slice text, size_t from, size_t to);

#endif
