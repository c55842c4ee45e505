/* Does what a plan names stand on its tape?  A mask or a pin that points at
 * nothing would be obeyed by doing nothing. */
#include <dvr/field/field.h>
#include <dvr/tape/plan.h>

static int
check_exchange(const struct tape *t, uint32_t id, const char *what,
	       struct err *e)
{
	if (tape_exchange(t, id))
		return 0;
	return err_set(e, ERR_TAPE, "%s: exchange %u is not on the tape, "
		       "which has %zu", what, id, t->nexchanges);
}

static int
check_place(const struct tape *t, struct slice text, const char *what,
	    struct err *e)
{
	struct place p;
	char q[QUOTE_MAX];

	if (place_parse(text, &p) != 0)
		return err_set(e, ERR_TAPE, "%s: bad place '%s'; expected for "
			       "example 4.req.body#/cart/id or *.resp.header/"
			       "date", what, quote(text, q));
	return p.exchange ? check_exchange(t, p.exchange, what, e) : 0;
}

/* The reader let only N.req and N.resp pass. */
static int
check_event(const struct tape *t, struct slice event, struct err *e)
{
	uint64_t id = 0;

	if (slice_uint(slice_cut(&event, '.'), UINT32_MAX, &id) != 0)
		id = 0;
	return check_exchange(t, (uint32_t)id, "holds", e);
}

static int
check(const struct plan *p, const struct tape *t, struct err *e)
{
	for (size_t i = 0; i < p->nmasks; i++) {
		if (check_place(t, p->masks[i].field, "masks", e) != 0)
			return -1;
	}
	for (size_t i = 0; i < p->nbindings; i++) {
		if (check_place(t, p->bindings[i].from, "bindings", e) != 0 ||
		    check_place(t, p->bindings[i].to, "bindings", e) != 0)
			return -1;
	}
	for (size_t i = 0; i < p->npins; i++) {
		if (check_exchange(t, p->pins[i].exchange, "pins", e) != 0)
			return -1;
	}
	for (size_t i = 0; i < p->nholds; i++) {
		if (check_event(t, p->holds[i].event, e) != 0 ||
		    check_event(t, p->holds[i].until, e) != 0)
			return -1;
	}
	return 0;
}

int
plan_check(const struct plan *p, const struct tape *t, const char *tape_dir,
	   struct err *e)
{
	if (check(p, t, e) == 0)
		return 0;
	return err_prefix(e, "%s/replay.yaml", tape_dir);
}
