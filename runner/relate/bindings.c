/* Finds which request values earlier answers produced (see bindings.h). */
#include <dvr/relate/bindings.h>

#include "events.h"
#include "origins.h"
#include "plumbing.h"
#include "strength.h"

#include <dvr/base/hash.h>
#include <dvr/relate/values.h>


/* A coded token is not looked for inside longer text than this (bytes). */
#define CODED_MAX 8192

struct finding {
	struct arena *a;		/* of the result */
	struct arena *scratch;
	struct origins origins;
	const struct exchange *x;	/* that is looked at */
	struct slice resource;		/* of its path */
	bool created;			/* its answer is a 201 */
	const struct value *value;	/* whose parts come */
	struct slice bound;		/* place of a body's value that is bound
					 * with the document in it */
	struct plan *plan;
	size_t cap;
};

/* ---- producers -------------------------------------------------------- */

static void
produce(struct finding *f, struct slice scope, struct slice text,
	struct slice take, unsigned rank)
{
	struct producer p = {
		.exchange = f->x->id, .place = f->value->place, .take = take,
		.rank = rank,
	};

	p.place.exchange = f->x->id;
	origins_produced(&f->origins, scope, text, &p);
}

/* Names say that a short value is this thing's. */
static void
produce_weak(struct finding *f, struct slice key, struct slice text,
	     struct slice take, unsigned rank)
{
	struct slice scope;

	if (key.n == 0 || text.n == 0 ||
	    (!value_is_integer(text) && !key_names_id(key)))
		return;
	scope = key_scope(f->scratch, key, f->resource);
	if (scope.n > 0)
		produce(f, scope, text, take, rank);
}

static int
on_part(void *arg, const struct part *p)
{
	struct finding *f = arg;
	unsigned rank = f->value->place.part == PLACE_HEADER ? 4 : 1;

	if (value_is_strong(p->value))
		produce(f, SLICE(""), p->value, p->take, rank);
	produce_weak(f, p->key, p->value, p->take, rank);
	return 0;
}

static bool
is_top_level(const struct value *v)
{
	return v->place.part == PLACE_BODY && v->place.name.n > 1 &&
	       slice_chr(slice_from(v->place.name, 1), '/') < 0;
}

static int
on_answer_value(void *arg, const struct value *v)
{
	struct finding *f = arg;
	bool location = v->place.part == PLACE_HEADER &&
		slice_eq(v->place.name, SLICE("location"));

	if ((v->kind != FIELD_STRING && v->kind != FIELD_NUMBER) ||
	    value_is_plumbing(v))
		return 0;
	if (v->kind == FIELD_NUMBER && !value_is_integer(v->value))
		return 0;
	f->value = v;
	if (value_is_strong(v->value))
		produce(f, SLICE(""), v->value, SLICE(""), 2);
	produce_weak(f, v->key, v->value, SLICE(""), 3);
	if (v->place.part == PLACE_COOKIE)
		produce(f, arena_fmt(f->scratch, "cookie %.*s",
				     SLICE_ARG(v->key)), v->value, SLICE(""),
			3);
	if (f->created && is_top_level(v) && value_is_integer(v->value))
		produce(f, f->resource, v->value, SLICE(""), 0);
	if (v->kind == FIELD_STRING)
		parts_walk(f->scratch, v->value, location, on_part, f);
	return 0;
}

static void
answered(struct finding *f)
{
	if (f->x->response.end != END_COMPLETE)
		return;
	f->resource = path_resource(f->scratch,
				    message_path(&f->x->request));
	f->created = message_status(&f->x->response) == 201;
	values_walk(f->scratch, &f->x->response, PLACE_RESPONSE,
		    on_answer_value, f);
}

/* ---- consumers ---------------------------------------------------------- */

struct use {			/* of a produced value */
	enum plan_as as;
	size_t before, after;
};

static struct slice
place_text(struct arena *a, struct place p, uint32_t exchange)
{
	struct slice text;
	struct buf b;

	p.exchange = exchange;
	buf_init(&b, 64 * KiB);
	place_print(&p, &b);
	text = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return text;
}

static bool
bind(struct finding *f, const struct producer *p, const struct use *u)
{
	struct plan *plan = f->plan;

	if (!p || plan->nbindings == BINDINGS_MAX)
		return p != NULL;
	plan->bindings = arena_grow(f->a, plan->bindings, plan->nbindings,
				    &f->cap, sizeof(*plan->bindings));
	plan->bindings[plan->nbindings++] = (struct plan_binding){
		.from = place_text(f->a, p->place, p->exchange),
		.to = place_text(f->a, f->value->place, f->x->id),
		.take = arena_copy(f->a, p->take), .as = u->as,
		.before = (uint32_t)u->before, .after = (uint32_t)u->after,
	};
	return true;
}

