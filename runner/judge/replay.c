/* Judges one replay: what happened against the tape, its plan and the rules. */
#include "compare.h"
#include "findings.h"

#include <dvr/base/plural.h>
#include <dvr/wire/grpc.h>

static const struct plan_pin *
pin_of(const struct judging *j, size_t at)
{
	for (size_t i = 0; i < j->in->plan->npins; i++) {
		if (j->in->plan->pins[i].exchange == j->r->cases[at].exchange)
			return &j->in->plan->pins[i];
	}
	return NULL;
}

static bool
is_crash(const struct tape *t)
{
	return t->trigger.kind == TRIGGER_EXIT ||
	       t->trigger.kind == TRIGGER_SIGNAL;
}

/* The suite's own judgement committed this tape: no answer says it failed. */
static bool
is_opinion(const struct tape *t)
{
	return t->trigger.kind == TRIGGER_SESSION ||
	       t->trigger.kind == TRIGGER_SUITE;
}

static bool
is_failing(const struct judging *j, size_t at)
{
	return j->trigger && at == j->failing;
}

static struct slice
said(const struct judging *j, size_t at, const char *what)
{
	const struct case_result *c = &j->r->cases[at];

	return arena_fmt(j->a, "%s: %.*s (exchange %u): %.*s, on the tape %.*s",
			 what, SLICE_ARG(c->name), c->exchange,
			 SLICE_ARG(c->got), SLICE_ARG(c->want));
}

/* ---- comparison ----------------------------------------------------- */

static bool
answers(const struct outcome *o)
{
	return o->kind == OUTCOME_STATUS;
}

static void
compare_case(struct judging *j, size_t at)
{
	struct case_result *c = &j->r->cases[at];
	struct comparison cmp = { .in = j->in, .a = j->a,
				  .exchange = c->exchange };
	struct slice want;
	struct place p = { .exchange = c->exchange,
			   .side = PLACE_RESPONSE,
			   .part = PLACE_STATUS };

	want = compare_wanted(&cmp, &p, c->want);
	if ((want.p == c->want.p ? !j->kept[at] : !slice_eq(want, c->got)) &&
	    !compare_masked(&cmp, &p))
		compare_takes(&cmp, compare_add(&cmp, RISK_HIGH, &p, want,
						c->got),
			      CHANGE_VALUE, c->got);
	if (answers(&j->want[at]) && answers(&j->got[at]))
		compare_exchange(&cmp, judging_exchange(j, at),
				 &judging_seen(j, at)->x);
	compare_sort(&cmp);
	c->diffs = cmp.v;
	c->ndiffs = cmp.n;
	c->more = cmp.more;
}

/* By its outcome; pins of old say nothing of gRPC's and WebSocket's. */
static bool
pin_fits(const struct plan_pin *pin, const struct outcome *got)
{
	return answers(got) && got->status == pin->status &&
	       (!pin->has_grpc || (got->is_grpc && got->grpc == pin->grpc)) &&
	       (!pin->has_close || got->close == pin->close);
}

static bool
pin_holds(struct judging *j, size_t at, const struct plan_pin *pin)
{
	struct comparison cmp = { .in = j->in, .a = j->a,
				  .exchange = j->r->cases[at].exchange };
	const struct message *live;
	struct message pinned;

	if (!pin_fits(pin, &j->got[at]))
		return false;
	if (!pin->has_body)
		return true;
	live = &judging_seen(j, at)->x.response;
	pinned = *live;
	pinned.body = pin->body;
	pinned.decoded = SLICE("identity");	/* it was accepted plain */
	compare_body(&cmp, &pinned, live);
	if (cmp.n == 0)
		return true;
	compare_sort(&cmp);
	j->r->cases[at].diffs = cmp.v;
	j->r->cases[at].ndiffs = cmp.n;
	j->r->cases[at].more = cmp.more;
	return false;
}

/* ---- the rules -------------------------------------------------------- */

static bool
death_reproduces(const struct judging *j)
{
	const struct observed *o = j->in->seen;
	const struct exchange *x;

	if (!is_crash(j->in->tape))
		return false;
	if (!j->trigger || o->died_during >= j->trigger->id)
		return true;
	if (!judging_seen(j, j->failing) || !judging_seen(j, j->failing)->sent)
		return false;
	/* Between exchanges, or in one that was still open beside it. */
	x = tape_exchange(j->in->tape, o->died_during);
	return !x || !x->response.present || x->response.end != END_COMPLETE ||
	       x->response.end_us > j->trigger->request.at_us;
}

