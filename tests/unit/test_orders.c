/* Which holds are worth trying for a race recorded at its window's edge. */
#include "replay_fixture.h"

#include <dvr/replay/orders.h>

#include <check.h>

static struct fixture f;
static struct plan_hold out[ORDERS_MAX];

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
call(uint32_t cause, int64_t at_us, int64_t answer_us)
{
	struct fixture_exchange x = { .lane = "stock", .conn = 1,
		.cause = cause, .at_us = at_us, .end_us = answer_us,
		.request = "GET /stock HTTP/1.1\r\nHost: s\r\n\r\n",
		.response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" };

	fixture_add(&f, &x);
}

static size_t
candidates(void)
{
	return orders_candidates(&f.tape, f.tape.arena, out);
}

#define IS(slice, text) \
	ck_assert_msg(slice_eq(slice, SLICE(text)), "%.*s", SLICE_ARG(slice))

/* B began beside A's call and ended after its answer: who won, the recorded
 * order does not say; the answer can be held until B has ended. */
START_TEST(an_answer_is_held_until_the_overlapping_request_ended)
{
	fixture_get(&f, 1, 0, 55000, "/a");
	call(1, 3000, 54000);
	fixture_get(&f, 2, 53000, 55400, "/b");
	ck_assert_uint_eq(candidates(), 1);
	IS(out[0].event, "2.resp");
	IS(out[0].until, "3.resp");
}
END_TEST

/* B had ended before the answer came: the recorded order holds already. */
START_TEST(what_the_recorded_order_says_is_not_tried)
{
	fixture_get(&f, 1, 0, 55000, "/a");
	call(1, 3000, 54000);
	fixture_get(&f, 2, 20000, 30000, "/b");
	ck_assert_uint_eq(candidates(), 0);
}
END_TEST

/* B began after A had ended, or there is no call at all: nothing to hold. */
START_TEST(without_an_overlap_there_is_nothing_to_try)
{
	fixture_get(&f, 1, 0, 10000, "/a");
	call(1, 3000, 9000);
	fixture_get(&f, 2, 20000, 30000, "/b");
	fixture_get(&f, 3, 21000, 30000, "/c");
	ck_assert_uint_eq(candidates(), 0);
}
END_TEST

/* The closest finish is the most likely race; the list is bounded. */
/* Two requests beside each other have an order; one after the other do not. */
START_TEST(order_matters_in_overlaps)
{
	fixture_get(&f, 1, 0, 10000, "/a");
	fixture_get(&f, 2, 10000, 30000, "/b");
	ck_assert(!orders_matter(&f.tape));
	fixture_get(&f, 3, 29999, 40000, "/c");
	ck_assert(orders_matter(&f.tape));
}
END_TEST

START_TEST(the_closest_come_first_and_the_list_is_bounded)
{
	fixture_get(&f, 1, 0, 90000, "/a");
	call(1, 3000, 50000);
	for (int i = 0; i < 12; i++)
		fixture_get(&f, (uint32_t)(2 + i), 40000, 60000 - i * 500,
			    "/b");
	ck_assert_uint_eq(candidates(), ORDERS_MAX);
	IS(out[0].until, "14.resp");
	IS(out[1].until, "13.resp");
}
END_TEST

Suite *suite_orders(void);

Suite *
suite_orders(void)
{
	Suite *s = suite_create("orders");
	TCase *t = tcase_create("candidates");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t,
		       an_answer_is_held_until_the_overlapping_request_ended);
	tcase_add_test(t, what_the_recorded_order_says_is_not_tried);
	tcase_add_test(t, order_matters_in_overlaps);
	tcase_add_test(t, without_an_overlap_there_is_nothing_to_try);
	tcase_add_test(t, the_closest_come_first_and_the_list_is_bounded);
	suite_add_tcase(s, t);
	return s;
}
