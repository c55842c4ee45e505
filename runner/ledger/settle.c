/*
 * Between a failure and the decision to keep it: waits until what overlaps it
 * has ended, finds out that a reset was a crash, and asks whether its session
 * failed.
 */
#include "commit.h"
#include "seen.h"
#include "suspects.h"

#include <dvr/base/mem.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The least that is waited: a service that answers 500 and dies of the same
 * mistake does so within that, and its log line has arrived. */
#define HOLD_NS (100 * NS_PER_MS)
/* Open exchanges are walked at most that often. */
#define LOOK_NS NS_PER_MS

static struct slice
keep(struct slice s)
{
	char *p;

	if (s.n == 0)
		return SLICE("");
	p = mem_alloc(s.n + 1);
	memcpy(p, s.p, s.n);
	return slice_of(p, s.n);
}

static void
drop(struct slice s)
{
	char *p = (char *)(uintptr_t)s.p;

	if (s.n == 0)
		return;
	explicit_bzero(p, s.n);
	free(p);
}

static void
set_session(struct ledger *l, struct pending *p, struct session *s)
{
	struct session *was = p->session;

	if (s)
		s->holds++;
	p->session = s;
	if (was) {
		was->holds--;
		session_release(l, was);
	}
}

static void
set_failing(struct ledger *l, struct pending *p, struct lx *x)
{
	if (x)
		lx_pin(l, x);
	if (p->x)
		lx_unpin(l, p->x);
	p->x = x;
	if (x)
		set_session(l, p, x->session);
}

static void
pending_free(struct ledger *l, struct pending *p)
{
	size_t i;

	for (i = 0; i < p->nsuspects; i++)
		lx_unpin(l, p->suspects[i]);
	free(p->suspects);
	if (p->job)
		job_destroy(l, p->job);
	set_failing(l, p, NULL);
	set_session(l, p, NULL);
	drop(p->line);
	drop(p->tail);
	free(p);
}

static void
unlink_pending(struct ledger *l, struct pending *p)
{
	struct pending **at = &l->pending;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	l->npending--;
}

static struct pending *
pending_new(struct ledger *l, const struct failure *f)
{
	struct pending *p = mem_alloc(sizeof(*p)), **at = &l->pending;

	p->kind = f->kind;
	p->value = f->value;
	p->at_ns = f->at_ns;
	p->deadline_ns = f->at_ns + l->config.settle_ns;
	p->last_seq = l->seq;
	p->incarnation = f->x ? f->x->incarnation : l->incarnation;
	p->line = keep(f->line);
	p->tail = keep(f->tail);
	p->seen = 1;
	if (f->session && !f->x)
		set_session(l, p, f->session);
	set_failing(l, p, f->x);
	/* In the order in which they happened. */
	while (*at)
		at = &(*at)->next;
	*at = p;
	l->npending++;
	return p;
}

static uint64_t
hold_ns(const struct ledger *l, const struct pending *p)
{
	uint64_t settle = l->config.settle_ns;

	/* A reset may yet turn out to be a death. */
	if (p->kind == TRIGGER_RESET && l->service == SERVICE_UP)
		return settle;
	return settle < HOLD_NS ? settle : HOLD_NS;
}

/* A flood of the same failure must cost no more than telling that it is the
 * same.  A status is final, so that can be told at once. */
static bool
counted_at_once(struct ledger *l, struct pending *p)
{
	struct pending *q;

	if (l->config.commit_failed_only ||
	    (p->kind != TRIGGER_STATUS && p->kind != TRIGGER_GRPC))
		return false;
	seen_sign(l, p);
	if (seen_count(l, p))
		return true;
	for (q = l->pending; q; q = q->next) {
		if (q == p || !q->signed_off ||
		    strcmp(q->signature, p->signature) != 0)
			continue;
		q->seen++;
		return true;
	}
	return false;
}

void
settle_add(struct ledger *l, const struct failure *f)
{
	struct pending *p;

	if (l->npending >= PENDING_MAX) {
		l->stats.lost_triggers++;
		return;
	}
	p = pending_new(l, f);
	if (counted_at_once(l, p)) {
		unlink_pending(l, p);
		pending_free(l, p);
		return;
	}
	ledger_arm(l, p->at_ns + hold_ns(l, p));
}

