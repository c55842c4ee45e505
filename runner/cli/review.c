/* Collects what a reviewer has to know about a tape (review.h). */
#include "review.h"

#include "git.h"
#include "health.h"

#include <dvr/base/fs.h>
#include <dvr/base/plural.h>
#include <dvr/judge/outcome.h>
#include <dvr/relate/route.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One screen: more rows of a kind are counted. */
#define ROUTES_SHOWN 12
#define TEXTS_SHOWN 10
#define TEXT_SHOWN 100
#define RULES_SHOWN 12

struct rows {
	const struct review *r;
	review_fn *fn;
	void *arg;
	struct buf b;		/* of the row at hand */
};

static void
end_row(struct rows *o, const char *label)
{
	if (o->b.n)
		o->fn(o->arg, label, buf_slice(&o->b));
	buf_clear(&o->b);
}

/* ---- what happened ------------------------------------------------------ */

static void
trigger_row(struct rows *o)
{
	const struct tape *t = o->r->tape;
	const struct exchange *x = tape_exchange(t, t->trigger.exchange);

	buf_fmt(&o->b, "%s", trigger_kind_name(t->trigger.kind));
	if (t->trigger.value)
		buf_fmt(&o->b, " %d", t->trigger.value);
	if (x) {
		buf_fmt(&o->b, " at exchange %u of %zu: %.*s ", x->id,
			t->nexchanges, SLICE_ARG(message_method(&x->request)));
		route_of(&x->request, &o->b);
	}
	if (t->trigger.detail.n)
		buf_fmt(&o->b, ": %.*s", SLICE_ARG(t->trigger.detail));
	end_row(o, "trigger");
}

struct route {
	struct slice lane, text;
	unsigned n;
};

static int
by_first(const void *pa, const void *pb)
{
	const struct route *a = pa, *b = pb;
	int order = slice_cmp(a->lane, b->lane);

	return order ? order : slice_cmp(a->text, b->text);
}

static void
routes_rows(struct rows *o)
{
	const struct tape *t = o->r->tape;
	struct arena *a = arena_create();
	struct route *v = arena_array(a, t->nexchanges + 1, sizeof(*v));
	size_t shown = 0, kinds = 0;
	struct buf route;

	buf_init(&route, 64 * KiB);
	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];

		buf_clear(&route);
		buf_fmt(&route, "%.*s ",
			SLICE_ARG(message_method(&x->request)));
		route_of(&x->request, &route);
		v[i] = (struct route){ t->lanes[x->lane].name,
			arena_copy(a, buf_slice(&route)), 1 };
	}
	qsort(v, t->nexchanges, sizeof(*v), by_first);
	for (size_t i = 0; i < t->nexchanges; i++) {
		if (kinds && by_first(&v[i], &v[kinds - 1]) == 0)
			v[kinds - 1].n++;
		else
			v[kinds++] = v[i];
	}
	for (; shown < kinds && shown < ROUTES_SHOWN; shown++) {
		buf_fmt(&o->b, "%.*s: %.*s", SLICE_ARG(v[shown].lane),
			SLICE_ARG(v[shown].text));
		if (v[shown].n > 1)
			buf_fmt(&o->b, " ×%u", v[shown].n);
		end_row(o, shown ? "" : "routes");
	}
	if (kinds > shown)
		buf_fmt(&o->b, "and %zu more", kinds - shown);
	end_row(o, "");
	buf_release(&route);
	arena_destroy(a);
}

/* ---- what becomes of it ----------------------------------------------------- */

static void
count(struct rows *o, size_t n, const char *what)
{
	if (n)
		buf_fmt(&o->b, " · %zu %s%s", n, what, plural(n));
}

static void
expect_row(struct rows *o)
{
	const struct plan *p = o->r->plan;
	const struct plan_quarantine *q = &p->quarantine;

	buf_adds(&o->b, expect_name(p->expect));
	if (p->expect == EXPECT_QUARANTINED)
		buf_fmt(&o->b, " until %.*s by %.*s: %.*s %.*s",
			SLICE_ARG(q->until), SLICE_ARG(q->owner),
			SLICE_ARG(q->reason), SLICE_ARG(q->link));
	for (size_t i = 0; i < p->npins; i++)
		buf_fmt(&o->b, " · pinned %u at exchange %u",
			p->pins[i].status, p->pins[i].exchange);
	count(o, p->nchanges, "accepted change");
	count(o, p->nedits, "edited request field");
	end_row(o, "expects");
}

static void
exactness_row(struct rows *o)
{
	const struct tape *t = o->r->tape;
	const struct plan *p = o->r->plan;

	if (t->not_replayable.n)
		buf_fmt(&o->b, "not replayable: %.*s",
			SLICE_ARG(t->not_replayable));
	else if (p->hits)
		buf_fmt(&o->b, "reproduces %u/%u", p->hits, p->of);
	else
		buf_adds(&o->b, p->of ? "unproven: it never reproduced"
				      : "unproven: never verified");
	if (p->interval.n)
		buf_fmt(&o->b, " (95 %%: %.*s)", SLICE_ARG(p->interval));
	if (p->alone_told)
		buf_fmt(&o->b, " · by timing alone %u/%u", p->alone, p->of);
	count(o, p->nbindings, "binding");
	count(o, p->nmasks, "mask");
	count(o, p->nholds, "hold");
	count(o, p->nstubs, "stub");
	count(o, t->nstate, "data store");
	if (t->origin.truncated)
		buf_fmt(&o->b, " · %llu exchanges before the first are "
			"missing", (unsigned long long)t->origin.truncated);
	end_row(o, "replay");
	for (size_t i = 0; i < t->nlosses; i++) {
		buf_add(&o->b, t->losses[i]);
		end_row(o, i ? "" : "lost");
	}
}

