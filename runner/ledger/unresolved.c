/* Finds the credentials that will be mocks (see unresolved.h). */
#include "unresolved.h"

#include <dvr/relate/values.h>
#include <dvr/scrub/values.h>

#define HANDLES_MAX 512		/* distinct ones; more are not looked at */

struct credential {
	struct slice handle;
	const char *part;	/* where it first stands */
	uint32_t exchange;
	unsigned others;	/* exchanges that it stands in, too */
	uint32_t last;
	bool shared;		/* a token with a secret that nobody named */
};

struct finding {
	struct arena *arena;
	const struct tape *tape;
	const struct plan *plan;
	const struct secrets_config *secrets;
	struct place place;	/* of the value that is looked at */
	struct credential v[HANDLES_MAX];
	size_t n;
};

/* ---- who brings it ------------------------------------------------------- */

static bool
is_bound(const struct finding *f)
{
	for (size_t i = 0; i < f->plan->nbindings; i++) {
		struct place to;

		if (place_parse(f->plan->bindings[i].to, &to) == 0 &&
		    place_matches(&to, &f->place))
			return true;
	}
	return false;
}

static bool
is_named(const struct finding *f, struct slice class)
{
	const struct secrets_config *s = f->secrets;

	for (size_t i = 0; s != NULL && i < s->n; i++) {
		const struct secret_rule *r = &s->v[i];
		struct place p;

		if (r->class && scrub_class_is(class, slice_str(r->class)))
			return true;
		if (r->field && place_parse(slice_str(r->field), &p) == 0 &&
		    place_matches(&p, &f->place))
			return true;
	}
	return false;
}

static bool
has_rule(const struct finding *f, enum resign_kind kind)
{
	const struct secrets_config *s = f->secrets;

	for (size_t i = 0; s != NULL && i < s->nresign; i++)
		if (s->resign[i].kind == kind)
			return true;
	return false;
}

static bool
is_signed(const struct finding *f)
{
	const struct secrets_config *s = f->secrets;

	if (f->place.part != PLACE_HEADER)
		return false;
	for (size_t i = 0; s != NULL && i < s->nresign; i++)
		if (slice_ieq(resign_rule_header(&s->resign[i]),
			      f->place.name))
			return true;
	return false;
}

static const struct tape_token *
token_of(const struct tape *t, struct slice handle)
{
	for (size_t i = 0; i < t->ntokens; i++)
		if (slice_eq(t->tokens[i].handle, handle))
			return &t->tokens[i];
	return NULL;
}

/* ---- what there is --------------------------------------------------------- */

static const char *
part_name(const struct place *p)
{
	static const char *const names[] = {
		[PLACE_STATUS] = "the status", [PLACE_METHOD] = "the method",
		[PLACE_PATH] = "a part of the path",
		[PLACE_QUERY] = "a query parameter",
		[PLACE_HEADER] = "a header", [PLACE_COOKIE] = "a cookie",
		[PLACE_BODY] = "a credential in the body",
	};

	if (p->part == PLACE_HEADER &&
	    slice_ieq(p->name, SLICE("authorization")))
		return "the authorization";
	return names[p->part];
}

static void
add(struct finding *f, struct slice handle, bool shared)
{
	for (size_t i = 0; i < f->n; i++) {
		struct credential *c = &f->v[i];

		if (!slice_eq(c->handle, handle))
			continue;
		c->others += c->last != f->place.exchange;
		c->last = f->place.exchange;
		return;
	}
	if (f->n == HANDLES_MAX)
		return;
	f->v[f->n++] = (struct credential){
		.handle = arena_copy(f->arena, handle),
		.part = part_name(&f->place), .shared = shared,
		.exchange = f->place.exchange, .last = f->place.exchange };
}

static void
on_handle(void *arg, struct slice handle, struct slice class)
{
	struct finding *f = arg;
	const struct tape_token *k = token_of(f->tape, handle);
	bool shared = k && k->coding == TOKEN_JWT &&
		      slice_find(k->header, SLICE("\"HS")) > 0;

	if (!scrub_class_is_credential(class) || is_named(f, class))
		return;
	if (k && k->coding == TOKEN_JWT &&
	    (!shared || has_rule(f, RESIGN_JWT)))
		return;
	/* a password that is named, in Basic */
	if (k && k->coding != TOKEN_JWT) {
		scrub_each_handle(k->text, on_handle, f);
		return;
	}
	add(f, handle, shared);
}

static int
on_value(void *arg, const struct value *v)
{
	struct finding *f = arg;
	uint32_t exchange = f->place.exchange;

	f->place = v->place;
	f->place.exchange = exchange;
	if (!is_bound(f) && !is_signed(f))
		scrub_each_handle(v->span, on_handle, f);
	return 0;
}

/* ---- in words ---------------------------------------------------------------- */

static struct slice
sentence(struct arena *a, const struct credential *c)
{
	struct slice more = c->others == 0 ? SLICE("") :
		arena_fmt(a, " and of %u more", c->others);

	if (c->shared)
		return arena_fmt(a, "%s of exchange %u%.*s is a token whose "
			"shared key no rule knows: it is signed with another "
			"one in replays (`resign`, kind jwt)", c->part,
			c->exchange, SLICE_ARG(more));
	return arena_fmt(a, "%s of exchange %u%.*s will be a mock in replays: "
		"the service must accept it, or `secrets` or `resign` in "
		"dvr.yaml provide it", c->part, c->exchange, SLICE_ARG(more));
}

void
unresolved_find(const struct tape *t, const struct plan *p,
		const struct secrets_config *s, struct unresolved *out)
{
	struct arena *scratch = arena_create();
	struct finding *f = arena_alloc(scratch, sizeof(*f));

	f->arena = scratch;
	f->tape = t;
	f->plan = p;
	f->secrets = s;
	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];

		if (t->lanes[x->lane].role != LANE_INGRESS)
			continue;
		f->place.exchange = x->id;
		values_walk(scratch, &x->request, PLACE_REQUEST, on_value, f);
	}
	out->n = 0;
	for (size_t i = 0; i < f->n && out->n < UNRESOLVED_MAX; i++)
		out->v[out->n++] = sentence(out->arena, &f->v[i]);
	if (f->n > UNRESOLVED_MAX)
		out->v[out->n++] = arena_fmt(out->arena, "and so will %zu "
			"more credentials", f->n - UNRESOLVED_MAX);
	arena_destroy(scratch);
}