struct pending *
settle_find(struct ledger *l, const struct lx *x)
{
	struct pending *p;

	for (p = l->pending; p; p = p->next)
		if (p->x == x && p->state == PENDING_SETTLING)
			return p;
	return NULL;
}

static void
add_suspect(struct ledger *l, struct pending *p, struct lx *x)
{
	p->suspects = mem_grow(p->suspects, p->nsuspects + 1,
			       sizeof(struct lx *));
	p->suspects[p->nsuspects++] = x;
	lx_pin(l, x);
}

static void
adopt_resets(struct ledger *l, struct pending *p)
{
	struct pending *q, *next;

	for (q = l->pending; q; q = next) {
		next = q->next;
		if (q->kind != TRIGGER_RESET || q->state != PENDING_SETTLING ||
		    q->incarnation != p->incarnation)
			continue;
		add_suspect(l, p, q->x);
		unlink_pending(l, q);
		pending_free(l, q);
	}
}

void
settle_crash(struct ledger *l, const struct failure *f)
{
	struct pending *p;
	struct lx *x;
	uint32_t slot;

	if (l->npending >= PENDING_MAX) {
		l->stats.lost_triggers++;
		return;
	}
	l->triggers++;
	p = pending_new(l, f);
	adopt_resets(l, p);
	for (slot = l->lists[LX_OPEN].head; slot != LX_NONE; slot = x->next) {
		x = lx_at(l, slot);
		if (lx_ingress(l, x) && x->incarnation == p->incarnation)
			add_suspect(l, p, x);
	}
	x = lx_find(l, l->last_ingress, l->last_ingress_seq);
	if (x && x->incarnation == p->incarnation) {
		set_session(l, p, x->session);
		if (x->end_ns[LX_RESPONSE] + LAST_ANSWER_NS >= f->at_ns)
			set_failing(l, p, x);
	}
	if (!p->session)
		set_session(l, p, l->run);
	ledger_arm(l, p->nsuspects ? p->deadline_ns : p->at_ns);
}

/* The one that was cut off, else the one that was answered last within a
 * second (p->x), else whatever was there. */
static void
choose_failing(struct ledger *l, struct pending *p)
{
	struct lx *best = suspect_cut_off(p);
	struct pending *q;

	if (!best && !p->x)
		best = suspect_answered(p);
	if (best)
		set_failing(l, p, best);
	if (!p->x)
		return;
	p->x->session->triggers++;
	p->x->flags |= LXF_TRIGGERED;
	/* Its death says more than its status. */
	while ((q = settle_find(l, p->x)) && q != p) {
		unlink_pending(l, q);
		pending_free(l, q);
	}
}

/* Could x be in p's history? */
static bool
in_scope(const struct pending *p, const struct lx *x)
{
	const struct session *s = p->session;

	if (x->session == s || !s)
		return true;
	return x->session->kind == SESSION_RUN &&
		slice_eq(x->session->namespace, s->namespace);
}

static bool
overlap_open(const struct ledger *l, const struct pending *p)
{
	uint32_t slot = l->lists[LX_OPEN].head;
	const struct lx *x;

	for (; slot != LX_NONE; slot = x->next) {
		x = lx_at(l, slot);
		if (x->seq > p->last_seq)
			return false;
		/* One that timed out is not waited for. */
		if (x == p->x && p->kind == TRIGGER_TIMEOUT)
			continue;
		/* What was closed in words is about to end. */
		if (x == p->x && p->kind == TRIGGER_CLOSE)
			return true;
		if (!(x->flags & LXF_ENDLESS) && in_scope(p, x))
			return true;
	}
	return false;
}

static bool
is_crash(const struct pending *p)
{
	return p->kind == TRIGGER_EXIT || p->kind == TRIGGER_SIGNAL;
}

static bool
settled(const struct ledger *l, const struct pending *p, uint64_t now_ns)
{
	size_t i;

	if (now_ns >= p->deadline_ns)
		return true;
	if (is_crash(p)) {
		for (i = 0; i < p->nsuspects; i++)
			if (p->suspects[i]->where == LX_OPEN)
				return false;
		return !overlap_open(l, p);
	}
	if (now_ns < p->at_ns + hold_ns(l, p))
		return false;
	return !overlap_open(l, p);
}

