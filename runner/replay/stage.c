/* Opens, resets and closes what a replay runs in. */
#include "stage.h"

#include "restore.h"

#include <dvr/base/mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
service_event(void *arg, struct service *service, enum service_event ev)
{
	struct stage *s = arg;
	char death[64];

	if (ev != SERVICE_ENDED || s->replay == NULL)
		return;
	process_end_text(service_end(service), death);
	replay_service_died(s->replay, slice_str(death));
}

/* Stores in files cannot be exchanged below a service that has them open. */
static bool
has_files(const struct trial_config *cfg, const struct tape *t)
{
	for (size_t i = 0; i < t->nstate; i++)
		for (size_t k = 0; k < cfg->nstate; k++)
			if (slice_eq(t->state[i].name,
				     slice_str(cfg->state[k].name)) &&
			    cfg->state[k].provider->has_path)
				return true;
	return false;
}

/* ---- open --------------------------------------------------------------- */

/* Calls that are passed through go where the lane leads while recording. */
static int
lead_out(struct stage *s, const struct lane_config *lane, struct err *e)
{
	char *url;
	int rc;

	if (s->cfg->replay.on_miss != ON_MISS_PASSTHROUGH ||
	    lane->target == NULL)
		return 0;
	url = service_expand(lane->target, s->env, e);
	if (url == NULL)
		return err_prefix(e, "lane %s: target", lane->name);
	rc = mocks_target(s->mocks, lane, url, e);
	free(url);
	return rc;
}

/* Every egress lane's variable leads to its mock. */
static int
mocks_up(struct stage *s, const struct attempt *how, struct err *e)
{
	const struct trial_config *cfg = s->cfg;

	s->env = env_create(true);
	/* What runs already cannot be told where the mocks are. */
	if (cfg->service->attach != NULL && cfg->service->start == NULL)
		return 0;
	if (mocks_create_in(s->around.isolation, s->loop, how->tape,
			    how->plan, &s->mocks, e) != 0)
		return -1;
	mocks_on_miss(s->mocks, &cfg->replay);
	if (belief_up(cfg, s->env, &s->belief, e) != 0)
		return -1;
	for (size_t i = 0; i < cfg->nlanes; i++) {
		const struct lane_config *lane = &cfg->lanes[i];

		if (lane->role != LANE_EGRESS)
			continue;
		if (mocks_add_lane(s->mocks, lane->name, e) != 0 ||
		    lead_out(s, lane, e) != 0)
			return -1;
		mocks_speak(s->mocks, lane, s->belief.ca);
		if (lane->env != NULL)
			env_set(s->env, lane->env,
				mocks_url(s->mocks, lane->name));
		if (lane->forward)
			trust_proxy_env(mocks_url(s->mocks, lane->name),
					s->env);
	}
	return 0;
}

/* The loaded tape's credentials are `how`'s now.  Those that are in the state
 * already stay what they are. */
static int
load_credentials(struct stage *s, const struct attempt *how, struct err *e)
{
	struct credentials_order o = {
		.cfg = s->cfg, .tape = how->tape, .mint = how->stages->mint };

	if (credentials_load(&s->credentials, &o, e) != 0)
		return -1;
	if (s->mocks != NULL)
		mocks_values(s->mocks, s->credentials.values,
			     how->stages->mint);
	return 0;
}

static int
credentials_up(struct stage *s, const struct attempt *how, struct err *e)
{
	const struct trial_config *cfg = s->cfg;
	struct issuer_place at = { .loop = s->loop,
		.isolation = s->around.isolation, .env = s->env };

	if (how->stages->mint == NULL)
		how->stages->mint = mint_create(cfg->clock);
	/* What runs already cannot be told where the keys are. */
	if (cfg->target == NULL &&
	    (cfg->service->attach == NULL || cfg->service->start != NULL) &&
	    credentials_issuer(&s->credentials, cfg->secrets,
			       how->stages->mint, &at, e) != 0)
		return -1;
	return load_credentials(s, how, e);
}

/* The tape's state with the credentials of this replay in it. */
static int
restore(struct stage *s, const struct attempt *how, struct err *e)
{
	struct arena *a = arena_create();
	struct tape with = *how->tape;
	int rc;

	restore_fill(s->credentials.values, a, &with);
	rc = restore_begin(s->cfg, &with, s->env, s->state_dir, e);
	arena_wipe(a);
	return rc;
}

