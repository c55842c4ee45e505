/* The recorded order of events inside overlaps, and who waits for whom. */
#include "holds.h"

#include <stdlib.h>

struct hold_event {
	enum hold_kind kind;
	uint32_t index;		/* exchange */
	uint32_t group;
	int64_t at_us;
	bool over;		/* happened, or given up */
};

struct hold_group {
	size_t first, end;	/* events [first, end) */
	size_t low;		/* all before it are over */
	int64_t at_us;
};

/* An order that replay.yaml asks for, between any two exchanges. */
struct hold_pair {
	enum hold_kind kind;
	uint32_t index;
	enum hold_kind until_kind;
	uint32_t until_index;
	bool over;
};

/* Events of an overlap that change their places. */
struct moving {
	size_t n;
	bool *moved;		/* by event */
	bool *owners;		/* by exchange: what it does next moves */
};

static bool
controlled(enum hold_kind kind)
{
	return kind == HOLD_SEND || kind == HOLD_ANSWER;
}

static enum lane_role
role_of(const struct tape *t, uint32_t index)
{
	return t->lanes[t->exchanges[index].lane].role;
}

static size_t
side_of(enum hold_kind kind)
{
	return kind == HOLD_ENDED || kind == HOLD_ANSWER;
}

static struct hold_event *
find_event(const struct holds *h, enum hold_kind kind, uint32_t index)
{
	size_t n = h->of[side_of(kind)][index];

	return n ? &h->events[n - 1] : NULL;
}

void
holds_event_name(const struct tape *t, enum hold_kind kind, uint32_t index,
		 struct buf *out)
{
	buf_fmt(out, "%u.%s", t->exchanges[index].id,
		side_of(kind) ? "resp" : "req");
}

/* ---- setting up ------------------------------------------------------ */

static void
add_event(struct holds *h, enum hold_kind kind, uint32_t index,
	  uint32_t group)
{
	const struct exchange *x = &h->tape->exchanges[index];
	struct hold_event *e = &h->events[h->count++];

	e->kind = kind;
	e->index = index;
	e->group = group;
	switch (kind) {
	case HOLD_SEND:
		e->at_us = x->request.at_us;
		break;
	case HOLD_ARRIVED:
		e->at_us = x->request.end_us;
		break;
	case HOLD_ENDED:
		e->at_us = schedule_exchange_end(x);
		break;
	case HOLD_ANSWER:
		e->at_us = x->response.present ? x->response.at_us
					       : x->response.end_us;
		break;
	}
}

static void
add_ingress(struct holds *h, uint32_t index, uint32_t group)
{
	const struct exchange *x = &h->tape->exchanges[index];

	add_event(h, HOLD_SEND, index, group);
	/* The end of a stream, or of our patience, orders nothing. */
	if (!schedule_endless(x) && x->response.end != END_TIMEOUT)
		add_event(h, HOLD_ENDED, index, group);
}

static void
add_egress(struct holds *h, uint32_t index, uint32_t group)
{
	const struct message *answer = &h->tape->exchanges[index].response;

	add_event(h, HOLD_ARRIVED, index, group);
	if (answer->present || answer->end == END_RST ||
	    answer->end == END_FIN || answer->end == END_REFUSED)
		add_event(h, HOLD_ANSWER, index, group);
}

/* The overlap that an egress call belongs to: its cause's, else the one whose
 * time holds it.  -1: none. */
static int64_t
egress_group(const struct schedule *s, const struct tape *t,
	     const struct exchange *x)
{
	int64_t at = x->request.at_us - s->first_us;

	for (size_t i = 0; i < s->count && x->cause != 0; i++)
		if (t->exchanges[s->items[i].index].id == x->cause)
			return s->items[i].group;
	for (size_t g = 0; g < s->ngroups; g++)
		if (at >= s->groups[g].at_us && at < s->groups[g].end_us)
			return (int64_t)g;
	return -1;
}

static int
in_order(const void *pa, const void *pb)
{
	const struct hold_event *a = pa, *b = pb;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->at_us != b->at_us)
		return a->at_us < b->at_us ? -1 : 1;
	/* Same microsecond: what the service did comes first. */
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static void
collect_events(struct holds *h, const struct holds_setup *with)
{
	const struct schedule *s = with->schedule;
	const struct tape *t = with->tape;

	for (size_t i = 0; i < s->count; i++)
		if (s->groups[s->items[i].group].count > 1)
			add_ingress(h, s->items[i].index, s->items[i].group);
	for (size_t i = 0; i < t->nexchanges && with->egress; i++) {
		int64_t g;

		if (role_of(t, (uint32_t)i) != LANE_EGRESS)
			continue;
		g = egress_group(s, t, &t->exchanges[i]);
		if (g >= 0 && s->groups[g].count > 1)
			add_egress(h, (uint32_t)i, (uint32_t)g);
	}
}

