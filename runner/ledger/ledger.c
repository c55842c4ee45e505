/* The ledger as a whole: made, told about the service, asked for numbers. */
#include "book.h"
#include "commit.h"
#include "seen.h"
#include "snapshots.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

/* Settling is bounded whatever the configuration says. */
#define SETTLE_MAX_NS NS_PER_S

static void
timer_fired(struct loop_timer *t)
{
	struct ledger *l = t->owner;

	ledger_tick(l, loop_now_ns(l->loop));
}

struct ledger *
ledger_create(const struct ledger_config *cfg, const struct ledger_lane *lanes,
	      size_t nlanes, struct loop *loop, struct scrub *scrub,
	      struct err *e)
{
	struct ledger *l = mem_alloc(sizeof(*l));

	l->config = *cfg;
	if (l->config.settle_ns == 0 || l->config.settle_ns > SETTLE_MAX_NS)
		l->config.settle_ns = SETTLE_MAX_NS;
	if (!l->config.namespace)
		l->config.namespace = "";
	l->lanes = lanes;
	l->nlanes = nlanes;
	l->loop = loop;
	l->clock = loop_clock(loop);
	l->scrub = scrub;
	l->deadlines.next = l->deadlines.prev = &l->deadlines;
	l->timer = (struct loop_timer){ .fn = timer_fired, .owner = l };
	l->clock->random(l->clock, &l->trace_key, sizeof(l->trace_key));
	/* A trace id must not be all zeros. */
	l->trace_key |= 1;
	l->incarnation = 1;
	if (lx_init(l, e) || sessions_init(l, e)) {
		ledger_destroy(l);
		return NULL;
	}
	l->commit = commit_create(l);
	l->last_images = mem_array(cfg->nstate + 1, sizeof(*l->last_images));
	return l;
}

void
ledger_destroy(struct ledger *l)
{
	size_t i;

	if (!l)
		return;
	loop_timer_cancel(l->loop, &l->timer);
	commit_destroy(l->commit);
	settle_finish(l);
	seen_finish(l);
	snapshots_finish(l);
	sessions_finish(l);
	lx_finish(l);
	for (i = 0; i < l->nnotes; i++)
		free(l->notes[i]);
	free(l);
}

/*
 * A life of the service begins where the last one ended, not where it was found
 * ready: what it asks its dependencies while it starts belongs to it.
 */
void
ledger_service_up(struct ledger *l, uint64_t at_ns)
{
	(void)at_ns;
	if (l->service == SERVICE_UP)
		l->incarnation++;
	l->service = SERVICE_UP;
	snapshots_up(l);
}

void
ledger_state_from(struct ledger *l, const struct state_where *where)
{
	l->state_where = *where;
}

void
ledger_service_stopping(struct ledger *l, uint64_t at_ns)
{
	(void)at_ns;
	if (l->service == SERVICE_UP)
		l->incarnation++;
	l->service = SERVICE_STOPPING;
}

void
ledger_service_died(struct ledger *l, bool signalled, int code,
		    struct slice tail, uint64_t at_ns)
{
	struct failure f = {
		.kind = signalled ? TRIGGER_SIGNAL : TRIGGER_EXIT,
		.value = code,
		.at_ns = at_ns,
		.tail = tail,
	};
	bool expected = l->service == SERVICE_STOPPING;

	l->service = SERVICE_DOWN;
	if (expected)
		return;
	/* Even while draining: it may explain the reset that ended a suite. */
	if (l->config.on_exception)
		settle_crash(l, &f);
	l->incarnation++;
}

void
ledger_log_source(struct ledger *l, ledger_log_fn *fn, void *arg)
{
	l->log_fn = fn;
	l->log_arg = arg;
}

void
ledger_suite_end(struct ledger *l, bool failed)
{
	uint64_t now = loop_now_ns(l->loop);

	if (l->suite_ended)
		return;
	if (failed && l->config.on_suite_nonzero && l->triggers == 0)
		trigger_suite(l, now);
	l->suite_ended = true;
	l->suite_failed = failed;
	settle_verdict(l, NULL, failed);
}

void
ledger_arm(struct ledger *l, uint64_t at_ns)
{
	if (l->timer.slot == 0 || at_ns < l->timer.at_ns)
		loop_timer_set(l->loop, &l->timer, at_ns);
}

void
ledger_tick(struct ledger *l, uint64_t now_ns)
{
	uint64_t at = deadline_check(l, now_ns);

	if (at != UINT64_MAX)
		ledger_arm(l, at);
	settle_look(l, now_ns);
}

static bool
undecided(const struct ledger *l)
{
	const struct pending *p;

	for (p = l->pending; p; p = p->next)
		if (p->state == PENDING_SETTLING)
			return true;
	return commit_busy(l->commit);
}

void
ledger_drain(struct ledger *l, uint64_t timeout_ns)
{
	uint64_t end = loop_now_ns(l->loop) + timeout_ns, now, until;

	l->draining = true;
	/* Nobody is left who could say that it failed. */
	if (!l->suite_ended)
		settle_verdict(l, NULL, false);
	settle_look(l, loop_now_ns(l->loop));
	while (undecided(l)) {
		now = loop_now_ns(l->loop);
		if (now >= end)
			break;
		until = now + NS_PER_MS * 100;
		if (loop_once(l->loop, until < end ? until : end, NULL))
			break;
	}
	commit_give_up(l->commit);
}

void
ledger_stats(const struct ledger *l, struct ledger_stats *out)
{
	*out = l->stats;
	out->tapes = l->tapes;
	out->ntapes = l->nentries;
}
