/* Tells when the library has outgrown its cap, and what to retire. */
#include "library_cap.h"

#include "command.h"
#include "health.h"

#include <dvr/base/mem.h>
#include <dvr/base/plural.h>

#include <stdlib.h>

/* Tapes that are named. */
#define NAMED 5

struct candidate {
	const char *id;
	bool idle;		/* stale, or one of several of one failure */
	int64_t recorded_us;
};

/* What proves nothing goes first, then what is oldest. */
static int
by_use(const void *pa, const void *pb)
{
	const struct candidate *a = pa, *b = pb;

	if (a->idle != b->idle)
		return a->idle ? -1 : 1;
	return a->recorded_us < b->recorded_us ? -1 :
	       a->recorded_us > b->recorded_us;
}

static struct candidate
judge(const struct library *l, const struct library_entry *x)
{
	struct candidate c = { .id = x->id, .idle = true };
	struct buf why;
	struct tape t;
	struct plan p;

	buf_init(&why, 64 * KiB);
	if (library_read(x->dir, &t, &p, NULL) == 0) {
		c.recorded_us = t.recorded_us;
		c.idle = health_stale(&t, &p, &why) ||
			 health_duplicate(l, x, &why);
	}
	tape_release(&t);
	buf_release(&why);
	return c;
}

static void
tell(const struct library *l, uint64_t bytes, size_t cap)
{
	struct candidate *v = mem_array(l->n, sizeof(*v));
	struct buf names;

	buf_init(&names, 16 * KiB);
	for (size_t i = 0; i < l->n; i++)
		v[i] = judge(l, &l->v[i]);
	qsort(v, l->n, sizeof(*v), by_use);
	for (size_t i = 0; i < l->n && i < NAMED; i++)
		buf_fmt(&names, " %s", v[i].id);
	warn("the library takes %llu KiB in %zu tape%s, more than capture: "
	     "max_library (%zu KiB); dvr retire --reason TEXT%s",
	     (unsigned long long)(bytes / KiB), l->n, plural(l->n), cap / KiB,
	     buf_cstr(&names));
	buf_release(&names);
	free(v);
}

void
library_cap_tell(const struct config *c)
{
	struct library_size one;
	struct library l;
	uint64_t bytes = 0;

	if (c->max_library_bytes == 0 ||
	    library_scan(c->fixtures, &l, NULL) != 0)
		return;
	for (size_t i = 0; i < l.n; i++) {
		library_size(l.v[i].dir, &one);
		bytes += one.bytes;
	}
	if (bytes > c->max_library_bytes)
		tell(&l, bytes, c->max_library_bytes);
	library_release(&l);
}
