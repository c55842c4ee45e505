/* Compares a recorded answer with a live one, field by field, under masks. */
#include "compare.h"

#include <dvr/field/nest.h>
#include <dvr/tape/payload.h>

#include <stdlib.h>

/* Text of one side of a difference (bytes): what fits a line or two. */
#define SHOWN_MAX 120
/* Live text above this is not scrubbed for showing, only measured (bytes). */
#define CLEAN_MAX (64u * KiB)
/* Live bodies are decoded up to the recorder's own largest body (bytes). */
#define PLAIN_MAX (64u * MiB)

/* One value of a parsed body. */
struct leaf {
	struct slice place, value;
	enum field_kind kind;
	size_t order;
};

struct leaves {
	struct arena *a;
	struct leaf *v;
	size_t n, cap;
};

struct slice
compare_cut(const struct comparison *c, struct slice text)
{
	size_t n = SHOWN_MAX;

	if (text.n <= n)
		return arena_copy(c->a, text);
	/* Never in the middle of a UTF-8 sequence. */
	while (n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	return arena_fmt(c->a, "%.*s…", (int)n, text.p);
}

bool
compare_equal(const struct comparison *c, struct slice recorded,
	      struct slice live)
{
	if (c->in->matches)
		return c->in->matches(recorded, live);
	return slice_eq(recorded, live);
}

bool
compare_has_handle(struct slice s)
{
	return slice_find(s, SLICE("\xe2\x9f\xa6" "dvr:")) >= 0;
}

struct slice
compare_show(const struct comparison *c, struct slice context,
	     struct slice recorded, struct slice live)
{
	struct slice raw, shown;
	struct buf out;

	/* A secret was here, so one is here now. */
	if (compare_has_handle(recorded))
		return arena_fmt(c->a, "(another value, %zu bytes)", live.n);
	if (!c->in->clean || live.n > CLEAN_MAX)
		return arena_fmt(c->a, "(%zu bytes)", live.n);
	raw = arena_fmt(c->a, "%.*s%.*s", SLICE_ARG(context), SLICE_ARG(live));
	buf_init(&out, 4 * CLEAN_MAX);
	c->in->clean(c->in->clean_arg, raw, &out);
	shown = buf_slice(&out);
	if (slice_starts(shown, context))
		shown = slice_from(shown, context.n);
	shown = out.full ? arena_fmt(c->a, "(%zu bytes)", live.n)
			 : compare_cut(c, shown);
	buf_release(&out);
	return shown;
}

struct difference *
compare_add(struct comparison *c, enum risk risk, const struct place *p,
	    struct slice want, struct slice got)
{
	struct buf text;

	if (c->n == COMPARE_KEPT) {
		c->more++;
		return NULL;
	}
	if (!c->v)
		c->v = arena_array(c->a, COMPARE_KEPT, sizeof(*c->v));
	buf_init(&text, 64 * KiB);
	place_print(p, &text);
	c->v[c->n++] = (struct difference){
		.risk = risk,
		.place = compare_cut(c, buf_slice(&text)),
		.want = want,
		.got = got,
	};
	buf_release(&text);
	return &c->v[c->n - 1];
}

void
compare_sort(struct comparison *c)
{
	struct difference *v = c->v, d;

	/* Insertion: stable, and the list is short. */
	for (size_t i = 1; i < c->n; i++) {
		size_t at = i;

		for (d = v[i]; at > 0 && v[at - 1].risk > d.risk; at--)
			v[at] = v[at - 1];
		v[at] = d;
	}
}

/* ---- bodies ------------------------------------------------------- */

static int
keep_leaf(void *arg, const struct field *f)
{
	struct leaves *l = arg;

	l->v = arena_grow(l->a, l->v, l->n, &l->cap, sizeof(*l->v));
	l->v[l->n] = (struct leaf){
		.place = arena_copy(l->a, f->place),
		/* 1.10 is not 1.1: numbers compare as they were written. */
		.value = f->value,
		.kind = f->kind,
		.order = l->n,
	};
	l->n++;
	return 0;
}

static int
by_place(const void *x, const void *y)
{
	const struct leaf *a = x, *b = y;
	int order = slice_cmp(a->place, b->place);

	if (order != 0)
		return order;
	return a->order < b->order ? -1 : a->order > b->order;
}

static bool
is_container(enum field_kind k)
{
	return k == FIELD_ARRAY || k == FIELD_OBJECT;
}

static const struct leaf *
find_leaf(const struct leaves *l, struct slice place)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (slice_cmp(l->v[mid].place, place) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < l->n && slice_eq(l->v[low].place, place))
		return &l->v[low];
	return NULL;
}

