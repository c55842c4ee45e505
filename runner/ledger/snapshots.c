/* Takes, shares, finds and drops snapshots of the service's data. */
#include "snapshots.h"

#include <dvr/base/mem.h>

#include <stdlib.h>

/* Of the ring's budget; beside it, since nothing in it may be evicted. */
#define BUDGET_PART 4
/* This life of the service and the one before, whose death may be pending. */
#define LIVES 2

/* ---- images --------------------------------------------------------------- */

static void
image_drop(struct ledger *l, struct state_image *i)
{
	if (i && i->refs == 1)
		l->state_bytes -= i->bytes;
	state_image_unref(i);
}

void
snapshots_give_back(struct ledger *l, struct state_image **images)
{
	if (!images)
		return;
	for (size_t k = 0; k < l->config.nstate; k++)
		image_drop(l, images[k]);
	free(images);
}

void
snapshots_free(struct ledger *l, struct snapshot *s)
{
	while (s) {
		struct snapshot *older = s->older;

		snapshots_give_back(l, s->images);
		free(s);
		s = older;
	}
}

/* Room for n more bytes: sessions that wait for nothing lose theirs first, the
 * longest unused one before the others. */
static bool
make_room(struct ledger *l, size_t n)
{
	size_t budget = l->config.max_memory_bytes / BUDGET_PART;
	struct session *s;

	for (size_t k = 0; k < l->config.nstate; k++) {
		if (l->state_bytes + n <= budget)
			return true;
		image_drop(l, l->last_images[k]);
		l->last_images[k] = NULL;
	}
	for (s = l->used.newer; s != &l->used; s = s->newer) {
		if (l->state_bytes + n <= budget)
			return true;
		if (s->holds > 0)
			continue;
		snapshots_free(l, s->snapshot);
		s->snapshot = NULL;
	}
	return l->state_bytes + n <= budget;
}

/* Many sessions begin with the same data: they share one image. */
static struct state_image *
image_take(struct ledger *l, size_t k)
{
	const struct state_config *c = &l->config.state[k];
	struct state_image *i = state_snapshot(c, &l->state_where);
	struct state_image *last = l->last_images[k];

	if (last && state_image_same(i, last)) {
		state_image_unref(i);
		return state_image_ref(last);
	}
	if (i->bytes > 0 && !make_room(l, i->bytes)) {
		state_image_unref(i);
		return state_image_lost("no room for one more snapshot in a "
					"quarter of capture.max_memory");
	}
	l->state_bytes += i->bytes;
	image_drop(l, l->last_images[k]);
	l->last_images[k] = state_image_ref(i);
	return i;
}

/* ---- snapshots ------------------------------------------------------------ */

static struct snapshot *
find(struct snapshot *s, uint32_t incarnation)
{
	while (s && s->incarnation != incarnation)
		s = s->older;
	return s;
}

/* The newest of a chain, made when it is not there. */
static struct snapshot *
newest(struct ledger *l, struct snapshot **chain)
{
	struct snapshot *s = *chain;

	if (s && s->incarnation == l->incarnation)
		return s;
	s = mem_alloc(sizeof(*s));
	s->older = *chain;
	s->incarnation = l->incarnation;
	s->at_ns = loop_now_ns(l->loop);
	s->images = mem_array(l->config.nstate + 1, sizeof(*s->images));
	*chain = s;
	for (int lives = 1; s; s = s->older, lives++) {
		if (lives < LIVES)
			continue;
		snapshots_free(l, s->older);
		s->older = NULL;
	}
	return *chain;
}

static bool
wants(const struct ledger *l, enum state_when when)
{
	for (size_t k = 0; k < l->config.nstate; k++)
		if (l->config.state[k].when == when)
			return true;
	return false;
}

static void
take_all(struct ledger *l, struct snapshot *s, enum state_when when)
{
	for (size_t k = 0; k < l->config.nstate; k++)
		if (l->config.state[k].when == when && !s->images[k])
			s->images[k] = image_take(l, k);
}