/* Takes p. */
static void
submit(struct ledger *l, struct pending *p)
{
	struct job *j;
	size_t entry;

	if (!seen_count(l, p)) {
		entry = seen_add(l, p);
		j = p->job ? p->job : job_create(l, p);
		p->job = NULL;
		j->entry = entry;
		if (entry == SIZE_MAX) {
			l->stats.lost_triggers++;
			job_destroy(l, j);
		} else {
			commit_queue(l->commit, j);
		}
	}
	pending_free(l, p);
}

/* `commit: failed` waits for a verdict; one of the same kind in the same
 * session waits already. */
static void
wait_for_verdict(struct ledger *l, struct pending *p)
{
	struct pending *q, **at;

	for (q = l->pending; q; q = q->next) {
		if (q->state != PENDING_WAITING || q->session != p->session ||
		    strcmp(q->signature, p->signature) != 0)
			continue;
		q->seen++;
		pending_free(l, p);
		return;
	}
	p->state = PENDING_WAITING;
	p->job = job_create(l, p);
	p->next = NULL;
	for (at = &l->pending; *at; at = &(*at)->next)
		;
	*at = p;
	l->npending++;
}

enum verdict { VERDICT_OPEN, VERDICT_FAILED, VERDICT_PASSED };

static enum verdict
verdict_of(const struct ledger *l, const struct pending *p)
{
	const struct session *s = p->session;

	if (!l->config.commit_failed_only || p->kind == TRIGGER_SUITE)
		return VERDICT_FAILED;
	if (s->ended && s->failed)
		return VERDICT_FAILED;
	/* A death just behind a test that passed is still a death. */
	if (s->ended && !is_crash(p))
		return VERDICT_PASSED;
	if (l->suite_ended)
		return l->suite_failed ? VERDICT_FAILED : VERDICT_PASSED;
	return VERDICT_OPEN;
}

/* Takes p, which is on no list. */
static void
decide(struct ledger *l, struct pending *p)
{
	if (is_crash(p))
		choose_failing(l, p);
	seen_sign(l, p);
	switch (verdict_of(l, p)) {
	case VERDICT_OPEN:
		wait_for_verdict(l, p);
		break;
	case VERDICT_FAILED:
		submit(l, p);
		break;
	case VERDICT_PASSED:
		pending_free(l, p);
		break;
	}
}

/* When p is worth another look, if nothing ends before. */
static uint64_t
look_ns(const struct ledger *l, const struct pending *p, uint64_t now_ns)
{
	uint64_t at = p->at_ns + hold_ns(l, p);

	return at > now_ns ? at : p->deadline_ns;
}

void
settle_look(struct ledger *l, uint64_t now_ns)
{
	struct pending *p, *next;
	uint64_t at = UINT64_MAX, look;

	if (!l->pending)
		return;
	if (now_ns < l->next_look_ns) {
		ledger_arm(l, l->next_look_ns);
		return;
	}
	l->next_look_ns = now_ns + LOOK_NS;
	for (p = l->pending; p; p = next) {
		next = p->next;
		if (p->state != PENDING_SETTLING)
			continue;
		if (settled(l, p, now_ns)) {
			unlink_pending(l, p);
			decide(l, p);
			/* A crash may have taken others off the list. */
			next = l->pending;
			at = UINT64_MAX;
			continue;
		}
		look = look_ns(l, p, now_ns);
		at = look < at ? look : at;
	}
	if (at != UINT64_MAX)
		ledger_arm(l, at);
}

void
settle_verdict(struct ledger *l, const struct session *s, bool failed)
{
	struct pending *p, *next;

	for (p = l->pending; p; p = next) {
		next = p->next;
		if (p->state != PENDING_WAITING || (s && p->session != s))
			continue;
		/* A death waits for the whole run, see verdict_of(). */
		if (s && !failed && is_crash(p))
			continue;
		unlink_pending(l, p);
		if (failed)
			submit(l, p);
		else
			pending_free(l, p);
	}
}

void
settle_finish(struct ledger *l)
{
	struct pending *p;

	while ((p = l->pending)) {
		unlink_pending(l, p);
		pending_free(l, p);
	}
}
