/*
 * Spans: what is to be replaced in one piece of text, and by what.  Detectors
 * add freely; spans_settle() makes them disjoint and leaves nothing uncovered.
 */
#ifndef SCRUB_SPAN_H
#define SCRUB_SPAN_H

#include <dvr/base/slice.h>

/* Who names the class when several spans cover the same bytes.  CODED is an
 * edit of bytes in hex or base64: a known value's form in them is in it
 * already. */
enum span_rank { RANK_KEY, RANK_POLICY, RANK_TEXT, RANK_EDIT, RANK_KNOWN,
	RANK_CODED, RANK_USER };

struct span {
	size_t from, to;
	enum span_rank rank;
	struct slice class;	/* of the handle */
	struct slice rule;	/* what found it, for the tape's list */
	struct slice value;	/* the secret, decoded */
	struct slice text;	/* p != NULL: stands there instead of a
				 * handle */
	struct slice place;	/* "" the piece's own */
};

struct spans {
	struct span *v;
	size_t n, cap;
};

void spans_add(struct spans *s, const struct span *x);
void spans_release(struct spans *s);
/*
 * Sorts, and joins what overlaps: the highest rank among those that cover the
 * whole decides, else the longest gives its class to all of it.  `raw` is the
 * text that the spans are about.
 */
void spans_settle(struct spans *s, struct slice raw);

#endif
