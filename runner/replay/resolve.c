/* Which live values are bound where (see resolve.h). */
#include "resolve.h"

#include "resolve_spoken.h"

#include <dvr/tape/payload.h>

#include <stdlib.h>

static size_t
index_of(const struct tape *t, uint32_t id)
{
	const struct exchange *x = tape_exchange(t, id);

	return x ? (size_t)(x - t->exchanges) : t->nexchanges;
}

static int
place_order(const struct place *a, const struct place *b)
{
	if (a->part != b->part)
		return a->part < b->part ? -1 : 1;
	return slice_cmp(a->name, b->name);
}

static int
by_consumer(const void *pa, const void *pb)
{
	const struct bound *a = pa, *b = pb;
	int order;

	if ((a->into == NULL) != (b->into == NULL))
		return a->into == NULL ? -1 : 1;
	if (a->to_index != b->to_index)
		return a->to_index < b->to_index ? -1 : 1;
	order = place_order(&a->to, &b->to);
	if (order != 0)
		return order;
	return a->binding->before < b->binding->before ? -1 :
	       a->binding->before > b->binding->before;
}

static int
by_producer(const void *pa, const void *pb)
{
	const struct bound *a = *(struct bound *const *)pa;
	const struct bound *b = *(struct bound *const *)pb;

	if (a->from_index != b->from_index)
		return a->from_index < b->from_index ? -1 : 1;
	return place_order(&a->from, &b->from);
}

/* People write header names as they like. */
static void
lower_name(struct arena *a, struct place *p)
{
	char *s;

	if (p->part != PLACE_HEADER)
		return;
	s = arena_str(a, p->name);
	for (size_t i = 0; i < p->name.n; i++)
		if (s[i] >= 'A' && s[i] <= 'Z')
			s[i] = (char)(s[i] - 'A' + 'a');
	p->name.p = s;
}

void
resolver_init(struct resolver *r, const struct tape *t, const struct plan *p,
	      const struct observed *seen, struct notes *notes)
{
	size_t max = p ? p->nbindings : 0, nth;

	*r = (struct resolver){ .tape = t, .seen = seen,
		.arena = seen->arena, .notes = notes };
	r->v = arena_array(r->arena, max + 1, sizeof(*r->v));
	r->from = arena_array(r->arena, max + 1, sizeof(*r->from));
	if (p)
		r->edits = edits_of(r->arena, t, p, notes, &r->nedits);
	for (size_t i = 0; i < max; i++) {
		struct bound b = { .binding = &p->bindings[i] };

		if (place_parse(b.binding->from, &b.from) != 0 ||
		    place_parse(b.binding->to, &b.to) != 0)
			continue;
		b.from_index = index_of(t, b.from.exchange);
		b.to_index = index_of(t, b.to.exchange);
		if (b.from_index == t->nexchanges ||
		    b.to_index == t->nexchanges)
			continue;
		b.into = exchange_spoken(&t->exchanges[b.to_index],
					 FROM_CLIENT, b.to.name, &nth);
		if (b.to.part != PLACE_BODY)
			b.into = NULL;
		if (b.from_index >= b.to_index && b.into == NULL &&
		    !spoken_place(t, b.from_index, &b.from))
			continue;
		lower_name(r->arena, &b.from);
		lower_name(r->arena, &b.to);
		r->n += b.into == NULL;
		r->v[r->all++] = b;
	}
	if (r->all == 0)
		return;
	qsort(r->v, r->all, sizeof(*r->v), by_consumer);
	for (size_t i = 0; i < r->all; i++)
		r->from[i] = &r->v[i];
	qsort(r->from, r->all, sizeof(struct bound *), by_producer);
}

/* The first that takes a value in the exchange, or beyond it. */
static size_t
first_to(const struct resolver *r, size_t index)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->v[mid].to_index < index)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static size_t
first_from(const struct resolver *r, size_t index)
{
	size_t low = 0, high = r->all;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->from[mid]->from_index < index)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool
resolver_changes(const struct resolver *r, uint32_t index)
{
	size_t i = first_to(r, index);

	return (i < r->n && r->v[i].to_index == index) ||
	       edits_any(r->edits, r->nedits, index) ||
	       resigner_rule(r->resigner, &r->tape->exchanges[index]) > 0;
}

bool
resolver_ready(struct resolver *r, uint32_t index)
{
	size_t i = first_to(r, index);

	for (; i < r->n && r->v[i].to_index == index; i++) {
		size_t from = r->v[i].from_index;
		const struct message *m = &r->seen->v[from].x.response;

		if (spoken_place(r->tape, from, &r->v[i].from)) {
			spoken_read(r, &r->v[i]);
			if (!r->v[i].found)
				return false;
			continue;
		}
		if (!m->present || m->end != END_COMPLETE)
			return false;
	}
	return true;
}

bool
resolver_heard(struct resolver *r, uint32_t index)
{
	size_t i = first_to(r, index);

	for (; i < r->n && r->v[i].to_index == index; i++) {
		spoken_read(r, &r->v[i]);
		if (!r->v[i].found &&
		    spoken_place(r->tape, r->v[i].from_index, &r->v[i].from))
			return false;
	}
	return true;
}

/* ---- what answers hold -------------------------------------------------- */

static void
take(struct reading *g, struct bound *b, const struct value *v)
{
	struct slice part;

	if (!parts_take(g->r->arena, v->value, b->binding->take, &part))
		return;
	part = arena_copy(g->r->arena, part);
	if (g->live) {
		b->live = part;
		b->found = true;
	} else {
		b->recorded = part;
		b->key = arena_copy(g->r->arena, v->key);
	}
}

