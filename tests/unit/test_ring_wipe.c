/* What was given back or evicted is in the ring's memory after no call. */
#include "ledger_driver.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Before the bytes of a record: when, which side, how many. */
#define RECORD_HEADER 12u
#define CHUNKS 32u
#define CHAINS 5u
#define BIGGEST 24000u

/* xorshift: the same seed, the same sizes. */
static uint32_t
draw(uint64_t *state, uint32_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state % below);
}

/* ---- what is in a chain, and what is not ---------------------------------- */

static void
mark(unsigned char *live, uint32_t chunk, uint32_t from, size_t n)
{
	memset(live + (size_t)chunk * RING_CHUNK_BYTES + from, 1, n);
}

static void
mark_chain(unsigned char *live, const struct ring *r, const struct chain *c)
{
	struct ring_cursor w;
	struct record rec;
	uint32_t before, left = 0, from;

	ring_walk(&w, r, c);
	for (before = w.chunk; ring_next(&w, &rec); before = w.chunk) {
		from = w.at - (uint32_t)rec.bytes.n;
		mark(live, w.chunk, from, rec.bytes.n);
		if (left == 0 && from > 0)
			mark(live, w.chunk, from - RECORD_HEADER,
			     RECORD_HEADER);
		else if (left == 0)
			mark(live, before, RING_CHUNK_BYTES - RECORD_HEADER,
			     RECORD_HEADER);
		left = w.left;
	}
	/* Of the last one there may be room for the header alone. */
	if (c->last != RING_NONE && w.at >= RECORD_HEADER)
		mark(live, w.chunk, w.at - RECORD_HEADER, RECORD_HEADER);
}

static void
check_rest(const unsigned char *live, const struct ring *r)
{
	size_t n = (size_t)r->chunks * RING_CHUNK_BYTES;

	ck_assert_uint_eq(r->stale, 0);
	for (size_t i = 0; i < n; i++)
		if (r->base[i] && !live[i])
			ck_abort_msg("byte %zu of chunk %zu is still there",
				     i % RING_CHUNK_BYTES,
				     i / RING_CHUNK_BYTES);
}

static void
check_chains(const struct ring *r, const struct chain *v)
{
	unsigned char *live = calloc(r->chunks, RING_CHUNK_BYTES);

	for (size_t i = 0; i < CHAINS; i++)
		mark_chain(live, r, &v[i]);
	check_rest(live, r);
	free(live);
}

static void
check_ledger(const struct ledger *l)
{
	unsigned char *live = calloc(l->ring.chunks, RING_CHUNK_BYTES);

	for (uint32_t i = 0; i < l->pool_fresh; i++)
		if (l->pool[i].where != LX_FREE)
			mark_chain(live, &l->ring, &l->pool[i].chain);
	check_rest(live, &l->ring);
	free(live);
}

/* ---- the ring -------------------------------------------------------------- */

/* Of every size, over the end of the mapping many times, also more than there
 * is room for; what was there before is overwritten, given back or cut. */
START_TEST(bytes_outside_chains_are_zero)
{
	struct chain v[CHAINS];
	uint64_t kept[RING_SIDES], seed = 0x9e3779b97f4a7c15;
	char *in = malloc(BIGGEST);
	struct ring r;

	memset(in, 'S', BIGGEST);
	ck_assert_int_eq(ring_init(&r, CHUNKS, 0, NULL), 0);
	for (size_t i = 0; i < CHAINS; i++)
		chain_init(&v[i]);
	for (unsigned i = 1; i < 3000; i++) {
		struct chain *c = &v[i % CHAINS];
		uint32_t dice = draw(&seed, 8);
		size_t n = 1 + draw(&seed, dice & 1 ? 1500 : BIGGEST);

		if (dice == 0 && c->chunks > 1)
			ring_truncate(&r, c, 1 + draw(&seed, c->chunks), kept);
		check_chains(&r, v);
		if (dice < 2)
			ring_free_chain(&r, c);
		else if (dice < 6)
			ring_yield_chain(&r, c);
		ring_add(&r, c, dice >> 2, slice_of(in, n), i);
		check_chains(&r, v);
	}
	ring_finish(&r);
	free(in);
}
END_TEST

