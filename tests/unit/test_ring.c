/* The ring of chunks: bytes come back, memory comes back, copies hold. */
#include "../../runner/ledger/ring.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Reads a chain into one text: "side@time:bytes" with pieces of one record
 * put together. */
static size_t
read_side(const struct ring *r, const struct chain *c, unsigned side,
	  char *out, size_t size)
{
	struct ring_cursor w;
	struct record rec;
	size_t n = 0;

	ring_walk(&w, r, c);
	while (ring_next(&w, &rec)) {
		if (rec.side != side)
			continue;
		ck_assert_uint_le(n + rec.bytes.n, size);
		memcpy(out + n, rec.bytes.p, rec.bytes.n);
		n += rec.bytes.n;
	}
	return n;
}

static void
fill(char *p, size_t n, unsigned seed)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = (char)(seed * 31 + i * 7 + (i >> 8));
}

/* Reads of any size come back byte for byte, whatever chunk they end in. */
START_TEST(bytes_of_any_size_come_back)
{
	static const size_t sizes[] = { 1, 11, 12, 13, 2019, 2020, 2021, 2031,
		2032, 2033, 2044, 2048, 4096, 65536 };
	struct ring r;
	struct chain c;
	char *in = malloc(70000), *out = malloc(70000);
	size_t i, k, n;

	ck_assert_int_eq(ring_init(&r, 256, 0, NULL), 0);
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		chain_init(&c);
		for (k = 0; k < 3; k++) {
			fill(in, sizes[i], (unsigned)k);
			n = ring_add(&r, &c, k & 1, slice_of(in, sizes[i]),
				     100 + k);
			ck_assert_uint_eq(n, sizes[i]);
		}
		n = read_side(&r, &c, 1, out, 70000);
		fill(in, sizes[i], 1);
		ck_assert_uint_eq(n, sizes[i]);
		ck_assert_mem_eq(in, out, n);
		ring_free_chain(&r, &c);
		ck_assert_uint_eq(r.nfree, 256);
	}
	ring_finish(&r);
	free(in);
	free(out);
}
END_TEST

/* Two appends of one read are one record; of two reads they are two. */
START_TEST(one_read_is_one_record)
{
	struct ring r;
	struct chain c;
	struct ring_cursor w;
	struct record rec;
	unsigned n = 0;

	ck_assert_int_eq(ring_init(&r, 16, 0, NULL), 0);
	chain_init(&c);
	ring_add(&r, &c, 0, SLICE("GET "), 5);
	ring_add(&r, &c, 0, SLICE("/ HTTP"), 5);
	ring_add(&r, &c, 0, SLICE("/1.1"), 6);
	ring_add(&r, &c, 1, SLICE("x"), 6);
	ring_walk(&w, &r, &c);
	while (ring_next(&w, &rec)) {
		if (n == 0)
			ck_assert(slice_eq(rec.bytes, SLICE("GET / HTTP")));
		n++;
	}
	ck_assert_uint_eq(n, 3);
	ring_finish(&r);
}
END_TEST

/* What does not fit is not stored, and what was stored stays readable. */
START_TEST(a_full_ring_stores_what_fits)
{
	struct ring r;
	struct chain c;
	char in[9000], out[9000];
	size_t n;

	fill(in, sizeof(in), 3);
	ck_assert_int_eq(ring_init(&r, 4, 0, NULL), 0);
	chain_init(&c);
	n = ring_add(&r, &c, 1, slice_of(in, sizeof(in)), 1);
	ck_assert_uint_lt(n, sizeof(in));
	ck_assert_uint_gt(n, 3 * 2040u);
	ck_assert_uint_eq(ring_add(&r, &c, 0, SLICE("more"), 2), 0);
	ck_assert_uint_eq(read_side(&r, &c, 1, out, sizeof(out)), n);
	ck_assert_mem_eq(in, out, n);
	ring_finish(&r);
}
END_TEST

/* A copy of a chain ends where it ended, though the original goes on, even in
 * the record that is being lengthened. */
START_TEST(a_copied_chain_does_not_grow)
{
	struct ring r;
	struct chain c, copy;
	char in[6000], out[6000];
	size_t i;

	fill(in, sizeof(in), 9);
	ck_assert_int_eq(ring_init(&r, 64, 0, NULL), 0);
	chain_init(&c);
	ring_add(&r, &c, 0, slice_of(in, 3000), 7);
	copy = c;
	for (i = 3000; i < sizeof(in); i += 100)
		ring_add(&r, &c, 0, slice_of(in + i, 100), 7);
	ck_assert_uint_eq(read_side(&r, &copy, 0, out, sizeof(out)), 3000);
	ck_assert_mem_eq(in, out, 3000);
	ck_assert_uint_eq(read_side(&r, &c, 0, out, sizeof(out)), 6000);
	ck_assert_mem_eq(in, out, 6000);
	ring_finish(&r);
}
END_TEST