int
reading_value(void *arg, const struct value *v)
{
	struct reading *g = arg;
	size_t low = g->from, high = g->to;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (place_order(&g->r->from[mid]->from, &v->place) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < g->to; low++) {
		if (place_order(&g->r->from[low]->from, &v->place) != 0)
			break;
		take(g, g->r->from[low], v);
	}
	return 0;
}

struct reading
reading_of(struct resolver *r, size_t index)
{
	struct reading g = { .r = r, .from = first_from(r, index) };

	g.to = g.from;
	while (g.to < r->all && r->from[g.to]->from_index == index)
		g.to++;
	return g;
}

/* Reads the answer of an exchange once, when the first value is needed. */
void
read_answer(struct resolver *r, size_t index)
{
	const struct message *recorded = &r->tape->exchanges[index].response;
	struct message live = r->seen->v[index].x.response;
	struct reading g = reading_of(r, index);
	struct arena *scratch;

	if (g.from == g.to || r->from[g.from]->read)
		return;
	scratch = arena_create();
	values_walk(scratch, recorded, PLACE_RESPONSE, reading_value, &g);
	g.live = true;
	if (message_format_like(recorded, &live, live.body) ==
	    recorded->format)
		live.format = recorded->format;
	values_walk(scratch, &live, PLACE_RESPONSE, reading_value, &g);
	for (size_t i = g.from; i < g.to; i++)
		r->from[i]->read = true;
	arena_wipe(scratch);
}

/*
 * An answer that only repeated the value may not do so any more: then another
 * one that held it will do.
 */
void
find_elsewhere(struct resolver *r, struct bound *b)
{
	for (size_t i = 0; i < r->all && !b->found; i++) {
		const struct bound *other = &r->v[i];

		if (!other->found || b->recorded.n == 0 ||
		    !slice_eq(other->recorded, b->recorded))
			continue;
		b->live = other->live;
		b->found = true;
	}
}

/* ---- what requests take --------------------------------------------------- */

void
tell_missing(struct resolver *r, const struct bound *b)
{
	const struct plan_binding *x = b->binding;

	if (!b->found)
		notes_fmt(r->notes, "binding to %.*s: the answer holds no "
			  "%.*s%s%.*s; the recorded value was sent",
			  SLICE_ARG(x->to), SLICE_ARG(x->from),
			  x->take.n ? " " : "", SLICE_ARG(x->take));
	else if (!b->used)
		notes_fmt(r->notes, "binding to %.*s: the recorded request "
			  "has no such value", SLICE_ARG(x->to));
}

int
editing_value(void *arg, const struct value *v)
{
	struct editing *e = arg;
	size_t low = 0, high = e->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (place_order(&e->v[mid].to, &v->place) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (high = low; high < e->n; high++)
		if (place_order(&e->v[high].to, &v->place) != 0)
			break;
	if (high > low)
		edit_value(e, &e->v[low], high - low, v);
	return 0;
}

/* A signature that an answer produced is not made anew. */
static void
sign(const struct resolver *r, uint32_t index, const struct editing *e,
     struct message *m)
{
	const struct exchange *x = &r->tape->exchanges[index];
	size_t rule = resigner_rule(r->resigner, x);

	for (size_t i = 0; rule > 0 && i < e->n; i++)
		if (e->v[i].to.part == PLACE_HEADER &&
		    slice_ieq(e->v[i].to.name,
			      resigner_header(r->resigner, rule)))
			return;
	if (rule > 0)
		resigner_sign(r->resigner, rule, x, e->arena, m);
}

void
resolver_request(struct resolver *r, uint32_t index, struct arena *a,
		 struct message *out)
{
	struct editing e = { .arena = a, .values = r->values };
	size_t from = first_to(r, index), to = from;

	for (; to < r->n && r->v[to].to_index == index; to++) {
		read_answer(r, r->v[to].from_index);
		spoken_read(r, &r->v[to]);
	}
	for (size_t i = from; i < to; i++)
		find_elsewhere(r, &r->v[i]);
	e.v = r->v + from;
	e.n = to - from;
	edit_begin(&e, &r->tape->exchanges[index]);
	values_walk(e.arena, &e.was, PLACE_REQUEST, editing_value, &e);
	edit_end(&e, out);
	if (e.coded)
		notes_fmt(r->notes, "request %u: values were put into its "
			  "body, which was compressed again",
			  r->tape->exchanges[index].id);
	edits_apply(r->edits, r->nedits, index, a, out, r->notes);
	sign(r, index, &e, out);
	for (size_t i = from; i < to; i++)
		tell_missing(r, &r->v[i]);
}

void
resolver_tell(struct resolver *r, struct observed *out)
{
	size_t n = 0;

	out->counterparts = arena_array(r->arena, r->all + 1,
					sizeof(*out->counterparts));
	for (size_t i = 0; i < r->all; i++) {
		struct bound *b = r->from[i];

		read_answer(r, b->from_index);
		spoken_read(r, b);
		if (!b->found || b->recorded.n == 0 || b->live.n == 0)
			continue;
		if (n > 0 && slice_eq(out->counterparts[n - 1].live, b->live) &&
		    slice_eq(out->counterparts[n - 1].recorded, b->recorded))
			continue;
		out->counterparts[n++] = (struct counterpart){
			.recorded = b->recorded, .live = b->live,
			.key = b->key };
	}
	out->ncounterparts = n;
}
