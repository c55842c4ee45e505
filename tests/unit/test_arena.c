/* The arena: zeroed, aligned, never overlapping. */
#include <dvr/base/arena.h>

#include <check.h>
#include <signal.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

/* Pieces of all sizes are aligned, zeroed, and keep what is written. */
START_TEST(pieces_do_not_touch)
{
	struct arena *a = arena_create();
	unsigned char *piece[400];

	for (size_t i = 0; i < 400; i++) {
		size_t n = i * i % 7001 + 1;

		piece[i] = arena_alloc(a, n);
		ck_assert_uint_eq((uintptr_t)piece[i] % alignof(max_align_t),
				  0);
		for (size_t k = 0; k < n; k++)
			if (piece[i][k] != 0)
				ck_abort_msg("piece %zu is not zeroed", i);
		memset(piece[i], (int)(i & 0xff), n);
	}
	for (size_t i = 0; i < 400; i++) {
		size_t n = i * i % 7001 + 1;

		ck_assert_uint_eq(piece[i][0], i & 0xff);
		ck_assert_uint_eq(piece[i][n - 1], i & 0xff);
	}
	arena_destroy(a);
	arena_destroy(NULL);
	arena_wipe(NULL);
}
END_TEST

/* A piece larger than any block does not waste the block in use. */
START_TEST(a_large_piece_stands_alone)
{
	struct arena *a = arena_create();
	char *small = arena_alloc(a, 16), *large, *next;

	large = arena_alloc(a, (size_t)3 * 1024 * 1024);
	next = arena_alloc(a, 16);
	ck_assert_ptr_eq(next, small + 16);
	large[3 * 1024 * 1024 - 1] = 'x';
	arena_wipe(a);
}
END_TEST

/* Copies end in NUL and may hold NUL; formats of any length fit. */
START_TEST(copies_and_formats)
{
	struct arena *a = arena_create();
	struct slice s = arena_copy(a, slice_of("a\0b", 3));
	char long_text[1000];

	ck_assert_uint_eq(s.n, 3);
	ck_assert_int_eq(memcmp(s.p, "a\0b\0", 4), 0);
	ck_assert_str_eq(arena_str(a, slice_str(NULL)), "");
	ck_assert_str_eq(arena_fmt(a, "%d/%s", 4, "x").p, "4/x");
	memset(long_text, 'y', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	s = arena_fmt(a, "<%s>", long_text);
	ck_assert_uint_eq(s.n, 1001);
	ck_assert_int_eq(s.p[1000], '>');
	ck_assert_int_eq(s.p[1001], '\0');
	arena_destroy(a);
}
END_TEST

/* A growing array keeps its items, and moves only when it must. */
START_TEST(arrays_grow)
{
	struct arena *a = arena_create();
	size_t cap = 0, moves = 0;
	unsigned *list = NULL;

	for (size_t i = 0; i < 1000; i++) {
		unsigned *wider = arena_grow(a, list, i, &cap, sizeof(*list));

		moves += wider != list;
		list = wider;
		ck_assert_uint_gt(cap, i);
		list[i] = (unsigned)i;
	}
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_uint_eq(list[i], i);
	ck_assert_uint_le(moves, 9);
	arena_destroy(a);
}
END_TEST

/* An arena in a region stays in it while there is room, then says so. */
START_TEST(a_region_is_filled_first)
{
	static _Alignas(max_align_t) char region[4096];
	struct arena *a = arena_create_in(region, sizeof(region));
	char *p = NULL, *big;

	ck_assert_ptr_eq((char *)a, region);
	for (int i = 0; i < 30; i++) {
		p = arena_alloc(a, 100);
		ck_assert(p > region && p + 100 <= region + sizeof(region));
		ck_assert_uint_ge(arena_region_used(a),
				  (size_t)(p + 100 - region));
		memset(p, 'x', 100);
	}
	ck_assert_uint_le(arena_region_used(a), sizeof(region));
	big = arena_alloc(a, 2000);
	ck_assert(big + 2000 <= region || big >= region + sizeof(region));
	ck_assert_int_eq(big[1999], 0);
	ck_assert_int_eq(p[99], 'x');
	ck_assert_uint_eq(arena_region_used(a), 0);
	for (int i = 0; i < 1000; i++)
		arena_alloc(a, 100);
	arena_destroy(a);
	/* A piece larger than blocks does not fit either. */
	memset(region, 0, sizeof(region));
	a = arena_create_in(region, sizeof(region));
	arena_alloc(a, sizeof(region));
	ck_assert_uint_eq(arena_region_used(a), 0);
	arena_wipe(a);
	a = arena_create();
	ck_assert_uint_eq(arena_region_used(a), 0);
	arena_destroy(a);
}
END_TEST

/* What is rewound is there again, zeroed; what was there before stays. */
START_TEST(a_rewound_arena_gives_the_same_again)
{
	struct arena *a = arena_create();
	struct slice kept = arena_copy(a, SLICE("kept"));
	struct arena_mark m = arena_mark(a);
	char *first = arena_alloc(a, 100);

	memset(first, 'x', 100);
	arena_rewind(a, &m);
	ck_assert_ptr_eq(arena_alloc(a, 100), first);
	for (size_t i = 0; i < 100; i++)
		ck_assert_int_eq(first[i], 0);
	ck_assert(slice_eq(kept, SLICE("kept")));
	arena_destroy(a);
}
END_TEST

/* Over the ends of blocks, and with pieces that have a block of their own. */
START_TEST(an_arena_is_rewound_over_its_blocks)
{
	struct arena *a = arena_create();
	struct arena_mark m = arena_mark(a);
	struct slice kept[64];
	size_t i, k;

	for (i = 0; i < 64; i++) {
		for (k = 0; k < 50; k++) {
			size_t n = k == 7 ? 600 * 1024 : 40 * i + k;
			char *p = arena_alloc(a, n);

			ck_assert(n == 0 || (p[0] == 0 &&
					     !memcmp(p, p + 1, n - 1)));
			memset(p, 'x', n);
		}
		arena_rewind(a, &m);
		kept[i] = arena_fmt(a, "kept %zu", i);
		m = arena_mark(a);
	}
	for (i = 0; i < 64; i++)
		ck_assert(slice_eq(kept[i], arena_fmt(a, "kept %zu", i)));
	arena_destroy(a);
}
END_TEST

static void
no_core(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

/* A count that overflows aborts instead of giving too little. */
START_TEST(an_overflow_aborts)
{
	arena_array(arena_create(), SIZE_MAX / 4, 8);
}
END_TEST

Suite *suite_arena(void);

Suite *
suite_arena(void)
{
	Suite *s = suite_create("arena");
	TCase *t = tcase_create("arena");

	tcase_add_checked_fixture(t, no_core, NULL);
	tcase_add_test(t, pieces_do_not_touch);
	tcase_add_test(t, a_large_piece_stands_alone);
	tcase_add_test(t, copies_and_formats);
	tcase_add_test(t, arrays_grow);
	tcase_add_test(t, a_region_is_filled_first);
	tcase_add_test(t, a_rewound_arena_gives_the_same_again);
	tcase_add_test(t, an_arena_is_rewound_over_its_blocks);
	tcase_add_test_raise_signal(t, an_overflow_aborts, SIGABRT);
	suite_add_tcase(s, t);
	return s;
}
