/*
 * What a judge notes about one replay, from harmless to grave: each finding
 * decides a verdict, and the gravest one is the replay's reason.
 */
#ifndef DVR_RUNNER_JUDGE_FINDINGS_H
#define DVR_RUNNER_JUDGE_FINDINGS_H

#include <dvr/judge/judge.h>

enum finding {			/* in order of gravity */
	FIND_CLEAN,
	FIND_UNACCEPTED,	/* not a failure, but is it a fix? */
	FIND_PIN,		/* not the accepted answer */
	FIND_MISMATCH,		/* `same`: not the recorded answer */
	FIND_UNMADE,		/* strict: a recorded egress call is missing */
	FIND_ORDER,		/* a race's order was not replayed */
	FIND_DIVERGED,		/* another outcome before the failure */
	FIND_TRANSPORT,		/* not sent, not watched, given up */
	FIND_FAILURE,		/* another failure than the recorded one */
	FIND_MISS,		/* an egress call that is not on the tape */
	FIND_UNREACHED,		/* a host was wanted that no lane leads to */
	FIND_DEATH,		/* the service died, and had not on the tape */
	FIND_REPRODUCED		/* the recorded failure, again: final */
};

struct finding_rule {
	enum verdict verdict;
	enum err_code code;
	const char *type;	/* JUnit: always "dvr.*" */
};

const struct finding_rule *finding_rule(enum finding f);

struct judging {
	const struct judge_input *in;
	struct arena *a;
	struct replay_result *r;
	size_t *index;			/* into tape.exchanges, by case */
	struct outcome *want, *got;	/* by case */
	enum finding *found;		/* by case: the gravest */
	enum finding gravest;
	bool *kept;			/* by case: the outcome is the recorded
					 * one, masked errors apart */
	size_t nmasked;			/* cases that only a mask keeps */
	size_t failing;			/* case that carries the verdict */
	const struct exchange *trigger;	/* the failing exchange, or NULL */
};

#define NO_CASE ((size_t)-1)

/* Notes a finding at a case (NO_CASE: at the failing one). */
void judging_find(struct judging *j, enum finding f, size_t at,
		  struct slice message);
/* Live text, clean; its first line. */
struct slice judging_clean(const struct judging *j, struct slice raw);
struct slice judging_clean_line(const struct judging *j, struct slice raw);
const struct exchange *judging_exchange(const struct judging *j, size_t at);
/* NULL when the replay never came to it. */
const struct observed_exchange *judging_seen(const struct judging *j,
					     size_t at);

/* cases.c: one case an ingress exchange, named, with outcomes. */
void judging_cases(struct judging *j);

/* egress.c: calls to dependencies, too many or too few; adds notes, at most so
 * many. */
void judging_egress(struct judging *j);
size_t judging_egress_notes(const struct observed *o);

/* order.c: did two requests that overlapped on the tape run one after the other
 * only because ours was sent late?  Then a race had no chance to show. */
void judging_order(struct judging *j);

/* kept.c: says of each case whether it kept its outcome (j->kept); notes what
 * a mask lets pass. */
void judging_kept(struct judging *j);

/* hollow.c: finds an answer that has nothing in it where the recorded one, of
 * the same status, had.  Masks speak first. */
void judging_hollow(struct judging *j, size_t at);

#endif