void
snapshots_up(struct ledger *l)
{
	if (l->config.nstate > 0 && wants(l, STATE_RUN))
		take_all(l, newest(l, &l->snapshot), STATE_RUN);
}

static void
take_session(struct ledger *l, const struct lx *x)
{
	struct session *s = x->session;
	struct session *run = session_run(l, s->namespace);
	struct snapshot *n;

	if (find(s->snapshot, l->incarnation))
		return;
	n = newest(l, &s->snapshot);
	n->seq = x->seq;
	n->begun = session_begun(s, l->incarnation) - 1;
	if (run && run != s)
		n->begun += session_begun(run, l->incarnation);
	s->holds++;	/* its own must not make room for itself */
	take_all(l, n, STATE_SESSION);
	s->holds--;
}

void
snapshots_request(struct ledger *l, const struct lx *x)
{
	struct snapshot *s;

	if (l->config.nstate == 0 || x->incarnation != l->incarnation ||
	    l->draining)
		return;
	if (wants(l, STATE_FIRST_REQUEST)) {
		s = newest(l, &l->snapshot);
		if (!s->requested)
			take_all(l, s, STATE_FIRST_REQUEST);
		s->requested = true;
	}
	if (wants(l, STATE_SESSION) && x->session)
		take_session(l, x);
}

const struct snapshot *
snapshots_session(const struct ledger *l, const struct session *s,
		  uint32_t incarnation)
{
	if (l->config.nstate == 0 || !wants(l, STATE_SESSION))
		return NULL;
	return find(s->snapshot, incarnation);
}

struct state_image **
snapshots_take(struct ledger *l, const struct session *s,
	       uint32_t incarnation)
{
	struct state_image **out;

	if (l->config.nstate == 0)
		return NULL;
	out = mem_array(l->config.nstate, sizeof(*out));
	for (size_t k = 0; k < l->config.nstate; k++) {
		bool own = l->config.state[k].when == STATE_SESSION;
		const struct snapshot *from = find(own ? s->snapshot :
						   l->snapshot, incarnation);

		out[k] = from && from->images[k] ?
			state_image_ref(from->images[k]) :
			state_image_lost("no snapshot was taken before the "
					 "first request, or it is gone");
	}
	return out;
}

void
snapshots_finish(struct ledger *l)
{
	snapshots_free(l, l->snapshot);
	l->snapshot = NULL;
	for (size_t k = 0; l->last_images && k < l->config.nstate; k++)
		image_drop(l, l->last_images[k]);
	free(l->last_images);
	l->last_images = NULL;
}

/* ---- on the tape ------------------------------------------------------------ */

static struct slice
add_loss(struct tape *t, const char *name, const char *why)
{
	struct slice text = arena_fmt(t->arena, "state %s: %s", name, why);
	struct slice *v = arena_array(t->arena, t->nlosses + 1, sizeof(*v));

	for (size_t i = 0; i < t->nlosses; i++)
		v[i] = t->losses[i];
	v[t->nlosses++] = text;
	t->losses = v;
	return text;
}

static void
hopeless(struct tape *t, const char *name, const char *why)
{
	struct slice text = add_loss(t, name, why);

	if (t->not_replayable.n == 0)
		t->not_replayable = text;
}

void
snapshots_record(const struct ledger *l, struct state_image **images,
		 struct tape *t)
{
	if (!images)
		return;
	t->state = arena_array(t->arena, l->config.nstate, sizeof(*t->state));
	for (size_t k = 0; k < l->config.nstate; k++) {
		const struct state_config *c = &l->config.state[k];
		struct err e = { .code = ERR_NONE };

		for (size_t i = 0; i < images[k]->nlosses; i++)
			add_loss(t, c->name, images[k]->losses[i]);
		if (images[k]->trouble)
			hopeless(t, c->name, images[k]->trouble);
		else if (state_render(c, images[k], t->arena,
				      &t->state[t->nstate], &e) < 0)
			hopeless(t, c->name, e.msg);
		else
			t->nstate++;
	}
}
