/* Compares a recorded request with a live one under masks and noise. */
#include "likeness.h"

#include <dvr/field/header.h>
#include <dvr/field/nest.h>
#include <dvr/scrub/scrub.h>
#include <dvr/tape/payload.h>

/* Enough to say that two bodies have nothing in common. */
#define DIFFER_MAX 64
/* Bodies of calls are decoded up to this (bytes). */
#define PLAIN_MAX (64u * MiB)
/* Parameters of a query; more are compared as one text. */
#define PARAMS_MAX 128

struct comparing {
	const struct match *m;
	const struct exchange *x;
	struct likeness *out;
};

static bool
enough(const struct comparing *c)
{
	return c->out->differ > 0 &&
	       (!c->out->all || c->out->differ >= DIFFER_MAX);
}

/* ---- one value ------------------------------------------------------------ */

static bool
covers(struct slice pattern, const struct place *p)
{
	struct place want;

	return place_parse(pattern, &want) == 0 && place_matches(&want, p);
}

static bool
is_masked(const struct comparing *c, const struct place *p)
{
	const struct plan *plan = c->m->plan;

	for (size_t i = 0; plan && i < plan->nmasks; i++)
		if (covers(plan->masks[i].field, p))
			return true;
	return false;
}

static bool
is_bound(const struct comparing *c, const struct place *p)
{
	const struct plan *plan = c->m->plan;

	for (size_t i = 0; plan && i < plan->nbindings; i++)
		if (covers(plan->bindings[i].to, p))
			return true;
	return false;
}

static bool
is_expansion(const struct comparing *c, struct slice recorded,
	     struct slice live)
{
	struct buf b;
	bool same;

	buf_init(&b, live.n + 64 * KiB);
	scrub_expand_as(c->m->values, recorded, &b, NULL);
	same = slice_eq(buf_slice(&b), live);
	buf_release(&b);
	return same;
}

static void
add_unlike(struct comparing *c, const struct place *p, struct slice recorded,
	   struct slice live)
{
	struct likeness *l = c->out;

	l->differ++;
	if (l->n == LIKENESS_SHOWN)
		return;
	l->v[l->n] = (struct unlike){ .place = *p, .recorded = recorded,
		.live = live };
	l->v[l->n++].place.exchange = c->x->id;
}

/* Both are there. */
static void
compare_value(struct comparing *c, const struct place *p,
	      struct slice recorded, struct slice live)
{
	if (slice_eq(recorded, live) || is_masked(c, p))
		c->out->same++;
	else if (scrub_has_handle(recorded) && is_expansion(c, recorded, live))
		c->out->same++;
	else if (scrub_resembles(recorded, live) || is_bound(c, p) ||
		 noise_alike(c->m->tape, c->x, recorded, live))
		c->out->loose++;
	else
		add_unlike(c, p, recorded, live);
}

/* Only one of them is. */
static void
compare_lone(struct comparing *c, const struct place *p,
	     struct slice recorded, struct slice live)
{
	if (!is_masked(c, p))
		add_unlike(c, p, recorded, live);
}

static struct place
place_in(const struct comparing *c, enum place_part part)
{
	return (struct place){ .exchange = c->x->id, .side = PLACE_REQUEST,
		.part = part };
}

/* ---- path and query --------------------------------------------------------- */

static void
compare_path(struct comparing *c, struct slice recorded, struct slice live)
{
	struct place p = place_in(c, PLACE_PATH);

	/* Segments count from 0 behind the first slash. */
	if (slice_starts(recorded, SLICE("/")))
		recorded = slice_from(recorded, 1);
	if (slice_starts(live, SLICE("/")))
		live = slice_from(live, 1);
	for (unsigned i = 0; recorded.p != NULL || live.p != NULL; i++) {
		bool both = recorded.p != NULL && live.p != NULL;
		struct slice a = slice_cut(&recorded, '/');
		struct slice b = slice_cut(&live, '/');

		p.name = arena_fmt(c->out->arena, "%u", i);
		if (both)
			compare_value(c, &p, a, b);
		else
			compare_lone(c, &p, a, b);
	}
}

struct params {
	struct slice name[PARAMS_MAX], value[PARAMS_MAX];
	bool taken[PARAMS_MAX];
	size_t n;
};

/* False: too many. */
static bool
read_params(struct slice query, struct params *out)
{
	struct header_walk w = header_walk(HEADER_QUERY, query);
	struct header_part p;

	out->n = 0;
	while (header_next(&w, &p)) {
		if (out->n == PARAMS_MAX)
			return false;
		out->taken[out->n] = false;
		out->name[out->n] = p.name;
		out->value[out->n++] = p.value;
	}
	return true;
}

/* A live parameter of that name: the equal one before others; n: none. */
static size_t
find_param(const struct params *in, struct slice name, struct slice value)
{
	size_t found = in->n;

	for (size_t i = 0; i < in->n; i++) {
		if (in->taken[i] || !slice_eq(in->name[i], name))
			continue;
		if (scrub_resembles(value, in->value[i]))
			return i;
		if (found == in->n)
			found = i;
	}
	return found;
}

