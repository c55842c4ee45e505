/*
 * What handles stand for in one replay where that is not their expansion: the
 * values of named secrets, tokens that were signed anew.  Raw: never shown.
 */
#ifndef DVR_SCRUB_VALUES_H
#define DVR_SCRUB_VALUES_H

#include <dvr/base/arena.h>

struct scrub_values;

struct scrub_values *scrub_values_create(void);
/* Wipes.  Takes NULL. */
void scrub_values_destroy(struct scrub_values *v);

/* Both are copied.  The first word about a handle counts; false: it was said
 * already. */
bool scrub_values_set(struct scrub_values *v, struct slice handle,
		      struct slice live);
/* False: there is none.  Takes NULL. */
bool scrub_values_get(const struct scrub_values *v, struct slice handle,
		      struct slice *live);
/* All of them, in the order in which they were set. */
size_t scrub_values_count(const struct scrub_values *v);
void scrub_values_at(const struct scrub_values *v, size_t i,
		     struct slice *handle, struct slice *live);

/* Calls fn for each handle in the text, then for those within its base64 (these
 * do not point into it and live as long as the call), with its class as the handle spells it
 * ("pan-411111", "token-hex"). */
typedef void scrub_handle_fn(void *arg, struct slice handle,
			     struct slice class);
void scrub_each_handle(struct slice text, scrub_handle_fn *fn, void *arg);
/* Is that class, as a handle spells it, of the class `base`? */
bool scrub_class_is(struct slice class, struct slice base);
/* Is a value of it what one proves oneself with? */
bool scrub_class_is_credential(struct slice class);

#endif
