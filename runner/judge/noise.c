/* Finds the fields that differ between replays of one build (see noise.h). */
#include <dvr/judge/noise.h>

#include <dvr/field/nest.h>
#include <dvr/tape/payload.h>

#include "compare.h"
#include "noise_kind.h"

#include <stdlib.h>

/* Samples compared; more replays tell no more (count). */
#define SAMPLES_MAX 4

struct leaf {
	struct slice place, value;
	enum field_kind kind;
};

struct sample {			/* one replay's answer */
	const struct observed *seen;
	const struct message *answer;
	struct leaf *v;
	size_t n, cap;
};

struct learning {
	const struct tape *tape;
	const struct plan *plan;
	struct arena *a, *scratch;
	uint32_t exchange;
	const struct message *recorded;	/* its answer */
	struct sample s[SAMPLES_MAX];
	size_t n;
	struct plan_mask *masks;
	size_t nmasks, cap;
};

static int
keep_leaf(void *arg, const struct field *f)
{
	struct learning *l = ((void **)arg)[0];
	struct sample *s = ((void **)arg)[1];

	s->v = arena_grow(l->scratch, s->v, s->n, &s->cap, sizeof(*s->v));
	s->v[s->n++] = (struct leaf){
		.place = arena_copy(l->scratch, f->place), .kind = f->kind,
		.value = f->value,
	};
	return 0;
}

static int
by_place(const void *x, const void *y)
{
	const struct leaf *a = x, *b = y;

	return slice_cmp(a->place, b->place);
}

static const struct leaf *
leaf_at(const struct sample *s, struct slice place)
{
	const struct leaf key = { .place = place };

	return s->n ? bsearch(&key, s->v, s->n, sizeof(*s->v), by_place) :
		      NULL;
}

/* ---- what may be masked -------------------------------------------------- */

/* Bound here, or masked already; and what says that the bug is there. */
static bool
is_settled(const struct learning *l, const struct place *p)
{
	const struct judge_input in = { .plan = l->plan };
	const struct comparison c = { .in = &in, .a = l->scratch };

	if (compare_masked(&c, p) || compare_produced(&c, p))
		return true;
	return l->exchange == l->tape->trigger.exchange &&
	       p->part == PLACE_BODY &&
	       slice_starts(p->name, SLICE("/errors"));
}

/* The value with recorded text where it holds a bound one of this replay. */
static struct slice
unbound(const struct learning *l, const struct sample *s, struct slice value)
{
	for (size_t i = 0; i < s->seen->ncounterparts; i++) {
		const struct counterpart *x = &s->seen->counterparts[i];
		ssize_t at = slice_find(value, x->live);

		if (at < 0 || x->live.n == 0 ||
		    (x->live.n < 4 && value.n != x->live.n))
			continue;
		value = arena_fmt(l->scratch, "%.*s%.*s%.*s",
			SLICE_ARG(slice_range(value, 0, (size_t)at)),
			SLICE_ARG(x->recorded),
			SLICE_ARG(slice_from(value, (size_t)at + x->live.n)));
	}
	return value;
}

static bool
differ(const struct learning *l, const struct slice *v)
{
	struct slice first = unbound(l, &l->s[0], v[0]);

	for (size_t i = 1; i < l->n; i++) {
		if (!slice_eq(v[0], v[i]) &&
		    !slice_eq(first, unbound(l, &l->s[i], v[i])))
			return true;
	}
	return false;
}

static void
add_mask(struct learning *l, const struct place *p, const char *reason)
{
	struct buf b;

	if (l->nmasks == NOISE_MAX)
		return;
	buf_init(&b, 64 * KiB);
	place_print(p, &b);
	l->masks = arena_grow(l->a, l->masks, l->nmasks, &l->cap,
			      sizeof(*l->masks));
	l->masks[l->nmasks++] = (struct plan_mask){
		.field = arena_copy(l->a, buf_slice(&b)),
		.reason = slice_str(reason),
	};
	buf_release(&b);
}

/* ---- lists ------------------------------------------------------------------ */

static struct slice
parent_of(struct slice place)
{
	while (place.n > 0 && place.p[place.n - 1] != '/')
		place.n--;
	return slice_range(place, 0, place.n ? place.n - 1 : 0);
}

/* How many values lie right in the container. */
static size_t
children(const struct sample *s, struct slice container)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].place.n > 0 &&
		     slice_eq(parent_of(s->v[i].place), container);
	return n;
}

/*
 * In a list whose length differs no item is the other's; *list is the nearest
 * list around the place ("" none).
 */
static bool
in_uneven_list(const struct learning *l, struct slice place,
	       struct slice *list)
{
	*list = slice_of(NULL, 0);
	while (place.n > 0) {
		const struct leaf *x;

		place = parent_of(place);
		x = leaf_at(&l->s[0], place);
		if (!x || x->kind != FIELD_ARRAY)
			continue;
		if (!list->p)
			*list = x->place;
		for (size_t i = 1; i < l->n; i++) {
			if (children(&l->s[i], place) !=
			    children(&l->s[0], place))
				return true;
		}
	}
	return false;
}

/* The same field of another item of the list? */
static bool
in_column(struct slice place, struct slice list, struct slice tail)
{
	struct slice rest;
	ssize_t slash;

	if (!slice_starts(place, list) || place.n <= list.n + 1 ||
	    place.p[list.n] != '/')
		return false;
	rest = slice_from(place, list.n + 1);
	slash = slice_chr(rest, '/');
	rest = slash < 0 ? slice_from(rest, rest.n) :
			   slice_from(rest, (size_t)slash);
	return slice_eq(rest, tail);
}

