/*
 * Failures by their signature: what this run has seen and what the library
 * holds.  One signature, one tape; the others are counted.
 */
#ifndef LEDGER_SEEN_H
#define LEDGER_SEEN_H

#include "book.h"

/* Fills p->signature (once). */
void seen_sign(struct ledger *l, struct pending *p);
/* The trigger's detail: its exception line, normalised.  free() its p. */
struct slice seen_detail(const struct pending *p);
/* Index into l->tapes, or SIZE_MAX. */
size_t seen_entry(const struct ledger *l, const char *signature);
/* Counts one that is in this run's list or in the library: true, done. */
bool seen_count(struct ledger *l, struct pending *p);
/* A new row for it, SIZE_MAX when there are too many. */
size_t seen_add(struct ledger *l, struct pending *p);
void seen_finish(struct ledger *l);

/* The line of a log that names the exception, "" when none does. */
struct slice exception_line(struct slice tail);

#endif