static void
judge_death(struct judging *j)
{
	const struct observed *o = j->in->seen;
	struct slice how, when;
	size_t at = NO_CASE;

	if (!o->service_died)
		return;
	how = judging_clean_line(j, o->death);
	when = SLICE("after its last answer");
	for (size_t i = 0; i < j->r->ncases; i++) {
		if (o->died_during == j->r->cases[i].exchange) {
			at = i;
			when = arena_fmt(j->a, "during %.*s (exchange %u)",
					 SLICE_ARG(j->r->cases[i].name),
					 o->died_during);
		}
	}
	if (death_reproduces(j))
		judging_find(j, FIND_REPRODUCED, NO_CASE,
			     arena_fmt(j->a, "the service died again %.*s: "
				       "%.*s", SLICE_ARG(when),
				       SLICE_ARG(how)));
	else
		judging_find(j, FIND_DEATH, at,
			     arena_fmt(j->a, "another failure: the service "
				       "died %.*s: %.*s", SLICE_ARG(when),
				       SLICE_ARG(how)));
}

static void
judge_log(struct judging *j)
{
	bool known = j->in->tape->trigger.kind == TRIGGER_LOG;

	if (j->in->seen->log_hit.n == 0)
		return;
	judging_find(j, known ? FIND_REPRODUCED : FIND_FAILURE, NO_CASE,
		     arena_fmt(j->a, "%sthe service logged: %.*s",
			       known ? "" : "another failure: ",
			       SLICE_ARG(judging_clean_line(
				       j, j->in->seen->log_hit))));
}

static void
judge_surroundings(struct judging *j)
{
	const struct observed *o = j->in->seen;

	judge_death(j);
	judge_log(j);
	judging_egress(j);
	if (o->aborted)
		judging_find(j, FIND_TRANSPORT, NO_CASE, arena_fmt(
			j->a, "the replay ended early: %.*s",
			SLICE_ARG(judging_clean_line(j, o->why))));
	else if (!o->settled && !o->service_died)
		judging_find(j, FIND_TRANSPORT, NO_CASE,
			     SLICE("the service was not watched through the "
				   "settle time"));
}

static bool
reproduces(const struct judging *j, size_t at)
{
	const struct outcome *want = &j->want[at], *got = &j->got[at];

	if (!outcome_eq(want, got))
		return false;
	/* on_status may name any status, so what triggered is a failure. */
	return outcome_failed(got) ||
	       ((j->in->tape->trigger.kind == TRIGGER_STATUS ||
		 j->in->tape->trigger.kind == TRIGGER_GRPC) && answers(got));
}

/*
 * INTERNAL is what gRPC's own libraries answer to a message that they cannot
 * read: where the service died of one, an answer like that is the cure.
 */
static bool
is_orderly(const struct judging *j, const struct outcome *got)
{
	return is_crash(j->in->tape) && got->is_grpc && got->status == 200 &&
	       got->grpc == GRPC_INTERNAL;
}

/*
 * A client that hung up on the tape hangs up in the replay too, so no answer
 * is whole.  Where that killed the service, one that began the same answer and
 * lives on is cured; deaths and the settle time are judged elsewhere.
 */
static bool
outlives_abort(const struct judging *j, size_t at)
{
	const struct outcome *want = &j->want[at], *got = &j->got[at];

	return is_crash(j->in->tape) && want->kind == OUTCOME_ABORTED &&
	       got->kind == OUTCOME_ABORTED && want->status == got->status;
}

/* People may accept a 5xx in place of a crash; that is theirs to say.  A pin
 * that knows only HTTP's status of a call or a socket does not say it. */
static bool
is_pinned(const struct plan_pin *pin, const struct outcome *got)
{
	return pin && pin_fits(pin, got) && (!got->is_grpc || pin->has_grpc) &&
	       (got->close == 0 || pin->has_close);
}

/* The same status is the same failure: bodies hold ids and times.  When they
 * differ, that is said. */
static struct slice
failed_again(const struct judging *j, size_t at)
{
	const struct case_result *c = &j->r->cases[at];
	struct slice differs = SLICE("");

	if (c->ndiffs)
		differs = arena_fmt(j->a, ", its answer differs at %.*s",
				    SLICE_ARG(c->diffs[0].place));
	return arena_fmt(j->a, "the recorded failure came again: %.*s "
			 "(exchange %u): %.*s%.*s", SLICE_ARG(c->name),
			 c->exchange, SLICE_ARG(c->got), SLICE_ARG(differs));
}

