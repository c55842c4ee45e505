/*
 * The loop's timers as a heap, ordered by when the loop must be awake.  A
 * precise timer stands there LOOP_SPIN_NS early; when that moment comes it is
 * moved to its real time, and the loop spins while `spinning` is not 0.
 */
#ifndef DVR_NET_TIMERS_PRIVATE_H
#define DVR_NET_TIMERS_PRIVATE_H

#include <dvr/net/loop.h>

struct timer_entry {
	uint64_t key_ns;
	uint64_t seq;		/* equal times fire in the order of setting */
	struct loop_timer *timer;
	bool spinning;
};

struct timers {
	struct timer_entry *heap;	/* from 1: slot 0 means "not set" */
	size_t count, cap;
	uint64_t next_seq;
	size_t spinning;
};

void timers_finish(struct timers *h);
void timers_set(struct timers *h, struct loop_timer *t);
void timers_cancel(struct timers *h, struct loop_timer *t);
/* When the loop must be awake next; UINT64_MAX for never. */
uint64_t timers_wake_ns(const struct timers *h);
/* Takes out the next timer that is due at now_ns and was set before
 * `before_seq`; NULL when there is none. */
struct loop_timer *timers_take(struct timers *h, uint64_t now_ns,
			       uint64_t before_seq);

#endif
