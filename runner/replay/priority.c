/* Raises this process to real-time priority and drops it again. */
#include "priority.h"

/* The loop spins at most this share of a replay's time ... */
#define SPIN_SHARE 4
/* ... a short burst apart, far below the kernel's limit of 950 ms a second. */
#define SPIN_BURST_NS (10 * NS_PER_MS)
/* The lowest one: other real-time work goes first. */
#define PRIORITY 1

bool
priority_fits(const struct schedule *s)
{
	uint64_t spun = 0, before = 0, at = 0;

	if (s->timing != TIMING_RECORDED && s->timing != TIMING_DOUBLE)
		return false;
	for (size_t i = 0; i < s->count; i++) {
		at = schedule_scaled_ns(s->timing, s->items[i].at_us);
		spun += at - before < LOOP_SPIN_NS ? at - before :
						     LOOP_SPIN_NS;
		before = at;
	}
	return s->count > 0 && spun <= at / SPIN_SHARE + SPIN_BURST_NS;
}

bool
priority_raise(struct priority *p)
{
	struct sched_param wish = { .sched_priority = PRIORITY };

	if (p->raised)
		return true;
	p->policy = sched_getscheduler(0);
	/* Otherwise somebody else has settled it. */
	if ((p->policy & ~SCHED_RESET_ON_FORK) != SCHED_OTHER ||
	    sched_getparam(0, &p->param) != 0)
		return false;
	p->raised = sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK,
				       &wish) == 0;
	return p->raised;
}

void
priority_drop(struct priority *p)
{
	if (!p->raised)
		return;
	p->raised = false;
	/* SCHED_RESET_ON_FORK cannot be taken back without CAP_SYS_NICE. */
	if (sched_setscheduler(0, p->policy, &p->param) != 0)
		sched_setscheduler(0, p->policy | SCHED_RESET_ON_FORK,
				   &p->param);
}
