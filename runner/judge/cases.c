/* Lists a tape's ingress exchanges as cases, with names that stay the same. */
#include "findings.h"

#include <dvr/tape/yaml.h>

static bool
is_ingress(const struct tape *t, const struct exchange *x)
{
	return x->lane >= t->nlanes || t->lanes[x->lane].role == LANE_INGRESS;
}

static bool
same_request(const struct exchange *a, const struct exchange *b)
{
	return slice_eq(message_method(&a->request),
			message_method(&b->request)) &&
	       slice_eq(message_path(&a->request), message_path(&b->request));
}

/* "POST /session [2]": no port, value, time or global index. */
static struct slice
name_of(struct judging *j, size_t at)
{
	const struct exchange *x = judging_exchange(j, at);
	unsigned nth = 1;

	for (size_t i = 0; i < at; i++)
		nth += same_request(judging_exchange(j, i), x);
	if (nth == 1)
		return arena_fmt(j->a, "%.*s %.*s",
				 SLICE_ARG(message_method(&x->request)),
				 SLICE_ARG(message_path(&x->request)));
	return arena_fmt(j->a, "%.*s %.*s [%u]",
			 SLICE_ARG(message_method(&x->request)),
			 SLICE_ARG(message_path(&x->request)), nth);
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

static void
fill_case(struct judging *j, size_t at, unsigned line)
{
	const struct exchange *x = judging_exchange(j, at);
	const struct observed_exchange *seen = judging_seen(j, at);
	struct case_result *c = &j->r->cases[at];
	char text[48];

	c->exchange = x->id;
	c->name = name_of(j, at);
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
	c->got = arena_copy(j->a, slice_str(outcome_text(&j->got[at], text)));
	if (j->got[at].kind == OUTCOME_OPEN && (!seen || !seen->sent))
		c->got = SLICE("not sent");
}

void
judging_cases(struct judging *j)
{
	const struct tape *t = j->in->tape;
	size_t n = t->nexchanges + 1;	/* never an array of nothing */
	unsigned *lines = arena_array(j->a, n, sizeof(*lines));

	tape_print_lines(t, lines);
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
}
