/* The user's rules at work: PCRE2 with limits, and places. */
#include "rule_set.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

/* What one match may cost; beyond, the text is withheld. */
#define MATCH_LIMIT 1000000u	/* backtracks */
#define DEPTH_LIMIT 10000u
#define HEAP_LIMIT_KIB 16384u
/* And all matches of one rule in one text. */
#define RULE_BUDGET_NS (10 * NS_PER_S)

struct rules *
rules_create(const struct scrub_rule *v, size_t n,
	     const struct clock *clock, struct err *e)
{
	struct rules *rs = mem_alloc(sizeof(*rs));
	size_t i;

	rs->clock = clock;
	rs->arena = arena_create();
	rs->v = mem_array(n + 1, sizeof(*rs->v));
	rs->limits = pcre2_match_context_create(NULL);
	rs->match = pcre2_match_data_create(10, NULL);
	pcre2_set_match_limit(rs->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(rs->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(rs->limits, HEAP_LIMIT_KIB);
	for (i = 0; i < n; i++) {
		rs->n = i + 1;
		if (rule_compile(rs, &rs->v[i], &v[i], e) < 0) {
			rules_destroy(rs);
			return NULL;
		}
	}
	return rs;
}

void
rules_destroy(struct rules *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < r->n; i++)
		pcre2_code_free(r->v[i].code);
	pcre2_match_data_free(r->match);
	pcre2_match_context_free(r->limits);
	arena_destroy(r->arena);
	free(r->v);
	free(r);
}

/* ---- match ------------------------------------------------------------- */

static struct slice
group_text(const struct rules *rs, struct slice text, int group, int count)
{
	const PCRE2_SIZE *o = pcre2_get_ovector_pointer(rs->match);

	if (group < 0 || group >= count || o[group * 2] == PCRE2_UNSET ||
	    o[group * 2 + 1] < o[group * 2])
		return (struct slice){ 0 };
	return slice_range(text, o[group * 2], o[group * 2 + 1]);
}

static struct slice
part_text(const struct rules *rs, const struct part *p, struct slice text,
	  int count)
{
	return p->group < 0 ? p->text : group_text(rs, text, p->group, count);
}

/*
 * With one class in `replace`, what the literals around it already say stays
 * as it was on the wire, and the rest is the secret: so `Bearer [MOCK_TOKEN]`
 * names the token alone, wherever else it stands.
 */
static bool
trim_literals(const struct rules *rs, const struct rule *r,
	      struct slice text, int count, struct span *x)
{
	size_t from = x->from, to = x->to, i = 0, k = r->nparts;

	for (; i < r->nparts && !r->parts[i].is_class; i++) {
		struct slice lit = part_text(rs, &r->parts[i], text, count);

		if (!slice_istarts(slice_range(text, from, to), lit))
			return false;
		from += lit.n;
	}
	for (; k > i + 1; k--) {
		struct slice lit = part_text(rs, &r->parts[k - 1], text,
					     count);

		if (to - from < lit.n ||
		    !slice_ieq(slice_range(text, to - lit.n, to), lit))
			return false;
		to -= lit.n;
	}
	x->from = from;
	x->to = to;
	x->class = r->parts[i].text;
	x->value = slice_range(text, from, to);
	return true;
}

/*
 * Any other `replace`: its literals stand on the tape.  Classes in it become
 * handles of the whole match, spelled later: the first one names the class,
 * so the text is built only when there is none.
 */
static void
replace_whole(const struct rules *rs, const struct rule *r,
	      struct arena *a, struct slice text, int count, struct span *x)
{
	struct buf b;
	size_t i;

	x->value = slice_range(text, x->from, x->to);
	for (i = 0; i < r->nparts; i++) {
		if (r->parts[i].is_class) {
			x->class = r->parts[i].text;
			return;
		}
	}
	x->class = SLICE(DEFAULT_CLASS);
	buf_init(&b, 1 * MiB);
	for (i = 0; i < r->nparts; i++)
		buf_add(&b, part_text(rs, &r->parts[i], text, count));
	x->text = arena_copy(a, buf_slice(&b));
	buf_release(&b);
}

static int
search(const struct rules *rs, const struct rule *r, struct arena *a,
       struct slice text, struct spans *out)
{
	const PCRE2_SIZE *o = pcre2_get_ovector_pointer(rs->match);
	uint64_t until = clock_mono_ns(rs->clock) + RULE_BUDGET_NS;
	size_t at = 0, matches = 0;

	while (at <= text.n) {
		struct span x = { .rank = RANK_USER, .rule = r->name };
		int count = pcre2_match(r->code, (PCRE2_SPTR)(text.p ? text.p :
					"" ), text.n, at, 0, rs->match,
					rs->limits);

		if (count == PCRE2_ERROR_NOMATCH)
			return 0;
		if (count < 0)
			return -1;
		/* each match may be cheap enough, and all of them not */
		if (++matches % 64 == 0 && clock_mono_ns(rs->clock) > until)
			return -1;
		if (count == 0)
			count = 10;	/* more groups than are kept */
		x.from = o[0];
		x.to = o[1];
		at = o[1] > at ? o[1] : at + 1;
		if (x.to <= x.from)
			continue;
		if (r->nclasses != 1 ||
		    !trim_literals(rs, r, text, count, &x))
			replace_whole(rs, r, a, text, count, &x);
		spans_add(out, &x);
	}
	return 0;
}

void
rules_search(const struct rules *r, struct arena *a, struct slice text,
	     struct spans *out, struct slice *gave_up)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (r->v[i].code && search(r, &r->v[i], a, text, out) < 0)
			*gave_up = r->v[i].name;
	}
}

/* A whole body that is withheld is looked at by nobody: its fields are no
 * secrets for that. */
static bool
takes_place(const struct rule *r, const struct place *p)
{
	if (r->kind == RULE_WITHHOLD && r->field.part == PLACE_BODY &&
	    r->field.name.n == 0)
		return false;
	return (r->kind == RULE_FIELD || r->kind == RULE_WITHHOLD) &&
	       place_matches(&r->field, p);
}

struct slice
rules_withhold(const struct rules *r, const struct place *body)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		const struct rule *x = &r->v[i];

		if (x->kind == RULE_WITHHOLD && x->field.name.n == 0 &&
		    place_matches(&x->field, body))
			return x->name;
	}
	return (struct slice){ 0 };
}

struct slice
rules_field(const struct rules *r, const struct place *p, struct slice *rule)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (!takes_place(&r->v[i], p))
			continue;
		*rule = r->v[i].name;
		return r->v[i].parts[0].text;
	}
	return (struct slice){ 0 };
}

struct slice
rules_keep(const struct rules *r, const struct place *p)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (r->v[i].kind == RULE_KEEP && place_matches(&r->v[i].field, p))
			return r->v[i].name;
	}
	return (struct slice){ 0 };
}

bool
rules_have_places(const struct rules *r)
{
	return r->nplaces > 0;
}
