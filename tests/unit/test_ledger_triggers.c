/* Which failures give a tape, which give none, and when. */
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

/* A 500 gives one tape; answers that are no failure give none. */
START_TEST(a_500_triggers_once)
{
	driver_start(&d);
	drive(&d, GET("/a"), OK_200);
	drive(&d, GET("/b"), BAD_500);
	drive(&d, GET("/c"), "HTTP/1.1 404 Not Found\r\n"
	      "Content-Length: 0\r\n\r\n");
	driver_wait(&d, NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	ck_assert_str_eq(stats().tapes[0].trigger, "500 GET /b");
	ck_assert_int_eq(driver_job(&d)->kind, TRIGGER_STATUS);
	/* What came after it is not its history. */
	ck_assert_uint_eq(driver_job(&d)->n, 2);
	ck_assert_uint_eq(driver_job(&d)->fail_seq, 2);
}
END_TEST

/* The same failure again is counted, not committed. */
START_TEST(the_same_failure_is_counted)
{
	int i;

	driver_start(&d);
	for (i = 0; i < 5; i++)
		drive(&d, GET("/b"), BAD_500);
	driver_wait(&d, NS_PER_S);
	drive(&d, GET("/b"), BAD_500);
	driver_wait(&d, NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	ck_assert_uint_eq(stats().tapes[0].seen, 6);
	drive(&d, GET("/other"), BAD_500);
	driver_wait(&d, NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 2);
}
END_TEST

/* One that the library holds is named and counted. */
START_TEST(a_known_failure_is_named)
{
	char signature[65];

	driver_start(&d);
	drive(&d, GET("/b"), BAD_500);
	driver_wait(&d, NS_PER_S);
	memcpy(signature, d.l->entries[0].signature, sizeof(signature));
	driver_stop(&d);
	driver_init(&d);
	driver_start(&d);
	ledger_known(d.l, signature, "get-b-500-x");
	drive(&d, GET("/b"), BAD_500);
	driver_wait(&d, NS_PER_S);
	drive(&d, GET("/b"), BAD_500);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	ck_assert(stats().tapes[0].known);
	ck_assert_uint_eq(stats().tapes[0].seen, 2);
	ck_assert_str_eq(stats().tapes[0].id, "get-b-500-x");
	ck_assert_ptr_null(driver_job(&d));
}
END_TEST

/* A rule takes exactly the answer that it names. */
START_TEST(an_ignored_answer_is_no_trigger)
{
	static const struct ledger_ignore rules[] = {
		{ "GET", "/flaky*", 503, "on purpose" },
	};

	d.config.ignore = rules;
	d.config.nignore = 1;
	driver_start(&d);
	drive(&d, GET("/flaky-dependency?x=1"),
	      "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
	driver_wait(&d, NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 0);
	ck_assert_uint_eq(stats().ignored_rules, 1);
	drive(&d, GET("/flaky-dependency"), BAD_500);
	driver_wait(&d, NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 1);
}
END_TEST

/* Polls before the service listens are no failure, only counted. */
START_TEST(refused_is_no_trigger)
{
	struct wire w;

	driver_start(&d);
	wire_open(&w, &d, LANE_CLIENT, 1);
	wire_request(&w, SLICE(GET("/health")));
	wire_end(&w, LX_RESPONSE, LX_REFUSED);
	wire_done(&w);
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 0);
	ck_assert_uint_eq(stats().ignored_refused, 1);
	wire_close(&w);
}
END_TEST

/* An egress 5xx is the dependency's answer, not the service's. */
START_TEST(an_egress_500_is_no_trigger)
{
	struct wire w;

	driver_start(&d);
	wire_open(&w, &d, LANE_DEPENDENCY, 1);
	wire_request(&w, SLICE(GET("/stock")));
	wire_response(&w, SLICE(BAD_500));
	wire_close(&w);
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 0);
}
END_TEST

/* A client that goes away has not seen a failure. */
START_TEST(a_client_abort_is_no_trigger)
{
	struct wire w;

	driver_start(&d);
	wire_open(&w, &d, LANE_CLIENT, 1);
	wire_request(&w, SLICE("POST /up HTTP/1.1\r\nHost: a\r\n"
			       "Content-Length: 10\r\n\r\nhal"));
	wire_end(&w, LX_REQUEST, LX_RST);
	wire_end(&w, LX_RESPONSE, LX_RST);
	wire_done(&w);
	wire_request(&w, SLICE(GET("/slow")));
	wire_done(&w);
	wire_close(&w);
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 0);
}
END_TEST