static void
index_events(struct holds *h, struct arena *a)
{
	struct hold_group *g = NULL;
	uint32_t overlap = 0;

	h->groups = arena_array(a, h->count + 1, sizeof(*h->groups));
	for (size_t i = 0; i < h->count; i++) {
		struct hold_event *e = &h->events[i];

		if (g == NULL || overlap != e->group) {
			overlap = e->group;
			g = &h->groups[h->ngroups++];
			g->first = g->low = i;
			g->at_us = e->at_us;
		}
		g->end = i + 1;
		e->group = (uint32_t)(h->ngroups - 1);
		h->of[side_of(e->kind)][e->index] = i + 1;
	}
}

/* ---- holds of replay.yaml --------------------------------------------- */

/* "2.resp" → kind and exchange; -1 when it is none. */
static int
parse_event(const struct tape *t, struct slice s, enum hold_kind *kind,
	    uint32_t *index)
{
	struct slice rest = s, id = slice_cut(&rest, '.');
	const struct exchange *x;
	bool answer = slice_eq(rest, SLICE("resp"));
	uint64_t n;

	if (slice_uint(id, UINT32_MAX, &n) != 0)
		return -1;
	if (!answer && !slice_eq(rest, SLICE("req")))
		return -1;
	x = tape_exchange(t, (uint32_t)n);
	if (x == NULL)
		return -1;
	*index = (uint32_t)(x - t->exchanges);
	if (role_of(t, *index) == LANE_EGRESS)
		*kind = answer ? HOLD_ANSWER : HOLD_ARRIVED;
	else
		*kind = answer ? HOLD_ENDED : HOLD_SEND;
	return 0;
}

/* The ingress exchange that an event belongs to, else its own. */
static size_t
owner_of(const struct holds *h, const struct hold_event *e)
{
	const struct exchange *x = &h->tape->exchanges[e->index];
	const struct exchange *cause =
		x->cause ? tape_exchange(h->tape, x->cause) : NULL;

	return (size_t)((cause ? cause : x) - h->tape->exchanges);
}

/*
 * What cannot happen before events[0] does: what its exchange does next, and
 * requests that began when one of those had ended.  Marks them in `moved`;
 * true when the last event is one of them.
 */
static bool
find_followers(const struct holds *h, const struct hold_event *events,
	       struct moving *m)
{
	bool ended = false;

	m->owners[owner_of(h, events)] = true;
	m->moved[0] = true;
	for (size_t i = 1; i < m->n; i++) {
		bool *owner = &m->owners[owner_of(h, &events[i])];

		m->moved[i] = *owner ||
			      (ended && events[i].kind == HOLD_SEND);
		if (!m->moved[i])
			continue;
		*owner = true;
		ended |= events[i].kind == HOLD_ENDED;
	}
	return m->moved[m->n - 1];
}

/*
 * Puts a pair's event, and what follows from it, right behind what it waits
 * for in their overlap, so that the recorded order does not contradict
 * replay.yaml.
 */
static void
reorder(struct holds *h, const struct hold_pair *p, struct arena *a)
{
	struct hold_event *e = find_event(h, p->kind, p->index);
	struct hold_event *u = find_event(h, p->until_kind, p->until_index);
	struct hold_event *order;
	struct moving m;
	size_t at = 0;

	if (e == NULL || u == NULL || e->group != u->group || e > u)
		return;
	m.n = (size_t)(u - e) + 1;
	m.moved = arena_array(a, m.n, sizeof(*m.moved));
	m.owners = arena_array(a, h->tape->nexchanges, sizeof(*m.owners));
	/* It waits for its own consequence: its time-out is all there is. */
	if (find_followers(h, e, &m))
		return;
	order = arena_array(a, m.n, sizeof(*order));
	for (int later = 0; later < 2; later++)
		for (size_t i = 0; i < m.n; i++)
			if (m.moved[i] == (later != 0))
				order[at++] = e[i];
	for (size_t i = 0; i < m.n; i++) {
		e[i] = order[i];
		h->of[side_of(e[i].kind)][e[i].index] =
			(size_t)(e + i - h->events) + 1;
	}
}

