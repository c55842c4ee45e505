/* Which tapes are worth a look: stale, flaky, duplicate. */
#ifndef CLI_HEALTH_H
#define CLI_HEALTH_H

#include "last_run.h"

#include <dvr/tape/library.h>

/* A tape that nobody touched for so long is asked after (days). */
#define STALE_DAYS 180

/* Why it proves nothing (any more), appended to `out`; false: it does. */
bool health_stale(const struct tape *t, const struct plan *p,
		  struct buf *out);
/* How it fails now and then: when it was verified, or in the last runs here. */
bool health_flaky(const struct plan *p, const struct last_tape *last,
		  struct buf *out);
/* Other tapes of the same failure. */
bool health_duplicate(const struct library *l, const struct library_entry *x,
		      struct buf *out);

#endif
