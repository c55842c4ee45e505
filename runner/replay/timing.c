/* How exact a replay's sends were. */
#include "engine.h"

#include <dvr/base/mem.h>

#include <stdlib.h>

static const char *const mode_names[] = {
	[TIMING_RECORDED] = "recorded",
	[TIMING_FAST] = "fast",
	[TIMING_DOUBLE] = "2x",
	[TIMING_PRECISE] = "precise",
};

static int
ascending(const void *pa, const void *pb)
{
	int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;

	return a < b ? -1 : a > b;
}

/* Nearest rank of n sorted values. */
static int64_t
percentile(const int64_t *v, size_t n, size_t percent)
{
	size_t rank = (n * percent + 99) / 100;

	return v[rank > 0 ? rank - 1 : 0];
}

void
replay_timing(const struct replay *r, struct timing *out)
{
	int64_t *late = mem_array(r->schedule.count + 1, sizeof(*late));
	size_t n = 0;

	*out = (struct timing){ .mode = mode_names[r->options.timing],
		.realtime = r->realtime, .alone = !r->options.holds };
	for (size_t i = 0; r->shots && i < r->schedule.count; i++) {
		const struct shot *s = &r->shots[i];

		if (s->sent_ns == 0)
			continue;
		late[n++] = s->call.seen->late_us;
		out->drift_us = s->call.seen->late_us;
	}
	if (n > 0) {
		qsort(late, n, sizeof(*late), ascending);
		out->known = true;
		out->count = n;
		out->p50_us = percentile(late, n, 50);
		out->p99_us = percentile(late, n, 99);
		out->max_us = late[n - 1];
	}
	free(late);
}
