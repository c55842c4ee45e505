/* Says in a line, without values, where a replay first went another way. */
#include "story.h"

#include <dvr/field/nest.h>
#include <dvr/relate/route.h>

/* Of what an answer says about its own failure (bytes). */
#define SAID_MAX 160u

static const char *const saying[] = { "message", "error", "detail", "title",
	"reason", "error_description", "msg", "description" };

struct search {
	struct slice found;
	size_t rank;		/* in `saying`; the lower the better */
};

static int
look_at(void *arg, const struct field *f)
{
	struct search *s = arg;

	if (f->kind != FIELD_STRING || f->value.n == 0)
		return 0;
	for (size_t i = 0; i < s->rank; i++) {
		if (!slice_ieq(f->key, slice_str(saying[i])))
			continue;
		s->found = f->value;
		s->rank = i;
	}
	return s->rank == 0;
}

/* What the answer itself says went wrong; "" when it does not. */
static struct slice
said_by(struct arena *a, const struct message *m)
{
	const struct header *type = headers_find(&m->headers, "content-type");
	struct search s = { .rank = ARRAY_LEN(saying) };
	const struct field_format *f = type ? field_format_for(type->value)
					    : NULL;

	if (f)
		field_walk(f, a, m->body, look_at, &s);
	else if (m->body.n <= SAID_MAX && slice_is_utf8(m->body))
		s.found = m->body;
	s.found = slice_cut(&s.found, '\n');
	return slice_is_utf8(s.found) ? s.found : SLICE("");
}

static void
put_route(const struct exchange *x, struct buf *out)
{
	buf_add(out, message_method(&x->request));
	buf_addc(out, ' ');
	route_of(&x->request, out);
}

static void
put_said(struct arena *a, const struct tape *live, size_t i, struct buf *out)
{
	struct slice said;

	if (!live || i >= live->nexchanges ||
	    !live->exchanges[i].response.present)
		return;
	said = slice_words(said_by(a, &live->exchanges[i].response), SAID_MAX);
	if (said.n == 0)
		return;
	buf_adds(out, ": ");
	route_normalise_exception(said, out);
}

static bool
is_status(struct slice outcome)
{
	return outcome.n > 0 && outcome.p[0] >= '1' && outcome.p[0] <= '9';
}

static void
put_outcome(const struct case_result *c, struct buf *out)
{
	if (is_status(c->got))
		buf_fmt(out, " now answers %.*s", SLICE_ARG(c->got));
	else
		buf_fmt(out, " now: %.*s", SLICE_ARG(c->got));
}

/* "5.resp.body#/items/0/id" → "resp.body#/items/{}/id", as routes are. */
static void
put_place(struct slice place, struct buf *out)
{
	slice_cut(&place, '.');
	while (place.p) {
		struct slice part = slice_cut(&place, '/');
		uint64_t n;

		if (slice_uint(part, UINT64_MAX, &n) == 0)
			buf_adds(out, "{}");
		else
			buf_add(out, part);
		if (place.p)
			buf_addc(out, '/');
	}
}

static void
put_difference(const struct difference *d, struct buf *out)
{
	put_place(d->place, out);
	buf_adds(out, slice_eq(d->got, SLICE("(none)")) ? " is gone" :
		 slice_eq(d->want, SLICE("(none)")) ? " is new" :
		 d->risk == RISK_HIGH ? " is of another kind" :
		 " is another value");
}

static size_t
index_of(const struct tape *t, uint32_t id)
{
	const struct exchange *x = tape_exchange(t, id);

	return x ? (size_t)(x - t->exchanges) : t->nexchanges;
}

static const struct case_result *
first_other_outcome(const struct replay_result *r)
{
	for (size_t i = 0; i < r->ncases; i++)
		if (!slice_eq(r->cases[i].want, r->cases[i].got))
			return &r->cases[i];
	return NULL;
}

static const struct case_result *
first_difference(const struct replay_result *r)
{
	for (size_t i = 0; i < r->ncases; i++)
		if (r->cases[i].ndiffs > 0)
			return &r->cases[i];
	return NULL;
}

static const struct case_result *
trigger_case(const struct tape *t, const struct replay_result *r)
{
	for (size_t i = 0; i < r->ncases; i++)
		if (t->trigger.exchange &&
		    r->cases[i].exchange == t->trigger.exchange)
			return &r->cases[i];
	return NULL;
}

static void
put_line(const struct telling *w, const struct tape *live,
	 const struct replay_result *r, struct buf *out)
{
	const struct tape *t = w->how->tape;
	const struct case_result *c = first_other_outcome(r);
	struct arena *scratch = arena_create();
	size_t i;

	if (!c && r->reproduced)
		c = trigger_case(t, r);
	if (c && (i = index_of(t, c->exchange)) < t->nexchanges) {
		put_route(&t->exchanges[i], out);
		if (slice_eq(c->want, c->got))
			buf_fmt(out, " still: %.*s", SLICE_ARG(c->got));
		else
			put_outcome(c, out);
		put_said(scratch, live, i, out);
	} else if (!r->reproduced && (c = first_difference(r)) != NULL &&
		   (i = index_of(t, c->exchange)) < t->nexchanges) {
		put_route(&t->exchanges[i], out);
		buf_adds(out, ": ");
		put_difference(&c->diffs[0], out);
	} else {
		route_normalise_exception(r->reason, out);
	}
	arena_destroy(scratch);
}

struct slice
story_diverged(const struct telling *w, const struct tape *live,
	       const struct replay_result *r)
{
	struct slice line;
	struct buf out;

	buf_init(&out, 4 * KiB);
	put_line(w, live, r, &out);
	line = arena_copy(w->how->arena, buf_slice(&out));
	buf_release(&out);
	return line;
}
