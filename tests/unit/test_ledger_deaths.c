/* What a dying or stopped service makes of the exchanges around its end. */
#include "ledger_driver.h"

#include <check.h>
#include <string.h>

static struct driver d;

static void
begin(void)
{
	driver_init(&d);
}

static void
end(void)
{
	driver_stop(&d);
}

static struct ledger_stats
stats(void)
{
	struct ledger_stats s;

	ledger_stats(d.l, &s);
	return s;
}

/* Service dies: code 1. */
static void
die(const char *tail)
{
	ledger_service_died(d.l, false, 1, slice_str(tail), d.now_ns);
}

/* A client that comes back while the process is still dying is cut off too,
 * but it began after the first was cut off: it is not the cause. */
START_TEST(who_comes_back_to_a_dying_service_is_not_blamed)
{
	struct wire a, b;

	driver_start(&d);
	wire_open(&a, &d, LANE_CLIENT, 8);
	wire_request(&a, SLICE(GET("/poison")));
	d.now_ns += MS;
	wire_end(&a, LX_RESPONSE, LX_RST);
	wire_done(&a);
	d.now_ns += MS;
	wire_open(&b, &d, LANE_CLIENT, 9);
	wire_request(&b, SLICE(GET("/health")));
	d.now_ns += MS;
	wire_end(&b, LX_RESPONSE, LX_RST);
	wire_done(&b);
	d.now_ns += 20 * MS;
	die("Traceback:\nValueError: bad id\n");
	driver_wait(&d, 3 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	ck_assert_str_eq(stats().tapes[0].trigger, "exit 1 GET /poison");
	wire_close(&a);
	wire_close(&b);
}
END_TEST

/* The connections that a crash resets are the crash: one tape, about the
 * request that began last, whichever is noticed first. */
START_TEST(resets_of_a_crash_are_the_crash)
{
	struct wire a, b;
	int first;

	for (first = 0; first < 2; first++) {
		driver_init(&d);
		driver_start(&d);
		drive(&d, GET("/login"), OK_200);
		wire_open(&a, &d, LANE_CLIENT, 8);
		wire_open(&b, &d, LANE_CLIENT, 9);
		wire_request(&a, SLICE(GET("/slow")));
		d.now_ns += MS;
		wire_request(&b, SLICE(GET("/poison")));
		d.now_ns += MS;
		if (first)
			die("Traceback:\nValueError: bad id\n");
		wire_end(&a, LX_RESPONSE, LX_RST);
		wire_done(&a);
		wire_end(&b, LX_RESPONSE, LX_RST);
		wire_done(&b);
		d.now_ns += 20 * MS;
		if (!first)
			die("Traceback:\nValueError: bad id\n");
		driver_wait(&d, 3 * NS_PER_S);
		ck_assert_uint_eq(driver_tapes(&d), 1);
		ck_assert_str_eq(stats().tapes[0].trigger,
				 "exit 1 GET /poison");
		ck_assert_uint_eq(driver_job(&d)->n, 3);
		ck_assert_uint_gt(driver_job(&d)->detail.n, 0);
		wire_close(&a);
		wire_close(&b);
		if (!first)
			driver_stop(&d);
	}
}
END_TEST

/* Whoever was answered within a second before the death is to blame when
 * nothing was open; later it is nobody. */
START_TEST(a_death_just_after_an_answer_belongs_to_it)
{
	driver_start(&d);
	drive(&d, GET("/a"), OK_200);
	drive(&d, GET("/b"), OK_200);
	d.now_ns += 200 * MS;
	die("");
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	ck_assert_uint_eq(driver_job(&d)->fail_seq, 2);
	driver_stop(&d);
	driver_init(&d);
	driver_start(&d);
	drive(&d, GET("/a"), OK_200);
	d.now_ns += 2 * NS_PER_S;
	die("");
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	ck_assert_uint_eq(driver_job(&d)->fail_seq, 0);
	ck_assert_uint_eq(driver_job(&d)->n, 1);
}
END_TEST

/* A stream that is merely open is not what killed the service. */
START_TEST(an_open_stream_is_not_blamed_for_a_death)
{
	struct wire sse;

	driver_start(&d);
	wire_open(&sse, &d, LANE_CLIENT, 77);
	drive(&d, GET("/a"), OK_200);
	wire_request(&sse, SLICE(GET("/events")));
	wire_response(&sse, SLICE("HTTP/1.1 200 OK\r\n"
		"Content-Type: text/event-stream\r\n\r\ndata: 1\n\n"));
	drive(&d, GET("/poison"), OK_200);
	die("");
	wire_end(&sse, LX_RESPONSE, LX_RST);
	wire_done(&sse);
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	ck_assert_uint_eq(driver_job(&d)->fail_seq, 3);
	wire_close(&sse);
}
END_TEST

/* The service closes in the middle and lives on: a reset, once it is clear
 * that it did not die. */
START_TEST(a_reset_waits_for_the_death_that_may_explain_it)
{
	struct wire w;

	driver_start(&d);
	wire_open(&w, &d, LANE_CLIENT, 1);
	wire_request(&w, SLICE(GET("/a")));
	wire_response(&w, SLICE("HTTP/1.1 200 OK\r\n"
				"Content-Length: 9\r\n\r\nhal"));
	wire_end(&w, LX_RESPONSE, LX_RST);
	wire_done(&w);
	driver_wait(&d, 900 * MS);
	ck_assert_uint_eq(driver_tapes(&d), 0);
	driver_wait(&d, 200 * MS);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	ck_assert_str_eq(stats().tapes[0].trigger,
			 "connection reset GET /a");
	wire_close(&w);
}
END_TEST

/* What ends because the service is stopped on purpose is no failure. */
START_TEST(a_deliberate_stop_is_no_trigger)
{
	struct wire w;

	driver_start(&d);
	wire_open(&w, &d, LANE_CLIENT, 1);
	wire_request(&w, SLICE(GET("/a")));
	ledger_service_stopping(d.l, d.now_ns);
	wire_end(&w, LX_RESPONSE, LX_RST);
	wire_done(&w);
	die("");
	ledger_service_up(d.l, d.now_ns);
	wire_request(&w, SLICE(GET("/b")));
	wire_response(&w, SLICE(OK_200));
	wire_close(&w);
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 0);
}
END_TEST