static void
add_pairs(struct holds *h, const struct holds_setup *with, struct arena *a)
{
	const struct plan *p = with->plan;
	size_t n = p ? p->nholds : 0;
	char q1[QUOTE_MAX], q2[QUOTE_MAX];

	h->pairs = arena_array(a, n + 1, sizeof(*h->pairs));
	h->notes = arena_array(a, n + 1, sizeof(*h->notes));
	for (size_t i = 0; i < n; i++) {
		struct hold_pair *out = &h->pairs[h->npairs];
		const struct plan_hold *in = &p->holds[i];

		*out = (struct hold_pair){ 0 };
		if (parse_event(h->tape, in->event, &out->kind,
				&out->index) != 0 ||
		    parse_event(h->tape, in->until, &out->until_kind,
				&out->until_index) != 0 ||
		    !controlled(out->kind)) {
			h->notes[h->nnotes++] = arena_fmt(
				a, "hold '%s' until '%s' cannot be obeyed: "
				"only an ingress N.req or an egress N.resp "
				"of this tape can be held",
				quote(in->event, q1), quote(in->until, q2));
			continue;
		}
		h->npairs++;
		reorder(h, out, a);
	}
}

void
holds_init(struct holds *h, const struct holds_setup *with, struct arena *a)
{
	size_t n = with->tape->nexchanges;

	*h = (struct holds){ .tape = with->tape };
	h->events = arena_array(a, 2 * n + 1, sizeof(*h->events));
	for (size_t i = 0; i < 2; i++)
		h->of[i] = arena_array(a, n + 1, sizeof(*h->of[i]));
	if (with->overlaps)
		collect_events(h, with);
	if (h->count > 0)
		qsort(h->events, h->count, sizeof(*h->events), in_order);
	index_events(h, a);
	add_pairs(h, with, a);
}

/* ---- at work ----------------------------------------------------------- */

static void
advance(struct holds *h, struct hold_group *g)
{
	while (g->low < g->end && h->events[g->low].over)
		g->low++;
}

void
holds_happened(struct holds *h, enum hold_kind kind, uint32_t index)
{
	struct hold_event *e = find_event(h, kind, index);

	for (size_t i = 0; i < h->npairs; i++)
		if (h->pairs[i].until_kind == kind &&
		    h->pairs[i].until_index == index)
			h->pairs[i].over = true;
	if (e == NULL)
		return;
	e->over = true;
	advance(h, &h->groups[e->group]);
}

bool
holds_free(struct holds *h, enum hold_kind kind, uint32_t index)
{
	struct hold_event *e = find_event(h, kind, index);

	for (size_t i = 0; i < h->npairs; i++)
		if (!h->pairs[i].over && h->pairs[i].kind == kind &&
		    h->pairs[i].index == index)
			return false;
	return e == NULL ||
	       h->groups[e->group].low >= (size_t)(e - h->events);
}

uint64_t
holds_timeout_ns(const struct holds *h, enum hold_kind kind, uint32_t index)
{
	const struct hold_event *e = find_event(h, kind, index);
	int64_t so_far;
	uint64_t ns;

	for (size_t i = 0; i < h->npairs; i++)
		if (!h->pairs[i].over && h->pairs[i].kind == kind &&
		    h->pairs[i].index == index)
			return HOLD_MAX_NS;
	if (e == NULL)
		return 0;
	so_far = e->at_us - h->groups[e->group].at_us;
	ns = so_far > 0 ? 2 * (uint64_t)so_far * NS_PER_US : 0;
	if (ns < HOLD_MIN_NS)
		return HOLD_MIN_NS;
	return ns > HOLD_MAX_NS ? HOLD_MAX_NS : ns;
}

void
holds_expire(struct holds *h, enum hold_kind kind, uint32_t index,
	     struct buf *note)
{
	struct hold_event *e = find_event(h, kind, index);
	struct hold_group *g = e ? &h->groups[e->group] : NULL;
	const char *sep = " went without ";

	holds_event_name(h->tape, kind, index, note);
	for (size_t i = 0; i < h->npairs; i++) {
		struct hold_pair *p = &h->pairs[i];

		if (p->over || p->kind != kind || p->index != index)
			continue;
		p->over = true;
		buf_adds(note, sep);
		sep = ", ";
		holds_event_name(h->tape, p->until_kind, p->until_index,
				 note);
	}
	for (; g && &h->events[g->low] < e; g->low++) {
		struct hold_event *w = &h->events[g->low];

		if (w->over)
			continue;
		w->over = true;
		buf_adds(note, sep);
		sep = ", ";
		holds_event_name(h->tape, w->kind, w->index, note);
	}
}
