/* Searches for known values in any of their forms. */
#include "known_table.h"

#include <string.h>

#include "forms.h"
#include "handle.h"

/* A needle's id: the value's number, and its form. */
#define FORM_BITS 4u
#define FORM_MASK ((1u << FORM_BITS) - 1)
_Static_assert(FORMS <= 1u << FORM_BITS, "forms fit their bits");

static void
add_forms(struct known *k, uint32_t i)
{
	const struct known_value *v = k->v[i];

	for (enum form f = 0; v->strength != WEAK && f < FORMS; f++) {
		buf_clear(&k->form);
		if (form_put(f, v->value, &k->form))
			needles_add(k->needles, buf_slice(&k->form),
				    i << FORM_BITS | f);
	}
}

/* Bytes that every form of the values has. */
static size_t
least(const struct known *k)
{
	size_t n = k->needles ? k->gram : NEEDLE_GRAM_MAX;

	for (size_t i = k->searched; i < k->n; i++) {
		if (k->v[i]->strength != WEAK && k->v[i]->value.n < n)
			n = k->v[i]->value.n;
	}
	return n;
}

/* What came since the last search is searched for, too. */
static void
build(struct known *k)
{
	size_t gram;

	if (k->needles && k->searched == k->n)
		return;
	gram = least(k);
	if (!k->needles || gram < k->gram) {
		needles_destroy(k->needles);
		k->needles = needles_create(gram);
		k->gram = gram;
		k->searched = 0;
	}
	for (; k->searched < k->n; k->searched++)
		add_forms(k, (uint32_t)k->searched);
}

/* The part of a search that stays the same. */
struct search {
	struct known *known;
	struct slice text;
	/* Coded text is told to the end: what is cut off in it is no secret.
	 * Else a strong value's middle is enough. */
	bool exact;
};

static bool
wrapped_counts(const struct search *s, const struct known_value *v,
	       enum form f, size_t at)
{
	switch (form_around(f, v->value, s->text, at)) {
	case AROUND_CUT:
		return !s->exact;
	case AROUND_OTHER:
		return !s->exact && v->strength == STRONG;
	case AROUND_JOINED:
		return v->strength == STRONG;
	case AROUND_ALONE:
		break;
	}
	return true;
}

/* The span that a needle at `at` stands for; false when it is another text,
 * or does not stand alone as its strength asks. */
static bool
span_of(const struct search *s, const struct needle_hit *hit, size_t at,
	struct span *x)
{
	struct known *k = s->known;
	const struct known_value *v = k->v[hit->id >> FORM_BITS];
	enum form f = hit->id & FORM_MASK;

	*x = (struct span){
		.from = at, .to = at + hit->n, .rank = RANK_KNOWN,
		.class = v->base, .rule = v->rule, .value = v->value,
	};
	buf_clear(&k->form);
	if (!form_put(f, v->value, &k->form) || !slice_eq(buf_slice(&k->form),
	    slice_range(s->text, x->from, x->to)))
		return false;
	if (!form_is_wrapped(f))
		return v->strength == STRONG ||
		       form_stands_alone(s->text, at, x->to);
	form_extend(s->text, &x->from, &x->to);
	x->value = slice_range(s->text, x->from, x->to);
	x->class = SLICE("base64");
	return wrapped_counts(s, v, f, at);
}

/* The longest one that stands at `at`; *wrapped tells of it. */
static bool
hit_at(const struct search *s, size_t at, struct span *x, bool *wrapped)
{
	struct needle_hit hit;
	size_t longest = 0;
	struct span found;
	bool more = needles_first(s->known->needles, slice_from(s->text, at),
				  &hit);

	for (; more; more = needles_more(s->known->needles, &hit)) {
		if (hit.n <= longest || !span_of(s, &hit, at, &found))
			continue;
		longest = hit.n;
		*x = found;
		*wrapped = form_is_wrapped(hit.id & FORM_MASK);
	}
	return longest > 0;
}

/* The next hit at or after *at, longest first; *at moves on by one, or behind
 * a whole coded run. */
static bool
next_hit(const struct search *s, size_t *at, struct span *x)
{
	bool wrapped;

	for (; needles_next(s->known->needles, s->text, at); (*at)++) {
		if (!hit_at(s, *at, x, &wrapped))
			continue;
		*at = wrapped ? x->to : *at + 1;
		return true;
	}
	return false;
}

/* Hits may overlap: a secret that begins in another one must not leave its
 * end behind.  They are joined as they come. */
void
known_search(struct known *k, struct slice text, known_fn *fn, void *arg)
{
	const struct search s = { .known = k, .text = text };
	struct span x, last = { 0 };
	size_t at = 0;

	if (k->n == 0)
		return;
	build(k);
	while (next_hit(&s, &at, &x)) {
		if (x.from < last.to) {
			if (x.to > last.to) {
				last.to = x.to;
				last.value = slice_range(text, last.from,
							 last.to);
			}
			continue;
		}
		if (last.to > 0)
			fn(arg, &last);
		last = x;
	}
	if (last.to > 0)
		fn(arg, &last);
}

static void
match_cell(const struct known *k, struct slice text, struct slice cell,
	   struct spans *out)
{
	const struct known_value *v;
	size_t slot, from = (size_t)(cell.p - text.p);

	if (cell.n < KNOWN_TOKEN)
		return;
	slot = known_slot(k, cell);
	if (!k->table[slot])
		return;
	v = k->v[k->table[slot] - 1];
	spans_add(out, &(struct span){
		.from = from, .to = from + cell.n, .rank = RANK_KNOWN,
		.class = v->base, .rule = v->rule, .value = v->value,
	});
}

void
known_search_cells(struct known *k, struct slice text, struct spans *out)
{
	size_t from = 0, i;

	if (k->n == 0)
		return;
	for (i = 0; i < text.n; i++) {
		if (!memchr("'\",\t\n", text.p[i], 5))
			continue;
		match_cell(k, text, slice_range(text, from, i), out);
		from = i + 1;
	}
	match_cell(k, text, slice_from(text, from), out);
}

bool
known_leaks(struct known *k, struct slice text)
{
	struct handle h;
	struct span x;
	size_t from = 0, at, hit;

	if (k->n == 0)
		return false;
	build(k);
	for (;;) {
		bool more = handle_next(text, from, &at, &h);
		const struct search s = {
			.known = k, .exact = true,
			.text = slice_range(text, from, more ? at : text.n),
		};

		hit = 0;
		if (next_hit(&s, &hit, &x))
			return true;
		if (!more)
			return false;
		from = at + h.text.n;
	}
}
