/*
 * Which recorded egress call is this?  By lane, method, path (segment by
 * segment, handles matching their class), query, and body where several are
 * left; each recorded call is given once, in recorded order.
 */
#ifndef REPLAY_MATCH_H
#define REPLAY_MATCH_H

#include <dvr/tape/plan.h>

struct match {
	const struct tape *tape;
	bool *used;		/* by exchange index */
	/* Is the ingress exchange with this id being answered now? */
	bool (*cause_open)(void *arg, uint32_t id);
	void *arg;
};

/* Index of the exchange that answers, or -1. Marks it used. */
int64_t match_find(struct match *m, struct slice lane,
		   const struct message *live);
/* The stub for it, or NULL. */
const struct plan_stub *match_stub(const struct plan *p, struct slice lane,
				   const struct message *live);
/* What the miss was, the closest recorded call, what differs, and a stub to
 * paste.  Raw: holds live values. */
void match_explain(const struct match *m, struct slice lane,
		   const struct message *live, struct buf *out);

/* Target of a request in origin form, and its two parts. */
struct slice match_target(const struct message *m);
struct slice match_path(const struct message *m);
struct slice match_query(const struct message *m);
bool match_same_query(struct slice recorded, struct slice live);

#endif
