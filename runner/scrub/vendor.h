/* Credentials that carry their issuer's prefix: one row each. */
#ifndef SCRUB_VENDOR_H
#define SCRUB_VENDOR_H

#include <dvr/base/slice.h>

#include "detect.h"

enum alphabet { ALPHA_ALNUM, ALPHA_TOKEN /* and - _ */, ALPHA_UPPER /* A-Z0-9 */,
	ALPHA_HEX, ALPHA_DIGITS, ALPHA_BASE64 /* and + / */,
	ALPHA_DOTTED /* and - _ . */, ALPHA_EQUALS /* and - _ = */ };

struct vendor {
	enum detector_id detector;
	const char *name;	/* class of the handle */
	const char *prefix;	/* stays in the expansion */
	enum alphabet alphabet;	/* of what follows */
	unsigned min, max;	/* bytes behind the prefix */
};

extern const struct vendor vendors[];
extern const size_t vendor_count;

/* Row of a class, or NULL. */
const struct vendor *vendor_named(struct slice name);
/* Does that vendor's token stand at `at`, where its prefix does? */
bool vendor_at(const struct vendor *v, struct slice text, size_t at,
	       struct hit *out);
bool alphabet_has(enum alphabet a, char c);
/* Letters to draw from. */
struct slice alphabet_letters(enum alphabet a);

#endif