/* No answer in time: one failure, though more time passes. */
START_TEST(no_answer_in_time_triggers_once)
{
	struct wire w;

	d.config.on_timeout_ns = 10 * NS_PER_S;
	driver_start(&d);
	wire_open(&w, &d, LANE_CLIENT, 1);
	drive(&d, GET("/quick"), OK_200);
	wire_request(&w, SLICE(GET("/hang")));
	driver_wait(&d, 9 * NS_PER_S);
	ck_assert_uint_eq(d.l->npending, 0);
	driver_wait(&d, 40 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	ck_assert_str_eq(stats().tapes[0].trigger, "time-out GET /hang");
	ck_assert_uint_eq(stats().tapes[0].seen, 1);
	wire_close(&w);
}
END_TEST

/* Nobody waits too long for a stream that rests, for a client that is slow to
 * send, or for an answer whose bytes keep coming. */
START_TEST(what_is_no_timeout)
{
	struct wire sse, slow, drip;
	int i;

	d.config.on_timeout_ns = 10 * NS_PER_S;
	driver_start(&d);
	wire_open(&sse, &d, LANE_CLIENT, 1);
	wire_open(&slow, &d, LANE_CLIENT, 2);
	wire_open(&drip, &d, LANE_CLIENT, 3);
	wire_request(&sse, SLICE(GET("/events")));
	wire_response(&sse, SLICE("HTTP/1.1 200 OK\r\n"
		"Content-Type: text/event-stream\r\n\r\n"));
	wire_request(&slow, SLICE("POST /up HTTP/1.1\r\nHost: a\r\n"
				  "Content-Length: 10\r\n\r\nhal"));
	wire_request(&drip, SLICE(GET("/drip")));
	wire_response(&drip, SLICE("HTTP/1.1 200 OK\r\n"
				   "Content-Length: 100\r\n\r\n"));
	for (i = 0; i < 10; i++) {
		driver_wait(&d, 6 * NS_PER_S);
		wire_response(&drip, SLICE("x"));
	}
	ck_assert_uint_eq(d.l->triggers, 0);
	/* Then nothing comes for that long. */
	driver_wait(&d, 21 * NS_PER_S);
	ck_assert_uint_eq(d.l->triggers, 1);
	wire_close(&sse);
	wire_close(&slow);
	wire_close(&drip);
}
END_TEST

/* commit: failed — what a passing test got is dropped, what a failing test got
 * is kept, with the history of the time it happened. */
START_TEST(the_session_decides_under_commit_failed)
{
	struct err e;

	d.config.commit_failed_only = true;
	driver_start(&d);
	ck_assert_int_eq(ledger_session_start(d.l, "t1", &e), 0);
	ck_assert_int_eq(ledger_session_start(d.l, "t2", &e), 0);
	drive_on(&d, "t1", GET("/a"), BAD_500);
	drive_on(&d, "t2", GET("/a"), BAD_500);
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 0);
	ledger_session_end(d.l, "t1", false, SLICE(""), &e);
	driver_wait(&d, NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 0);
	drive_on(&d, "t2", GET("/later"), OK_200);
	ledger_session_end(d.l, "t2", true, SLICE("boom"), &e);
	driver_wait(&d, NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	ck_assert_uint_eq(driver_job(&d)->n, 1);
	ck_assert_str_eq(driver_job(&d)->session, "t2");
}
END_TEST

/* Without sessions the suite's end decides. */
START_TEST(the_suite_decides_for_the_run)
{
	d.config.commit_failed_only = true;
	driver_start(&d);
	drive(&d, GET("/a"), BAD_500);
	driver_wait(&d, 2 * NS_PER_S);
	ledger_suite_end(d.l, true);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	driver_stop(&d);
	driver_init(&d);
	d.config.commit_failed_only = true;
	driver_start(&d);
	drive(&d, GET("/a"), BAD_500);
	ledger_suite_end(d.l, false);
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 0);
}
END_TEST

/* A session that fails without a cause of its own is one; with one it is not
 * told twice. */
START_TEST(a_failed_session_is_a_failure)
{
	struct err e;

	d.config.on_session_failed = true;
	driver_start(&d);
	ledger_session_start(d.l, "plain", &e);
	ledger_session_start(d.l, "caused", &e);
	drive_on(&d, "plain", GET("/a"), OK_200);
	drive_on(&d, "caused", GET("/b"), BAD_500);
	ledger_session_end(d.l, "plain", true, SLICE("1 != 2\nat x"), &e);
	ledger_session_end(d.l, "caused", true, SLICE(""), &e);
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 2);
	ck_assert_uint_eq(d.l->triggers, 2);
}
END_TEST