/* The order of parameters is no difference. */
static void
compare_query(struct comparing *c, struct slice recorded, struct slice live)
{
	struct place p = place_in(c, PLACE_QUERY);
	struct params *a = arena_alloc(c->out->arena, sizeof(*a));
	struct params *b = arena_alloc(c->out->arena, sizeof(*b));

	if (slice_eq(recorded, live))
		return;
	if (!read_params(recorded, a) || !read_params(live, b)) {
		compare_value(c, &p, recorded, live);
		return;
	}
	for (size_t i = 0; i < a->n; i++) {
		size_t at = find_param(b, a->name[i], a->value[i]);

		p.name = a->name[i];
		if (at == b->n) {
			compare_lone(c, &p, a->value[i], slice_of(NULL, 0));
			continue;
		}
		b->taken[at] = true;
		compare_value(c, &p, a->value[i], b->value[at]);
	}
	for (size_t i = 0; i < b->n; i++) {
		p.name = b->name[i];
		if (!b->taken[i])
			compare_lone(c, &p, slice_of(NULL, 0), b->value[i]);
	}
}

/* ---- bodies ------------------------------------------------------------------ */

struct leaf {
	struct slice place, value;
	enum field_kind kind;
	bool taken;
};

struct leaves {
	struct arena *a;
	struct leaf *v;
	size_t n, cap;
};

static int
keep_leaf(void *arg, const struct field *f)
{
	struct leaves *l = arg;
	bool whole = f->kind != FIELD_ARRAY && f->kind != FIELD_OBJECT;

	l->v = arena_grow(l->a, l->v, l->n, &l->cap, sizeof(*l->v));
	l->v[l->n++] = (struct leaf){
		.place = arena_copy(l->a, f->place), .kind = f->kind,
		/* Of containers only the kind is compared. */
		.value = whole ? arena_copy(l->a, f->value) :
			 slice_of("", 0),
	};
	return 0;
}

static bool
read_leaves(struct comparing *c, const struct field_format *f,
	    struct slice body, struct leaves *out)
{
	*out = (struct leaves){ .a = c->out->arena };
	return nest_walk(f, out->a, body, keep_leaf, out) == FIELD_OK;
}

/* Two bodies of one shape have it at `from`. */
static struct leaf *
find_leaf(const struct leaves *in, struct slice place, size_t from)
{
	for (size_t k = 0; k < in->n; k++) {
		struct leaf *x = &in->v[(from + k) % in->n];

		if (!x->taken && slice_eq(x->place, place))
			return x;
	}
	return NULL;
}

static void
compare_leaf(struct comparing *c, struct place *p, const struct leaf *a,
	     const struct leaf *b)
{
	/* A handle may stand as a string for a number. */
	if (a->kind == b->kind || scrub_has_handle(a->value))
		compare_value(c, p, a->value, b->value);
	else
		compare_lone(c, p, a->value, b->value);
}

static void
compare_leaves(struct comparing *c, struct leaves *a, struct leaves *b)
{
	struct place p = place_in(c, PLACE_BODY);
	struct leaf *x;
	size_t next = 0;

	for (size_t i = 0; i < a->n && !enough(c); i++) {
		p.name = a->v[i].place;
		x = find_leaf(b, p.name, next);
		if (x == NULL) {
			compare_lone(c, &p, a->v[i].value, slice_of(NULL, 0));
			continue;
		}
		x->taken = true;
		next = (size_t)(x - b->v) + 1;
		compare_leaf(c, &p, &a->v[i], x);
	}
	for (size_t i = 0; i < b->n && !enough(c); i++) {
		p.name = b->v[i].place;
		if (!b->v[i].taken)
			compare_lone(c, &p, slice_of(NULL, 0), b->v[i].value);
	}
}

/* The payload without its codings; itself when they stay. */
static struct slice
plain(struct comparing *c, const struct message *m)
{
	struct slice body;

	(void)message_plain(c->out->arena, m, PLAIN_MAX, &body);
	return body;
}

/* Its bytes are not all here. */
static bool
is_partial(const struct message *m)
{
	return m->withheld.n > 0 || m->cut_bytes > 0 ||
	       (m->body.n == 0 && m->body_bytes > 0);
}

static void
compare_body(struct comparing *c, const struct message *live)
{
	const struct message *rec = &c->x->request;
	const struct field_format *f;
	struct place p = place_in(c, PLACE_BODY);
	struct slice want, got;
	struct leaves a, b;

	if (is_partial(rec) || is_partial(live)) {
		c->out->loose++;
		return;
	}
	want = plain(c, rec);
	got = plain(c, live);
	if (slice_eq(want, got))
		return;
	f = message_format(rec, want);
	if (f && f == message_format_like(rec, live, got) &&
	    read_leaves(c, f, want, &a) && read_leaves(c, f, got, &b))
		compare_leaves(c, &a, &b);
	else
		compare_value(c, &p, want, got);
}

void
likeness_of(const struct match *m, const struct exchange *x,
	    const struct message *live, struct likeness *out)
{
	struct comparing c = { .m = m, .x = x, .out = out };
	struct place method = place_in(&c, PLACE_METHOD);

	if (!slice_eq(message_method(&x->request), message_method(live)))
		add_unlike(&c, &method, message_method(&x->request),
			   message_method(live));
	if (!enough(&c))
		compare_path(&c, match_path(&x->request), match_path(live));
	if (!enough(&c))
		compare_query(&c, match_query(&x->request), match_query(live));
	if (!enough(&c))
		compare_body(&c, live);
}
