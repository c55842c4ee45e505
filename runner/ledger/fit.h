/* A tape that is too large for a repository is cut before it is written. */
#ifndef LEDGER_FIT_H
#define LEDGER_FIT_H

#include <dvr/tape/tape.h>

/*
 * Leaves out bodies of the service's answers, the largest first, until the tape
 * takes about `max` bytes (0: any), and says so on it: a replay needs none of
 * them, but for those that failed.  Requests and dependencies' answers are
 * needed; where these alone are too much the tape is refused.  State does not
 * count.
 */
int fit_tape(struct tape *t, size_t max, struct err *e);

#endif
