/* What is left of a recording that killed its scrubber. */
#ifndef LEDGER_BARE_H
#define LEDGER_BARE_H

#include <dvr/tape/tape.h>

/* Bodies, payloads, state and the log go; heads, sizes, times and outcomes
 * stay, and the tape says why (`why` is clean). */
void bare_recording(struct recording *r, const char *why);

#endif
