/* The recorded order inside overlaps: who waits for whom, and for how long. */
#include "replay_fixture.h"

#include "../../runner/replay/holds.h"

#include <check.h>

static struct fixture f;
static struct schedule s;
static struct holds h;

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
prepare(bool overlaps, bool egress)
{
	struct holds_setup with = { .tape = &f.tape, .plan = &f.plan,
		.schedule = &s, .overlaps = overlaps, .egress = egress };

	schedule_init(&s, &f.tape, TIMING_RECORDED, f.tape.arena);
	holds_init(&h, &with, f.tape.arena);
}

static void
egress(uint32_t cause, int64_t at_us, int64_t answer_us)
{
	struct fixture_exchange x = { .lane = "stock", .conn = 1,
		.cause = cause, .at_us = at_us, .end_us = answer_us,
		.request = "GET /stock HTTP/1.1\r\nHost: s\r\n\r\n",
		.response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" };

	fixture_add(&f, &x);
}

/* A reads, asks the stock; B does the same and writes; then A writes. */
static void
racing_tape(void)
{
	fixture_get(&f, 1, 0, 50000, "/a");		/* 0 */
	egress(1, 5000, 45000);				/* 1 */
	fixture_get(&f, 2, 10000, 30000, "/b");		/* 2 */
	egress(3, 15000, 20000);			/* 3 */
}

static bool
is_free(enum hold_kind kind, uint32_t index)
{
	return holds_free(&h, kind, index);
}

/* Step by step, in the recorded order, everything becomes free in turn. */
START_TEST(events_are_released_in_recorded_order)
{
	racing_tape();
	prepare(true, true);
	ck_assert(is_free(HOLD_SEND, 0));
	ck_assert(!is_free(HOLD_SEND, 2));
	holds_happened(&h, HOLD_SEND, 0);
	ck_assert(!is_free(HOLD_SEND, 2));
	holds_happened(&h, HOLD_ARRIVED, 1);
	ck_assert(is_free(HOLD_SEND, 2));
	ck_assert(!is_free(HOLD_ANSWER, 1));
	holds_happened(&h, HOLD_SEND, 2);
	ck_assert(!is_free(HOLD_ANSWER, 3));
	holds_happened(&h, HOLD_ARRIVED, 3);
	ck_assert(is_free(HOLD_ANSWER, 3));
	holds_happened(&h, HOLD_ANSWER, 3);
	ck_assert(!is_free(HOLD_ANSWER, 1));
	holds_happened(&h, HOLD_ENDED, 2);
	ck_assert(is_free(HOLD_ANSWER, 1));
}
END_TEST

/* Exchanges that do not overlap are left to the schedule. */
START_TEST(without_overlap_nothing_is_held)
{
	fixture_get(&f, 1, 0, 10000, "/a");
	egress(1, 2000, 8000);
	fixture_get(&f, 1, 20000, 30000, "/b");
	prepare(true, true);
	ck_assert(is_free(HOLD_SEND, 0));
	ck_assert(is_free(HOLD_ANSWER, 1));
	ck_assert(is_free(HOLD_SEND, 2));
}
END_TEST

/* Against a running target there are no mocks: their events never come. */
START_TEST(egress_events_count_only_with_mocks)
{
	racing_tape();
	prepare(true, false);
	holds_happened(&h, HOLD_SEND, 0);
	ck_assert(is_free(HOLD_SEND, 2));
}
END_TEST

/* An event that never comes is waited for once, by nobody again. */
START_TEST(what_timed_out_is_never_waited_for_again)
{
	struct buf note;

	racing_tape();
	prepare(true, true);
	holds_happened(&h, HOLD_SEND, 0);
	buf_init(&note, 1024);
	holds_expire(&h, HOLD_SEND, 2, &note);
	ck_assert_str_eq(buf_cstr(&note), "3.req went without 2.req");
	ck_assert(is_free(HOLD_SEND, 2));
	holds_happened(&h, HOLD_SEND, 2);
	holds_happened(&h, HOLD_ARRIVED, 3);
	ck_assert(is_free(HOLD_ANSWER, 3));
	buf_release(&note);
}
END_TEST

/* Twice the recorded time, at least half a second, at most one. */
START_TEST(time_outs_follow_the_recording_within_bounds)
{
	fixture_get(&f, 1, 0, 2000000, "/a");
	fixture_get(&f, 2, 10000, 1900000, "/b");
	fixture_get(&f, 3, 400000, 1900000, "/c");
	fixture_get(&f, 4, 900000, 1900000, "/d");
	prepare(true, true);
	ck_assert_uint_eq(holds_timeout_ns(&h, HOLD_SEND, 1), HOLD_MIN_NS);
	ck_assert_uint_eq(holds_timeout_ns(&h, HOLD_SEND, 2),
			  800 * NS_PER_MS);
	ck_assert_uint_eq(holds_timeout_ns(&h, HOLD_SEND, 3), HOLD_MAX_NS);
}
END_TEST

/* A hold of replay.yaml turns the recorded order round where they differ. */
START_TEST(a_planned_hold_wins_over_the_recorded_order)
{
	struct plan_hold hold = { .event = SLICE("4.resp"),
		.until = SLICE("2.resp") };

	racing_tape();
	f.plan.holds = &hold;
	f.plan.nholds = 1;
	prepare(true, true);
	holds_happened(&h, HOLD_SEND, 0);
	holds_happened(&h, HOLD_ARRIVED, 1);
	holds_happened(&h, HOLD_SEND, 2);
	holds_happened(&h, HOLD_ARRIVED, 3);
	ck_assert(!is_free(HOLD_ANSWER, 3));
	/* B cannot end before its call is answered: nobody waits for it. */
	ck_assert(is_free(HOLD_ANSWER, 1));
	holds_happened(&h, HOLD_ANSWER, 1);
	ck_assert(is_free(HOLD_ANSWER, 3));
	ck_assert_uint_eq(h.nnotes, 0);
}
END_TEST

/* A request that began when the held one had ended goes behind it, too. */
START_TEST(a_planned_hold_takes_its_followers_along)
{
	struct plan_hold hold = { .event = SLICE("2.req"),
		.until = SLICE("1.resp") };

	fixture_get(&f, 1, 0, 90000, "/a");		/* 0 */
	fixture_get(&f, 2, 10000, 20000, "/b");		/* 1 */
	fixture_get(&f, 2, 30000, 40000, "/c");		/* 2 */
	fixture_get(&f, 3, 15000, 95000, "/d");		/* 3 */
	f.plan.holds = &hold;
	f.plan.nholds = 1;
	prepare(true, false);
	holds_happened(&h, HOLD_SEND, 0);
	ck_assert(!is_free(HOLD_SEND, 1));
	ck_assert(is_free(HOLD_SEND, 3));
	holds_happened(&h, HOLD_SEND, 3);
	ck_assert(!is_free(HOLD_SEND, 1));
	holds_happened(&h, HOLD_ENDED, 0);
	ck_assert(is_free(HOLD_SEND, 1));
	holds_happened(&h, HOLD_SEND, 1);
	ck_assert(!is_free(HOLD_SEND, 2));
	holds_happened(&h, HOLD_ENDED, 1);
	ck_assert(is_free(HOLD_SEND, 2));
}
END_TEST

/* A planned hold works between exchanges that never overlapped, too. */
START_TEST(a_planned_hold_needs_no_overlap)
{
	struct plan_hold hold = { .event = SLICE("2.resp"),
		.until = SLICE("3.resp") };

	fixture_get(&f, 1, 0, 10000, "/a");
	egress(1, 2000, 8000);
	fixture_get(&f, 2, 20000, 30000, "/b");
	f.plan.holds = &hold;
	f.plan.nholds = 1;
	prepare(false, true);
	ck_assert(!is_free(HOLD_ANSWER, 1));
	ck_assert_uint_eq(holds_timeout_ns(&h, HOLD_ANSWER, 1), HOLD_MAX_NS);
	holds_happened(&h, HOLD_ENDED, 2);
	ck_assert(is_free(HOLD_ANSWER, 1));
}
END_TEST

/* What cannot be held is said, not ignored. */
START_TEST(an_impossible_hold_is_noted)
{
	struct plan_hold holds[] = {
		{ .event = SLICE("1.resp"), .until = SLICE("3.resp") },
		{ .event = SLICE("9.req"), .until = SLICE("3.resp") },
		{ .event = SLICE("junk"), .until = SLICE("3.resp") },
	};

	racing_tape();
	f.plan.holds = holds;
	f.plan.nholds = 3;
	prepare(true, true);
	ck_assert_uint_eq(h.nnotes, 3);
	ck_assert(slice_find(h.notes[0], SLICE("1.resp")) >= 0);
}
END_TEST

/* A stream that never ended gives no end to wait for. */
START_TEST(an_open_stream_orders_nothing_by_its_end)
{
	struct exchange *x = fixture_get(&f, 1, 0, 90000, "/events");

	x->response.end = END_OPEN;
	x->response.at_us = 20000;
	fixture_get(&f, 2, 10000, 30000, "/a");
	fixture_get(&f, 3, 15000, 40000, "/b");
	prepare(true, true);
	holds_happened(&h, HOLD_SEND, 0);
	holds_happened(&h, HOLD_SEND, 1);
	ck_assert(is_free(HOLD_SEND, 2));
}
END_TEST

Suite *suite_holds(void);

Suite *
suite_holds(void)
{
	Suite *suite = suite_create("holds");
	TCase *tc = tcase_create("holds");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, events_are_released_in_recorded_order);
	tcase_add_test(tc, without_overlap_nothing_is_held);
	tcase_add_test(tc, egress_events_count_only_with_mocks);
	tcase_add_test(tc, what_timed_out_is_never_waited_for_again);
	tcase_add_test(tc, time_outs_follow_the_recording_within_bounds);
	tcase_add_test(tc, a_planned_hold_wins_over_the_recorded_order);
	tcase_add_test(tc, a_planned_hold_takes_its_followers_along);
	tcase_add_test(tc, a_planned_hold_needs_no_overlap);
	tcase_add_test(tc, an_impossible_hold_is_noted);
	tcase_add_test(tc, an_open_stream_orders_nothing_by_its_end);
	suite_add_tcase(suite, tc);
	return suite;
}
