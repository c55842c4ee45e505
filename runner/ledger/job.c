/* Collects, pins and releases the history that a commit is about. */
#include "job.h"
#include "seen.h"
#include "snapshots.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

struct gathering {
	struct ledger *l;
	const struct pending *p;
	struct session *of[2];		/* its own, and what ran outside any */
	size_t nof;
	uint64_t end_ns;		/* of the failing exchange */
	uint64_t late;			/* begun, but after it */
	const struct snapshot *from;	/* of the session; NULL: the start */
	uint64_t bytes;
	struct lx **v;			/* newest first */
	size_t n, cap;
};

static uint64_t
failing_end(const struct pending *p)
{
	const struct lx *x = p->x;

	if (x && (x->flags & LXF_RESP_ENDED) &&
	    x->end_ns[LX_RESPONSE] > p->at_ns)
		return x->end_ns[LX_RESPONSE];
	return p->at_ns;
}

enum take { TAKE, SKIP, STOP };

/* What had ended when the session's data were taken stands in them. */
static bool
is_in_snapshot(const struct gathering *g, const struct lx *x)
{
	return g->from && x->seq < g->from->seq && x != g->p->x &&
		(x->flags & LXF_RESP_ENDED) &&
		x->end_ns[LX_RESPONSE] <= g->from->at_ns;
}

static enum take
judge(struct gathering *g, const struct lx *x)
{
	const struct pending *p = g->p;
	uint64_t window = g->l->config.window_ns;

	if (x->incarnation < p->incarnation)
		return STOP;
	if (x->incarnation > p->incarnation)
		return SKIP;
	if (lx_ingress(g->l, x) && lx_refused(x))
		return SKIP;
	if (x->at_ns[LX_REQUEST] > g->end_ns && x != p->x) {
		g->late++;
		return SKIP;
	}
	if (is_in_snapshot(g, x))
		return SKIP;
	if (window > 0 && x->at_ns[LX_REQUEST] + window < p->at_ns &&
	    x != p->x)
		return STOP;
	if (g->n >= JOB_EXCHANGES_MAX || g->bytes +
	    x->stored[0] + x->stored[1] > JOB_BYTES_MAX)
		return g->n == 0 ? TAKE : STOP;
	return TAKE;
}

static void
take(struct gathering *g, struct lx *x)
{
	if (g->n == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 64;
		g->v = mem_grow(g->v, g->cap, sizeof(*g->v));
	}
	g->bytes += x->stored[0] + x->stored[1];
	g->v[g->n++] = x;
}

/* Both lists from their ends, the younger first. */
static void
gather(struct gathering *g)
{
	uint32_t at[2] = { LX_NONE, LX_NONE };
	struct lx *x, *y;
	size_t i, k;

	for (i = 0; i < g->nof; i++)
		at[i] = g->of[i]->list.tail;
	for (;;) {
		x = NULL;
		k = 0;
		for (i = 0; i < g->nof; i++) {
			if (at[i] == LX_NONE)
				continue;
			y = lx_at(g->l, at[i]);
			if (!x || y->seq > x->seq) {
				x = y;
				k = i;
			}
		}
		if (!x)
			return;
		at[k] = x->sprev;
		switch (judge(g, x)) {
		case TAKE:
			take(g, x);
			break;
		case SKIP:
			break;
		case STOP:
			return;
		}
	}
}

static int
by_seq(const void *a, const void *b)
{
	const struct lx *x = *(struct lx *const *)a;
	const struct lx *y = *(struct lx *const *)b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* However old it is, the failing one belongs on its tape. */
static void
take_failing(struct gathering *g)
{
	size_t i;

	if (!g->p->x)
		return;
	for (i = 0; i < g->n; i++)
		if (g->v[i] == g->p->x)
			return;
	take(g, g->p->x);
}

static void
gather_start(struct ledger *l, const struct pending *p, struct gathering *g)
{
	struct session *run = session_run(l, p->session->namespace);

	*g = (struct gathering){
		.l = l,
		.p = p,
		.of = { p->session, run },
		.nof = run && run != p->session ? 2 : 1,
		.end_ns = failing_end(p),
		.from = snapshots_session(l, p->session, p->incarnation),
	};
	gather(g);
	take_failing(g);
	if (g->n > 1)
		qsort(g->v, g->n, sizeof(struct lx *), by_seq);
}

static struct slice
copy_bytes(struct slice s)
{
	char *p = mem_alloc(s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return slice_of(p, s.n);
}

static char *
copy_str(struct slice s)
{
	struct slice c = copy_bytes(s);

	return (char *)(uintptr_t)c.p;
}

/* Exchanges that are missing: begun since the snapshot (or the start), and
 * neither here nor later than the failure. */
static uint64_t
count_lost(const struct gathering *g)
{
	uint64_t begun = 0, here = 0;

	for (size_t i = 0; i < g->nof; i++)
		begun += session_begun(g->of[i], g->p->incarnation);
	if (g->from)
		begun -= begun < g->from->begun ? begun : g->from->begun;
	for (size_t i = 0; i < g->n; i++)
		here += !g->from || g->v[i]->seq >= g->from->seq;
	here += g->late;
	return begun > here ? begun - here : 0;
}

struct job *
job_create(struct ledger *l, const struct pending *p)
{
	struct job *j = mem_alloc(sizeof(*j));
	struct gathering g;
	size_t i;

	gather_start(l, p, &g);
	j->kind = p->kind;
	j->value = p->value;
	j->at_ns = p->at_ns;
	j->fail_seq = p->x ? p->x->seq : 0;
	memcpy(j->signature, p->signature, sizeof(j->signature));
	j->detail = seen_detail(p);
	j->tail = copy_bytes(p->tail.n == 0 && l->log_fn ?
			     l->log_fn(l->log_arg) : p->tail);
	j->namespace = copy_str(p->session->namespace);
	j->session = mem_strdup(p->session->label);
	j->truncated = count_lost(&g);
	j->images = snapshots_take(l, p->session, p->incarnation);
	j->from_snapshot = g.from && g.from->begun > 0;
	j->snapshot_ns = g.from ? g.from->at_ns : 0;
	j->mono_ns = clock_mono_ns(l->clock);
	j->wall_us = clock_wall_us(l->clock);
	j->from = g.v;
	j->n = g.n;
	j->v = mem_array(g.n + 1, sizeof(*j->v));
	for (i = 0; i < g.n; i++) {
		lx_pin(l, g.v[i]);
		j->v[i] = *g.v[i];
	}
	return j;
}

static void
wipe(struct slice s)
{
	char *p = (char *)(uintptr_t)s.p;

	if (s.n > 0)
		explicit_bzero(p, s.n);
	free(p);
}

void
job_destroy(struct ledger *l, struct job *j)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		lx_unpin(l, j->from[i]);
	snapshots_give_back(l, j->images);
	free(j->from);
	free(j->v);
	wipe(j->detail);
	wipe(j->tail);
	free(j->bare);
	free(j->namespace);
	free(j->session);
	free(j);
}
