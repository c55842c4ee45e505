/* One replay: mocks, a fresh service, the engine, the judge, and all down. */
#include "attempt.h"
#include "restore.h"

#include "surroundings.h"

#include <stdio.h>
#include <stdlib.h>

#define LOG_TAIL_MAX (256u * KiB)

struct running {
	const struct attempt *how;
	struct loop *loop;
	struct surroundings around;
	struct mocks *mocks;
	struct env *env;
	struct service *service;
	struct replay *replay;
	struct observed seen;
	char url[64];
	char state_dir[FS_PATH_MAX];	/* "": the service makes its own */
};

static void
clean(void *arg, struct slice raw, struct buf *out)
{
	scrub_text(arg, raw, out);
}

static void
service_event(void *arg, struct service *s, enum service_event ev)
{
	struct running *g = arg;
	char death[64];

	if (ev != SERVICE_ENDED || g->replay == NULL)
		return;
	process_end_text(service_end(s), death);
	replay_service_died(g->replay, slice_str(death));
}

/* ---- up --------------------------------------------------------------- */

/* Calls that are passed through go where the lane leads while recording. */
static int
lead_out(struct running *g, const struct lane_config *lane, struct err *e)
{
	char *url;
	int rc;

	if (g->how->cfg->replay.on_miss != ON_MISS_PASSTHROUGH ||
	    lane->target == NULL)
		return 0;
	url = service_expand(lane->target, g->env, e);
	if (url == NULL)
		return err_prefix(e, "lane %s: target", lane->name);
	rc = mocks_target(g->mocks, lane->name, url, e);
	free(url);
	return rc;
}

/* Every egress lane's variable leads to its mock. */
static int
mocks_up(struct running *g, struct err *e)
{
	const struct trial_config *cfg = g->how->cfg;

	g->env = env_create(true);
	/* What runs already cannot be told where the mocks are. */
	if (cfg->service->attach != NULL && cfg->service->start == NULL)
		return 0;
	if (mocks_create_in(g->around.isolation, g->loop, g->how->tape,
			    g->how->plan, &g->mocks, e) != 0)
		return -1;
	mocks_on_miss(g->mocks, &cfg->replay);
	for (size_t i = 0; i < cfg->nlanes; i++) {
		const struct lane_config *lane = &cfg->lanes[i];

		if (lane->role != LANE_EGRESS)
			continue;
		if (mocks_add_lane(g->mocks, lane->name, e) != 0 ||
		    lead_out(g, lane, e) != 0)
			return -1;
		if (lane->env != NULL)
			env_set(g->env, lane->env,
				mocks_url(g->mocks, lane->name));
	}
	return 0;
}

static int
service_up(struct running *g, struct err *e)
{
	const struct trial_config *cfg = g->how->cfg;
	struct service_start how = {
		.config = cfg->service, .loop = g->loop,
		.namespace = cfg->namespace, .env = g->env,
		.fn = service_event, .arg = g, .stop = cfg->stop,
		.isolation = g->around.isolation,
	};

	/* Restore commands run in real time. */
	if (restore_begin(cfg, g->how->tape, g->env, g->state_dir, e) != 0 ||
	    surroundings_clock(cfg, g->how->tape, &g->around, g->env, e) != 0)
		return -1;
	if (g->state_dir[0] != '\0')
		how.state_dir = g->state_dir;
	if (service_start(&how, &g->service, e) != 0)
		return -1;
	if (service_wait_ready(g->service, e) != 0)
		return -1;
	snprintf(g->url, sizeof(g->url), "http://127.0.0.1:%u",
		 (unsigned)service_port(g->service));
	return surroundings_wait(&g->around, g->loop, e);
}

static const char *
target(const struct running *g)
{
	const struct trial_config *cfg = g->how->cfg;

	if (cfg->target != NULL)
		return cfg->target;
	return cfg->service->attach ? cfg->service->attach : g->url;
}

static int
replay_it(struct running *g, struct err *e)
{
	struct replay_options o = g->how->cfg->replay;

	o.target = target(g);
	o.stop = g->how->cfg->stop;
	o.isolation = g->around.isolation;
	if (replay_create(g->loop, g->how->tape, g->how->plan, g->mocks, &o,
			  &g->replay, e) != 0)
		return -1;
	return replay_run(g->replay, &g->seen, e);
}

/* ---- what came of it ------------------------------------------------------ */

static void
keep_log(struct running *g)
{
	struct slice raw = service_log(g->service);
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

	if (g->service == NULL)
		return;
	seen->log_tail = arena_copy(seen->arena, service_log(g->service));
	seen->log_hit = arena_copy(seen->arena, service_log_hit(g->service));
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
	surroundings_tell(g->how->cfg, &g->around, g->service, &g->seen);
	judge_replay(&in, g->how->arena, r);
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
	surroundings_tell(g->how->cfg, &g->around, g->service, &g->seen);
	keep_notes(g, r);
	if (g->service != NULL)
		keep_log(g);
}

static void
down(struct running *g)
{
	replay_destroy(g->replay);
	g->replay = NULL;
	if (g->service != NULL)
		service_destroy(g->service);
	restore_end(g->state_dir);
	mocks_destroy(g->mocks);
	surroundings_down(&g->around);
	if (g->env != NULL)
		env_destroy(g->env);
	loop_destroy(g->loop);
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
	g.loop = loop_create(clock, e);
	if (g.loop == NULL)
		return -1;
	g.seen.arena = arena_create();
	if (how->cfg->target == NULL)
		rc = surroundings_up(how->cfg, g.loop, &g.around, &why) != 0 ||
		     mocks_up(&g, &why) != 0 || service_up(&g, &why) != 0;
	else
		rc = restore_begin(how->cfg, how->tape, NULL, g.state_dir,
				   &why);
	r->isolation = isolation_name(g.around.isolation);
	if (rc == 0)
		rc = replay_it(&g, &why);
	if (rc == 0) {
		ask_service(&g);
		judge_it(&g, r);
	} else {
		error_result(&g, &why, r);
	}
	r->seconds = (double)(clock_mono_ns(clock) - from) / (double)NS_PER_S;
	down(&g);
	return 0;
}
