/* What a scrubber is made of: shared by the files that do the work. */
#ifndef SCRUB_SCRUBBER_H
#define SCRUB_SCRUBBER_H

#include <dvr/scrub/scrub.h>

#include "detect.h"
#include "known.h"
#include "rules.h"
#include "vouch.h"

#define SCRUB_KEY_BYTES 32

struct scrub {
	void *key;		/* a page of its own, locked */
	char exposed[160];	/* "": it is */
	struct rules *rules;
	struct detecting *detecting;
	struct known *known;
	struct vouched vouched;	/* of the last recording */
};

#endif