/* A red suite without any failure in its traffic. */
START_TEST(a_red_suite_is_a_failure_when_nothing_else_was)
{
	d.config.on_suite_nonzero = true;
	driver_start(&d);
	drive(&d, GET("/a"), OK_200);
	ledger_suite_end(d.l, true);
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	ck_assert_str_eq(stats().tapes[0].trigger, "suite failed GET /a");
	ck_assert_uint_eq(driver_job(&d)->fail_seq, 1);
}
END_TEST

/* An exception in the log and the 500 it led to are one failure. */
START_TEST(a_log_line_and_its_500_are_one)
{
	struct wire w;

	driver_start(&d);
	wire_open(&w, &d, LANE_CLIENT, 1);
	wire_request(&w, SLICE(GET("/a")));
	ledger_log_hit(d.l, SLICE("KeyError: 'x'"), SLICE(""), d.now_ns);
	d.now_ns += MS;
	wire_response(&w, SLICE(BAD_500));
	wire_done(&w);
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(d.l->triggers, 1);
	drive(&d, GET("/b"), BAD_500);
	ledger_log_hit(d.l, SLICE("KeyError: 'x'"), SLICE(""), d.now_ns);
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_eq(d.l->triggers, 2);
	wire_close(&w);
}
END_TEST

/* The tape waits for what overlaps the failure, but not for ever. */
START_TEST(a_commit_waits_for_what_overlaps)
{
	struct wire w;

	driver_start(&d);
	wire_open(&w, &d, LANE_CLIENT, 1);
	wire_request(&w, SLICE(GET("/other")));
	drive(&d, GET("/a"), BAD_500);
	driver_wait(&d, 500 * MS);
	ck_assert_uint_eq(driver_tapes(&d), 0);
	wire_response(&w, SLICE(OK_200));
	wire_done(&w);
	driver_wait(&d, 10 * MS);
	ck_assert_uint_eq(driver_tapes(&d), 1);
	ck_assert(driver_job(&d)->v[0].flags & LXF_RESP_ENDED);
	wire_request(&w, SLICE(GET("/other")));
	drive(&d, GET("/b"), BAD_500);
	driver_wait(&d, 1010 * MS);
	ck_assert_uint_eq(driver_tapes(&d), 2);
	wire_close(&w);
}
END_TEST

/* A flood of different failures is bounded; what is not kept is counted. */
START_TEST(a_flood_of_failures_is_bounded)
{
	struct buf b;
	unsigned i;

	driver_start(&d);
	for (i = 0; i < 2000; i++) {
		buf_init(&b, 256);
		buf_fmt(&b, "GET /f%c%c%c HTTP/1.1\r\nHost: a\r\n\r\n",
			'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26);
		drive(&d, buf_cstr(&b), BAD_500);
		buf_release(&b);
	}
	driver_wait(&d, 2 * NS_PER_S);
	ck_assert_uint_le(driver_tapes(&d), ENTRIES_MAX);
	ck_assert_uint_ge(driver_tapes(&d) + stats().lost_triggers, 1900);
}
END_TEST

Suite *suite_ledger_triggers(void);

Suite *
suite_ledger_triggers(void)
{
	Suite *s = suite_create("ledger_triggers");
	TCase *t = tcase_create("triggers");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_500_triggers_once);
	tcase_add_test(t, the_same_failure_is_counted);
	tcase_add_test(t, a_known_failure_is_named);
	tcase_add_test(t, an_ignored_answer_is_no_trigger);
	tcase_add_test(t, refused_is_no_trigger);
	tcase_add_test(t, an_egress_500_is_no_trigger);
	tcase_add_test(t, a_client_abort_is_no_trigger);
	tcase_add_test(t, no_answer_in_time_triggers_once);
	tcase_add_test(t, what_is_no_timeout);
	tcase_add_test(t, the_session_decides_under_commit_failed);
	tcase_add_test(t, the_suite_decides_for_the_run);
	tcase_add_test(t, a_failed_session_is_a_failure);
	tcase_add_test(t, a_red_suite_is_a_failure_when_nothing_else_was);
	tcase_add_test(t, a_log_line_and_its_500_are_one);
	tcase_add_test(t, a_commit_waits_for_what_overlaps);
	tcase_add_test(t, a_flood_of_failures_is_bounded);
	suite_add_tcase(s, t);
	return s;
}
