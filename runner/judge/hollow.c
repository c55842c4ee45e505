/* Did an answer lose all that it carried?  A 200 that holds nothing keeps its
 * status, and yet nothing that came after it was tried. */
#include "compare.h"
#include "findings.h"

/* What the top of a body is. */
struct top {
	enum field_kind kind;
	bool seen, filled;	/* `filled`: it has members */
};

static int
look(void *arg, const struct field *f)
{
	struct top *t = arg;

	if (t->seen) {
		t->filled = true;
		return 1;
	}
	t->seen = true;
	t->kind = f->kind;
	return 0;
}

/* Is it an object with members in it?  Lists may become empty in any build. */
static bool
holds_object(struct judging *j, const struct field_format *f,
	     struct slice body)
{
	struct top t = { .seen = false };

	return field_walk(f, j->a, body, look, &t) == FIELD_OK && t.seen &&
	       t.kind == FIELD_OBJECT && t.filled;
}

static bool
is_masked(struct judging *j, size_t at)
{
	const struct comparison c = { .in = j->in, .a = j->a };
	struct place p = { .exchange = j->r->cases[at].exchange,
			   .side = PLACE_RESPONSE, .part = PLACE_BODY };

	return compare_masked(&c, &p);
}

static bool
is_hollow(struct judging *j, size_t at)
{
	const struct message *want = &judging_exchange(j, at)->response;
	const struct field_format *json = field_format_named("json");
	const struct message *got;
	struct slice body;

	if (j->want[at].kind != OUTCOME_STATUS || want->body_bytes == 0 ||
	    want->framing == FRAMING_TUNNEL || !judging_seen(j, at))
		return false;
	got = &judging_seen(j, at)->x.response;
	if (got->body_bytes == 0 && got->body.n == 0)
		return !is_masked(j, at);
	if (want->withheld.n || want->cut_bytes || got->cut_bytes ||
	    field_format_for(message_header(want, "content-type")) != json ||
	    !holds_object(j, json, compare_plain(j->a, want)))
		return false;
	body = compare_plain(j->a, got);
	return !holds_object(j, json, body) && !is_masked(j, at);
}

void
judging_hollow(struct judging *j, size_t at)
{
	const struct case_result *c = &j->r->cases[at];

	if (is_hollow(j, at))
		judging_find(j, FIND_DIVERGED, at, arena_fmt(
			j->a, "diverged before the failure: %.*s (exchange "
			"%u): %.*s with nothing in its body, on the tape "
			"%.*s with %llu bytes", SLICE_ARG(c->name),
			c->exchange, SLICE_ARG(c->got), SLICE_ARG(c->want),
			(unsigned long long)judging_exchange(j, at)
				->response.body_bytes));
}
