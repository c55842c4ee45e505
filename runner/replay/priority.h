/*
 * Real-time priority for the time of a replay, where the system permits it
 * (root, CAP_SYS_NICE, RLIMIT_RTPRIO): a neighbour's work no longer stands
 * between a deadline and its send.  Only for replays that sleep most of the
 * time: who always spins is throttled by the kernel for tens of milliseconds,
 * and would take the service its processor.
 */
#ifndef REPLAY_PRIORITY_H
#define REPLAY_PRIORITY_H

#include "schedule.h"

#include <sched.h>

struct priority {
	bool raised;
	int policy;		/* what it was before */
	struct sched_param param;
};

/* Does the replay sleep enough between its sends? */
bool priority_fits(const struct schedule *s);
/* False where it is not permitted; everything stays as it was.  Children get
 * normal priority. */
bool priority_raise(struct priority *p);
void priority_drop(struct priority *p);

#endif
