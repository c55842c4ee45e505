/*
 * Holds: inside a group of overlapping exchanges the recorded order of events
 * is enforced, because gaps under 100 us cannot be hit by timing and a loaded
 * machine misses longer ones.  What we do ourselves (a send, a mock's answer)
 * waits for every event that was recorded before it; what the service does is
 * only watched.  Pure bookkeeping: gate.h gives it time.
 */
#ifndef REPLAY_HOLDS_H
#define REPLAY_HOLDS_H

#include "schedule.h"

/*
 * min(2 x the group's recorded time so far, 1 s), but at least half a second:
 * a loaded machine that is slow to answer must not break the recorded order,
 * and a build that orders things otherwise (a lock) pays it once an event.
 */
#define HOLD_MAX_NS NS_PER_S
#define HOLD_MIN_NS (500 * NS_PER_MS)

enum hold_kind {
	HOLD_ARRIVED,	/* egress request reached the mock: watched */
	HOLD_ENDED,	/* ingress answer ended: watched */
	HOLD_SEND,	/* ingress request goes out: held back */
	HOLD_ANSWER	/* egress answer goes out: held back */
};

struct hold_event;

struct holds {
	const struct tape *tape;
	struct hold_event *events;	/* by group, in enforced order */
	size_t count;
	size_t *of[2];		/* exchange index → event + 1: [0] its begin
				 * (send, arrival), [1] its end */
	struct hold_group *groups;
	size_t ngroups;
	struct hold_pair *pairs;	/* from replay.yaml */
	size_t npairs;
	struct slice *notes;	/* about holds that cannot be obeyed */
	size_t nnotes;
};

struct holds_setup {
	const struct tape *tape;
	const struct plan *plan;
	const struct schedule *schedule;
	bool overlaps;		/* enforce the recorded order in groups */
	bool egress;		/* mocks answer: egress events can happen */
};

void holds_init(struct holds *h, const struct holds_setup *with,
		struct arena *a);
/* The event took place. */
void holds_happened(struct holds *h, enum hold_kind kind, uint32_t index);
/* May this controlled event go now? */
bool holds_free(struct holds *h, enum hold_kind kind, uint32_t index);
/* How long it may be held, from when it was otherwise due. */
uint64_t holds_timeout_ns(const struct holds *h, enum hold_kind kind,
			  uint32_t index);
/*
 * Its time is up: what it still waits for is never waited for again.
 * Describes that in `note` ("4.resp went without 5.resp").
 */
void holds_expire(struct holds *h, enum hold_kind kind, uint32_t index,
		  struct buf *note);
/* "4.req", "4.resp" */
void holds_event_name(const struct tape *t, enum hold_kind kind,
		      uint32_t index, struct buf *out);

#endif