/* An answer that came after the trigger's patience had ended: half as slow is
 * no fix, because the patience itself is not on the tape. */
static bool
is_slow_again(const struct judging *j, size_t at)
{
	const struct exchange *x = judging_exchange(j, at);
	const struct case_result *c = &j->r->cases[at];

	return j->in->tape->trigger.kind == TRIGGER_TIMEOUT &&
	       answers(&j->want[at]) && answers(&j->got[at]) &&
	       c->seconds * 2e6 >=
		       (double)(x->response.end_us - x->request.at_us);
}

/* What to do with an answer that no failure is any more.  Of a tape that has
 * never failed again none can be accepted: it proves nothing. */
static struct slice
advice(const struct judging *j)
{
	if (j->in->plan->hits == 0)
		return SLICE("fix it, and record the failure again: this tape "
			     "is unproven, so no answer can be accepted");
	return arena_fmt(j->a, "accept it or fix it: dvr accept %.*s",
			 SLICE_ARG(j->in->tape->id));
}

/* The failing exchange: is it fixed? */
static void
judge_failing(struct judging *j, size_t at)
{
	const struct plan_pin *pin = pin_of(j, at);
	const struct outcome *got = &j->got[at];

	if (reproduces(j, at))
		judging_find(j, FIND_REPRODUCED, at, failed_again(j, at));
	else if (is_slow_again(j, at))
		judging_find(j, FIND_REPRODUCED, at, arena_fmt(
			j->a, "slow again: %.*s (exchange %u) answered after "
			"%.3f s", SLICE_ARG(j->r->cases[at].name),
			j->r->cases[at].exchange, j->r->cases[at].seconds));
	else if (got->kind == OUTCOME_REFUSED)
		judging_find(j, FIND_TRANSPORT, at, said(j, at, "no service"));
	else if (outcome_failed(got) && !is_pinned(pin, got) &&
		 !is_orderly(j, got))
		judging_find(j, FIND_FAILURE, at,
			     said(j, at, "another failure"));
	else if (!answers(got) && !outlives_abort(j, at))
		judging_find(j, FIND_TRANSPORT, at,
			     said(j, at, "no answer was seen"));
	else if (pin && !pin_holds(j, at, pin))
		judging_find(j, FIND_PIN, at,
			     said(j, at, "not the accepted answer"));
	else if (!pin && !is_opinion(j->in->tape) && outcome_dubious(got))
		judging_find(j, FIND_UNACCEPTED, at, arena_fmt(
			j->a, "%.*s, %.*s",
			SLICE_ARG(said(j, at, "not a failure any more, but is "
				       "it a fix?")), SLICE_ARG(advice(j))));
}

/* Any other exchange must have kept its outcome; better is progress. */
static void
judge_other(struct judging *j, size_t at, bool before)
{
	const struct outcome *want = &j->want[at], *got = &j->got[at];
	const struct plan_pin *pin = pin_of(j, at);

	if (pin && pin_holds(j, at, pin))
		return;
	if (!pin && j->kept[at]) {
		if (before && !got->body_errors)
			judging_hollow(j, at);
		return;
	}
	if (got->kind == OUTCOME_REFUSED)
		judging_find(j, FIND_TRANSPORT, at, said(j, at, "no service"));
	else if (outcome_failed(got) && !j->kept[at])
		judging_find(j, FIND_FAILURE, at,
			     said(j, at, "another failure"));
	else if (pin)
		judging_find(j, before ? FIND_DIVERGED : FIND_PIN, at,
			     said(j, at, "not the accepted answer"));
	else if (!before || !answers(want))
		return;
	else if (outcome_failed(want) && answers(got))
		return;
	else
		judging_find(j, FIND_DIVERGED, at,
			     said(j, at, "diverged before the failure"));
}

static bool
differs(const struct judging *j)
{
	for (size_t i = 0; i < j->r->ncases; i++) {
		if (j->r->cases[i].ndiffs)
			return true;
	}
	return false;
}

/* The suite disliked these answers: the same again is the failure again. */
static void
judge_opinion(struct judging *j)
{
	if (j->gravest == FIND_CLEAN && !differs(j))
		judging_find(j, FIND_REPRODUCED, NO_CASE,
			     SLICE("every answer is the one that the suite "
				   "failed on"));
	else if (j->in->plan->npins == 0)
		judging_find(j, FIND_UNACCEPTED, NO_CASE, arena_fmt(
			j->a, "other answers than those the suite failed on, "
			"%.*s", SLICE_ARG(advice(j))));
}