static int
service_up(struct stage *s, const struct attempt *how, struct err *e)
{
	const struct trial_config *cfg = s->cfg;
	struct service_start start = {
		.config = cfg->service, .loop = s->loop,
		.namespace = cfg->namespace, .env = s->env,
		.fn = service_event, .arg = s, .stop = cfg->stop,
		.isolation = s->around.isolation,
	};

	/* Restore commands run in real time. */
	if (restore(s, how, e) != 0 ||
	    surroundings_clock(cfg, how->tape, &s->around, s->env, e) != 0)
		return -1;
	if (s->state_dir[0] != '\0')
		start.state_dir = s->state_dir;
	return service_start(&start, &s->service, e);
}

int
stage_open(const struct attempt *how, struct stage **out, struct err *e)
{
	const struct trial_config *cfg = how->cfg;
	struct stage *s;

	*out = NULL;
	s = mem_alloc(sizeof(*s));
	s->cfg = cfg;
	s->id = mem_alloc(how->tape->id.n + 1);		/* zeroed */
	memcpy(s->id, how->tape->id.p, how->tape->id.n);
	s->stateless = how->tape->nstate == 0 && !cfg->recorded_clock;
	s->files = has_files(cfg, how->tape);
	s->loop = loop_create(cfg->clock, e);
	if (s->loop == NULL) {
		free(s->id);
		free(s);
		return -1;
	}
	*out = s;
	if (cfg->target != NULL)
		return credentials_up(s, how, e) != 0 ||
		       restore(s, how, e) != 0 ? -1 : 0;
	if (surroundings_up(cfg, s->loop, &s->around, e) != 0 ||
	    mocks_up(s, how, e) != 0 || credentials_up(s, how, e) != 0 ||
	    service_up(s, how, e) != 0)
		return -1;
	how->stages->started++;
	return 0;
}

int
stage_ready(struct stage *s, struct err *e)
{
	const struct service_config *c = s->cfg->service;

	if (s->cfg->target != NULL)
		return 0;
	service_begin_waiting(s->service);
	if (service_wait_ready(s->service, e) != 0)
		return -1;
	snprintf(s->url, sizeof(s->url), "http%s://127.0.0.1:%u",
		 c->tls ? "s" : "", (unsigned)service_port(s->service));
	/* What ran before us has a past. */
	if (c->reset != NULL && c->attach != NULL && c->start == NULL &&
	    service_reset(s->service, e) != 0)
		return -1;
	return surroundings_wait(&s->around, s->loop, e);
}

/* ---- another tape --------------------------------------------------------- */

bool
stage_fits(const struct stage *s, const struct attempt *how)
{
	if (s->stateless && how->tape->nstate == 0)
		return true;
	return slice_eq(how->tape->id, slice_str(s->id));
}

int
stage_take(struct stage *s, const struct attempt *how, struct err *e)
{
	s->cfg = how->cfg;
	s->around.reset[0] = '\0';
	if (s->mocks != NULL &&
	    mocks_load(s->mocks, how->tape, how->plan, e) != 0)
		return -1;
	return load_credentials(s, how, e);
}

const char *
stage_no_reset(const struct stage *s, const struct attempt *how)
{
	if (!service_ready(s->service) || !service_alive(s->service))
		return "it had ended";
	if (how->cfg->recorded_clock)
		return "each tape has its own clock";
	if (has_files(how->cfg, how->tape) || s->files)
		return "stores in files are built anew before it starts";
	return NULL;
}

static int
restore_live(struct stage *s, const struct attempt *how, struct err *e)
{
	struct state_where where = {
		.dir = service_state_dir(s->service), .env = s->env };
	struct tape with = *how->tape;
	struct arena *a;
	int rc;

	if (how->tape->nstate == 0)
		return 0;
	a = arena_create();
	restore_fill(s->credentials.values, a, &with);
	rc = state_restore(how->cfg->state, how->cfg->nstate, &with, &where,
			   scrub_expand, e);
	arena_wipe(a);
	return rc;
}

int
stage_reset(struct stage *s, const struct attempt *how, struct err *e)
{
	struct isolation_wanted before;
	struct arena *a;

	if (stage_take(s, how, e) != 0 || restore_live(s, how, e) != 0 ||
	    service_reset(s->service, e) != 0)
		return -1;
	/* What the reset wanted in vain is no tape's business. */
	a = arena_create();
	isolation_wanted(s->around.isolation, a, &before);
	arena_destroy(a);
	how->stages->resets++;
	return 0;
}

/* ---- close ---------------------------------------------------------------- */

void
stage_close(struct stage *s)
{
	if (s == NULL)
		return;
	if (s->service != NULL)
		service_destroy(s->service);
	restore_end(s->state_dir);
	mocks_destroy(s->mocks);
	belief_down(&s->belief);
	credentials_down(&s->credentials);
	surroundings_down(&s->around);
	if (s->env != NULL)
		env_destroy(s->env);
	loop_destroy(s->loop);
	free(s->id);
	free(s);
}
