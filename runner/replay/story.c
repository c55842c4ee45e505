/* Tells what one replay was like, beside its tape. */
#include "story.h"

#include <dvr/field/field.h>
#include <dvr/judge/outcome.h>

struct work {
	const struct telling *w;
	const struct tape *tape;
	const struct tape *live;	/* clean; NULL: nothing to be shown */
	struct arena *a;
	struct replay_result *r;
	struct story_keeping keeping;
	bool bodies;
};

static struct story_times
times_of(const struct exchange *x, int64_t t0)
{
	struct story_times t = { .known = x->request.present };

	if (!t.known)
		return t;
	t.sent_us = x->request.at_us - t0;
	t.answer_us = t.end_us = x->request.end_us - t0;
	if (x->response.present) {
		t.answer_us = x->response.at_us - t0;
		t.end_us = x->response.end_us - t0;
	}
	return t;
}

static const struct case_result *
case_of(const struct replay_result *r, uint32_t exchange)
{
	/* Cases are in the tape's order, and ids ascend. */
	size_t low = 0, high = r->ncases;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->cases[mid].exchange < exchange)
			low = mid + 1;
		else
			high = mid;
	}
	return low < r->ncases && r->cases[low].exchange == exchange ?
		&r->cases[low] : NULL;
}

static bool
is_of(struct slice place, uint32_t exchange)
{
	struct place p;

	return place_parse(place, &p) == 0 && p.exchange == exchange;
}

static void
tell_links(const struct work *k, struct story_exchange *out)
{
	const struct plan *p = k->w->how->plan;
	size_t n = 0;

	for (size_t i = 0; i < p->nbindings; i++)
		n += is_of(p->bindings[i].to, out->id);
	out->links = arena_array(k->a, n + 1, sizeof(*out->links));
	for (size_t i = 0; i < p->nbindings; i++) {
		const struct plan_binding *b = &p->bindings[i];

		if (is_of(b->to, out->id))
			out->links[out->nlinks++] = (struct story_link){
				.from = arena_copy(k->a, b->from),
				.to = arena_copy(k->a, b->to) };
	}
}

static void
tell_scrubbed(const struct work *k, struct story_exchange *out)
{
	const struct tape *t = k->tape;
	size_t n = 0;

	for (size_t i = 0; i < t->nscrubbed; i++)
		n += is_of(t->scrubbed[i].field, out->id);
	out->scrubbed = arena_array(k->a, n + 1, sizeof(*out->scrubbed));
	for (size_t i = 0; i < t->nscrubbed; i++) {
		const struct scrub_entry *s = &t->scrubbed[i];

		if (is_of(s->field, out->id))
			out->scrubbed[out->nscrubbed++] = (struct scrub_entry){
				.rule = arena_copy(k->a, s->rule),
				.field = arena_copy(k->a, s->field),
				.count = s->count };
	}
}

static void
tell_outcomes(const struct work *k, size_t i, struct story_exchange *out)
{
	const struct case_result *c = case_of(k->r, out->id);
	const struct observed *seen = k->w->seen;
	struct outcome o;
	char text[48];

	if (c) {
		out->want = c->want;
		out->got = c->got;
		return;
	}
	o = outcome_of(&k->tape->exchanges[i]);
	out->want = arena_copy(k->a, slice_str(outcome_text(&o, text)));
	out->got = SLICE("not called");
	if (i >= seen->n || !seen->v[i].x.request.present)
		return;
	o = outcome_of(&seen->v[i].x);
	out->got = arena_copy(k->a, slice_str(outcome_text(&o, text)));
}

/* Are its bodies worth their room?  Where something differs, or failed. */
static bool
is_of_interest(const struct work *k, const struct story_exchange *x)
{
	const struct case_result *c = case_of(k->r, x->id);

	if (!c)
		return !slice_eq(x->want, x->got);
	return c->verdict != VERDICT_PASS || c->ndiffs > 0 ||
	       x->id == k->tape->trigger.exchange;
}