/* Order does not matter in this sum: FNV-1a of each value. */
static uint64_t
column_sum(const struct sample *s, struct slice list, struct slice tail)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n; i++) {
		uint64_t h = 14695981039346656037ull;

		if (!in_column(s->v[i].place, list, tail))
			continue;
		for (size_t k = 0; k < s->v[i].value.n; k++)
			h = (h ^ (unsigned char)s->v[i].value.p[k]) *
			    1099511628211ull;
		sum += h;
	}
	return sum;
}

/* The same values in another order? */
static bool
is_reordered(const struct learning *l, struct slice place, struct slice list)
{
	struct slice tail;
	ssize_t slash;

	if (!list.p)
		return false;
	tail = slice_from(place, list.n + 1);
	slash = slice_chr(tail, '/');
	tail = slash < 0 ? slice_from(tail, tail.n) :
			   slice_from(tail, (size_t)slash);
	for (size_t i = 1; i < l->n; i++) {
		if (column_sum(&l->s[i], list, tail) !=
		    column_sum(&l->s[0], list, tail))
			return false;
	}
	return true;
}

/* ---- one answer ---------------------------------------------------------------- */

static void
learn_leaf(struct learning *l, const struct leaf *x)
{
	struct place p = { .exchange = l->exchange, .side = PLACE_RESPONSE,
			   .part = PLACE_BODY, .name = x->place };
	struct slice v[SAMPLES_MAX] = { x->value }, list;
	const char *kind;

	if ((x->kind != FIELD_STRING && x->kind != FIELD_NUMBER) ||
	    x->place.n == 0)
		return;
	for (size_t i = 1; i < l->n; i++) {
		const struct leaf *other = leaf_at(&l->s[i], x->place);

		if (!other || other->kind != x->kind)
			return;
		v[i] = other->value;
	}
	if (!differ(l, v) || is_settled(l, &p) ||
	    in_uneven_list(l, x->place, &list))
		return;
	kind = is_reordered(l, x->place, list) ? "order-of-array" :
		noise_kind(x->place, v, l->n);
	if (kind)
		add_mask(l, &p, kind);
}

static void
learn_body(struct learning *l)
{
	const struct field_format *f = NULL;

	for (size_t i = 0; i < l->n; i++) {
		struct sample *s = &l->s[i];
		void *arg[2] = { l, s };
		struct slice body = compare_plain(l->scratch, s->answer);
		const struct field_format *own = message_format_like(
			l->recorded, s->answer, body);

		if (!own || (f && own != f) ||
		    nest_walk(own, l->scratch, body, keep_leaf, arg) !=
			    FIELD_OK)
			return;
		f = own;
		if (s->n)
			qsort(s->v, s->n, sizeof(*s->v), by_place);
	}
	for (size_t i = 0; i < l->s[0].n && l->nmasks < NOISE_MAX; i++)
		learn_leaf(l, &l->s[0].v[i]);
}

static void
learn_header(struct learning *l, const struct header *h)
{
	struct place p = { .exchange = l->exchange, .side = PLACE_RESPONSE,
			   .part = PLACE_HEADER };
	char *name = arena_str(l->a, h->name);
	const char *kind;
	struct slice v[SAMPLES_MAX] = { { .n = 0 } };

	if (compare_header_noise(h->name) ||
	    slice_ieq(h->name, SLICE("set-cookie")) ||
	    slice_ieq(h->name, SLICE("content-type")) ||
	    slice_ieq(h->name, SLICE("content-encoding")))
		return;
	for (size_t i = 0; i < l->n; i++) {
		v[i] = message_header(l->s[i].answer, name);
		if (v[i].n == 0)
			return;
	}
	for (size_t i = 0; name[i]; i++) {
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] = (char)(name[i] - 'A' + 'a');
	}
	p.name = slice_str(name);
	if (!differ(l, v) || is_settled(l, &p))
		return;
	kind = noise_kind(p.name, v, l->n);
	if (kind)
		add_mask(l, &p, kind);
}

/* The same answer in every replay, as far as outcomes go? */
static bool
take_answers(struct learning *l, const struct observed *seen, size_t at)
{
	struct outcome first, other;

	for (size_t i = 0; i < l->n; i++) {
		if (at >= seen[i].n || !seen[i].v[at].sent ||
		    !seen[i].v[at].x.response.present ||
		    seen[i].v[at].x.response.end != END_COMPLETE)
			return false;
		l->s[i] = (struct sample){ .seen = &seen[i],
			.answer = &seen[i].v[at].x.response };
		other = outcome_of(&seen[i].v[at].x);
		if (i == 0)
			first = other;
		else if (!outcome_eq(&first, &other))
			return false;
	}
	return true;
}

size_t
noise_find(const struct tape *t, const struct plan *p,
	   const struct observed *seen, size_t n, struct arena *a,
	   struct plan_mask **out)
{
	struct learning l = { .tape = t, .plan = p, .a = a };

	l.n = n < SAMPLES_MAX ? n : SAMPLES_MAX;
	for (size_t i = 0; l.n > 1 && i < t->nexchanges; i++) {
		if (t->lanes[t->exchanges[i].lane].role != LANE_INGRESS ||
		    !take_answers(&l, seen, i))
			continue;
		l.scratch = arena_create();
		l.exchange = t->exchanges[i].id;
		l.recorded = &t->exchanges[i].response;
		for (size_t k = 0; k < l.s[0].answer->headers.n; k++)
			learn_header(&l, &l.s[0].answer->headers.v[k]);
		learn_body(&l);
		arena_wipe(l.scratch);
	}
	*out = l.masks;
	return l.nmasks;
}
