/*
 * Which recorded egress call is this?  By lane, method, path, query and the
 * body's fields, masks and noise aside; then by the request that it is made
 * for; then in recorded order.  Each recorded call is given once.
 */
#ifndef REPLAY_MATCH_H
#define REPLAY_MATCH_H

#include <dvr/field/field.h>
#include <dvr/scrub/scrub.h>
#include <dvr/tape/plan.h>

/* Where the ingress exchange that a call was recorded for stands now. */
enum cause_state { CAUSE_TO_COME, CAUSE_OPEN, CAUSE_OVER };

struct match {
	const struct tape *tape;
	const struct plan *plan;	/* masks, bindings; NULL: none */
	const struct scrub_values *values;	/* of handles; NULL: none */
	bool *used;			/* by exchange index */
	enum cause_state (*cause_state)(void *arg, uint32_t id); /* or NULL */
	void *arg;
};

struct live_call {
	struct slice lane;
	const struct message *message;
	struct slice host;	/* "": the lane leads to one host alone */
	uint32_t cause;		/* the ingress exchange it names, 0: none */
	bool talking;		/* it goes on: only what was answered behind
				 * as many messages (talk.h) is found */
	size_t said;
};

struct found_call {
	size_t index;		/* into tape.exchanges */
	bool early;		/* its recorded cause has not been sent yet */
	unsigned loose;		/* fields that only resemble */
};

/* False: nobody recorded it, or all that was recorded is used up.  Marks what
 * it found as used. */
bool match_find(struct match *m, const struct live_call *call,
		struct found_call *out);
/* Could a call that is `talking` still become one that is left? */
bool match_may_become(const struct match *m, const struct live_call *call);
/* Is this the recorded call? */
bool match_agrees(const struct match *m, const struct exchange *x,
		  const struct message *live);
/* The recorded call that is most like it, used or not; NULL: none on the
 * lane. */
const struct exchange *match_nearest(const struct match *m,
				     const struct live_call *call);
/* The same, whose answer may stand in a stub: rather one that did not fail and
 * was not made for the tape's failure.  *suspect: there is no such one. */
const struct exchange *match_example(const struct match *m,
				     const struct live_call *call,
				     bool *suspect);
/* The stub for it, or NULL. */
const struct plan_stub *match_stub(const struct plan *p,
				   const struct live_call *call);
/* What the miss was, the closest recorded call and what differs.  Raw: holds
 * live values. */
void match_explain(const struct match *m, const struct live_call *call,
		   struct buf *out);
/* An item for the list `stubs` that answers it, a line with its end.  Raw. */
void match_offer(const struct match *m, const struct live_call *call,
		 struct buf *out);

/* Target of a request in origin form, and its two parts. */
struct slice match_target(const struct message *m);
struct slice match_path(const struct message *m);
struct slice match_query(const struct message *m);
/* Whom it is for: of an absolute URL, or what Host or :authority says, without
 * a default port. */
struct slice match_host(const struct message *m);
/* "host:port" without a default port. */
struct slice match_authority(struct slice host);
/* Is the exchange a call on that lane, and for that host ("": any)? */
bool match_on_lane(const struct tape *t, const struct exchange *x,
		   struct slice lane, struct slice host);

#endif