/* A chain that is cut keeps its beginning and gives the rest back. */
START_TEST(a_truncated_chain_keeps_its_beginning)
{
	struct ring r;
	struct chain c;
	char in[20000], out[20000];
	uint64_t kept[RING_SIDES];
	size_t n;

	fill(in, sizeof(in), 4);
	ck_assert_int_eq(ring_init(&r, 64, 0, NULL), 0);
	chain_init(&c);
	ring_add(&r, &c, 0, slice_of(in, 100), 1);
	ring_add(&r, &c, 1, slice_of(in, 15000), 2);
	ring_truncate(&r, &c, 3, kept);
	ck_assert_uint_eq(r.nfree, 61);
	ck_assert_uint_eq(kept[0], 100);
	n = read_side(&r, &c, 1, out, sizeof(out));
	ck_assert_uint_eq(n, kept[1]);
	ck_assert_uint_gt(n, 5000);
	ck_assert_mem_eq(in, out, n);
	ring_free_chain(&r, &c);
	ck_assert_uint_eq(r.nfree, 64);
	ring_finish(&r);
}
END_TEST

/* Chunks that are given back are used again; none is lost over many turns. */
START_TEST(chunks_are_used_again)
{
	struct ring r;
	struct chain v[8];
	char in[5000];
	unsigned i, k;

	fill(in, sizeof(in), 1);
	ck_assert_int_eq(ring_init(&r, 32, 0, NULL), 0);
	for (i = 0; i < 8; i++)
		chain_init(&v[i]);
	for (i = 0; i < 50000; i++) {
		k = i % 8;
		ring_free_chain(&r, &v[k]);
		ck_assert_uint_eq(ring_add(&r, &v[k], i & 1,
				  slice_of(in, 1 + i % 5000), i), 1 + i % 5000);
	}
	for (i = 0; i < 8; i++)
		ring_free_chain(&r, &v[i]);
	ck_assert_uint_eq(r.nfree, 32);
	ring_finish(&r);
}
END_TEST

/* What was given back is gone from memory, not only from the lists. */
START_TEST(freed_chunks_are_wiped)
{
	static const char secret[] = "k7Jq0aWwZr5tYc3M";
	char in[3 * 2048];
	uint64_t kept[RING_SIDES];
	struct slice all;
	struct chain c, cut;
	struct ring r;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = secret[i % (sizeof(secret) - 1)];
	ck_assert_int_eq(ring_init(&r, 16, 0, NULL), 0);
	chain_init(&c);
	chain_init(&cut);
	ring_add(&r, &c, 0, slice_of(in, sizeof(in)), 1);
	ring_add(&r, &cut, 0, slice_of(in, 100), 2);
	all = slice_of(r.base, (size_t)16 * RING_CHUNK_BYTES);
	ck_assert_int_ge(slice_find(all, SLICE("k7Jq0aWwZr5t")), 0);
	ring_truncate(&r, &c, 1, kept);
	ck_assert_int_lt(slice_find(slice_range(all, RING_CHUNK_BYTES,
				    3 * RING_CHUNK_BYTES),
				    SLICE("k7Jq0aWwZr5t")), 0);
	ring_free_chain(&r, &c);
	ring_free_chain(&r, &cut);
	ck_assert_int_lt(slice_find(all, SLICE("k7Jq0aWwZr5t")), 0);
	ring_finish(&r);
}
END_TEST

/* Memory that is not used is not taken: a big ring costs nothing at first. */
START_TEST(pages_are_touched_when_they_are_used)
{
	const size_t pages = 64 * 1024 * 2048 / 4096;
	unsigned char *here = calloc(pages, 1);
	struct ring r;
	struct chain c;
	size_t i, n = 0;

	ck_assert_int_eq(ring_init(&r, 64 * 1024, 0, NULL), 0);
	chain_init(&c);
	ring_add(&r, &c, 0, SLICE("hello"), 1);
	ck_assert_int_eq(mincore(r.base, pages * 4096, here), 0);
	for (i = 0; i < pages; i++)
		n += here[i] & 1;
	ck_assert_uint_le(n, 64);
	ring_finish(&r);
	free(here);
}
END_TEST

Suite *suite_ring(void);

Suite *
suite_ring(void)
{
	Suite *s = suite_create("ring");
	TCase *t = tcase_create("ring");

	tcase_add_test(t, bytes_of_any_size_come_back);
	tcase_add_test(t, one_read_is_one_record);
	tcase_add_test(t, a_full_ring_stores_what_fits);
	tcase_add_test(t, a_copied_chain_does_not_grow);
	tcase_add_test(t, a_truncated_chain_keeps_its_beginning);
	tcase_add_test(t, chunks_are_used_again);
	tcase_add_test(t, freed_chunks_are_wiped);
	tcase_add_test(t, pages_are_touched_when_they_are_used);
	suite_add_tcase(s, t);
	return s;
}
