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

/* A port of its own that the service can know for good. */
static bool
is_pinned(const struct lane_config *lane)
{
	return lane->role == LANE_EGRESS && lane->listen != NULL &&
	       !slice_ends(slice_str(lane->listen), SLICE(":0"));
}

/* What runs already cannot be told where the mocks are. */
static bool
finds_mocks(const struct trial_config *cfg)
{
	if (cfg->target == NULL)
		return cfg->service->attach == NULL ||
		       cfg->service->start != NULL;
	for (size_t i = 0; i < cfg->nlanes; i++)
		if (is_pinned(&cfg->lanes[i]))
			return true;
	return cfg->by_hand;
}

/* Where variables for the service go. */
static struct env *
variables(const struct stage *s)
{
	return s->told ? s->told : s->env;
}

static int
mock_up(struct stage *s, const struct lane_config *lane, struct err *e)
{
	if (mocks_add_lane(s->mocks, lane->name, e) != 0 ||
	    lead_out(s, lane, e) != 0)
		return -1;
	if (s->told && is_pinned(lane) &&
	    mocks_listen(s->mocks, lane->name, lane->listen, e) != 0)
		return err_prefix(e, "lane %s: listen", lane->name);
	mocks_speak(s->mocks, lane, s->belief.ca);
	if (lane->env != NULL)
		env_set(variables(s), lane->env,
			mocks_url(s->mocks, lane->name));
	if (lane->forward)
		trust_proxy_env(mocks_url(s->mocks, lane->name),
				variables(s));
	return 0;
}

/* Every egress lane's variable leads to its mock. */
static int
mocks_up(struct stage *s, const struct attempt *how, struct err *e)
{
	const struct trial_config *cfg = s->cfg;

	s->env = env_create(true);
	if (cfg->target != NULL)
		s->told = env_create(false);
	if (!finds_mocks(cfg))
		return 0;
	if (mocks_create_in(s->around.isolation, s->loop, how->tape,
			    how->plan, &s->mocks, e) != 0)
		return -1;
	mocks_on_miss(s->mocks, &cfg->replay);
	if (belief_up(cfg, variables(s), &s->belief, e) != 0)
		return -1;
	for (size_t k = 0; k < cfg->nlanes; k++)
		if (cfg->lanes[k].role == LANE_EGRESS &&
		    mock_up(s, &cfg->lanes[k], e) != 0)
			return -1;
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

static bool
has_jwt(const struct tape *t)
{
	for (size_t i = 0; i < t->ntokens; i++)
		if (t->tokens[i].coding == TOKEN_JWT)
			return true;
	return false;
}

/* Can the service know whose keys these are? */
static bool
finds_issuer(const struct trial_config *cfg, const struct tape *t)
{
	if (cfg->target == NULL)
		return cfg->service->attach == NULL ||
		       cfg->service->start != NULL;
	return has_jwt(t) ||
	       (cfg->secrets && (cfg->secrets->listen ||
				 cfg->secrets->jwks_env ||
				 cfg->secrets->issuer_env));
}

static int
credentials_up(struct stage *s, const struct attempt *how, struct err *e)
{
	const struct trial_config *cfg = s->cfg;
	struct issuer_place at = { .loop = s->loop,
		.isolation = s->around.isolation, .env = variables(s),
		.listen = s->told && cfg->secrets ? cfg->secrets->listen :
						    NULL };

	if (how->stages->mint == NULL)
		how->stages->mint = mint_create(cfg->clock);
	if (finds_issuer(cfg, how->tape) &&
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

/* All but the service, which is told where the rest is. */
static int
open_beside(struct stage *s, const struct attempt *how, struct err *e)
{
	if (mocks_up(s, how, e) != 0 || credentials_up(s, how, e) != 0)
		return -1;
	env_add_all(s->env, s->told);
	if (restore(s, how, e) != 0)
		return -1;
	if (s->state_dir[0] != '\0' && s->cfg->by_hand)
		env_set(s->told, "DVR_STATE_DIR", s->state_dir);
	if (s->cfg->told != NULL)
		s->cfg->told(s->cfg->told_arg, s->told);
	return 0;
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
	s->files = restore_has_files(cfg, how->tape);
	s->loop = loop_create(cfg->clock, e);
	if (s->loop == NULL) {
		free(s->id);
		free(s);
		return -1;
	}
	*out = s;
	if (cfg->target != NULL)
		return open_beside(s, how, e);
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

void
stage_options(const struct stage *s, struct tls_trust_config *trust,
	      struct replay_options *o)
{
	const struct trial_config *cfg = s->cfg;

	*o = cfg->replay;
	if (cfg->target != NULL)
		o->target = cfg->target;
	else
		o->target = cfg->service->attach ? cfg->service->attach :
						   s->url;
	o->trust = belief_target(cfg, trust);
	o->stop = cfg->stop;
	o->isolation = s->around.isolation;
	o->values = s->credentials.values;
	o->resigner = s->credentials.resigner;
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

int
stage_again(struct stage *s, const struct attempt *how, struct err *e)
{
	if (stage_take(s, how, e) != 0)
		return -1;
	restore_end(s->state_dir);
	return restore(s, how, e);
}

const char *
stage_no_reset(const struct stage *s, const struct attempt *how)
{
	if (!service_ready(s->service) || !service_alive(s->service))
		return "it had ended";
	if (how->cfg->recorded_clock)
		return "each tape has its own clock";
	if (restore_has_files(how->cfg, how->tape) || s->files)
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
	if (s->told != NULL)
		env_destroy(s->told);
	loop_destroy(s->loop);
	free(s->id);
	free(s);
}
