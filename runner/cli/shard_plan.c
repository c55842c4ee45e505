/* Divides tapes between shards so that all of them end at about one time. */
#include "shard.h"

#include <dvr/base/fs.h>
#include <dvr/base/hash.h>
#include <dvr/base/mem.h>
#include <dvr/reporter.h>
#include <dvr/tape/yaml.h>

#include <stdlib.h>
#include <string.h>

#define TIMINGS_MAX (256u * MiB)
#define START_MS 1000		/* a service's start, where nothing is known */
#define LONGEST_MS (1000ULL * 1000 * 1000)

/* ---- how long a tape will take ---------------------------------------------- */

/* One run of one tape. */
struct timed {
	struct slice id;
	uint64_t ms;
};

static int
by_id_and_time(const void *pa, const void *pb)
{
	const struct timed *a = pa, *b = pb;
	int order = slice_cmp(a->id, b->id);

	return order ? order : (a->ms > b->ms) - (a->ms < b->ms);
}

static struct timed *
sorted_times(const struct results *r)
{
	struct timed *v = arena_array(r->arena, r->ntapes + 1, sizeof(*v));

	for (size_t i = 0; i < r->ntapes; i++)
		v[i] = (struct timed){ r->tapes[i].id,
				       (uint64_t)(r->tapes[i].seconds * 1e3) };
	qsort(v, r->ntapes, sizeof(*v), by_id_and_time);
	return v;
}

/* The smallest value that 85 of 100 do not exceed; false: never timed. */
static bool
percentile(const struct timed *v, size_t n, const char *id, uint64_t *out)
{
	const struct slice key = slice_str(id);
	size_t from = 0, to;

	for (size_t width = n; width > 0;) {
		size_t half = width / 2;

		if (slice_cmp(v[from + half].id, key) < 0) {
			from += half + 1;
			width -= half + 1;
		} else {
			width = half;
		}
	}
	for (to = from; to < n && slice_eq(v[to].id, key);)
		to++;
	if (to == from)
		return false;
	*out = v[from + ((to - from) * 85 + 99) / 100 - 1].ms;
	return true;
}

static void
fill_unknown(struct shard_plan *p, const bool *known)
{
	uint64_t sum = 0, n = 0, mean;

	for (size_t i = 0; i < p->n; i++) {
		sum += known[i] ? p->ms[i] : 0;
		n += known[i];
	}
	mean = n ? sum / n : START_MS;
	for (size_t i = 0; i < p->n; i++) {
		if (!known[i])
			p->ms[i] = mean;
	}
}

static int
times_from(const struct library_entry *const *tapes, const char *file,
	   struct shard_plan *p, struct err *e)
{
	struct results r = { .arena = arena_create() };
	bool *known = mem_array(p->n + 1, sizeof(*known));
	struct timed *v;
	struct buf text;
	int rc = -1;

	buf_init(&text, TIMINGS_MAX);
	if (fs_read(file, &text, e) != 0) {
		err_prefix(e, "--timings");
	} else if (results_read(buf_slice(&text), RESULTS_ANY, &r, e) != 0) {
		err_prefix(e, "--timings %s", file);
	} else {
		v = sorted_times(&r);
		for (size_t i = 0; i < p->n; i++)
			known[i] = percentile(v, r.ntapes, tapes[i]->id,
					      &p->ms[i]);
		fill_unknown(p, known);
		rc = 0;
	}
	buf_release(&text);
	arena_destroy(r.arena);
	free(known);
	return rc;
}

/* A tape that cannot be read will be told as soon as it is tried. */
static uint64_t
length_of(const struct library_entry *x)
{
	int64_t last = 0;
	struct tape t;

	if (tape_read(x->dir, &t, NULL) != 0)
		return START_MS;
	for (size_t i = 0; i < t.nexchanges; i++) {
		const struct exchange *c = &t.exchanges[i];

		if (c->request.end_us > last)
			last = c->request.end_us;
		if (c->response.present && c->response.end_us > last)
			last = c->response.end_us;
	}
	tape_release(&t);
	return START_MS + (uint64_t)last / 1000;
}

/* ---- whose it is ------------------------------------------------------------ */

struct weighed {
	uint64_t ms;
	const char *id;
	size_t at;
};

static int
longest_first(const void *pa, const void *pb)
{
	const struct weighed *a = pa, *b = pb;

	if (a->ms != b->ms)
		return a->ms < b->ms ? 1 : -1;
	return strcmp(a->id, b->id);
}

static void
divide(const struct library_entry *const *tapes, struct shard_plan *p)
{
	struct weighed *v = mem_array(p->n + 1, sizeof(*v));
	uint64_t *load = mem_array(p->of, sizeof(*load));

	for (size_t i = 0; i < p->n; i++)
		v[i] = (struct weighed){ p->ms[i], tapes[i]->id, i };
	qsort(v, p->n, sizeof(*v), longest_first);
	for (size_t i = 0; i < p->n; i++) {
		unsigned least = 0;

		for (unsigned k = 1; k < p->of; k++) {
			if (load[k] < load[least])
				least = k;
		}
		/* What takes no time is still one more. */
		load[least] += v[i].ms + 1;
		p->shard[v[i].at] = least + 1;
	}
	free(load);
	free(v);
}

/* Two machines with one hash try disjoint parts that make up the whole. */
static void
sign(const struct library_entry *const *tapes, struct shard_plan *p)
{
	unsigned char digest[SHA256_BYTES];
	struct sha256 *h = sha256_begin();
	struct buf line;

	buf_init(&line, 64 * KiB);
	for (size_t i = 0; i < p->n; i++) {
		buf_clear(&line);
		buf_fmt(&line, "%u/%u %s\n", p->shard[i], p->of, tapes[i]->id);
		sha256_more(h, buf_slice(&line));
	}
	sha256_end(h, digest);
	buf_clear(&line);
	hex_encode(slice_of(digest, sizeof(digest)), &line);
	memcpy(p->hash, buf_cstr(&line), sizeof(p->hash));
	buf_release(&line);
}

int
shard_plan(const struct library_entry *const *tapes, size_t n, unsigned of,
	   const char *timings, struct shard_plan *out, struct err *e)
{
	struct shard_plan p = { .of = of, .n = n };

	p.shard = mem_array(n + 1, sizeof(*p.shard));
	p.ms = mem_array(n + 1, sizeof(*p.ms));
	if (timings && times_from(tapes, timings, &p, e) != 0) {
		shard_plan_release(&p);
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (!timings)
			p.ms[i] = length_of(tapes[i]);
		if (p.ms[i] > LONGEST_MS)
			p.ms[i] = LONGEST_MS;
	}
	divide(tapes, &p);
	sign(tapes, &p);
	*out = p;
	return 0;
}

void
shard_plan_release(struct shard_plan *p)
{
	free(p->shard);
	free(p->ms);
}
