/*
 * A value that one answer made up anew comes again in others: what equals the
 * live counterpart of the recorded value is the recorded value.
 */
#include "compare.h"

/* A shorter text is not looked for within others: it is there by chance. */
#define TELLING_BYTES 6
/* A shorter one must stand under its own name even when it is all there is. */
#define WHOLE_BYTES 4
/* Longer texts are not searched for echoes (bytes). */
#define ECHO_MAX (4u * MiB)

static bool
is_telling(const struct counterpart *c)
{
	return c->recorded.n >= TELLING_BYTES;
}

/* The last word of a place: "id" of #/cart/id. */
static struct slice
place_key(const struct place *p)
{
	struct slice s = p->name;
	size_t i = s.n;

	while (i > 0 && s.p[i - 1] != '/')
		i--;
	return slice_from(s, i);
}

static bool
is_counterpart(const struct counterpart *x, const struct place *p,
	       struct slice recorded, struct slice live)
{
	if (!slice_eq(x->recorded, recorded) || !slice_eq(x->live, live))
		return false;
	return x->recorded.n >= WHOLE_BYTES || (p && slice_eq(place_key(p), x->key));
}

/* "/carts/17/items" against "/carts/23/items": segments are whole. */
static bool
same_segments(const struct observed *o, struct slice recorded,
	      struct slice live)
{
	while (recorded.p && live.p) {
		struct slice a = slice_cut(&recorded, '/');
		struct slice b = slice_cut(&live, '/');
		size_t i = 0;

		if (slice_eq(a, b))
			continue;
		while (i < o->ncounterparts &&
		       !(slice_eq(o->counterparts[i].recorded, a) &&
			 slice_eq(o->counterparts[i].live, b)))
			i++;
		if (i == o->ncounterparts)
			return false;
	}
	return !recorded.p && !live.p;
}

static void
replace_all(struct slice text, const struct counterpart *x, struct buf *out)
{
	ssize_t at;

	while ((at = slice_find(text, x->recorded)) >= 0) {
		buf_add(out, slice_range(text, 0, (size_t)at));
		buf_add(out, x->live);
		text = slice_from(text, (size_t)at + x->recorded.n);
	}
	buf_add(out, text);
}

/* The recorded text with what this replay has in place of bound values. */
static struct slice
as_live(const struct comparison *c, struct slice recorded, struct slice live)
{
	const struct observed *o = c->in->seen;
	struct slice text = recorded;

	for (size_t i = 0; i < o->ncounterparts; i++) {
		const struct counterpart *x = &o->counterparts[i];
		struct buf b;

		if (!is_telling(x) || slice_find(text, x->recorded) < 0 ||
		    slice_find(live, x->live) < 0)
			continue;
		buf_init(&b, ECHO_MAX);
		replace_all(text, x, &b);
		if (!b.full)
			text = arena_copy(c->a, buf_slice(&b));
		buf_release(&b);
	}
	return text;
}

bool
compare_echo(const struct comparison *c, const struct place *p,
	     struct slice recorded, struct slice live)
{
	const struct observed *o = c->in->seen;
	struct slice text;

	if (o->ncounterparts == 0 || recorded.n > ECHO_MAX)
		return false;
	for (size_t i = 0; i < o->ncounterparts; i++) {
		if (is_counterpart(&o->counterparts[i], p, recorded, live))
			return true;
	}
	text = as_live(c, recorded, live);
	if (text.p != recorded.p && compare_equal(c, text, live))
		return true;
	return slice_chr(recorded, '/') >= 0 && same_segments(o, text, live);
}
