/*
 * When each ingress exchange is due: a pure function of the tape's times and
 * of what has ended so far.  No clock, no sockets.
 *
 *	deadline(x) = T0 + offset(x) + max(0, the worst delay of a predecessor)
 *
 * A predecessor is every exchange that had ended when x began; x waits for
 * all of them.  A late answer so shifts what depends on it and keeps the think
 * time; an early one pulls nothing forward.
 */
#ifndef REPLAY_SCHEDULE_H
#define REPLAY_SCHEDULE_H

#include <dvr/replay/replay.h>

struct schedule_item {
	uint32_t index;		/* into tape.exchanges */
	int64_t at_us, end_us;	/* recorded, from the first send */
	bool endless;		/* never ended on the tape: counts as ended
				 * with its answer's head */
	size_t npred;		/* how many of by_end must have ended */
	uint32_t group;		/* overlap group, ascending in time */
	bool ended;
	uint64_t live_end_ns;
};

struct schedule_group {
	int64_t at_us, end_us;
	size_t count;		/* ingress exchanges */
	bool begun;
	uint64_t base_ns;	/* live time of at_us */
};

struct schedule {
	enum replay_timing timing;
	int64_t first_us;	/* tape time of the first send */
	struct schedule_item *items;	/* in order of recorded start */
	size_t count;
	size_t *by_end;			/* items in order of recorded end */
	struct schedule_group *groups;
	size_t ngroups;
	size_t done;		/* leading part of by_end that has ended */
	uint64_t shift_ns;	/* worst delay in it (FAST: in its group) */
	uint32_t shift_group;
	uint64_t t0_ns;
	uint64_t last_end_ns;
};

/* Items for the tape's ingress exchanges; memory from `a`. */
void schedule_init(struct schedule *s, const struct tape *t,
		   enum replay_timing timing, struct arena *a);
/* The replay begins: the first send is due at `t0_ns`. */
void schedule_begin(struct schedule *s, uint64_t t0_ns);
/* True when every predecessor of item `i` has ended; then *deadline_ns. */
bool schedule_due(struct schedule *s, size_t i, uint64_t *deadline_ns);
/* Earliest time at which item `i` may be due, as far as is known now. */
uint64_t schedule_estimate(const struct schedule *s, size_t i);
/* Item `i` ended (its answer, or all hope for one). */
void schedule_ended(struct schedule *s, size_t i, uint64_t now_ns);
/* Recorded microseconds as nanoseconds of this replay (2x halves them). */
uint64_t schedule_scaled_ns(enum replay_timing timing, int64_t us);
/* Never ended on the tape, or became a tunnel: its answer's head is its end. */
bool schedule_endless(const struct exchange *x);
/* Recorded end of an exchange, its request included. */
int64_t schedule_exchange_end(const struct exchange *x);

#endif