static bool
bind_strong(struct finding *f, struct slice text, const struct use *u)
{
	if (!value_is_strong(text))
		return false;
	return bind(f, origins_find(&f->origins, SLICE(""), text), u);
}

static struct slice
consumer_scope(struct finding *f, const struct value *v)
{
	if (v->place.part == PLACE_COOKIE)
		return arena_fmt(f->scratch, "cookie %.*s", SLICE_ARG(v->key));
	if (v->place.part == PLACE_PATH || key_names_id(v->key) ||
	    value_is_integer(v->value))
		return key_scope(f->scratch, v->key, f->resource);
	return SLICE("");
}

/* `text` as it was before the request coded it. */
static bool
uncode(struct finding *f, enum plan_as as, struct slice text,
       struct slice *out)
{
	struct buf b;
	bool ok;

	if (text.n > CODED_MAX)
		return false;
	buf_init(&b, CODED_MAX);
	if (as == AS_PERCENT)
		percent_decode(text, false, &b);
	ok = as == AS_PERCENT ? !slice_eq(buf_slice(&b), text) :
		text.n >= 8 && base64_decode(text, &b) == 0;
	if (ok)
		*out = arena_copy(f->scratch, buf_slice(&b));
	buf_release(&b);
	return ok;
}

/* Which of the two alphabets would have written it so? */
static enum plan_as
base64_kind(struct slice coded, struct slice text)
{
	enum plan_as as;
	struct buf b;

	buf_init(&b, CODED_MAX * 2);
	base64_encode(text, &b);
	as = slice_eq(buf_slice(&b), coded) ? AS_BASE64 : AS_BASE64URL;
	buf_release(&b);
	return as;
}

static bool
bind_coded(struct finding *f, struct slice text, struct use u)
{
	struct slice plain;

	if (uncode(f, AS_PERCENT, text, &plain)) {
		u.as = AS_PERCENT;
		if (bind_strong(f, plain, &u))
			return true;
	}
	if (uncode(f, AS_BASE64, text, &plain)) {
		u.as = base64_kind(text, plain);
		if (bind_strong(f, plain, &u))
			return true;
	}
	return false;
}

static bool
bind_whole(struct finding *f, const struct value *v)
{
	struct slice scope = consumer_scope(f, v);
	struct use u = { .as = AS_IS };

	if (bind_strong(f, v->value, &u))
		return true;
	/* Names around it count only for what is short. */
	if (scope.n > 0 && !value_is_strong(v->value) &&
	    bind(f, origins_find(&f->origins, scope, v->value), &u))
		return true;
	return bind_coded(f, v->value, u);
}

/* "Bearer " + v: what stands behind the scheme. */
static bool
bind_behind_scheme(struct finding *f, const struct value *v)
{
	ssize_t space = slice_chr(v->value, ' ');
	struct slice text;
	struct use u = { .as = AS_IS };

	if (v->place.part != PLACE_HEADER || space <= 0)
		return false;
	u.before = (size_t)space + 1;
	text = slice_from(v->value, u.before);
	return bind_strong(f, text, &u) || bind_coded(f, text, u);
}

/* ---- runs: words within longer values --------------------------------------- */

static bool
in_run(char c, const char *beside)
{
	size_t i;

	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z'))
		return true;
	for (i = 0; beside[i]; i++) {
		if (beside[i] == c)
			return true;
	}
	return false;
}

/* The characters of a token beside letters and digits, wide to narrow. */
static const char *const run_chars[] = { "_-.~+/=:", "_-.~", "_-", "" };

typedef void run_fn(struct finding *f, struct slice text, size_t from,
		    size_t to, bool *taken);

static void
each_run(struct finding *f, struct slice text, const char *beside,
	 run_fn *fn, bool *taken)
{
	size_t from, to = 0;

	while (to < text.n) {
		for (from = to; from < text.n &&
		     !in_run(text.p[from], beside); from++)
			;
		for (to = from; to < text.n && in_run(text.p[to], beside);
		     to++)
			;
		if (to > from)
			fn(f, text, from, to, taken);
	}
}

