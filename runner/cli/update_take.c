/* Which differences are new behaviour, and how they enter a plan. */
#include "update.h"

#include <dvr/scrub/inspect.h>

#include <string.h>

static bool
is_in(uint64_t status, uint64_t from)
{
	return status >= from && status < from + 100;
}

static bool
is_refusal(uint64_t status)
{
	return status == 401 || status == 403;
}

/*
 * A build that says no to everything must not become what is expected: an
 * answer that was well may change within 2xx, one that was a client's mistake
 * into another one or into none, a failure into none.
 */
static bool
may_become(struct slice want, struct slice got)
{
	uint64_t was, now;

	if (slice_uint(want, 599, &was) != 0 || slice_uint(got, 599, &now) != 0)
		return false;
	if (is_in(was, 400))
		return is_in(now, 200) ||
		       (is_in(now, 400) && (is_refusal(was) ||
					    !is_refusal(now)));
	if (was >= 500)
		return is_in(now, 200);
	return (is_in(was, 200) || is_in(was, 300)) && is_in(now, was / 100 *
							     100);
}

/* ---- bindings ----------------------------------------------------------- */

static struct slice
last_name(struct slice pointer, struct slice *parent)
{
	size_t at = pointer.n;

	while (at > 0 && pointer.p[at - 1] != '/')
		at--;
	*parent = slice_range(pointer, 0, at);
	return slice_from(pointer, at);
}

/* Where a value went that stood at `gone`: a new place beside it, the only one
 * or the only one with a name like the old one's ("id", "cart_id"). */
static const struct difference *
moved_to(const struct case_result *c, struct slice gone)
{
	const struct difference *only = NULL, *like = NULL;
	unsigned beside = 0, alike = 0;
	struct slice dir, name = last_name(gone, &dir);

	for (size_t i = 0; i < c->ndiffs; i++) {
		const struct difference *d = &c->diffs[i];
		struct slice new_dir, new_name = last_name(d->place, &new_dir);

		if (d->change != CHANGE_ADDED || !slice_eq(dir, new_dir))
			continue;
		beside++;
		only = d;
		if (slice_ifind(new_name, name) < 0 &&
		    slice_ifind(name, new_name) < 0)
			continue;
		alike++;
		like = d;
	}
	if (alike == 1)
		return like;
	return beside == 1 ? only : NULL;
}

/* Is the binding's place there, or below it? */
static bool
stands_at(struct slice from, struct slice gone)
{
	return slice_starts(from, gone) &&
	       (from.n == gone.n || from.p[gone.n] == '/');
}

static unsigned
rebind(struct update *u, struct slice gone, struct slice now)
{
	struct plan *p = &u->t.plan;
	unsigned n = 0;

	for (size_t i = 0; i < p->nbindings; i++) {
		struct plan_binding *b = &p->bindings[i];
		struct slice was = b->from;

		if (!stands_at(was, gone))
			continue;
		b->from = arena_fmt(u->t.arena, "%.*s%.*s", SLICE_ARG(now),
				    SLICE_ARG(slice_from(was, gone.n)));
		update_tell(u, "bound", was, arena_fmt(u->t.arena, "→ %.*s",
						       SLICE_ARG(b->from)));
		n++;
	}
	return n;
}

/* Values that later requests take moved to another name. */
static unsigned
take_bindings(struct update *u, const struct replay_result *r)
{
	unsigned n = 0;

	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];

		for (size_t k = 0; k < c->ndiffs; k++) {
			const struct difference *d = &c->diffs[k], *to;

			if (d->change != CHANGE_GONE)
				continue;
			to = moved_to(c, d->place);
			if (to)
				n += rebind(u, d->place, to->place);
		}
	}
	return n;
}

/* ---- answers ---------------------------------------------------------------- */

static void
found(void *arg, const struct scrub_finding *f UNUSED)
{
	*(bool *)arg = true;
}

/* By its name, too: a plan is written to disk. */
static bool
is_secret(const struct update *u, const struct difference *d)
{
	struct slice dir, name = last_name(d->place, &dir);
	bool any = false;

	scrub_inspect_text(u->t.trial.scrub,
			   arena_fmt(u->t.arena, "%.*s=%.*s", SLICE_ARG(name),
				     SLICE_ARG(d->value)), true, found, &any);
	return any;
}

