/* Finds the recorded egress call that a live one repeats. */
#include "likeness.h"

#include <dvr/judge/outcome.h>
#include "talk.h"

#include <dvr/scrub/scrub.h>

/* A difference here weighs as much as so many in a body. */
#define HOST_WEIGHT 200
#define METHOD_WEIGHT 40
#define PATH_WEIGHT 20
#define QUERY_WEIGHT 4

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

struct slice
match_authority(struct slice host)
{
	static const struct slice ports[] = { { ":80", 3 }, { ":443", 4 } };

	for (size_t i = 0; i < ARRAY_LEN(ports); i++)
		if (slice_ends(host, ports[i]))
			return slice_range(host, 0, host.n - ports[i].n);
	return host;
}

struct slice
match_host(const struct message *m)
{
	return match_authority(message_host(m));
}

static bool
is_for_host(struct slice host, const struct exchange *x)
{
	return host.n == 0 || slice_ieq(host, match_host(&x->request));
}

bool
match_on_lane(const struct tape *t, const struct exchange *x,
	      struct slice lane, struct slice host)
{
	const struct tape_lane *l = &t->lanes[x->lane];

	return l->role == LANE_EGRESS && slice_eq(l->name, lane) &&
	       is_for_host(host, x);
}

/* ---- the same call ----------------------------------------------------------- */

/* How well the recorded cause fits, from 0; -1: not at all. */
static int
cause_rank(const struct match *m, const struct exchange *x, uint32_t cause)
{
	if (cause != 0)
		return x->cause == cause ? 0 : x->cause == 0 ? 1 : -1;
	if (m->cause_state == NULL)
		return 0;
	if (x->cause == 0)
		return 1;
	switch (m->cause_state(m->arg, x->cause)) {
	case CAUSE_OPEN:
		return 0;
	case CAUSE_OVER:
		return 2;
	case CAUSE_TO_COME:
		return 3;
	}
	return -1;
}

struct candidate {
	size_t index;
	int cause;
	unsigned loose;
};

/* A cause that the call itself names weighs most; else what it says does. */
static bool
is_better(const struct candidate *a, const struct candidate *b, bool named)
{
	if (named && a->cause != b->cause)
		return a->cause < b->cause;
	if (a->loose != b->loose)
		return a->loose < b->loose;
	return a->cause < b->cause;
}

bool
match_find(struct match *m, const struct live_call *call,
	   struct found_call *out)
{
	const struct tape *t = m->tape;
	struct candidate best = { .cause = -1 };

	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];
		struct candidate now = { .index = i };
		struct likeness like = { 0 };
		struct exchange part;

		if (m->used[i] ||
		    !match_on_lane(t, x, call->lane, call->host))
			continue;
		if (call->talking && (!talk_answered(x, call->said) ||
				      !talk_prefix(x, call->said, &part)))
			continue;
		now.cause = cause_rank(m, x, call->cause);
		if (now.cause < 0)
			continue;
		like.arena = arena_create();
		likeness_of(m, call->talking ? &part : x, call->message,
			    &like);
		arena_wipe(like.arena);
		now.loose = like.loose;
		if (like.differ == 0 &&
		    (best.cause < 0 || is_better(&now, &best, call->cause)))
			best = now;
	}
	if (best.cause < 0)
		return false;
	m->used[best.index] = true;
	*out = (struct found_call){ .index = best.index,
		.loose = best.loose, .early = best.cause == 3 };
	return true;
}

bool
match_agrees(const struct match *m, const struct exchange *x,
	     const struct message *live)
{
	struct likeness like = { .arena = arena_create() };

	likeness_of(m, x, live, &like);
	arena_wipe(like.arena);
	return like.differ == 0;
}

bool
match_may_become(const struct match *m, const struct live_call *call)
{
	const struct tape *t = m->tape;

	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];
		struct exchange part;

		if (!m->used[i] &&
		    match_on_lane(t, x, call->lane, call->host) &&
		    talk_prefix(x, call->said, &part) &&
		    match_agrees(m, &part, call->message))
			return true;
	}
	return false;
}

/* ---- the nearest one ------------------------------------------------------------ */

static unsigned
distance(const struct likeness *l)
{
	unsigned d = l->differ;

	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].place.part == PLACE_METHOD)
			d += METHOD_WEIGHT;
		if (l->v[i].place.part == PLACE_PATH)
			d += PATH_WEIGHT;
		if (l->v[i].place.part == PLACE_QUERY)
			d += QUERY_WEIGHT;
	}
	return d;
}

/* Was it made for the tape's failure, or did it fail itself?  An answer like
 * that may be the very bug. */
static bool
is_suspect(const struct match *m, const struct exchange *x)
{
	struct outcome o = outcome_of(x);

	return outcome_failed(&o) ||
	       (x->cause != 0 && x->cause == m->tape->trigger.exchange);
}

static const struct exchange *
nearest(const struct match *m, const struct live_call *call, bool harmless)
{
	const struct tape *t = m->tape;
	const struct exchange *best = NULL;
	unsigned least = 0;

	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];
		struct likeness like = { .all = true };
		unsigned d;

		if (!match_on_lane(t, x, call->lane, slice_of(NULL, 0)) ||
		    (harmless && is_suspect(m, x)))
			continue;
		like.arena = arena_create();
		likeness_of(m, x, call->message, &like);
		arena_wipe(like.arena);
		/* Of equals the one that is left. */
		d = 2 * distance(&like) + m->used[i] +
		    (is_for_host(call->host, x) ? 0 : HOST_WEIGHT);
		if (best == NULL || d < least) {
			best = x;
			least = d;
		}
	}
	return best;
}

const struct exchange *
match_nearest(const struct match *m, const struct live_call *call)
{
	return nearest(m, call, false);
}

const struct exchange *
match_example(const struct match *m, const struct live_call *call,
	      bool *suspect)
{
	const struct exchange *x = nearest(m, call, true);

	*suspect = x == NULL;
	return x ? x : nearest(m, call, false);
}

const struct plan_stub *
match_stub(const struct plan *p, const struct live_call *call)
{
	const struct message *live = call->message;

	for (size_t i = 0; p != NULL && i < p->nstubs; i++) {
		const struct plan_stub *s = &p->stubs[i];

		if (slice_eq(s->lane, call->lane) &&
		    slice_eq(s->method, message_method(live)) &&
		    (scrub_matches(s->path, match_target(live)) ||
		     scrub_matches(s->path, match_path(live))))
			return s;
	}
	return NULL;
}
