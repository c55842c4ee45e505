/* Finds bindings, stubs and edits of a plan that its tape cannot obey. */
#include <dvr/tape/plan.h>

#include <dvr/field/field.h>

#include <stdarg.h>
#include <stdio.h>

struct checked {
	const struct tape *tape;
	const struct plan_binding *binding;
	const char *dir;
	struct err *e;
};

static int fault(const struct checked *c, const char *fmt, ...)
	PRINTF_LIKE(2, 3);

static int
fault(const struct checked *c, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(c->e, ERR_TAPE, "%s/replay.yaml:%u: %s", c->dir,
		       c->binding->line, text);
}

/* What a place names: an exchange, or a message of a WebSocket in it. */
struct end {
	const struct exchange *x;
	const struct stream_message *spoken;
};

/* False: the error is set. */
static bool
named(const struct checked *c, struct slice text, enum place_side side,
      struct end *out)
{
	const struct exchange *x;
	char q[QUOTE_MAX];
	struct place p;
	size_t nth;

	if (place_parse(text, &p) < 0 || p.side != side) {
		fault(c, side == PLACE_RESPONSE ?
		      "a binding from '%s'; expected an answer's value, as "
		      "1.resp.body#/id" :
		      "a binding to '%s'; expected a request's value, as "
		      "2.req.path/1", quote(text, q));
		return false;
	}
	x = tape_exchange(c->tape, p.exchange);
	if (!x)
		fault(c, "a binding names exchange %u, which is not on the "
		      "tape; take the line out, or name one of its %zu "
		      "exchanges", p.exchange, c->tape->nexchanges);
	*out = (struct end){ .x = x };
	if (x && p.part == PLACE_BODY)
		out->spoken = exchange_spoken(x, side == PLACE_REQUEST ?
					      FROM_CLIENT : FROM_SERVER,
					      p.name, &nth);
	return x != NULL;
}

/* As the schedule sees it: what ended later is not waited for. */
static int64_t
end_us(const struct exchange *x)
{
	int64_t end = x->request.end_us;

	if (x->response.end == END_OPEN || (x->response.present &&
	    x->response.framing == FRAMING_TUNNEL))
		return x->response.at_us > end ? x->response.at_us : end;
	return x->response.end_us > end ? x->response.end_us : end;
}

/* Was it said before it was repeated?  What is in a message was said then. */
static bool
is_in_order(const struct end *from, const struct end *to)
{
	int64_t said_us = from->spoken ? from->spoken->end_us
				       : end_us(from->x);
	int64_t used_us = to->spoken ? to->spoken->at_us
				     : to->x->request.at_us;

	return said_us <= used_us &&
	       (from->x->id < to->x->id || from->spoken || to->spoken);
}

static int
check_binding(const struct checked *c)
{
	const struct tape *t = c->tape;
	struct end from, to;

	if (!named(c, c->binding->from, PLACE_RESPONSE, &from) ||
	    !named(c, c->binding->to, PLACE_REQUEST, &to))
		return -1;
	if (t->lanes[from.x->lane].role != LANE_INGRESS ||
	    t->lanes[to.x->lane].role != LANE_INGRESS)
		return fault(c, "a binding between exchanges %u and %u; "
			     "expected two of an ingress lane", from.x->id,
			     to.x->id);
	if (!is_in_order(&from, &to))
		return fault(c, "a binding from exchange %u, which had not "
			     "ended when exchange %u began; name an earlier "
			     "answer", from.x->id, to.x->id);
	return 0;
}

static int
check_edit(const struct plan_edit *x, const struct tape *t, const char *dir,
	   struct err *e)
{
	const struct exchange *to;
	struct place place;
	char q[QUOTE_MAX];

	if (place_parse(x->field, &place) != 0)
		return 0;	/* plan_read() has refused it */
	to = tape_exchange(t, place.exchange);
	if (to && t->lanes[to->lane].role == LANE_INGRESS)
		return 0;
	return err_set(e, ERR_TAPE, "%s/replay.yaml:%u: an edit of '%s'; "
		       "expected a request of a client that is on the tape",
		       dir, x->line, quote(x->field, q));
}

int
plan_check(const struct plan *p, const struct tape *t, const char *dir,
	   struct err *e)
{
	struct checked c = { .tape = t, .dir = dir, .e = e };

	if (p->proof.n && t->hash.n && !slice_eq(p->proof, t->hash))
		return err_set(e, ERR_TAPE, "%s/tape.yaml: changed since it "
			       "was verified; a tape is evidence and never "
			       "edited: restore it, or record it anew", dir);
	for (size_t i = 0; i < p->nbindings; i++) {
		c.binding = &p->bindings[i];
		if (check_binding(&c) != 0)
			return -1;
	}
	for (size_t i = 0; i < p->nedits; i++)
		if (check_edit(&p->edits[i], t, dir, e) != 0)
			return -1;
	return 0;
}

static bool
is_lane(const struct tape *t, const char *const *lanes, size_t n,
	struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(slice_str(lanes[i]), name))
			return true;
	for (size_t i = 0; i < t->nlanes; i++)
		if (t->lanes[i].role == LANE_EGRESS &&
		    slice_eq(t->lanes[i].name, name))
			return true;
	return false;
}

int
plan_check_stubs(const struct plan *p, const struct tape *t,
		 const char *const *lanes, size_t n, const char *dir,
		 struct err *e)
{
	char q[QUOTE_MAX];

	for (size_t i = 0; i < p->nstubs; i++) {
		const struct plan_stub *s = &p->stubs[i];

		if (!is_lane(t, lanes, n, s->lane))
			return err_set(e, ERR_TAPE, "%s/replay.yaml:%u: a stub "
				       "for lane '%s', which is no egress lane "
				       "of the tape or of dvr.yaml", dir,
				       s->line, quote(s->lane, q));
	}
	return 0;
}
