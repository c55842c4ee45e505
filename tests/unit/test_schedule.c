/* Deadlines: offsets, predecessors and delays, with times made up. */
#include "replay_fixture.h"

#include "../../runner/replay/schedule.h"

#include <check.h>

#define T0 (1000 * NS_PER_S)
#define MS(n) ((uint64_t)(n) * NS_PER_MS)

static struct fixture f;
static struct schedule s;

static void
setup(void)
{
	fixture_init(&f);
}

static void
teardown(void)
{
	fixture_release(&f);
}

static void
begin(enum replay_timing timing)
{
	schedule_init(&s, &f.tape, timing, f.tape.arena);
	schedule_begin(&s, T0);
}

static uint64_t
deadline(size_t i)
{
	uint64_t at = 0;

	ck_assert_msg(schedule_due(&s, i, &at), "item %zu is not due", i);
	return at - T0;
}

static bool
waits(size_t i)
{
	uint64_t at;

	return !schedule_due(&s, i, &at);
}

/* Two requests that overlapped keep their distance, whatever the answers do. */
START_TEST(overlapping_requests_keep_their_offsets)
{
	fixture_get(&f, 1, 5000, 90000, "/a");
	fixture_get(&f, 2, 45000, 60000, "/b");
	begin(TIMING_RECORDED);
	ck_assert_uint_eq(deadline(0), 0);
	ck_assert_uint_eq(deadline(1), MS(40));
}
END_TEST

/* A request that followed an answer waits for that answer's live end. */
START_TEST(a_follower_waits_for_its_predecessor)
{
	fixture_get(&f, 1, 0, 10000, "/a");
	fixture_get(&f, 1, 30000, 40000, "/b");
	begin(TIMING_RECORDED);
	ck_assert(waits(1));
	schedule_ended(&s, 0, T0 + MS(10));
	ck_assert_uint_eq(deadline(1), MS(30));
}
END_TEST

/* 400 ms late on the first answer shifts all that depends on it, and the gap
 * between answer and next request stays. */
START_TEST(a_late_answer_shifts_what_follows)
{
	fixture_get(&f, 1, 0, 10000, "/a");
	fixture_get(&f, 1, 30000, 40000, "/b");
	fixture_get(&f, 2, 35000, 50000, "/c");
	fixture_get(&f, 1, 60000, 70000, "/d");
	begin(TIMING_RECORDED);
	schedule_ended(&s, 0, T0 + MS(410));
	ck_assert_uint_eq(deadline(1), MS(430));
	ck_assert_uint_eq(deadline(2), MS(435));
	schedule_ended(&s, 2, T0 + MS(440));
	ck_assert(waits(3));
	schedule_ended(&s, 1, T0 + MS(441));
	ck_assert_uint_eq(deadline(3), MS(461));
}
END_TEST

/* An answer that comes early pulls nothing forward. */
START_TEST(an_early_answer_pulls_nothing_forward)
{
	fixture_get(&f, 1, 0, 100000, "/a");
	fixture_get(&f, 1, 110000, 120000, "/b");
	begin(TIMING_RECORDED);
	schedule_ended(&s, 0, T0 + MS(1));
	ck_assert_uint_eq(deadline(1), MS(110));
}
END_TEST

/* A late answer does not delay a request that overlapped it. */
START_TEST(a_late_answer_leaves_its_overlaps_alone)
{
	fixture_get(&f, 1, 0, 100000, "/slow");
	fixture_get(&f, 2, 10000, 20000, "/a");
	fixture_get(&f, 2, 30000, 40000, "/b");
	begin(TIMING_RECORDED);
	schedule_ended(&s, 1, T0 + MS(20));
	ck_assert_uint_eq(deadline(2), MS(30));
}
END_TEST

/* Fast drops the gap between groups, and keeps those inside an overlap. */
START_TEST(fast_drops_gaps_between_groups_only)
{
	fixture_get(&f, 1, 0, 10000, "/a");
	fixture_get(&f, 1, 5000000, 5100000, "/b");
	fixture_get(&f, 2, 5040000, 5050000, "/c");
	begin(TIMING_FAST);
	ck_assert_uint_eq(deadline(0), 0);
	ck_assert(waits(1));
	schedule_ended(&s, 0, T0 + MS(2));
	ck_assert_uint_eq(deadline(1), MS(2));
	ck_assert_uint_eq(deadline(2), MS(42));
}
END_TEST

/* 2x halves offsets and think times. */
START_TEST(double_speed_halves_the_gaps)
{
	fixture_get(&f, 1, 0, 10000, "/a");
	fixture_get(&f, 1, 30000, 40000, "/b");
	begin(TIMING_DOUBLE);
	schedule_ended(&s, 0, T0 + MS(5));
	ck_assert_uint_eq(deadline(1), MS(15));
	begin(TIMING_DOUBLE);
	schedule_ended(&s, 0, T0 + MS(105));
	ck_assert_uint_eq(deadline(1), MS(115));
}
END_TEST

/* A stream without an end blocks nobody; its head does. */
START_TEST(a_stream_ends_with_its_head)
{
	struct exchange *x = fixture_get(&f, 1, 0, 0, "/events");

	x->response.at_us = 2000;
	x->response.end = END_OPEN;
	fixture_get(&f, 2, 50000, 60000, "/a");
	begin(TIMING_RECORDED);
	ck_assert(s.items[0].endless);
	ck_assert(waits(1));
	schedule_ended(&s, 0, T0 + MS(2));
	ck_assert_uint_eq(deadline(1), MS(50));
}
END_TEST

/* An exchange without any duration does not wait for itself. */
START_TEST(an_instant_exchange_is_due)
{
	fixture_get(&f, 1, 0, 0, "/a");
	fixture_get(&f, 2, 0, 0, "/b");
	begin(TIMING_RECORDED);
	ck_assert_uint_eq(deadline(0), 0);
	ck_assert_uint_eq(deadline(1), 0);
}
END_TEST

/* A tape without any ingress has nothing to schedule. */
START_TEST(an_empty_tape_has_no_items)
{
	begin(TIMING_RECORDED);
	ck_assert_uint_eq(s.count, 0);
}
END_TEST

Suite *suite_schedule(void);

Suite *
suite_schedule(void)
{
	Suite *suite = suite_create("schedule");
	TCase *tc = tcase_create("schedule");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, overlapping_requests_keep_their_offsets);
	tcase_add_test(tc, a_follower_waits_for_its_predecessor);
	tcase_add_test(tc, a_late_answer_shifts_what_follows);
	tcase_add_test(tc, an_early_answer_pulls_nothing_forward);
	tcase_add_test(tc, a_late_answer_leaves_its_overlaps_alone);
	tcase_add_test(tc, fast_drops_gaps_between_groups_only);
	tcase_add_test(tc, double_speed_halves_the_gaps);
	tcase_add_test(tc, a_stream_ends_with_its_head);
	tcase_add_test(tc, an_instant_exchange_is_due);
	tcase_add_test(tc, an_empty_tape_has_no_items);
	suite_add_tcase(suite, tc);
	return suite;
}
