/* Values, tokens and signatures of one replay (see credentials.h). */
#include "credentials.h"

#include <dvr/base/hash.h>
#include <dvr/base/mem.h>
#include <dvr/relate/values.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX (1u * MiB)

struct naming {			/* one named secret */
	const struct credentials_order *o;
	struct scrub_values *values;
	const struct secret_rule *rule;
	struct place wanted;	/* of a field rule */
	uint32_t exchange;
	struct slice live;	/* from the environment; p NULL: not yet */
	struct err *e;
	int rc;
};

/* ---- named secrets ---------------------------------------------------- */

/* Only now: a variable that no tape needs may be missing. */
static bool
read_variable(struct naming *g)
{
	const struct secret_rule *r = g->rule;
	char who[128];
	ssize_t colon;

	if (g->live.p != NULL)
		return true;
	snprintf(who, sizeof(who), "'%s' under `secrets`", r->name);
	g->rc = secret_from_env(who, r->from_env, &g->live, g->e);
	if (g->rc != 0)
		return false;
	scrub_learn(g->o->cfg->scrub, g->live, SLICE("secret"));
	colon = slice_chr(g->live, ':');
	if (colon >= 0)	/* user:password */
		scrub_learn(g->o->cfg->scrub,
			    slice_from(g->live, (size_t)colon + 1),
			    SLICE("secret"));
	return true;
}

static void
name_handle(void *arg, struct slice handle, struct slice class)
{
	struct naming *g = arg;
	struct buf b;

	if (g->rc != 0 || (g->rule->class != NULL &&
			   !scrub_class_is(class, slice_str(g->rule->class))) ||
	    !read_variable(g))
		return;
	buf_init(&b, VALUE_MAX);
	/* RFC 7617 §2: a person writes user:password. */
	if (slice_eq(class, SLICE("basic")) && slice_chr(g->live, ':') >= 0)
		base64_encode(g->live, &b);
	else
		buf_add(&b, g->live);
	scrub_learn(g->o->cfg->scrub, buf_slice(&b), SLICE("secret"));
	scrub_values_set(g->values, handle, buf_slice(&b));
	if (b.n > 0)
		explicit_bzero(b.p, b.n);
	buf_release(&b);
}

static int
on_value(void *arg, const struct value *v)
{
	struct naming *g = arg;
	struct place at = v->place;

	at.exchange = g->exchange;
	if (place_matches(&g->wanted, &at))
		scrub_each_handle(v->span, name_handle, g);
	return g->rc;
}

static void
each_in_message(struct naming *g, const struct message *m)
{
	scrub_each_handle(m->line, name_handle, g);
	for (size_t i = 0; i < m->headers.n; i++)
		scrub_each_handle(m->headers.v[i].line, name_handle, g);
	scrub_each_handle(m->body, name_handle, g);
}

static int
name_secret(struct naming *g, const struct tape *t)
{
	struct arena *scratch = arena_create();
	bool by_place = g->rule->field != NULL;

	if (by_place && place_parse(slice_str(g->rule->field), &g->wanted) != 0)
		g->rc = err_set(g->e, ERR_USAGE, "secrets: %s: bad place",
				g->rule->name);
	for (size_t i = 0; g->rc == 0 && i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];

		g->exchange = x->id;
		if (by_place) {
			values_walk(scratch, &x->request, PLACE_REQUEST,
				    on_value, g);
			values_walk(scratch, &x->response, PLACE_RESPONSE,
				    on_value, g);
		} else {
			each_in_message(g, &x->request);
			each_in_message(g, &x->response);
		}
	}
	/* a password in Basic, a claim of a token */
	for (size_t i = 0; !by_place && g->rc == 0 && i < t->ntokens; i++)
		scrub_each_handle(t->tokens[i].text, name_handle, g);
	arena_wipe(scratch);
	return g->rc;
}

static int
name_secrets(const struct credentials_order *o, struct credentials *c,
	     struct err *e)
{
	const struct secrets_config *s = o->cfg->secrets;

	for (size_t i = 0; s != NULL && i < s->n; i++) {
		struct naming g = { .o = o, .values = c->values,
			.rule = &s->v[i], .e = e };

		if (name_secret(&g, o->tape) != 0)
			return -1;
	}
	return 0;
}

/* ---- tokens ----------------------------------------------------------- */

/* The replay's clock less the recorded one. */
static int64_t
clock_shift_s(const struct trial_config *cfg, const struct tape *t)
{
	int64_t us = cfg->recorded_clock ? 0 :
		     clock_wall_us(cfg->clock) - t->recorded_us;

	/* downwards: nothing is from the future */
	return us / US_PER_S - (us % US_PER_S < 0);
}

/* The key for HS*, where the configuration names one; "" otherwise. */
static int
shared_key(const struct secrets_config *s, struct slice *out, struct err *e)
{
	*out = SLICE("");
	for (size_t i = 0; s != NULL && i < s->nresign; i++)
		if (s->resign[i].kind == RESIGN_JWT)
			return secret_from_env("a rule under `resign`",
					       s->resign[i].key_env,
					       out, e);
	return 0;
}

