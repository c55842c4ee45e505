/*
 * The judge compares what a replay saw with the tape and its plan, and says
 * one verdict with reasons.  A pure function: no clock, no sockets.
 */
#ifndef DVR_JUDGE_JUDGE_H
#define DVR_JUDGE_JUDGE_H

#include <dvr/judge/outcome.h>
#include <dvr/judge/result.h>
#include <dvr/tape/plan.h>

/* What one replay of a tape saw.  Raw, like a recording. */
struct observed_exchange {
	bool sent;			/* the request went out whole */
	struct exchange x;		/* live answer; of the request present
					 * (it was begun) and at_us; times are
					 * of the replay's clock */
	int64_t late_us;		/* how late the first byte left */
};

/* A recorded value and what stood in its place in this replay's answer. */
struct counterpart {
	struct slice recorded;		/* as on the tape; may hold handles */
	struct slice live;		/* raw */
	struct slice key;		/* what names it */
};

struct observed {
	struct arena *arena;
	struct observed_exchange *v;	/* by index, as tape.exchanges */
	size_t n;
	bool service_died;
	struct slice death;		/* "signal 11 (…)", with service_died */
	uint32_t died_during;		/* exchange id, 0 when between */
	struct slice log_hit;		/* log pattern trigger fired, or "" */
	struct slice *misses;		/* egress calls nobody recorded: text */
	size_t nmisses;
	struct slice stubs;		/* text for replay.yaml that would
					 * answer the misses, or "" */
	struct slice *unreached;	/* hosts that the service wanted and
					 * that no lane leads to: raw */
	size_t nunreached;
	uint32_t *unmade;		/* recorded egress exchanges that were
					 * not called */
	size_t nunmade;
	struct slice *notes;		/* released holds, reconnects … */
	size_t nnotes;
	struct counterpart *counterparts;	/* of bound values */
	size_t ncounterparts;
	struct slice log_tail;		/* raw */
	bool settled;			/* stayed alive through the settle time */
	bool aborted;			/* ended early: error in `why` */
	struct slice why;
};

/* Turns text with live values into text that may be shown. */
typedef void clean_fn(void *arg, struct slice raw, struct buf *out);
/* Does a recorded value (may hold scrub handles) equal a live one? */
typedef bool match_fn(struct slice recorded, struct slice live);

struct judge_input {
	const struct tape *tape;
	const struct plan *plan;
	const struct observed *seen;
	clean_fn *clean;		/* NULL: live values are withheld */
	void *clean_arg;
	bool strict;			/* an unmade call is a failure */
	match_fn *matches;		/* scrub_matches(); NULL: slice_eq() */
};

/*
 * One replay's verdict and per-exchange findings, into r (texts in `a`).
 * r->timing and r->seconds are the caller's and stay.  A replay of a `broken`
 * tape that failed as known is VERDICT_XFAIL; PASS means "clean" everywhere.
 */
void judge_replay(const struct judge_input *in, struct arena *a,
		  struct replay_result *r);
/*
 * All replays of one tape together, from r->replays, r->retries and
 * r->started_us (the caller's, with id, file, classname …) into verdict, code,
 * reason, expect, hits, of, clean, needed.  `fixed` passes only when none
 * reproduced, none erred, and (1-p)^n <= 0.05 with p = hits/of, all
 * hits counted as of/(of + 1) (n >= judge_needed()); errors that were all repeated (r->retries) and then came
 * out clean make it flaky.  Without a replay a reason and code that are set
 * stay as the error.
 */
void judge_tape(const struct tape *t, const struct plan *p, struct arena *a,
		struct tape_result *r);
/* Clean replays needed before `fixed` may pass; 0 when unproven (hits 0).
 * `same` needs one. */
unsigned judge_needed(const struct plan *p);
/* Wilson 95 % interval of k of n (E. B. Wilson, 1927). */
void judge_wilson(unsigned k, unsigned n, double *low, double *high);

#endif
