/*
 * Commits: one forked child at a time scrubs a job and writes its tape.
 *
 * The child has a copy of everything but the ring, which is shared and whose
 * chunks the job pins; so it may be as slow as it likes, stopped even, and the
 * tape is the same.  It keeps no descriptor but its report pipe and stderr: an
 * inherited socket would withhold a client's FIN.
 */
#ifndef LEDGER_COMMIT_H
#define LEDGER_COMMIT_H

#include "job.h"

struct commit *commit_create(struct ledger *l);
/* Ends a running child; what is queued is lost. */
void commit_destroy(struct commit *c);
/* Takes the job. */
void commit_queue(struct commit *c, struct job *j);
bool commit_busy(const struct commit *c);
/* Out of time: ends the child, tells of the queued ones as not written. */
void commit_give_up(struct commit *c);
/* The running child's pid, or 0. */
pid_t commit_child(const struct commit *c);
/* While it is held, jobs only queue up; commit_waiting() is the first. */
void commit_hold(struct commit *c, bool held);
const struct job *commit_waiting(const struct commit *c);

#endif
