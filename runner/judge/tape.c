/* Adds the replays of one tape up to one verdict, by what the tape expects. */
#include <dvr/judge/judge.h>

#include <dvr/base/clock.h>
#include <dvr/base/plural.h>

struct tally {
	unsigned failed, known, errors, clean;
	const struct replay_result *failure;	/* the first */
	const struct replay_result *known_one;	/* the first */
	const struct replay_result *error;	/* the last */
};

static struct tally
count(const struct tape_result *r)
{
	struct tally n = { 0 };

	for (size_t i = 0; i < r->nreplays; i++) {
		const struct replay_result *one = &r->replays[i];

		switch (one->verdict) {
		case VERDICT_PASS:
			n.clean++;
			break;
		case VERDICT_FAILED:
			n.failed++;
			if (!n.failure)
				n.failure = one;
			break;
		case VERDICT_XFAIL:
			n.known++;
			if (!n.known_one)
				n.known_one = one;
			break;
		case VERDICT_ERROR:
		case VERDICT_FLAKY:
		case VERDICT_SKIPPED:
			n.errors++;
			n.error = one;
			break;
		}
	}
	return n;
}

static void
decide(struct tape_result *r, enum verdict v, enum err_code code,
       struct slice reason)
{
	r->verdict = v;
	r->code = code;
	r->reason = reason;
}

/* "reason (3 of 3 replays)" */
static struct slice
with_count(struct arena *a, struct slice reason, unsigned k, size_t n)
{
	if (n < 2)
		return reason;
	return arena_fmt(a, "%.*s (%u of %zu replays)", SLICE_ARG(reason), k,
			 n);
}

static struct slice
timed_as(struct slice mode)
{
	return mode.n && !slice_eq(mode, SLICE("precise")) ? mode
							   : SLICE("recorded");
}

/* A failure that was shown to come again at the recorded gaps says nothing
 * about replays without them: a silence there would be taken for a fix. */
static bool
is_timed_otherwise(const struct plan *p, struct arena *a,
		   struct tape_result *r)
{
	const struct timing *t = &r->replays[r->nreplays - 1].timing;
	struct slice proven = timed_as(p->timing), now;

	if (!t->known || !t->mode)
		return false;
	now = timed_as(slice_str(t->mode));
	if (slice_eq(now, proven))
		return false;
	decide(r, VERDICT_ERROR, ERR_MISMATCH,
	       arena_fmt(a, "unproven: clean at timing %.*s, but the failure "
			 "was shown to come again at timing %.*s only: "
			 "--timing %.*s", SLICE_ARG(now), SLICE_ARG(proven),
			 SLICE_ARG(proven)));
	return true;
}

/* What was shown with holds is not shown without them. */
static void
count_alone(const struct plan *p, struct tape_result *r)
{
	struct plan alone = *p;

	if (!p->alone_told || !r->replays[r->nreplays - 1].timing.alone)
		return;
	alone.hits = p->alone;
	r->needed = judge_needed(&alone);
}

/* Too few clean replays to tell a fix from luck? */
static bool
is_unproven(const struct plan *p, const struct tally *n, struct arena *a,
	    struct tape_result *r)
{
	double low, high;

	count_alone(p, r);
	if (r->needed && is_timed_otherwise(p, a, r))
		return true;
	if (r->needed == 0 && p->hits) {
		decide(r, VERDICT_ERROR, ERR_MISMATCH,
		       SLICE("unproven: timing alone never brought the failure "
			     "back, so its absence says nothing: --holds on"));
		return true;
	}
	if (r->needed == 0) {
		decide(r, VERDICT_ERROR, ERR_MISMATCH,
		       p->of == 0
			       ? SLICE("unproven: nobody has seen this tape "
				       "reproduce its failure; record it "
				       "again without --no-verify")
			       : arena_fmt(a, "unproven: the failure came "
					   "again in 0 of %u replays, so its "
					   "absence says nothing", p->of));
		return true;
	}
	if (n->clean >= r->needed)
		return false;
	judge_wilson(p->hits, p->of, &low, &high);
	decide(r, VERDICT_ERROR, ERR_MISMATCH,
	       arena_fmt(a, "unproven: %u clean replay%s, %u are needed (the "
			 "failure comes in %u of %u, 95 %%: %.2f to %.2f)",
			 n->clean, plural(n->clean), r->needed, p->hits,
			 p->of, low, high));
	return true;
}

/* What all expectations share: failures are final, then errors count. */
static bool
is_settled(const struct tally *n, struct arena *a, struct tape_result *r)
{
	if (n->failed) {
		decide(r, VERDICT_FAILED, ERR_MISMATCH,
		       with_count(a, n->failure->reason, n->failed,
				  r->nreplays));
		return true;
	}
	if (n->known) {
		decide(r, VERDICT_XFAIL, ERR_NONE,
		       with_count(a, n->known_one->reason, n->known,
				  r->nreplays));
		return true;
	}
	if (n->errors > r->retries || (n->errors && n->clean == 0)) {
		decide(r, VERDICT_ERROR,
		       n->error->code ? n->error->code : ERR_TARGET,
		       with_count(a, n->error->reason, n->errors,
				  r->nreplays));
		return true;
	}
	return false;
}

