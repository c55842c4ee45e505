/* One replay: mocks, a fresh service, the engine, the judge, and all down. */
#include "attempt.h"
#include "believe.h"
#include "stage.h"
#include "story.h"

#include <stdio.h>
#include <stdlib.h>

#define LOG_TAIL_MAX (256u * KiB)

struct running {
	const struct attempt *how;
	struct stage *stage;
	struct replay *replay;
	struct observed seen;
};

static void
clean(void *arg, struct slice raw, struct buf *out)
{
	scrub_text(arg, raw, out);
}

/* ---- up --------------------------------------------------------------- */

/* The service of the tape before, made new by its reset; false when it cannot
 * be had, and why. */
static bool
reset_kept(struct running *g, struct err *why)
{
	struct stages *all = g->how->stages;
	struct stage *kept = all->kept;
	const char *no = stage_no_reset(kept, g->how);

	all->kept = NULL;
	if (no != NULL) {
		err_set(why, ERR_TARGET, "%s", no);
	} else if (stage_reset(kept, g->how, why) == 0) {
		g->stage = kept;
		snprintf(kept->around.reset, sizeof(kept->around.reset),
			 "the service was reset, not restarted");
		return true;
	}
	stage_close(kept);
	return false;
}

/* One that starts already.  Two at a time may be too many (a lock, a file): then
 * it is tried again alone. */
static bool
stage_early(struct running *g)
{
	struct stages *all = g->how->stages;
	struct stage *ahead = all->ahead;
	struct err e;

	all->ahead = NULL;
	if (ahead == NULL)
		return false;
	if (stage_fits(ahead, g->how) &&
	    stage_take(ahead, g->how, &e) == 0) {
		if (stage_ready(ahead, &e) == 0) {
			g->stage = ahead;
			return true;
		}
		all->no_ahead = true;
	}
	stage_close(ahead);
	return false;
}

static int
stage_up(struct running *g, struct err *e)
{
	struct stages *all = g->how->stages;
	bool restarted = all->kept != NULL;
	struct err why;

	if (restarted && g->how->cfg->target != NULL) {
		g->stage = all->kept;
		all->kept = NULL;
		return stage_again(g->stage, g->how, e);
	}
	if (restarted && reset_kept(g, &why))
		return 0;
	if (stage_early(g))
		return 0;
	if (stage_open(g->how, &g->stage, e) != 0)
		return -1;
	if (restarted)
		snprintf(g->stage->around.reset,
			 sizeof(g->stage->around.reset), "the service was "
			 "restarted, not reset: %s", why.msg);
	return stage_ready(g->stage, e);
}

/* In the time that is only watched, so that no request is sent late for it.
 * Trouble is met when its turn has come, and told then. */
static void
begin_next(void *arg)
{
	const struct running *g = arg;
	struct stages *all = g->how->stages;
	struct err e;

	if (g->how->next == NULL || all->no_ahead || all->ahead != NULL)
		return;
	if (stage_open(g->how->next, &all->ahead, &e) == 0)
		return;
	stage_close(all->ahead);
	all->ahead = NULL;
}

static int
replay_it(struct running *g, struct err *e)
{
	struct tls_trust_config trust;	/* of a service that speaks TLS */
	struct replay_options o;

	stage_options(g->stage, &trust, &o);
	o.idle = begin_next;
	o.idle_arg = g;
	if (replay_create(g->stage->loop, g->how->tape, g->how->plan,
			  g->stage->mocks, &o, &g->replay, e) != 0)
		return -1;
	g->stage->replay = g->replay;
	g->stage->around.blind = replay_is_blind(g->replay);
	if (replay_run(g->replay, &g->seen, e) != 0)
		return -1;
	credentials_tell(&g->stage->credentials, &g->seen);
	return 0;
}

/* ---- what came of it ------------------------------------------------------ */

static void
keep_log(struct running *g)
{
	struct slice raw = service_log(g->stage->service);
	struct buf text;

	buf_init(&text, LOG_TAIL_MAX);
	scrub_text(g->how->cfg->scrub, raw, &text);
	*g->how->log_tail = arena_copy(g->how->arena, buf_slice(&text));
	buf_release(&text);
}

static void
ask_service(struct running *g)
{
	struct observed *seen = &g->seen;

	if (g->stage->service == NULL)
		return;
	seen->log_tail = arena_copy(seen->arena, service_log(g->stage->service));
	seen->log_hit = arena_copy(seen->arena, service_log_hit(g->stage->service));
	if (seen->service_died)
		keep_log(g);
}