static void
add_change(struct update *u, const struct difference *d)
{
	struct plan *p = &u->t.plan;
	struct plan_change *v = arena_array(u->t.arena, p->nchanges + 1,
					    sizeof(*v));
	size_t n = 0;

	/* A later change of one field takes the place of the one before. */
	for (size_t i = 0; i < p->nchanges; i++)
		if (!slice_eq(p->changes[i].field, d->place))
			v[n++] = p->changes[i];
	v[n++] = (struct plan_change){ .field = d->place, .what = d->change,
		.value = d->value, .accepted = trying_today(&u->t) };
	p->changes = v;
	p->nchanges = n;
}

static int
take_difference(struct update *u, const struct case_result *c,
		const struct difference *d, struct err *e)
{
	static const char *const words[] = { [CHANGE_VALUE] = "changed",
		[CHANGE_GONE] = "gone", [CHANGE_ADDED] = "added" };

	if (slice_ends(d->place, SLICE(".resp.status")) &&
	    !may_become(d->want, d->got))
		return err_set(e, ERR_MISMATCH, "%.*s (exchange %u) answers "
			       "%.*s, on the tape %.*s: that is not taken for "
			       "new behaviour", SLICE_ARG(c->name),
			       c->exchange, SLICE_ARG(d->got),
			       SLICE_ARG(d->want));
	if (!d->takeable || (d->value.n && is_secret(u, d)))
		return err_set(e, ERR_MISMATCH, "%.*s differs in a way that "
			       "is not written down (a secret, bytes, a large "
			       "text): mask it, or record the tape anew",
			       SLICE_ARG(d->place));
	add_change(u, d);
	update_tell(u, words[d->change], d->place,
		    arena_fmt(u->t.arena, "%.*s → %.*s", SLICE_ARG(d->want),
			      SLICE_ARG(d->got)));
	return 0;
}

static bool
is_type(const struct case_result *c, const char *type)
{
	return slice_eq(c->type, slice_str(type));
}

/* An outcome before or behind the failure is another one now. */
static int
take_outcome(struct update *u, const struct case_result *c, struct err *e)
{
	if ((!is_type(c, "dvr.diverged") && !is_type(c, "dvr.pin")) ||
	    c->exchange == u->t.tape.trigger.exchange)
		return err_set(e, ERR_MISMATCH, "%.*s", SLICE_ARG(c->message));
	if (!may_become(c->want, c->got) || slice_eq(c->want, c->got))
		return err_set(e, ERR_MISMATCH, "%.*s; that is not taken for "
			       "new behaviour: --set FIELD=VALUE sends the "
			       "request otherwise", SLICE_ARG(c->message));
	trying_pin(&u->t, c->exchange, &c->outcome);
	update_tell(u, "pinned", c->name,
		    arena_fmt(u->t.arena, "(exchange %u) %.*s → %.*s",
			      c->exchange, SLICE_ARG(c->want),
			      SLICE_ARG(c->got)));
	return 0;
}

static int
take_case(struct update *u, const struct case_result *c, struct err *e)
{
	if (!is_type(c, "dvr.mismatch"))
		return take_outcome(u, c, e) == 0 ? 1 : -1;
	for (size_t i = 0; i < c->ndiffs; i++)
		if (take_difference(u, c, &c->diffs[i], e) != 0)
			return -1;
	return (int)c->ndiffs;
}

static bool
is_bad(const struct case_result *c)
{
	return c->verdict == VERDICT_FAILED || c->verdict == VERDICT_ERROR;
}

/* Whatever else there is: a crash, a call that nobody recorded. */
static bool
has_case_for(const struct replay_result *r)
{
	for (size_t i = 0; i < r->ncases; i++)
		if (is_bad(&r->cases[i]) &&
		    slice_eq(r->cases[i].message, r->reason))
			return true;
	return false;
}

int
update_take(struct update *u, const struct replay_result *r, struct err *e)
{
	unsigned n = take_bindings(u, r);

	/* What came behind a wrong value says nothing. */
	if (n > 0) {
		u->taken += n;
		return (int)n;
	}
	if (r->reproduced || !has_case_for(r))
		return err_set(e, ERR_MISMATCH, "%.*s", SLICE_ARG(r->reason));
	for (size_t i = 0; i < r->ncases; i++) {
		int more = is_bad(&r->cases[i]) ?
			take_case(u, &r->cases[i], e) : 0;

		if (more < 0)
			return -1;
		n += (unsigned)more;
	}
	u->taken += n;
	return (int)n;
}