/* Is this value missing on the other side because all around it is? */
static bool
told_by_parent(const struct leaves *own, const struct leaves *other,
	       const struct leaf *x)
{
	const struct leaf *mine, *theirs;
	struct slice parent = x->place;

	if (parent.n == 0)
		return false;
	while (parent.n > 0 && parent.p[parent.n - 1] != '/')
		parent.n--;
	if (parent.n > 0)
		parent.n--;
	mine = find_leaf(own, parent);
	if (!mine || !is_container(mine->kind))
		return false;
	theirs = find_leaf(other, parent);
	return !theirs || theirs->kind != mine->kind;
}

static const char *
kind_name(enum field_kind k)
{
	switch (k) {
	case FIELD_STRING:
		return "string";
	case FIELD_NUMBER:
		return "number";
	case FIELD_BOOL:
		return "boolean";
	case FIELD_NULL:
		return "null";
	case FIELD_ARRAY:
		return "array";
	case FIELD_OBJECT:
		return "object";
	case FIELD_BYTES:
		return "bytes";
	}
	return "bytes";
}

static struct slice
show_recorded(const struct comparison *c, const struct leaf *x)
{
	if (is_container(x->kind))
		return slice_str(kind_name(x->kind));
	return compare_cut(c, x->value);
}

/* A live value whose key had no recorded text: only its kind is harmless. */
static struct slice
show_kind(const struct comparison *c, const struct leaf *x)
{
	if (x->kind == FIELD_STRING || x->kind == FIELD_BYTES)
		return arena_fmt(c->a, "(%s, %zu bytes)", kind_name(x->kind),
				 x->value.n);
	return arena_fmt(c->a, "(%s)", kind_name(x->kind));
}

static struct slice
show_typed(const struct comparison *c, const struct leaf *x)
{
	if (is_container(x->kind) || x->kind == FIELD_NULL)
		return slice_str(kind_name(x->kind));
	return arena_fmt(c->a, "%.*s (%s)", SLICE_ARG(show_recorded(c, x)),
			 kind_name(x->kind));
}

/* What was accepted stands in the recorded value's place. */
static struct leaf
expected_leaf(const struct comparison *c, const struct place *p,
	      const struct leaf *recorded, const struct leaf *got)
{
	struct leaf want = *recorded;

	want.value = compare_wanted(c, p, recorded->value);
	if (want.value.p != recorded->value.p)
		want.kind = is_container(got->kind) ? FIELD_STRING : got->kind;
	return want;
}

static void
compare_leaf(struct comparison *c, const struct place *p,
	     const struct leaf *recorded, const struct leaf *got)
{
	const struct leaf want = expected_leaf(c, p, recorded, got);
	struct difference *d;
	bool secret = compare_has_handle(want.value), harmless;

	if (want.kind != got->kind) {
		/* A handle may stand as a string for a number. */
		if ((secret || want.value.p != recorded->value.p) &&
		    compare_equal(c, want.value, got->value))
			return;
		d = compare_add(c, RISK_HIGH, p, show_typed(c, &want),
				show_kind(c, got));
		if (!secret)
			compare_takes(c, d, CHANGE_VALUE, got->value);
		return;
	}
	if (is_container(want.kind) ||
	    compare_equal(c, want.value, got->value) ||
	    compare_produced(c, p) ||
	    compare_echo(c, p, want.value, got->value))
		return;
	harmless = want.value.n > 0 || got->kind == FIELD_BOOL;
	d = compare_add(c, RISK_MEDIUM, p, show_recorded(c, &want),
			harmless ? compare_show(c, SLICE(""), want.value,
						got->value)
				 : show_kind(c, got));
	if (harmless && !secret)
		compare_takes(c, d, CHANGE_VALUE, got->value);
}

/* A field's place, in its message when the body is one of several. */
static struct slice
place_in(const struct comparison *c, struct slice place)
{
	return c->under.n == 0 ? place :
		arena_fmt(c->a, "%.*s%.*s", SLICE_ARG(c->under),
			  SLICE_ARG(place));
}

static void
add_gone(struct comparison *c, const struct place *p, const struct leaf *x)
{
	if (!compare_accepted(c, p, CHANGE_GONE))
		compare_takes(c, compare_add(c, RISK_HIGH, p,
					     show_recorded(c, x),
					     SLICE("(none)")),
			      CHANGE_GONE, SLICE(""));
}

static void
add_new(struct comparison *c, const struct place *p, const struct leaf *x)
{
	if (!compare_accepted(c, p, CHANGE_ADDED))
		compare_takes(c, compare_add(c, RISK_LOW, p, SLICE("(none)"),
					     show_kind(c, x)),
			      CHANGE_ADDED, SLICE(""));
}

