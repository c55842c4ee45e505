/*
 * Detectors: what the scrubber takes away without being told.  One row each;
 * `sanitization:` entries with `detector: NAME` switch them on and off.
 */
#ifndef DVR_SCRUB_DETECTOR_H
#define DVR_SCRUB_DETECTOR_H

#include <dvr/base/slice.h>

/* A secret: where it stands, and the class of its handle. */
struct hit {
	size_t from, to;
	const char *class;
};

/*
 * Is there a secret around text.p[at], where an anchor or a mark stands?
 * `from` of the hit may lie before `at`.
 */
typedef bool detect_fn(struct slice text, size_t at, struct hit *out);

struct scrub_detector {
	const char *name;	/* rule on the tape's list */
	const char *class;	/* of its handles; "…" where the value says */
	bool on;		/* unless the configuration says otherwise */
	const char *help;	/* one sentence */
	/*
	 * By the look: `look` is asked only where one of its anchors (separated
	 * by blanks; a '+' in one is a blank) or marks stands.  A mark is
	 * '0' for each run of digits, else the character itself.  NULL: by the
	 * name of a header, key or parameter, or by a vendor's prefix.
	 */
	detect_fn *look;
	const char *anchors;
	const char *marks;
	/* Of digits that are a mark: bit n for runs of n, bit 31 for longer
	 * ones; 0: all. */
	uint32_t runs;
};

/* All of them, `*n` rows. */
const struct scrub_detector *scrub_detectors(size_t *n);

#endif