/* A service that answers 500 and dies of it gives the tape of its death. */
START_TEST(a_500_before_a_death_is_the_death)
{
	driver_start(&d);
	drive(&d, GET("/a"), BAD_500);
	driver_wait(&d, 30 * MS);
	die("panic: no");
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	ck_assert_str_eq(stats().tapes[0].trigger, "exit 1 GET /a");
}
END_TEST

/* The suite ends on the reset; the death that explains it is noticed behind. */
START_TEST(a_death_while_draining_explains_its_reset)
{
	struct wire w;

	driver_start(&d);
	wire_open(&w, &d, LANE_CLIENT, 1);
	wire_request(&w, SLICE(GET("/poison")));
	wire_end(&w, LX_RESPONSE, LX_FIN);
	wire_done(&w);
	ledger_suite_end(d.l, true);
	d.l->draining = true;
	die("");
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	ck_assert_str_eq(stats().tapes[0].trigger, "exit 1 GET /poison");
	wire_close(&w);
}
END_TEST

/* A tape never goes back behind a restart of the service. */
START_TEST(history_does_not_cross_a_restart)
{
	driver_start(&d);
	drive(&d, GET("/old"), OK_200);
	ledger_service_stopping(d.l, d.now_ns);
	ledger_service_up(d.l, d.now_ns);
	drive(&d, GET("/new"), OK_200);
	drive(&d, GET("/a"), BAD_500);
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_job(&d)->n, 2);
	ck_assert_uint_eq(driver_job(&d)->truncated, 0);
}
END_TEST

/* What the service asked its dependency while it started, before it was ready,
 * is on the tape: a replay's start will ask it again. */
START_TEST(history_begins_with_the_start_of_the_service)
{
	struct wire w;

	driver_start(&d);
	drive(&d, GET("/old"), OK_200);
	ledger_service_stopping(d.l, d.now_ns);
	wire_open(&w, &d, LANE_DEPENDENCY, 70);
	wire_request(&w, SLICE(GET("/config")));
	wire_response(&w, SLICE(OK_200));
	wire_close(&w);
	ledger_service_up(d.l, d.now_ns);
	drive(&d, GET("/a"), BAD_500);
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_job(&d)->n, 2);
	ck_assert_uint_eq(driver_job(&d)->v[0].lane, LANE_DEPENDENCY);
	ck_assert_uint_eq(driver_job(&d)->truncated, 0);
}
END_TEST

Suite *suite_ledger_deaths(void);

Suite *
suite_ledger_deaths(void)
{
	Suite *s = suite_create("ledger_deaths");
	TCase *t = tcase_create("deaths");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, who_comes_back_to_a_dying_service_is_not_blamed);
	tcase_add_test(t, resets_of_a_crash_are_the_crash);
	tcase_add_test(t, a_death_just_after_an_answer_belongs_to_it);
	tcase_add_test(t, an_open_stream_is_not_blamed_for_a_death);
	tcase_add_test(t, a_reset_waits_for_the_death_that_may_explain_it);
	tcase_add_test(t, a_deliberate_stop_is_no_trigger);
	tcase_add_test(t, a_500_before_a_death_is_the_death);
	tcase_add_test(t, a_death_while_draining_explains_its_reset);
	tcase_add_test(t, history_does_not_cross_a_restart);
	tcase_add_test(t, history_begins_with_the_start_of_the_service);
	suite_add_tcase(s, t);
	return s;
}