static void
compare_leaves(struct comparison *c, const struct leaves *want,
	       const struct leaves *got)
{
	struct place p = { .exchange = c->exchange,
			   .side = PLACE_RESPONSE,
			   .part = PLACE_BODY };
	size_t i = 0, k = 0;

	while (i < want->n || k < got->n) {
		int order = i == want->n  ? 1
			    : k == got->n ? -1
					  : slice_cmp(want->v[i].place,
						      got->v[k].place);

		p.name = place_in(c, order <= 0 ? want->v[i].place :
				  got->v[k].place);
		if (compare_masked(c, &p)) {
			i += order <= 0;
			k += order >= 0;
		} else if (order == 0) {
			compare_leaf(c, &p, &want->v[i++], &got->v[k++]);
		} else if (order < 0) {
			if (!told_by_parent(want, got, &want->v[i]))
				add_gone(c, &p, &want->v[i]);
			i++;
		} else {
			/* The name itself is live text. */
			p.name = compare_show(c, SLICE(""), SLICE(""), p.name);
			if (!told_by_parent(got, want, &got->v[k]))
				add_new(c, &p, &got->v[k]);
			k++;
		}
	}
}

static bool
parse(struct comparison *c, const struct field_format *f, struct slice body,
      struct leaves *out)
{
	*out = (struct leaves){ .a = c->a };
	if (!f || nest_walk(f, c->a, body, keep_leaf, out) != FIELD_OK)
		return false;
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), by_place);
	return true;
}

static size_t
first_difference(struct slice a, struct slice b)
{
	size_t i = 0;

	while (i < a.n && i < b.n && a.p[i] == b.p[i])
		i++;
	return i;
}

static void
compare_opaque(struct comparison *c, struct slice want, struct slice got,
	       bool both_text)
{
	struct place p = { .exchange = c->exchange,
			   .side = PLACE_RESPONSE,
			   .part = PLACE_BODY, .name = c->under };

	want = compare_wanted(c, &p, want);
	if (compare_masked(c, &p) || compare_equal(c, want, got) ||
	    compare_produced(c, &p) || compare_echo(c, NULL, want, got))
		return;
	if (both_text && want.n <= SHOWN_MAX && got.n <= CLEAN_MAX) {
		struct difference *d = compare_add(
			c, RISK_MEDIUM, &p, compare_cut(c, want),
			compare_show(c, SLICE(""), want, got));

		if (!compare_has_handle(want))
			compare_takes(c, d, CHANGE_VALUE, got);
		return;
	}
	compare_add(c, RISK_MEDIUM, &p, arena_fmt(c->a, "%zu bytes", want.n),
		    arena_fmt(c->a, "%zu bytes, first difference at %zu", got.n,
			      first_difference(want, got)));
}

struct slice
compare_plain(struct arena *a, const struct message *m)
{
	struct slice body;

	(void)message_plain(a, m, PLAIN_MAX, &body);
	return body;
}

void
compare_body(struct comparison *c, const struct message *want,
	     const struct message *got)
{
	struct slice recorded = compare_plain(c->a, want);
	struct slice live = compare_plain(c->a, got);
	const struct field_format *f, *other;
	struct leaves a, b;

	/* The usual case, and a replay that goes fast has many of them. */
	if (c->in->plan->nchanges == 0 && slice_eq(recorded, live))
		return;
	f = message_format(want, recorded);
	other = message_format_like(want, got, live);
	if (f && f == other && parse(c, f, recorded, &a) &&
	    parse(c, f, live, &b)) {
		compare_leaves(c, &a, &b);
		return;
	}
	/* What a format would have kept from sight must not slip through as
	 * text: only bodies that never had one are shown. */
	compare_opaque(c, recorded, live,
		       !f && !other && slice_is_utf8(recorded) &&
			       slice_is_utf8(live));
}

void
compare_answer(struct comparison *c, const struct message *want,
	       const struct message *got)
{
	compare_headers(c, want, got);
	/* A replay ends at a tunnel's head. */
	if (want->framing == FRAMING_TUNNEL)
		return;
	if (want->withheld.n || want->cut_bytes) {
		struct place p = { .exchange = c->exchange,
				   .side = PLACE_RESPONSE,
				   .part = PLACE_BODY };

		/* Its bytes are not on the tape; their number is. */
		if (want->body_bytes != got->body_bytes &&
		    !compare_masked(c, &p))
			compare_add(c, RISK_MEDIUM, &p,
				    arena_fmt(c->a, "%llu bytes",
					      (unsigned long long)
						      want->body_bytes),
				    arena_fmt(c->a, "%llu bytes",
					      (unsigned long long)
						      got->body_bytes));
		return;
	}
	compare_body(c, want, got);
}