static void
judge_it(struct running *g, struct replay_result *r)
{
	struct judge_input in = {
		.tape = g->how->tape, .plan = g->how->plan, .seen = &g->seen,
		.clean = clean, .clean_arg = g->how->cfg->scrub,
		.matches = scrub_matches, .strict = g->how->cfg->replay.strict,
	};

	replay_timing(g->replay, &r->timing);
	surroundings_tell(g->how->cfg, &g->stage->around, g->stage->service, &g->seen);
	judge_replay(&in, g->how->arena, r);
}

static void
tell_it(struct running *g, struct replay_result *r)
{
	const struct telling telling = {
		.how = g->how, .seen = &g->seen,
		.values = g->stage->credentials.values,
		.state_dir = g->stage->state_dir, .env = g->stage->env,
	};

	story_tell(&telling, r);
}

static void
keep_notes(struct running *g, struct replay_result *r)
{
	struct buf text;

	r->notes = arena_array(g->how->arena, g->seen.nnotes + 1,
			       sizeof(*r->notes));
	for (size_t i = 0; i < g->seen.nnotes; i++) {
		buf_init(&text, 4 * KiB);
		scrub_text(g->how->cfg->scrub, g->seen.notes[i], &text);
		r->notes[r->nnotes++] = arena_copy(g->how->arena,
						   buf_slice(&text));
		buf_release(&text);
	}
}

/* The replay could not be made: that is its result. */
static void
error_result(struct running *g, const struct err *why, struct replay_result *r)
{
	struct buf text;

	buf_init(&text, 4 * KiB);
	scrub_text(g->how->cfg->scrub, slice_str(why->msg), &text);
	r->verdict = VERDICT_ERROR;
	r->code = why->code ? why->code : ERR_TARGET;
	r->reason = arena_copy(g->how->arena, buf_slice(&text));
	buf_release(&text);
	/* A database out of reach is a service that never gets ready. */
	surroundings_tell(g->how->cfg, &g->stage->around, g->stage->service, &g->seen);
	keep_notes(g, r);
	if (g->stage->service != NULL)
		keep_log(g);
}

/* As good as a reset can make it: it lives, answered all, and is idle. */
static bool
may_go_on(const struct running *g, const struct replay_result *r)
{
	const struct observed *seen = &g->seen;

	if (g->stage->service == NULL || g->how->cfg->service->reset == NULL ||
	    r->verdict == VERDICT_ERROR || seen->aborted || !seen->settled ||
	    seen->service_died || !service_alive(g->stage->service))
		return false;
	for (size_t i = 0; i < seen->n; i++)
		if (seen->v[i].sent &&
		    seen->v[i].x.response.end != END_COMPLETE)
			return false;
	return true;
}

static void
down(struct running *g, bool keep)
{
	if (g->stage != NULL)
		g->stage->replay = NULL;
	replay_destroy(g->replay);
	if (keep)
		g->how->stages->kept = g->stage;
	else
		stage_close(g->stage);
	if (g->how->kept != NULL)
		*g->how->kept = g->seen;
	else
		arena_wipe(g->seen.arena);
}

int
attempt_run(const struct attempt *how, struct replay_result *r, struct err *e)
{
	struct running g = { .how = how };
	const struct clock *clock = how->cfg->clock;
	uint64_t from = clock_mono_ns(clock);
	struct err why = { .code = ERR_NONE };
	int rc;

	*r = (struct replay_result){ 0 };
	g.seen.arena = arena_create();
	rc = stage_up(&g, &why);
	if (g.stage == NULL) {
		*e = why;
		down(&g, false);
		return -1;
	}
	r->isolation = isolation_name(g.stage->around.isolation);
	if (rc == 0)
		rc = replay_it(&g, &why);
	if (rc == 0) {
		ask_service(&g);
		judge_it(&g, r);
		tell_it(&g, r);
	} else {
		error_result(&g, &why, r);
	}
	r->seconds = (double)(clock_mono_ns(clock) - from) / (double)NS_PER_S;
	/* Somebody else's service knows the URLs by now. */
	down(&g, how->cfg->target != NULL || (rc == 0 && may_go_on(&g, r)));
	return 0;
}

void
stages_end(struct stages *all)
{
	stage_close(all->kept);
	stage_close(all->ahead);
	all->kept = all->ahead = NULL;
}
