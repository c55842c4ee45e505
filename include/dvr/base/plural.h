/* Counted nouns: "1 exchange", "2 exchanges". */
#ifndef DVR_BASE_PLURAL_H
#define DVR_BASE_PLURAL_H

#include <stdint.h>

/* What stands behind a noun of which there are n. */
static inline const char *
plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

#endif
