/* Lists a tape's ingress exchanges as cases, with names that stay the same. */
#include "findings.h"

#include <dvr/tape/yaml.h>

#include <stdlib.h>

static bool
is_ingress(const struct tape *t, const struct exchange *x)
{
	return x->lane >= t->nlanes || t->lanes[x->lane].role == LANE_INGRESS;
}

/* A case's request, to be counted among its equals. */
struct named {
	struct slice method, path;
	size_t at;
};

static int
by_request(const void *pa, const void *pb)
{
	const struct named *a = pa, *b = pb;
	int order = slice_cmp(a->method, b->method);

	if (order == 0)
		order = slice_cmp(a->path, b->path);
	if (order != 0)
		return order;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* "POST /session [2]": no port, value, time or global index.  Sorted, because
 * a tape may hold the same request ten thousand times. */
static void
name_cases(struct judging *j)
{
	struct named *v = arena_array(j->a, j->r->ncases + 1, sizeof(*v));
	unsigned nth = 1;

	for (size_t i = 0; i < j->r->ncases; i++) {
		const struct message *m = &judging_exchange(j, i)->request;

		v[i] = (struct named){ .method = message_method(m),
			.path = message_path(m), .at = i };
	}
	if (j->r->ncases)
		qsort(v, j->r->ncases, sizeof(*v), by_request);
	for (size_t i = 0; i < j->r->ncases; i++) {
		bool again = i > 0 && slice_eq(v[i].method, v[i - 1].method) &&
			     slice_eq(v[i].path, v[i - 1].path);
		struct slice *name = &j->r->cases[v[i].at].name;

		nth = again ? nth + 1 : 1;
		*name = nth == 1 ?
			arena_fmt(j->a, "%.*s %.*s", SLICE_ARG(v[i].method),
				  SLICE_ARG(v[i].path)) :
			arena_fmt(j->a, "%.*s %.*s [%u]",
				  SLICE_ARG(v[i].method), SLICE_ARG(v[i].path),
				  nth);
	}
}

static double
seconds_of(const struct observed_exchange *o)
{
	int64_t us;

	if (!o || !o->x.response.present || !o->x.request.present)
		return 0;
	us = o->x.response.end_us - o->x.request.at_us;
	return us > 0 ? (double)us / 1e6 : 0;
}

/* In every word that is shown of them. */
static bool
same_outcome(const struct outcome *a, const struct outcome *b)
{
	return a->kind == b->kind && a->status == b->status &&
	       a->body_errors == b->body_errors && a->is_grpc == b->is_grpc &&
	       a->grpc == b->grpc && a->close == b->close;
}

static void
fill_case(struct judging *j, size_t at, unsigned line)
{
	const struct exchange *x = judging_exchange(j, at);
	const struct observed_exchange *seen = judging_seen(j, at);
	struct case_result *c = &j->r->cases[at];
	char text[48];

	c->exchange = x->id;
	c->line = line;
	c->verdict = VERDICT_PASS;
	c->seconds = seconds_of(seen);
	j->want[at] = outcome_of(x);
	c->want = arena_copy(j->a,
			     slice_str(outcome_text(&j->want[at], text)));
	/* A live exchange without an answer and without a reason for it never
	 * took place. */
	j->got[at] = (struct outcome){ .kind = OUTCOME_OPEN };
	if (seen)
		j->got[at] = outcome_of(&seen->x);
	c->outcome = j->got[at];
	c->got = c->want;
	if (!same_outcome(&j->got[at], &j->want[at]))
		c->got = arena_copy(j->a, slice_str(outcome_text(&j->got[at],
								 text)));
	if (j->got[at].kind == OUTCOME_OPEN && (!seen || !seen->sent))
		c->got = SLICE("not sent");
}

/* Who read a tape knows its lines; to count them is to print it all. */
static unsigned *
lines_of(const struct tape *t, struct arena *a)
{
	unsigned *lines = arena_array(a, t->nexchanges + 1, sizeof(*lines));
	bool known = true;

	for (size_t i = 0; i < t->nexchanges; i++) {
		lines[i] = t->exchanges[i].line;
		known &= lines[i] != 0;
	}
	if (!known)
		tape_print_lines(t, lines);
	return lines;
}

void
judging_cases(struct judging *j)
{
	const struct tape *t = j->in->tape;
	size_t n = t->nexchanges + 1;	/* never an array of nothing */
	const unsigned *lines = lines_of(t, j->a);

	j->r->cases = arena_array(j->a, n, sizeof(*j->r->cases));
	j->index = arena_array(j->a, n, sizeof(*j->index));
	j->want = arena_array(j->a, n, sizeof(*j->want));
	j->got = arena_array(j->a, n, sizeof(*j->got));
	j->kept = arena_array(j->a, n, sizeof(*j->kept));
	j->found = arena_array(j->a, n, sizeof(*j->found));
	for (size_t i = 0; i < t->nexchanges; i++) {
		if (!is_ingress(t, &t->exchanges[i]))
			continue;
		j->index[j->r->ncases] = i;
		fill_case(j, j->r->ncases++, lines[i]);
	}
	name_cases(j);
}