static void
judge_sent(struct judging *j, size_t at)
{
	const struct observed_exchange *seen = judging_seen(j, at);

	/* The client's own abort is replayed, and then nothing goes out
	 * whole; an answer says that enough of it did. */
	if ((!seen || !seen->sent) && j->want[at].kind != OUTCOME_ABORTED &&
	    !answers(&j->got[at]) && j->got[at].kind == OUTCOME_OPEN)
		judging_find(j, FIND_TRANSPORT, at, arena_fmt(
			j->a, "%.*s (exchange %u) was not sent",
			SLICE_ARG(j->r->cases[at].name),
			j->r->cases[at].exchange));
}

static void
judge_fixed(struct judging *j)
{
	for (size_t i = 0; i < j->r->ncases; i++) {
		judge_sent(j, i);
		if (is_failing(j, i))
			judge_failing(j, i);
		else
			judge_other(j, i, !j->trigger || i < j->failing);
	}
	judging_order(j);
	if (is_opinion(j->in->tape))
		judge_opinion(j);
}

static void
judge_same(struct judging *j)
{
	for (size_t i = 0; i < j->r->ncases; i++) {
		struct case_result *c = &j->r->cases[i];

		judge_sent(j, i);
		if (c->ndiffs == 0)
			continue;
		judging_find(j, FIND_MISMATCH, i, arena_fmt(
			j->a, "%.*s (exchange %u): %zu difference%s, the "
			"gravest (%s) at %.*s", SLICE_ARG(c->name),
			c->exchange, c->ndiffs + c->more,
			plural(c->ndiffs + c->more),
			risk_name(c->diffs[0].risk),
			SLICE_ARG(c->diffs[0].place)));
	}
}

static void
find_trigger(struct judging *j)
{
	uint32_t id = j->in->tape->trigger.exchange;

	j->failing = j->r->ncases ? j->r->ncases - 1 : NO_CASE;
	for (size_t i = 0; i < j->r->ncases; i++) {
		if (id && j->r->cases[i].exchange == id) {
			j->failing = i;
			j->trigger = judging_exchange(j, i);
		}
	}
}

static void
copy_notes(struct judging *j)
{
	const struct observed *o = j->in->seen;
	struct slice *v;

	/* judging_kept() may say something about every case */
	v = arena_array(j->a, o->nnotes + o->nmisses + j->r->ncases +
			judging_egress_notes(o) + 1, sizeof(*v));
	for (size_t i = 0; i < o->nnotes; i++)
		v[i] = judging_clean(j, o->notes[i]);
	for (size_t i = 0; i < o->nmisses; i++)
		v[o->nnotes + i] = judging_clean(j, o->misses[i]);
	j->r->notes = v;
	j->r->nnotes = o->nnotes + o->nmisses;
}

static struct slice
said_clean(const struct judging *j)
{
	const char *what = j->in->plan->expect == EXPECT_SAME ?
		"every answer as recorded" :
		"the recorded failure did not come again";

	if (j->nmasked == 0)
		return slice_str(what);
	return arena_fmt(j->a, "%s; masked: errors in %zu earlier answer%s",
			 what, j->nmasked, plural(j->nmasked));
}

void
judge_replay(const struct judge_input *in, struct arena *a,
	     struct replay_result *r)
{
	struct judging j = { .in = in, .a = a, .r = r };
	const struct finding_rule *rule;

	r->ncases = r->nnotes = r->nunreached = 0;
	r->reason = r->stubs = SLICE("");
	judging_cases(&j);
	find_trigger(&j);
	copy_notes(&j);
	judging_kept(&j);
	for (size_t i = 0; i < r->ncases; i++)
		compare_case(&j, i);
	judge_surroundings(&j);
	if (in->plan->expect == EXPECT_SAME)
		judge_same(&j);
	else
		judge_fixed(&j);
	rule = finding_rule(j.gravest);
	r->verdict = rule->verdict;
	r->code = rule->code;
	r->reproduced = j.gravest == FIND_REPRODUCED;
	if (r->reproduced && in->plan->expect == EXPECT_BROKEN)
		r->verdict = VERDICT_XFAIL;
	if (j.gravest == FIND_CLEAN)
		r->reason = said_clean(&j);
}
