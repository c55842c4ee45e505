/* Says why a tape is stale, flaky or a duplicate (health.h). */
#include "health.h"

#include "date.h"

#include <string.h>

/* Other tapes that are named. */
#define NAMES_SHOWN 3

/* Days since anybody decided anything about it. */
static int
untouched_days(const struct tape *t, const struct plan *p)
{
	char recorded[CLOCK_RFC3339_MAX];
	int least, days;

	clock_rfc3339(t->recorded_us, recorded);
	least = date_age(slice_of(recorded, 10));
	for (size_t i = 0; i < p->npins; i++) {
		days = date_age(p->pins[i].accepted);
		least = p->pins[i].accepted.n && days < least ? days : least;
	}
	for (size_t i = 0; i < p->nchanges; i++) {
		days = date_age(p->changes[i].accepted);
		least = p->changes[i].accepted.n && days < least ? days : least;
	}
	for (size_t i = 0; i < p->nedits; i++) {
		days = date_age(p->edits[i].since);
		least = p->edits[i].since.n && days < least ? days : least;
	}
	return least;
}

bool
health_stale(const struct tape *t, const struct plan *p, struct buf *out)
{
	int days = untouched_days(t, p);

	if (t->not_replayable.n)
		buf_adds(out, "cannot be replayed");
	else if (p->hits == 0 && p->expect != EXPECT_SAME)
		buf_adds(out, p->of ? "never reproduced" : "never verified");
	else if (p->expect == EXPECT_QUARANTINED &&
		 date_age(p->quarantine.until) > 0)
		buf_fmt(out, "its quarantine is over since %.*s",
			SLICE_ARG(p->quarantine.until));
	else if (days > STALE_DAYS)
		buf_fmt(out, "nothing was decided about it for %d days", days);
	else
		return false;
	return true;
}

bool
health_flaky(const struct plan *p, const struct last_tape *last,
	     struct buf *out)
{
	unsigned turns = 0;

	if (p->hits > 0 && p->hits < p->of) {
		buf_fmt(out, "its failure came in %u of %u replays", p->hits,
			p->of);
		return true;
	}
	if (!last)
		return false;
	/* One turn is a fix or a new bug. */
	for (size_t i = 1; i < last->runs.n; i++)
		turns += last->runs.p[i] != last->runs.p[i - 1];
	if (turns < 2 && slice_chr(last->runs, 'r') < 0)
		return false;
	buf_fmt(out, "last runs here: %.*s (p pass, f failed, r passed when "
		"repeated)", SLICE_ARG(last->runs));
	return true;
}

bool
health_duplicate(const struct library *l, const struct library_entry *x,
		 struct buf *out)
{
	unsigned n = 0;

	for (size_t i = 0; x->signature[0] && i < l->n; i++) {
		if (&l->v[i] == x ||
		    strcmp(l->v[i].signature, x->signature) != 0)
			continue;
		if (n < NAMES_SHOWN)
			buf_fmt(out, "%s%s", n ? ", " : "same failure as ",
				l->v[i].id);
		n++;
	}
	if (n > NAMES_SHOWN)
		buf_fmt(out, " and %u more", n - NAMES_SHOWN);
	return n > 0;
}
