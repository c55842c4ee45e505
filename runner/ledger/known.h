/*
 * Failures by their signature: what this run has seen and what the library
 * holds.  One signature, one tape; the others are counted.
 */
#ifndef LEDGER_KNOWN_H
#define LEDGER_KNOWN_H

#include "book.h"

/* Fills p->signature (once). */
void known_sign(struct ledger *l, struct pending *p);
/* The trigger's detail: its exception line, normalised.  Owned by caller. */
struct slice known_detail(const struct pending *p);
/* Index into l->tapes, or SIZE_MAX. */
size_t known_entry(const struct ledger *l, const char *signature);
/* Counts one that is in this run's list or in the library: true, done. */
bool known_count(struct ledger *l, struct pending *p);
/* A new row for it, SIZE_MAX when there are too many. */
size_t known_add(struct ledger *l, struct pending *p);
void known_finish(struct ledger *l);

/* The line of a log that names the exception, "" when none does. */
struct slice exception_line(struct slice tail);

#endif
