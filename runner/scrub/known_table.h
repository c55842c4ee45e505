/* The table of known values from the inside: for the files that fill it and
 * that search for what is in it. */
#ifndef SCRUB_KNOWN_TABLE_H
#define SCRUB_KNOWN_TABLE_H

#include "known.h"
#include "needle.h"

struct known {
	struct slice key;
	struct arena *arena;	/* values and classes */
	struct known_value **v;
	size_t n, cap, bytes;
	uint32_t *table;	/* open addressing, index + 1 */
	size_t table_n;
	struct needles *needles;	/* over v[0..searched) */
	size_t searched, gram;
	struct buf form;	/* one that is compared */
	size_t linked;		/* v[0..linked) were seen by known_link() */
};

/* The slot of a value, or the free one where it belongs. */
size_t known_slot(const struct known *k, struct slice value);

#endif
