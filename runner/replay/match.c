/* Finds the recorded egress call that a live one repeats. */
#include "match.h"

#include <dvr/scrub/scrub.h>

#define PARAMS_MAX 64

struct slice
match_target(const struct message *m)
{
	struct slice t = message_target(m);
	ssize_t at;

	if (!slice_istarts(t, SLICE("http://")) &&
	    !slice_istarts(t, SLICE("https://")))
		return t;
	t = slice_from(t, (size_t)slice_find(t, SLICE("//")) + 2);
	at = slice_chr(t, '/');
	return at < 0 ? SLICE("/") : slice_from(t, (size_t)at);
}

struct slice
match_path(const struct message *m)
{
	struct slice t = match_target(m);
	ssize_t at = slice_chr(t, '?');

	return at < 0 ? t : slice_range(t, 0, (size_t)at);
}

struct slice
match_query(const struct message *m)
{
	struct slice t = match_target(m);
	ssize_t at = slice_chr(t, '?');

	return at < 0 ? slice_of(NULL, 0) : slice_from(t, (size_t)at + 1);
}

static bool
same_path(struct slice recorded, struct slice live)
{
	while (recorded.p != NULL && live.p != NULL) {
		struct slice a = slice_cut(&recorded, '/');
		struct slice b = slice_cut(&live, '/');

		if (!scrub_matches(a, b))
			return false;
	}
	return recorded.p == NULL && live.p == NULL;
}

bool
match_same_query(struct slice recorded, struct slice live)
{
	struct slice have[PARAMS_MAX];
	size_t n = 0;

	if (slice_eq(recorded, live) || scrub_matches(recorded, live))
		return true;
	while (live.p != NULL) {
		if (n == PARAMS_MAX)
			return false;
		have[n++] = slice_cut(&live, '&');
	}
	/* The order of parameters is no difference. */
	while (recorded.p != NULL) {
		struct slice want = slice_cut(&recorded, '&');
		size_t i = 0;

		while (i < n && !scrub_matches(want, have[i]))
			i++;
		if (i == n)
			return false;
		have[i] = have[--n];
	}
	return n == 0;
}

static bool
same_call(const struct message *recorded, const struct message *live)
{
	return slice_eq(message_method(recorded), message_method(live)) &&
	       same_path(match_path(recorded), match_path(live)) &&
	       match_same_query(match_query(recorded), match_query(live));
}

static bool
on_lane(const struct tape *t, const struct exchange *x, struct slice lane)
{
	const struct tape_lane *l = &t->lanes[x->lane];

	return l->role == LANE_EGRESS && slice_eq(l->name, lane);
}

int64_t
match_find(struct match *m, struct slice lane, const struct message *live)
{
	const struct tape *t = m->tape;
	int64_t best = -1;
	int best_score = -1;

	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];
		int score = 0;

		if (m->used[i] || !on_lane(t, x, lane) ||
		    !same_call(&x->request, live))
			continue;
		if (scrub_matches(x->request.body, live->body))
			score += 2;
		if (x->cause != 0 && m->cause_open != NULL &&
		    m->cause_open(m->arg, x->cause))
			score += 1;
		if (score > best_score) {
			best_score = score;
			best = (int64_t)i;
		}
	}
	if (best >= 0)
		m->used[best] = true;
	return best;
}

const struct plan_stub *
match_stub(const struct plan *p, struct slice lane, const struct message *live)
{
	for (size_t i = 0; p != NULL && i < p->nstubs; i++) {
		const struct plan_stub *s = &p->stubs[i];

		if (slice_eq(s->lane, lane) &&
		    slice_eq(s->method, message_method(live)) &&
		    (slice_eq(s->path, match_target(live)) ||
		     slice_eq(s->path, match_path(live))))
			return s;
	}
	return NULL;
}