/* ---- what is in it ------------------------------------------------------------ */

struct rule {
	struct slice name;
	uint64_t n;
};

static void
scrubbed_row(struct rows *o)
{
	const struct tape *t = o->r->tape;
	struct arena *a = arena_create();
	struct rule *v = arena_array(a, t->nscrubbed + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < t->nscrubbed; i++) {
		const struct scrub_entry *x = &t->scrubbed[i];
		size_t k = 0;

		while (k < n && !slice_eq(v[k].name, x->rule))
			k++;
		if (k == n)
			v[n++].name = x->rule;
		v[k].n += x->count;
	}
	for (size_t i = 0; i < n && i < RULES_SHOWN; i++)
		buf_fmt(&o->b, "%s%.*s ×%llu", i ? ", " : "",
			SLICE_ARG(v[i].name), (unsigned long long)v[i].n);
	if (n > RULES_SHOWN)
		buf_fmt(&o->b, " and %zu rules more", n - RULES_SHOWN);
	if (n == 0)
		buf_adds(&o->b, "nothing");
	end_row(o, "scrubbed");
	arena_destroy(a);
}

static void
credentials_row(struct rows *o)
{
	const struct tape *t = o->r->tape;

	count(o, t->ntokens, "token made anew in each replay");
	if (o->b.n)
		buf_drop(&o->b, strlen(" · "));
	end_row(o, "credentials");
	for (size_t i = 0; i < t->nmocks; i++) {
		buf_add(&o->b, t->mocks[i]);
		end_row(o, i || t->ntokens ? "" : "credentials");
	}
}

static void
size_row(struct rows *o)
{
	struct library_size size;
	unsigned long long most = o->r->max_tape_bytes;

	library_size(o->r->entry->dir, &size);
	buf_fmt(&o->b, "%llu KiB in %zu file%s", (unsigned long long)
		(size.bytes + KiB - 1) / KiB, size.files, plural(size.files));
	if (most && size.bytes > most)
		buf_fmt(&o->b, " · over max_tape (%llu KiB)", most / KiB);
	end_row(o, "size");
}

static void
known_row(struct rows *o)
{
	if (health_duplicate(o->r->lib, o->r->entry, &o->b))
		end_row(o, "duplicate");
	for (size_t i = 0; i < o->r->nretired; i++) {
		const struct retired *x = &o->r->retired[i];

		if (!slice_eq(x->signature,
			      slice_str(o->r->entry->signature)))
			continue;
		buf_fmt(&o->b, "the same failure was retired on %.*s: %.*s",
			SLICE_ARG(x->day), SLICE_ARG(x->reason));
		end_row(o, "came back");
	}
}

struct texts {
	struct rows *o;
	struct words *told;	/* so that each is shown once */
	size_t n;
};

static void
text_found(void *arg, struct slice place, struct slice text)
{
	struct texts *x = arg;

	if (words_known(x->o->r->words, text) || words_add(x->told, text))
		return;
	if (x->n++ >= TEXTS_SHOWN)
		return;
	buf_fmt(&x->o->b, "%.*s: %.*s%s", SLICE_ARG(place),
		SLICE_ARG(slice_words(text, TEXT_SHOWN)),
		text.n > TEXT_SHOWN ? "…" : "");
	end_row(x->o, x->n == 1 ? "new text" : "");
}

static void
text_rows(struct rows *o)
{
	struct words told = { .arena = arena_create() };
	struct texts x = { .o = o, .told = &told };

	words_walk(o->r->tape, text_found, &x);
	if (x.n > TEXTS_SHOWN)
		buf_fmt(&o->b, "and %zu more: dvr show", x.n - TEXTS_SHOWN);
	end_row(o, "");
	if (x.n == 0)
		buf_adds(&o->b, "none that the library has not seen");
	end_row(o, "new text");
	arena_destroy(told.arena);
}

/* ---- what the change does ----------------------------------------------------- */

static void
since_row(struct rows *o)
{
	const struct review *r = o->r;
	struct arena *a = arena_create();
	struct plan was;
	struct buf old;
	int rc;

	buf_init(&old, GIT_MAX);
	rc = git_file(r->fixtures, r->since, r->entry->id, &old);
	if (rc < 0)
		buf_fmt(&o->b, "new: not in %s", r->since);
	else if (plan_read(a, "replay.yaml", buf_slice(&old), &was, NULL) != 0)
		buf_fmt(&o->b, "its replay.yaml in %s cannot be read",
			r->since);
	else if (was.expect != r->plan->expect)
		buf_fmt(&o->b, "%s → %s", expect_name(was.expect),
			expect_name(r->plan->expect));
	else
		buf_fmt(&o->b, "still %s", expect_name(was.expect));
	if (rc == 0 && r->plan->npins > was.npins)
		buf_adds(&o->b, ", accepted");
	end_row(o, "change");
	buf_release(&old);
	arena_destroy(a);
}

void
review_rows(const struct review *r, review_fn *fn, void *arg)
{
	struct rows o = { .r = r, .fn = fn, .arg = arg };

	buf_init(&o.b, MiB);
	if (r->since)
		since_row(&o);
	trigger_row(&o);
	routes_rows(&o);
	expect_row(&o);
	exactness_row(&o);
	scrubbed_row(&o);
	credentials_row(&o);
	size_row(&o);
	known_row(&o);
	text_rows(&o);
	buf_release(&o.b);
}
