/*
 * How fast the scrubber is: megabytes of recorded bodies a second of CPU, all
 * default detectors, walks and the search for known values included, beside
 * SHA-256 over the same bytes in the same run.
 *   scrub_bench [ROUNDS]
 * The recording is drawn anew at each start, the same each time: JSON of
 * several interfaces, forms, HTML, XML, logs and binary data, with a log-in,
 * cookies, addresses and tokens in it as services have them.
 */
#include "../unit/clean_traffic.h"

#include <dvr/base/hash.h>
#include <dvr/scrub/scrub.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXCHANGES 96
#define BODY_BYTES (96u * KiB)
#define BINARY_EVERY 8

struct rig {
	struct arena *arena;
	struct recording rec;
	struct exchange x[EXCHANGES];
	size_t bytes;
};

static double
cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
add_header(struct rig *r, struct message *m, const char *name,
	   const char *value)
{
	struct slice line = arena_fmt(r->arena, "%s: %s", name, value);

	if (!m->headers.v)
		m->headers.v = arena_array(r->arena, 16,
					   sizeof(*m->headers.v));
	m->headers.v[m->headers.n++] = (struct header){
		.line = line, .name = slice_range(line, 0, strlen(name)),
		.value = slice_from(line, strlen(name) + 2),
	};
}

/* Bytes as of an image. */
static struct slice
binary(struct arena *a, unsigned seed, size_t n)
{
	unsigned char *p = arena_alloc(a, n);
	uint64_t x = seed * 0x9e3779b97f4a7c15ull + 7;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = (unsigned char)(x >> 24);
	}
	return slice_of(p, n);
}

static void
add_exchange(struct rig *r, unsigned i)
{
	struct exchange *x = &r->x[i];
	struct clean_body b = clean_traffic(r->arena, i % CLEAN_KINDS, i + 1,
					    BODY_BYTES);
	bool opaque = i % BINARY_EVERY == 0;

	if (opaque)
		b.text = binary(r->arena, i, BODY_BYTES);
	x->id = i + 1;
	x->conn = 1;
	x->request = (struct message){ .present = true,
		.framing = FRAMING_LENGTH };
	x->request.line = arena_fmt(r->arena, "GET %s HTTP/1.1", b.target);
	add_header(r, &x->request, "Host", "api.example.com");
	add_header(r, &x->request, "User-Agent", "Mozilla/5.0 (X11; Linux "
		   "x86_64) AppleWebKit/537.36 Chrome/120.0.0.0");
	add_header(r, &x->request, "Accept", "application/json, */*;q=0.1");
	add_header(r, &x->request, "Authorization", arena_str(r->arena,
		   arena_fmt(r->arena, "Bearer s%uk3Yw8Qz7Rt5Nv2Mb", i / 8)));
	add_header(r, &x->request, "Cookie", arena_str(r->arena,
		   arena_fmt(r->arena, "sid=q%ux81hf73bcm20dkf; theme=dark",
			     i / 4)));
	x->response = x->request;
	x->response.headers = (struct headers){ 0 };
	x->response.line = SLICE("HTTP/1.1 200 OK");
	add_header(r, &x->response, "Content-Type", opaque ? "image/png" :
		   b.type);
	x->response.body = b.text;
	x->response.body_bytes = b.text.n;
	r->bytes += b.text.n + 600;
}

/* What services answer to a log-in, and who their customers are. */
static void
add_people(struct rig *r, unsigned i)
{
	struct message *m = &r->x[i].response;
	struct buf b;

	buf_init(&b, 4 * MiB);
	buf_adds(&b, "{\"users\":[");
	for (unsigned k = 0; k < 64; k++)
		buf_fmt(&b, "%s{\"id\":%u,\"email\":\"person%u-%u@corp.example"
			"\",\"access_token\":\"t%uK7vR2nQ9x%uZ\",\"city\":"
			"\"Xville\"}", k ? "," : "", i * 100 + k, i, k, i, k);
	buf_adds(&b, "]}");
	r->bytes -= m->body.n;
	m->body = arena_copy(r->arena, buf_slice(&b));
	m->body_bytes = m->body.n;
	r->bytes += m->body.n;
	m->headers.n = 0;
	add_header(r, m, "Content-Type", "application/json");
	buf_release(&b);
}

static double
time_scrub(struct rig *r, size_t *hits)
{
	struct err e = { 0 };
	struct scrub *s = scrub_create(NULL, 0, &clock_system, &e);
	struct tape t;
	double from = cpu_s(), took;

	if (!s || scrub_recording(s, &r->rec, &t, &e) != 0) {
		fprintf(stderr, "scrub_bench: %s\n", e.msg);
		exit(1);
	}
	took = cpu_s() - from;
	*hits = t.nscrubbed;
	tape_release(&t);
	scrub_destroy(s);
	return took;
}

static double
time_sha256(const struct rig *r)
{
	double from = cpu_s();

	for (size_t i = 0; i < EXCHANGES; i++) {
		unsigned char sum[SHA256_BYTES];

		sha256(r->x[i].response.body, sum);
	}
	return cpu_s() - from;
}

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
main(int argc, char **argv)
{
	uint64_t rounds = 7;
	double scrub[64], sha[64], mb;
	struct rig r = { .arena = arena_create() };
	struct tape_lane lane = { SLICE("client"), LANE_INGRESS };
	size_t hits = 0;

	if (argc > 1 && slice_uint(slice_str(argv[1]), 64, &rounds) < 0)
		return 2;
	r.rec.raw.lanes = &lane;
	r.rec.raw.nlanes = 1;
	r.rec.raw.exchanges = r.x;
	r.rec.raw.nexchanges = EXCHANGES;
	for (unsigned i = 0; i < EXCHANGES; i++) {
		add_exchange(&r, i);
		if (i % 12 == 5)
			add_people(&r, i);
	}
	for (size_t i = 0; i < rounds; i++) {
		scrub[i] = time_scrub(&r, &hits);
		sha[i] = time_sha256(&r);
	}
	qsort(scrub, rounds, sizeof(*scrub), by_value);
	qsort(sha, rounds, sizeof(*sha), by_value);
	mb = (double)r.bytes / 1e6;
	printf("scrub %.1f sha256 %.1f ratio %.3f megabytes %.1f places %zu\n",
	       mb / scrub[rounds / 2], mb / sha[rounds / 2],
	       sha[rounds / 2] / scrub[rounds / 2], mb, hits);
	arena_destroy(r.arena);
	return 0;
}