static struct slice
expanded(const struct credentials *c, struct arena *a, struct slice s)
{
	struct slice done;
	struct buf b;

	buf_init(&b, VALUE_MAX);
	scrub_expand_as(c->values, s, &b, NULL);
	done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

static int
make_jwt(const struct credentials_order *o, struct credentials *c,
	 const struct tape_token *k, struct buf *out, struct err *e)
{
	const struct secrets_config *s = o->cfg->secrets;
	struct arena *a = arena_create();
	struct mint_order order = {
		.header = expanded(c, a, k->header),
		.claims = expanded(c, a, k->text),
		.shift_s = clock_shift_s(o->cfg, o->tape),
		.issuer = s && s->map_issuer && c->issuer ?
			  issuer_url(c->issuer) : NULL,
	};
	struct err why;
	int rc = 0;

	if (mint_is_shared(mint_alg(a, order.header)))
		rc = shared_key(s, &order.secret, e);
	/* An algorithm that we have not: its handle's mock will do. */
	if (rc == 0 && mint_jwt(o->mint, &order, out, &why) != 0)
		buf_clear(out);
	arena_wipe(a);
	return rc;
}

static int
make_token(const struct credentials_order *o, struct credentials *c,
	   const struct tape_token *k, struct buf *out, struct err *e)
{
	struct arena *a;

	if (k->coding == TOKEN_JWT)
		return make_jwt(o, c, k, out, e);
	a = arena_create();
	if (k->coding == TOKEN_BASE64)
		base64_encode(expanded(c, a, k->text), out);
	else
		base64url_encode(expanded(c, a, k->text), out);
	arena_wipe(a);
	return 0;
}

static int
make_tokens(const struct credentials_order *o, struct credentials *c,
	    struct err *e)
{
	struct slice named;
	struct buf b;
	int rc = 0;

	buf_init(&b, VALUE_MAX);
	for (size_t i = 0; rc == 0 && i < o->tape->ntokens; i++) {
		const struct tape_token *k = &o->tape->tokens[i];

		if (scrub_values_get(c->values, k->handle, &named))
			continue;
		buf_clear(&b);
		rc = make_token(o, c, k, &b, e);
		if (rc == 0 && b.n > 0 && !b.full)
			scrub_values_set(c->values, k->handle, buf_slice(&b));
	}
	if (b.n > 0)
		explicit_bzero(b.p, b.n);
	buf_release(&b);
	return rc;
}

/* ---- whom they come from ---------------------------------------------- */

static void
set_env(struct env *env, const char *name, const char *also, const char *value)
{
	env_set(env, name, value);
	if (also != NULL)
		env_set(env, also, value);
}

int
credentials_issuer(struct credentials *c, const struct secrets_config *s,
		   struct mint *m, const struct issuer_place *at,
		   struct err *e)
{
	if (issuer_create(at, m, &c->issuer, e) != 0)
		return err_prefix(e, "the listener of DVR_JWKS_URL");
	set_env(at->env, "DVR_JWKS_URL", s ? s->jwks_env : NULL,
		issuer_jwks_url(c->issuer));
	set_env(at->env, "DVR_OIDC_ISSUER", s ? s->issuer_env : NULL,
		issuer_url(c->issuer));
	/* A set without a key is an error to some. */
	mint_prepare(m, SLICE("ES256"));
	return 0;
}

static void
forget(struct credentials *c)
{
	resigner_destroy(c->resigner);
	scrub_values_destroy(c->values);
	free(c->loaded);
	c->resigner = NULL;
	c->values = NULL;
	c->loaded = NULL;
}

int
credentials_load(struct credentials *c, const struct credentials_order *o,
		 struct err *e)
{
	const struct secrets_config *s = o->cfg->secrets;
	int64_t shift_s = clock_shift_s(o->cfg, o->tape);

	if (c->loaded != NULL && slice_eq(slice_str(c->loaded), o->tape->id))
		return 0;
	forget(c);
	c->values = scrub_values_create();
	if (name_secrets(o, c, e) != 0 || make_tokens(o, c, e) != 0)
		return -1;
	if (s != NULL && s->nresign > 0 &&
	    resigner_create(s, o->tape, c->values, shift_s, &c->resigner, e))
		return -1;
	c->loaded = mem_alloc(o->tape->id.n + 1);	/* zeroed */
	memcpy(c->loaded, o->tape->id.p, o->tape->id.n);
	return 0;
}

void
credentials_down(struct credentials *c)
{
	forget(c);
	issuer_destroy(c->issuer);
	c->issuer = NULL;
}

void
credentials_tell(const struct credentials *c, struct observed *seen)
{
	size_t n = seen->ncounterparts, more = scrub_values_count(c->values);
	struct counterpart *v = arena_array(seen->arena, n + more + 1,
					    sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i] = seen->counterparts[i];
	for (size_t i = 0; i < more; i++) {
		struct slice handle, live;

		scrub_values_at(c->values, i, &handle, &live);
		v[n + i] = (struct counterpart){
			.recorded = arena_copy(seen->arena, handle),
			.live = arena_copy(seen->arena, live),
		};
	}
	seen->counterparts = v;
	seen->ncounterparts = n + more;
}