static void
bind_run(struct finding *f, struct slice text, size_t from, size_t to,
	 bool *taken)
{
	struct use u = { .before = from, .after = text.n - to };
	size_t i;

	/* A piece of what is bound already is bound with it. */
	if (taken[from] || taken[to - 1])
		return;
	if (!bind_strong(f, slice_range(text, from, to), &u))
		return;
	for (i = from; i < to; i++)
		taken[i] = true;
}

static void
bind_runs(struct finding *f, const struct value *v)
{
	bool *taken = arena_array(f->scratch, v->value.n + 1, sizeof(*taken));
	size_t i;

	for (i = 0; i < ARRAY_LEN(run_chars); i++)
		each_run(f, v->value, run_chars[i], bind_run, taken);
}

static bool
is_bound_around(const struct finding *f, const struct value *v)
{
	return v->within && f->bound.n > 0 &&
	       slice_starts(v->place.name, f->bound) &&
	       v->place.name.n > f->bound.n &&
	       v->place.name.p[f->bound.n] == '/';
}

static int
on_asked_value(void *arg, const struct value *v)
{
	struct finding *f = arg;

	if ((v->kind != FIELD_STRING && v->kind != FIELD_NUMBER) ||
	    v->value.n == 0 || value_is_clients_own(v) ||
	    is_bound_around(f, v))
		return 0;
	f->value = v;
	if (bind_whole(f, v)) {
		if (v->holds)
			f->bound = v->place.name;
		return 0;
	}
	/* What a document holds is bound by itself. */
	if (bind_behind_scheme(f, v) || v->kind == FIELD_NUMBER || v->holds)
		return 0;
	bind_runs(f, v);
	return 0;
}

/* ---- what the client says first is its own ------------------------------------ */

static void
sent_text(struct finding *f, struct slice text)
{
	if (value_is_strong(text))
		origins_sent(&f->origins, SLICE(""), text);
}

static void
sent_run(struct finding *f, struct slice text, size_t from, size_t to,
	 bool *taken)
{
	(void)taken;
	sent_text(f, slice_range(text, from, to));
}

static int
on_sent_value(void *arg, const struct value *v)
{
	struct finding *f = arg;
	struct slice scope, plain;
	size_t i;

	if (v->kind != FIELD_STRING && v->kind != FIELD_NUMBER)
		return 0;
	f->value = v;
	scope = consumer_scope(f, v);
	if (scope.n > 0)
		origins_sent(&f->origins, scope, v->value);
	sent_text(f, v->value);
	for (i = 0; i < ARRAY_LEN(run_chars); i++)
		each_run(f, v->value, run_chars[i], sent_run, NULL);
	if (uncode(f, AS_PERCENT, v->value, &plain))
		sent_text(f, plain);
	if (uncode(f, AS_BASE64, v->value, &plain))
		sent_text(f, plain);
	return 0;
}

static void
asked(struct finding *f)
{
	f->resource = path_resource(f->scratch,
				    message_path(&f->x->request));
	f->bound = SLICE("");
	values_walk(f->scratch, &f->x->request, PLACE_REQUEST, on_asked_value,
		    f);
	values_walk(f->scratch, &f->x->request, PLACE_REQUEST, on_sent_value,
		    f);
}

/* ---- WebSockets ----------------------------------------------------------------- */

static void
spoken(struct finding *f, const struct event *ev)
{
	const struct stream_message *m = &f->x->messages[ev->spoken - 1];

	f->resource = path_resource(f->scratch,
				    message_path(&f->x->request));
	f->created = false;
	f->bound = SLICE("");
	if (!ev->asks) {
		values_walk_spoken(f->scratch, m, ev->nth, on_answer_value, f);
		return;
	}
	values_walk_spoken(f->scratch, m, ev->nth, on_asked_value, f);
	values_walk_spoken(f->scratch, m, ev->nth, on_sent_value, f);
}

void
bindings_find(struct arena *a, const struct tape *raw, struct plan *out)
{
	struct finding f = { .a = a, .scratch = arena_create(), .plan = out };
	struct event *events;
	size_t n = events_list(f.scratch, raw, &events), i;

	out->bindings = NULL;
	out->nbindings = 0;
	origins_init(&f.origins, f.scratch);
	for (i = 0; i < n; i++) {
		f.x = &raw->exchanges[events[i].index];
		if (events[i].spoken)
			spoken(&f, &events[i]);
		else if (events[i].asks)
			asked(&f);
		else
			answered(&f);
	}
	arena_wipe(f.scratch);
}