static void
tell_exchange(struct work *k, size_t i, struct story_exchange *out)
{
	const struct exchange *x = &k->tape->exchanges[i];
	const struct observed *seen = k->w->seen;

	out->id = x->id;
	out->cause = x->cause;
	if (x->lane < k->tape->nlanes) {
		const struct tape_lane *lane = &k->tape->lanes[x->lane];

		out->lane = arena_copy(k->a, lane->name);
		out->egress = lane->role == LANE_EGRESS;
	}
	out->name = arena_fmt(k->a, "%.*s %.*s",
			      SLICE_ARG(message_method(&x->request)),
			      SLICE_ARG(message_path(&x->request)));
	out->recorded = times_of(x, 0);
	if (i < seen->n)
		out->replayed = times_of(&seen->v[i].x, 0);
	tell_outcomes(k, i, out);
	tell_links(k, out);
	tell_scrubbed(k, out);
	if (k->bodies && is_of_interest(k, out))
		story_keep(&k->keeping, x,
			   k->live ? &k->live->exchanges[i] : NULL, out);
}

/* Both runs begin with their first request. */
static void
align(struct story *s)
{
	int64_t recorded = INT64_MAX, replayed = INT64_MAX;

	for (size_t i = 0; i < s->n; i++) {
		const struct story_exchange *x = &s->v[i];

		if (x->recorded.known && x->recorded.sent_us < recorded)
			recorded = x->recorded.sent_us;
		if (x->replayed.known && x->replayed.sent_us < replayed)
			replayed = x->replayed.sent_us;
	}
	for (size_t i = 0; i < s->n; i++) {
		struct story_times *a = &s->v[i].recorded;
		struct story_times *b = &s->v[i].replayed;

		if (a->known) {
			a->sent_us -= recorded;
			a->answer_us -= recorded;
			a->end_us -= recorded;
		}
		if (b->known) {
			b->sent_us -= replayed;
			b->answer_us -= replayed;
			b->end_us -= replayed;
		}
	}
}

/* Of a long tape the part in which it shows: some behind the first bad case,
 * the rest before it. */
static size_t
window_from(const struct work *k)
{
	size_t n = k->tape->nexchanges, at = n, keep = STORY_EXCHANGES;

	if (n <= keep)
		return 0;
	for (size_t i = 0; i < k->r->ncases && at == n; i++) {
		if (k->r->cases[i].verdict != VERDICT_PASS)
			at = (size_t)(tape_exchange(k->tape,
					k->r->cases[i].exchange) -
				      k->tape->exchanges);
	}
	at += keep / 10;
	if (at > n)
		at = n;
	return at > keep ? at - keep : 0;
}

static void
tell(struct work *k, struct story *s)
{
	size_t from = window_from(k), n = k->tape->nexchanges - from;

	if (n > STORY_EXCHANGES)
		n = STORY_EXCHANGES;
	*s = (struct story){ .n = 0 };
	s->v = arena_array(k->a, n + 1, sizeof(*s->v));
	s->left_out = k->tape->nexchanges - n;
	for (; s->n < n; s->n++)
		tell_exchange(k, from + s->n, &s->v[s->n]);
	align(s);
	story_stores(k->w, k->bodies, s);
	s->known = true;
}

void
story_tell(const struct telling *w, struct replay_result *r)
{
	struct work k = { .w = w, .tape = w->how->tape, .r = r,
		.a = w->how->arena };
	struct tape live = { .arena = NULL };
	struct story_keeping keeping = { .a = k.a, .left = STORY_ALL };

	k.keeping = keeping;
	k.bodies = r->verdict != VERDICT_PASS;
	if (k.bodies && w->how->stories > 0 && story_live(w, &live) == 0)
		k.live = &live;
	if (k.bodies)
		r->diverged = story_diverged(w, k.live, r);
	if (k.bodies ? w->how->stories > 0 : w->how->first)
		tell(&k, &r->story);
	if (live.arena)
		tape_release(&live);
}