/* An add that stores nothing still keeps what it was called for. */
START_TEST(an_empty_add_wipes)
{
	struct chain v[CHAINS];
	char in[3 * RING_CHUNK_BYTES];
	struct ring r;

	memset(in, 'S', sizeof(in));
	ck_assert_int_eq(ring_init(&r, CHUNKS, 0, NULL), 0);
	for (size_t i = 0; i < CHAINS; i++)
		chain_init(&v[i]);
	ring_add(&r, &v[0], 0, slice_of(in, sizeof(in)), 1);
	ring_yield_chain(&r, &v[0]);
	ck_assert_uint_eq(r.stale, 4);
	ck_assert_uint_eq(ring_add(&r, &v[1], 0, SLICE(""), 2), 0);
	check_chains(&r, v);
	ring_finish(&r);
}
END_TEST

/* ---- the ledger ------------------------------------------------------------ */

static struct driver d;

static void
begin(void)
{
	driver_init(&d);
	d.config.max_memory_bytes = 256 * KiB;	/* about 115 chunks */
	driver_start(&d);
}

static void
end(void)
{
	driver_stop(&d);
}

/* A request, and its answer in reads of any size. */
static void
ask(struct wire *w, size_t body, uint64_t *seed)
{
	char head[128], part[8000];
	size_t n;

	memset(part, 'S', sizeof(part));
	wire_request(w, SLICE(GET("/secret")));
	check_ledger(d.l);
	snprintf(head, sizeof(head),
		 "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body);
	wire_response(w, slice_str(head));
	for (; body > 0; body -= n) {
		d.now_ns += MS;
		n = 1 + draw(seed, sizeof(part));
		n = n < body ? n : body;
		wire_response(w, slice_of(part, n));
		check_ledger(d.l);
	}
	if (w->x)
		wire_done(w);
}

START_TEST(what_is_evicted_is_gone)
{
	uint64_t seed = 0x2545f4914f6cdd1d;
	struct wire w;

	for (unsigned i = 0; i < 150; i++) {
		wire_open(&w, &d, LANE_CLIENT, i + 1);
		ask(&w, 1 + draw(&seed, i % 3 ? 3000 : 60000), &seed);
		wire_close(&w);
	}
	ck_assert_uint_gt(d.l->stats.evicted, 100);
}
END_TEST

/* Bigger than all there is: the others go, then it is cut itself. */
START_TEST(what_is_cut_is_gone)
{
	uint64_t seed = 0x2545f4914f6cdd1d;
	struct wire w;

	for (unsigned i = 0; i < 4; i++) {
		wire_open(&w, &d, LANE_CLIENT, i + 1);
		ask(&w, i % 2 ? 2000 : 400000, &seed);
		wire_close(&w);
	}
	ck_assert_uint_gt(d.l->stats.lost_bytes, 0);
}
END_TEST

/* One read that needs more than can be had, when some was given back for it. */
START_TEST(what_made_room_in_vain_is_gone)
{
	char *big = malloc(MiB);
	struct wire held, w;

	memset(big, 'S', MiB);
	wire_open(&held, &d, LANE_CLIENT, 1);
	wire_request(&held, SLICE(GET("/held")));
	for (unsigned i = 0; i < 20; i++)
		drive(&d, GET("/y"), OK_200);
	lx_pin(d.l, held.x);
	wire_open(&w, &d, LANE_CLIENT, 2);
	wire_request(&w, SLICE("POST / HTTP/1.1\r\nHost: a\r\n"
			       "Content-Length: 1048576\r\n\r\n"));
	wire_request(&w, slice_of(big, (size_t)(d.l->ring.chunks - 1) *
				  RING_CHUNK_BYTES - 100));
	ck_assert_uint_gt(d.l->stats.evicted, 0);
	ck_assert_uint_gt(d.l->stats.lost_bytes, 0);
	check_ledger(d.l);
	lx_unpin(d.l, held.x);
	wire_close(&w);
	wire_close(&held);
	free(big);
}
END_TEST

Suite *suite_ring_wipe(void);

Suite *
suite_ring_wipe(void)
{
	Suite *s = suite_create("ring_wipe");
	TCase *t = tcase_create("ring"), *l = tcase_create("ledger");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, bytes_outside_chains_are_zero);
	tcase_add_test(t, an_empty_add_wipes);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(l, begin, end);
	tcase_set_timeout(l, 60);
	tcase_add_test(l, what_is_evicted_is_gone);
	tcase_add_test(l, what_is_cut_is_gone);
	tcase_add_test(l, what_made_room_in_vain_is_gone);
	suite_add_tcase(s, l);
	return s;
}
