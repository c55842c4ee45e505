/*
 * Looks for secrets in what should hold none: a tape with all that is in it,
 * codings undone, or any text.  What stands there as a handle is clean.
 */
#ifndef DVR_SCRUB_INSPECT_H
#define DVR_SCRUB_INSPECT_H

#include <dvr/scrub/scrub.h>

struct scrub_finding {
	struct slice rule;		/* what found it */
	struct slice place;		/* where in the tape, clean */
	uint32_t exchange;		/* 0: none */
	/* Raw, never to be shown: for finding the line where it stands.  It
	 * lies in the tape or text where no coding is around it. */
	struct slice value;
	struct slice coded;		/* the field or body that it came from,
					 * within the tape or text */
};

typedef void scrub_found_fn(void *arg, const struct scrub_finding *f);

/* All detectors and the user's rules over a tape as it was read.  Findings are
 * valid during the call. */
void scrub_inspect_tape(struct scrub *s, const struct tape *t,
			scrub_found_fn *fn, void *arg);
/* `named`: values by their name too ("password=…"), for text that is no tape. */
void scrub_inspect_text(struct scrub *s, struct slice text, bool named,
			scrub_found_fn *fn, void *arg);

#endif
