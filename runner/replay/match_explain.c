/* Words for an egress call that nobody recorded. */
#include "match.h"

#include <dvr/base/err.h>
#include <dvr/base/yaml.h>
#include <dvr/scrub/scrub.h>

/* A stub to paste holds the closest answer's body up to this size. */
#define STUB_BODY_MAX 400

static unsigned
equal_segments(struct slice a, struct slice b, unsigned *all)
{
	unsigned same = 0;

	*all = 0;
	while (a.p != NULL || b.p != NULL) {
		struct slice x = slice_cut(&a, '/'), y = slice_cut(&b, '/');

		same += slice_eq(x, y) || scrub_matches(x, y);
		(*all)++;
	}
	return same;
}

/* The more is the same, the closer; method before path before query. */
static unsigned
closeness(const struct message *rec, const struct message *live)
{
	unsigned all, same, score = 0;

	same = equal_segments(match_path(rec), match_path(live), &all);
	score += 100 * same / (all ? all : 1);
	if (slice_eq(message_method(rec), message_method(live)))
		score += 60;
	if (match_same_query(match_query(rec), match_query(live)))
		score += 30;
	return score;
}

static const struct exchange *
closest(const struct match *m, struct slice lane, const struct message *live)
{
	const struct tape *t = m->tape;
	const struct exchange *best = NULL;
	unsigned best_score = 0;

	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];
		unsigned score;

		if (t->lanes[x->lane].role != LANE_EGRESS ||
		    !slice_eq(t->lanes[x->lane].name, lane))
			continue;
		score = closeness(&x->request, live) + 1;
		if (score > best_score) {
			best_score = score;
			best = x;
		}
	}
	return best;
}

static void
put_path_difference(struct slice rec, struct slice live, struct buf *out)
{
	char q1[QUOTE_MAX], q2[QUOTE_MAX];

	for (unsigned i = 0; rec.p != NULL || live.p != NULL; i++) {
		struct slice a = slice_cut(&rec, '/');
		struct slice b = slice_cut(&live, '/');

		if (slice_eq(a, b) || scrub_matches(a, b))
			continue;
		buf_fmt(out, "; path segment %u is '%s', recorded '%s'", i,
			quote(b, q1), quote(a, q2));
		return;
	}
}

static void
put_differences(const struct exchange *x, const struct message *live,
		struct buf *out)
{
	const struct message *rec = &x->request;
	char q1[QUOTE_MAX], q2[QUOTE_MAX];
	size_t before = out->n;

	if (!slice_eq(message_method(rec), message_method(live)))
		buf_fmt(out, "; the method is %s, recorded %s",
			quote(message_method(live), q1),
			quote(message_method(rec), q2));
	put_path_difference(match_path(rec), match_path(live), out);
	if (!match_same_query(match_query(rec), match_query(live)))
		buf_fmt(out, "; the query is '%s', recorded '%s'",
			quote(match_query(live), q1),
			quote(match_query(rec), q2));
	if (out->n == before)
		buf_adds(out, "; it was recorded, but every recorded answer "
			      "to it is used up: this is one call more");
}

static void
put_stub(const struct exchange *x, struct slice lane,
	 const struct message *live, struct buf *out)
{
	const struct message *answer = x ? &x->response : NULL;
	const struct header *type = answer ? headers_find(&answer->headers,
							  "Content-Type")
					   : NULL;
	unsigned status = answer ? message_status(answer) : 0;

	buf_adds(out, "\nstubs:\n  - {lane: ");
	yaml_put(out, lane);
	buf_adds(out, ", method: ");
	yaml_put(out, message_method(live));
	buf_adds(out, ", path: ");
	yaml_put(out, match_target(live));
	buf_fmt(out, ", status: %u", status ? status : 200);
	if (type != NULL) {
		buf_adds(out, ", headers: [");
		yaml_put(out, type->line);
		buf_adds(out, "]");
	}
	if (answer && answer->body.n > 0 && answer->body.n <= STUB_BODY_MAX) {
		buf_adds(out, ", body: ");
		yaml_put(out, answer->body);
	}
	buf_adds(out, "}");
}

void
match_explain(const struct match *m, struct slice lane,
	      const struct message *live, struct buf *out)
{
	const struct exchange *x = closest(m, lane, live);
	char q1[QUOTE_MAX], q2[QUOTE_MAX], q3[QUOTE_MAX];

	buf_fmt(out, "%s: nobody recorded %s %s", quote(lane, q1),
		quote(message_method(live), q2),
		quote(match_target(live), q3));
	if (x == NULL) {
		buf_adds(out, "; the tape holds no call on this lane");
	} else {
		buf_fmt(out, "; closest is exchange %u, %s %s", x->id,
			quote(message_method(&x->request), q1),
			quote(match_target(&x->request), q2));
		put_differences(x, live, out);
	}
	buf_adds(out, ". If the new call is right, answer it in replay.yaml:");
	put_stub(x, lane, live, out);
}
