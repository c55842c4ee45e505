/*
 * Results: what judges say and reporters show.  Clean: every text in here has
 * passed the scrubber.  Owned by the results' arena.
 */
#ifndef DVR_JUDGE_RESULT_H
#define DVR_JUDGE_RESULT_H

#include <dvr/judge/outcome.h>
#include <dvr/judge/story.h>
#include <dvr/tape/plan.h>

enum verdict { VERDICT_PASS, VERDICT_FAILED, VERDICT_ERROR, VERDICT_FLAKY,
	VERDICT_XFAIL, VERDICT_SKIPPED };

enum risk { RISK_HIGH, RISK_MEDIUM, RISK_LOW };

struct difference {
	enum risk risk;
	struct slice place;		/* "4.resp.body#/total" */
	struct slice want, got;		/* clean */
	enum change change;
	bool takeable;			/* may become a plan_change, */
	struct slice value;		/* CHANGE_VALUE: with this; clean */
};

struct case_result {			/* one exchange */
	uint32_t exchange;
	struct slice name;		/* "POST /session [2]" */
	unsigned line;			/* in tape.yaml */
	enum verdict verdict;
	struct slice type;		/* "dvr.mismatch", "dvr.transport" … */
	struct slice message;		/* one line */
	struct slice want, got;		/* outcomes, e.g. "200", "500" */
	struct outcome outcome;		/* the live one; for who judged it alone */
	bool errors_appeared;		/* the recorded status, but errors in
					 * the body where the tape has none */
	struct difference *diffs;
	size_t ndiffs;
	size_t more;			/* differences beyond those kept */
	double seconds;			/* live duration */
};

struct timing {				/* of requests sent, in us late */
	bool known;
	size_t count;
	int64_t p50_us, p99_us, max_us;
	int64_t drift_us;		/* of the last send */
	const char *mode;		/* "recorded", "fast", … static */
	bool realtime;			/* sent at real-time priority */
	bool alone;			/* nothing was held: timing alone */
};

struct replay_result {			/* one replay */
	enum verdict verdict;
	enum err_code code;		/* of a FAILED or ERROR */
	bool reproduced;		/* the recorded failure, again */
	struct slice reason;		/* one line */
	struct slice *notes;
	size_t nnotes;
	struct slice stubs;		/* lines to paste into replay.yaml so
					 * that missed calls are answered */
	struct case_result *cases;	/* ingress exchanges, in tape order */
	size_t ncases;
	struct timing timing;
	struct slice *unreached;	/* hosts that were wanted in vain */
	size_t nunreached;
	const char *isolation;		/* of the service: static; NULL unknown */
	double seconds;
	/* Where it first went another way than the tape, in a line without
	 * values: equal lines are one trouble.  "" for a pass. */
	struct slice diverged;
	struct story story;		/* of a few replays only */
};

struct tape_result {
	struct slice id;
	struct slice file;		/* "fixtures/ID/tape.yaml" */
	struct slice classname;		/* "dvr.ID" with '.' → '_' … */
	int64_t started_us;		/* wall, UTC; 0 unknown */
	enum verdict verdict;
	enum err_code code;		/* exit code that it asks for */
	struct slice reason;		/* one line: why */
	struct slice expect;		/* "fixed" … */
	unsigned hits, of;		/* reproduces, from the plan */
	bool unproven;			/* nobody has seen it come again */
	unsigned clean, needed;		/* clean replays: done, needed */
	bool cured;			/* `broken`, and it fails no more: to
					 * be accepted */
	struct replay_result *replays;	/* in order; the last one decided */
	size_t nreplays;
	unsigned started, resets;	/* services that were started (for the
					 * next tape, too), and reset */
	unsigned retries;		/* replays repeated after an error */
	struct slice log_tail;		/* when the service died */
	struct slice command;		/* reproduces this result */
	struct slice hash;		/* of tape.yaml, hex */
	double seconds;
};

/* A part of the library that one of several machines tries. */
struct results_shard {
	bool known;
	unsigned index, of;		/* from 1 */
	struct slice source;		/* "--shard", "CI_NODE_INDEX" … */
	struct slice plan;		/* hash of who tries which tape, hex */
	size_t library;			/* tapes of all shards together */
	struct slice *ids;		/* of this one, in name order */
	size_t nids;
};

struct results {
	struct arena *arena;
	int64_t started_us;		/* wall, UTC */
	double seconds;
	struct slice command;		/* dvr regress … */
	struct tape_result *tapes;
	size_t ntapes;
	bool partial;			/* interrupted: not all tapes ran */
	struct results_shard shard;
};

/* "pass", "failed", "error", "flaky", "xfail", "skipped". */
const char *verdict_name(enum verdict v);
const char *risk_name(enum risk r);

/* The replay whose cases explain the verdict: the first that failed, else the
 * first known failure, else the last that erred, else the last; NULL when
 * there was none. */
const struct replay_result *tape_result_shown(const struct tape_result *t);

/* The story to tell beside it: of that replay, else of another; NULL: none. */
const struct story *tape_result_story(const struct tape_result *t);

/* Tapes that first went another way at the same point, the most first. */
struct trouble {
	struct slice what;		/* "POST /init now answers 400" */
	size_t first;			/* index of its first tape */
	size_t n;
};
/* Of tapes that failed or erred, in `a`; *group (NULL: not wanted) becomes one
 * number a tape: its trouble's index, or SIZE_MAX. */
size_t results_troubles(const struct results *r, struct arena *a,
			struct trouble **out, size_t **group);

struct totals { unsigned pass, failed, error, flaky, xfail, skipped; };
void results_totals(const struct results *r, struct totals *out);
/*
 * 0 when nothing gates (pass, flaky, xfail, skipped); else the gravest code of
 * the tapes: 70, 1, 3, 4, 2.  No tape at all: ERR_NOTHING (an empty shard does not
 * ask).  A partial run without a finding: 130.
 */
int results_exit_code(const struct results *r);

#endif