static void
pass(const struct tally *n, struct arena *a, struct tape_result *r)
{
	if (n->errors)
		decide(r, VERDICT_FLAKY, ERR_NONE,
		       arena_fmt(a, "passed when repeated; before that: %.*s",
				 SLICE_ARG(n->error->reason)));
	else if (n->clean == 1)
		decide(r, VERDICT_PASS, ERR_NONE,
		       r->replays[r->nreplays - 1].reason);
	else
		decide(r, VERDICT_PASS, ERR_NONE,
		       arena_fmt(a, "%.*s in %u replays",
				 SLICE_ARG(r->replays[r->nreplays - 1].reason),
				 n->clean));
}

static void
judge_fixed(const struct plan *p, const struct tally *n, struct arena *a,
	    struct tape_result *r)
{
	if (!is_settled(n, a, r) && !is_unproven(p, n, a, r))
		pass(n, a, r);
}

static void
judge_same(const struct tally *n, struct arena *a, struct tape_result *r)
{
	if (!is_settled(n, a, r))
		pass(n, a, r);
}

static void
judge_broken(const struct plan *p, const struct tally *n, struct arena *a,
	     struct tape_result *r)
{
	if (is_settled(n, a, r) || is_unproven(p, n, a, r))
		return;
	r->cured = true;
	decide(r, VERDICT_FAILED, ERR_MISMATCH,
	       arena_fmt(a, "now passes: no longer fails (%u clean replay%s): "
			 "dvr accept %.*s", n->clean, plural(n->clean),
			 SLICE_ARG(r->id)));
}

/* Whose it is and where it is dealt with, for one line. */
static struct slice
quarantine_text(struct arena *a, const struct plan_quarantine *q)
{
	return arena_fmt(a, "%s%.*s%s%.*s%s%.*s%s", q->owner.n ? " by " : "",
			 SLICE_ARG(q->owner), q->reason.n ? ": " : "",
			 SLICE_ARG(q->reason), q->link.n ? " (" : "",
			 SLICE_ARG(q->link), q->link.n ? ")" : "");
}

/* Not gating until its date has passed; a quarantine without one has. */
static void
judge_quarantined(const struct plan *p, const struct tally *n,
		  struct arena *a, struct tape_result *r)
{
	const struct plan_quarantine *q = &p->quarantine;
	char now[CLOCK_RFC3339_MAX];

	judge_fixed(p, n, a, r);
	clock_rfc3339(r->started_us, now);
	if (q->until.n == 0 || r->started_us == 0 ||
	    slice_cmp(slice_of(now, 10), q->until) > 0) {
		r->reason = arena_fmt(a, "its quarantine is over%s%.*s%.*s: "
				      "fix it, retire it or give it another "
				      "day; now %s: %.*s",
				      q->until.n ? " since " : "",
				      SLICE_ARG(q->until),
				      SLICE_ARG(quarantine_text(a, q)),
				      verdict_name(r->verdict),
				      SLICE_ARG(r->reason));
		return;
	}
	decide(r, VERDICT_SKIPPED, ERR_NONE,
	       arena_fmt(a, "quarantined until %.*s%.*s; now %s: %.*s",
			 SLICE_ARG(q->until), SLICE_ARG(quarantine_text(a, q)),
			 verdict_name(r->verdict), SLICE_ARG(r->reason)));
}

static bool
tells(enum verdict v)
{
	return v == VERDICT_FAILED || v == VERDICT_ERROR;
}

static struct case_result *
trigger_case(const struct tape *t, const struct replay_result *r)
{
	for (size_t i = 0; i < r->ncases; i++) {
		if (r->cases[i].exchange == t->trigger.exchange)
			return &r->cases[i];
	}
	return &r->cases[r->ncases - 1];
}

/* The cases that a report shows must say what the tape's verdict says. */
static void
align_cases(const struct tape *t, struct tape_result *r)
{
	const struct replay_result *shown = tape_result_shown(r);
	struct case_result *c;
	bool said = false;

	if (!shown || shown->ncases == 0 || r->verdict == VERDICT_PASS)
		return;
	for (size_t i = 0; i < shown->ncases; i++) {
		c = &shown->cases[i];
		if (!tells(c->verdict))
			continue;
		said = true;
		if (!tells(r->verdict))
			c->verdict = r->verdict;
	}
	if (said)
		return;
	c = trigger_case(t, shown);
	c->verdict = r->verdict;
	c->type = SLICE("dvr.verdict");
	c->message = r->reason;
}

void
judge_tape(const struct tape *t, const struct plan *p, struct arena *a,
	   struct tape_result *r)
{
	struct tally n = count(r);

	if (r->id.n == 0)
		r->id = t->id;
	r->expect = slice_str(expect_name(p->expect));
	r->hits = p->hits;
	r->of = p->of;
	r->clean = n.clean;
	r->needed = judge_needed(p);
	r->unproven = r->needed == 0;
	if (r->nreplays == 0) {
		struct slice why = r->reason;

		if (why.n == 0 && t->not_replayable.n)
			why = arena_fmt(a, "not replayable: %.*s",
					SLICE_ARG(t->not_replayable));
		decide(r, VERDICT_ERROR, r->code ? r->code : ERR_TAPE,
		       why.n ? why : SLICE("it was not replayed"));
		return;
	}
	switch (p->expect) {
	case EXPECT_FIXED:
		judge_fixed(p, &n, a, r);
		break;
	case EXPECT_SAME:
		judge_same(&n, a, r);
		break;
	case EXPECT_BROKEN:
		judge_broken(p, &n, a, r);
		break;
	case EXPECT_QUARANTINED:
		judge_quarantined(p, &n, a, r);
		break;
	}
	align_cases(t, r);
}
