/* --set FIELD=VALUE: which requests it means, and what becomes of them. */
#include "update.h"

#include <dvr/relate/route.h>
#include <dvr/relate/values.h>

/* FIELD: a place ("1.req.body#/a", "*.req.header/x"), or a route and a part
 * ("POST /init body#/a"). */
struct field_set {
	struct slice method, route;	/* "" not told */
	struct slice part;		/* "body#/a" */
	struct slice value;
	uint32_t exchange;		/* 0: any */
	const char *text;		/* as given */
};

static int
bad(const struct field_set *s, struct err *e)
{
	char q[QUOTE_MAX];

	return err_set(e, ERR_USAGE, "bad --set '%s'; expected a field of a "
		       "request and its value, as 1.req.body#/currency=EUR, "
		       "'*.req.header/x-api-version=2' or 'POST /checkout/init "
		       "body#/currency=EUR'", quote(slice_str(s->text), q));
}

static int
parse(const char *text, struct field_set *out, struct err *e)
{
	struct field_set s = { .text = text };
	struct slice rest = slice_str(text), field;
	struct arena *a;
	struct place p;
	int rc;

	field = slice_cut(&rest, '=');
	if (!rest.p)
		return bad(&s, e);
	s.value = rest;
	if (slice_chr(field, ' ') >= 0) {
		s.method = slice_cut(&field, ' ');
		s.route = slice_cut(&field, ' ');
		s.part = field;
		if (slice_starts(s.part, SLICE("req.")))
			s.part = slice_from(s.part, 4);
	} else {
		ssize_t at = slice_find(field, SLICE(".req."));

		if (at < 1)
			return bad(&s, e);
		s.part = slice_from(field, (size_t)at + 5);
		if (place_parse(field, &p) != 0)
			return bad(&s, e);
		s.exchange = p.exchange;
	}
	a = arena_create();
	rc = place_parse(arena_fmt(a, "1.req.%.*s", SLICE_ARG(s.part)), &p);
	arena_destroy(a);
	if (rc != 0 || p.name.n == 0 || p.part == PLACE_METHOD ||
	    p.part == PLACE_STATUS || (s.route.n == 0) != (s.method.n == 0))
		return bad(&s, e);
	*out = s;
	return 0;
}

static bool
same_route(struct slice route, const struct exchange *x)
{
	struct buf want, have;
	bool same;

	if (slice_eq(route, SLICE("*")))
		return true;
	buf_init(&want, 64 * KiB);
	buf_init(&have, 64 * KiB);
	route_template(route, &want);
	route_template(message_path(&x->request), &have);
	same = slice_eq(buf_slice(&want), buf_slice(&have));
	buf_release(&want);
	buf_release(&have);
	return same;
}

struct looking {
	const struct place *place;
	bool found;
};

static int
look(void *arg, const struct value *v)
{
	struct looking *l = arg;
	struct place p = v->place;

	p.exchange = l->place->exchange;
	l->found |= place_matches(l->place, &p);
	return l->found;
}

/* A field of any exchange is set where it is; of a named one, it is added. */
static bool
has_place(const struct exchange *x, struct slice place)
{
	struct arena *a = arena_create();
	struct looking l = { .found = false };
	struct place p;

	l.place = &p;
	if (place_parse(place, &p) == 0)
		values_walk(a, &x->request, PLACE_REQUEST, look, &l);
	arena_destroy(a);
	return l.found;
}

static bool
means(const struct field_set *s, const struct tape *t,
      const struct exchange *x, struct slice place)
{
	if (t->lanes[x->lane].role != LANE_INGRESS || !x->request.present)
		return false;
	if (s->route.n)
		return (slice_eq(s->method, SLICE("*")) ||
			slice_ieq(s->method, message_method(&x->request))) &&
		       same_route(s->route, x);
	if (s->exchange)
		return s->exchange == x->id;
	return has_place(x, place);
}

static void
add_edit(struct update *u, struct slice place, struct slice value)
{
	struct plan *p = &u->t.plan;
	struct plan_edit *v = arena_array(u->t.arena, p->nedits + 1,
					  sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < p->nedits; i++)
		if (!slice_eq(p->edits[i].field, place))
			v[n++] = p->edits[i];
	v[n++] = (struct plan_edit){ .field = place, .value = value,
				     .since = trying_today(&u->t) };
	p->edits = v;
	p->nedits = n;
	u->taken++;
	update_tell(u, "set", place, arena_fmt(u->t.arena, "= %.*s",
					       SLICE_ARG(value)));
}

static int
set_one(struct update *u, const struct field_set *s, struct err *e)
{
	const struct tape *t = &u->t.tape;
	unsigned before = u->taken;

	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];
		struct slice place = arena_fmt(u->t.arena, "%u.req.%.*s",
					       x->id, SLICE_ARG(s->part));

		if (means(s, t, x, place))
			add_edit(u, place, s->value);
	}
	if (u->taken > before)
		return 0;
	return err_set(e, ERR_NOTHING, "no request of it is meant by --set %s",
		       s->text);
}

int
update_set(struct update *u, struct err *e)
{
	struct field_set s = { .text = NULL };

	for (size_t i = 0; i < u->args->nsets; i++)
		if (parse(u->args->sets[i], &s, e) != 0 ||
		    set_one(u, &s, e) != 0)
			return -1;
	return 0;
}
