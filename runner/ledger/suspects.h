/*
 * Which exchange a death of the service is blamed on: of those that were cut
 * off, the one that began last before the first of them ended.  A dying
 * process still has its listening socket for a moment, so a client that comes
 * back at once is cut off too, but it came too late to be the cause.
 */
#ifndef LEDGER_SUSPECTS_H
#define LEDGER_SUSPECTS_H

#include "book.h"

/* NULL when there is none. */
struct lx *suspect_cut_off(const struct pending *p);
/* One that had its whole answer, or a stream that was merely there. */
struct lx *suspect_answered(const struct pending *p);

#endif
