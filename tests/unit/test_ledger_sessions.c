/* What belongs together, what causes what, and who goes when memory is full. */
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

static void
drive_in(const char *header, const char *value, const char *path,
	 const char *answer)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_fmt(&b, "GET %s HTTP/1.1\r\nHost: a\r\n%s: %s\r\n\r\n", path,
		header, value);
	drive(&d, buf_cstr(&b), answer);
	buf_release(&b);
}

/* A tape holds its own session and what ran outside any, nobody else's. */
START_TEST(history_is_the_session_and_what_ran_outside)
{
	const struct job *j;

	driver_start(&d);
	drive(&d, GET("/login"), OK_200);
	drive_in("X-Session-Id", "one", "/a", OK_200);
	drive_in("X-Session-Id", "two", "/b", OK_200);
	drive_in("X-Session-Id", "one", "/c", BAD_500);
	driver_wait(&d, NS_PER_S);
	j = driver_job(&d);
	ck_assert_uint_eq(j->n, 3);
	ck_assert_uint_eq(j->v[0].seq, 1);
	ck_assert_uint_eq(j->v[1].seq, 2);
	ck_assert_uint_eq(j->v[2].seq, 4);
	ck_assert_str_eq(j->session, "one");
	ck_assert_str_eq(j->namespace, "shop");
	ck_assert_uint_eq(j->truncated, 0);
}
END_TEST

/* Two tenants with the same session name share nothing, set-up neither. */
START_TEST(tenants_share_nothing)
{
	d.config.namespace_header = "X-Tenant";
	driver_start(&d);
	drive(&d, GET("/setup"), OK_200);
	drive(&d, "GET /a HTTP/1.1\r\nX-Tenant: red\r\nX-Session-Id: s\r\n"
	      "\r\n", OK_200);
	drive(&d, "GET /a HTTP/1.1\r\nX-Tenant: blue\r\nX-Session-Id: s\r\n"
	      "\r\n", BAD_500);
	driver_wait(&d, NS_PER_S);
	ck_assert_uint_eq(driver_job(&d)->n, 1);
	ck_assert_str_eq(driver_job(&d)->namespace, "blue");
}
END_TEST

/* A cookie's value is a secret: it names the session, but is not its name. */
START_TEST(a_session_cookie_is_not_shown)
{
	d.config.session_cookie = "sid";
	driver_start(&d);
	drive_in("Cookie", "a=b; sid=hush1; c=d", "/a", OK_200);
	drive_in("Cookie", "sid=hush2", "/b", OK_200);
	drive_in("Cookie", "c=d;sid=hush1", "/c", BAD_500);
	driver_wait(&d, NS_PER_S);
	ck_assert_uint_eq(driver_job(&d)->n, 2);
	ck_assert_str_eq(driver_job(&d)->session, "cookie-1");
}
END_TEST

/* An egress call that carries the injected id, or the injected trace, or the
 * client's own trace belongs to that request; or to the only open one. */
START_TEST(egress_calls_find_their_cause)
{
	static const char own[] =
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	struct wire a, b, out;
	struct buf h;
	int i;

	driver_start(&d);
	wire_open(&a, &d, LANE_CLIENT, 1);
	wire_open(&b, &d, LANE_CLIENT, 2);
	wire_request(&a, SLICE(GET("/a")));
	for (i = 0; i < 4; i++) {
		buf_init(&h, 1024);
		buf_adds(&h, "GET /stock HTTP/1.1\r\nHost: i\r\n");
		if (i == 0)
			buf_fmt(&h, "x-dvr-correlation-id: %s\r\n",
				a.correlation);
		else if (i == 1)
			buf_fmt(&h, "traceparent: %s\r\n", a.traceparent);
		else if (i == 2)
			buf_fmt(&h, "traceparent: %s\r\n", own);
		buf_adds(&h, "\r\n");
		if (i == 0)
			wire_request(&b, SLICE("GET /b HTTP/1.1\r\n"
				"traceparent: 00-0af7651916cd43dd8448eb211c80"
				"319c-b7ad6b7169203331-01\r\n\r\n"));
		wire_open(&out, &d, LANE_DEPENDENCY, 50 + (uint64_t)i);
		wire_request(&out, buf_slice(&h));
		if (i < 2)
			ck_assert_uint_eq(out.x->cause, a.x->seq);
		else if (i == 2)
			ck_assert_uint_eq(out.x->cause, b.x->seq);
		else	/* two are open: nobody can tell */
			ck_assert_uint_eq(out.x->cause, 0);
		wire_response(&out, SLICE(OK_200));
		wire_close(&out);
		buf_release(&h);
	}
	ck_assert_str_eq(b.traceparent, "");
	wire_response(&b, SLICE(OK_200));
	wire_done(&b);
	wire_open(&out, &d, LANE_DEPENDENCY, 60);
	wire_request(&out, SLICE(GET("/stock")));
	ck_assert_uint_eq(out.x->cause, a.x->seq);
	wire_close(&out);
	wire_close(&a);
	wire_close(&b);
}
END_TEST

/* Ids that somebody made up lead nowhere. */
START_TEST(forged_ids_are_no_cause)
{
	struct wire a, b, out;

	driver_start(&d);
	wire_open(&a, &d, LANE_CLIENT, 1);
	wire_open(&b, &d, LANE_CLIENT, 2);
	wire_request(&a, SLICE(GET("/a")));
	wire_request(&b, SLICE(GET("/b")));
	wire_open(&out, &d, LANE_DEPENDENCY, 3);
	wire_request(&out, SLICE("GET / HTTP/1.1\r\n"
		"X-DVR-Correlation-Id: other/run/1\r\n"
		"traceparent: 00-5a5a5a5bffffffff0000000000000001-"
		"0000000000000001-01\r\n\r\n"));
	ck_assert_uint_eq(out.x->cause, 0);
	wire_close(&out);
	wire_close(&a);
	wire_close(&b);
}
END_TEST

/* Names that could not stand in a header come out safe, long ones bounded. */
START_TEST(ids_are_safe_as_header_values)
{
	char name[600];
	struct wire w;
	struct buf b;
	size_t i;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memcpy(name, "a/b c\x01\xc3\xa9", 8);
	driver_start(&d);
	wire_open(&w, &d, LANE_CLIENT, 1);
	w.session = name;
	buf_init(&b, 4096);
	wire_request(&w, SLICE(GET("/a")));
	ck_assert_uint_lt(strlen(w.correlation), 300);
	for (i = 0; w.correlation[i]; i++)
		ck_assert(w.correlation[i] > ' ' && w.correlation[i] < 127);
	ck_assert_int_eq(strncmp(w.correlation, "shop/a_b_c___n", 14), 0);
	wire_close(&w);
	buf_release(&b);
}
END_TEST

/* The control endpoint's sessions: one of a name at a time; a second try of
 * the same test is another session. */
START_TEST(control_sessions_begin_and_end)
{
	struct err e;

	driver_start(&d);
	ck_assert_int_eq(ledger_session_start(d.l, "t", &e), 0);
	ck_assert_int_eq(ledger_session_start(d.l, "t", &e), -1);
	drive_on(&d, "t", GET("/first"), OK_200);
	ck_assert_int_eq(ledger_session_end(d.l, "t", false, SLICE(""), &e),
			 0);
	ck_assert_int_eq(ledger_session_end(d.l, "t", false, SLICE(""), &e),
			 -1);
	ck_assert_int_eq(ledger_session_start(d.l, "t", &e), 0);
	drive_on(&d, "t", GET("/second"), BAD_500);
	driver_wait(&d, NS_PER_S);
	ck_assert_uint_eq(driver_job(&d)->n, 1);
}
END_TEST

/* A session for every request does not take memory for every request. */
START_TEST(session_records_are_bounded)
{
	char value[32];
	unsigned i, k;

	d.config.max_memory_bytes = 64 * MiB;
	driver_start(&d);
	for (i = 0; i < 3 * SESSIONS_MAX; i++) {
		for (k = 0; k < 6; k++)
			value[k] = (char)('a' + (i >> (4 * k)) % 16);
		value[6] = '\0';
		drive_in("X-Session-Id", value, "/a", OK_200);
		ck_assert_uint_le(d.l->nsessions, SESSIONS_MAX);
	}
	ck_assert_uint_eq(stats().sessions, 3 * SESSIONS_MAX + 1);
}
END_TEST

/* When memory is full, ended sessions go first; a live session's later. */
START_TEST(ended_sessions_go_first)
{
	struct err e;
	unsigned i;

	d.config.max_memory_bytes = 256 * KiB;	/* about 115 chunks */
	driver_start(&d);
	drive(&d, GET("/keep"), OK_200);
	ledger_session_start(d.l, "t", &e);
	for (i = 0; i < 100; i++)
		drive_on(&d, "t", GET("/x"), OK_200);
	ledger_session_end(d.l, "t", false, SLICE(""), &e);
	for (i = 0; i < 90; i++)
		drive(&d, GET("/y"), OK_200);
	ck_assert_uint_gt(stats().evicted, 60);
	drive(&d, GET("/z"), BAD_500);
	driver_wait(&d, NS_PER_S);
	ck_assert_uint_eq(driver_job(&d)->v[0].seq, 1);
	ck_assert_uint_eq(driver_job(&d)->truncated, 0);
}
END_TEST

/* What was evicted is counted on the tape. */
START_TEST(a_tape_says_what_is_missing)
{
	unsigned i;

	d.config.max_memory_bytes = 256 * KiB;
	driver_start(&d);
	for (i = 0; i < 500; i++)
		drive(&d, GET("/y"), OK_200);
	drive(&d, GET("/z"), BAD_500);
	driver_wait(&d, NS_PER_S);
	ck_assert_uint_gt(driver_job(&d)->n, 90);
	ck_assert_uint_eq(driver_job(&d)->n + driver_job(&d)->truncated, 501);
}
END_TEST

/* Older than the window is dropped, and told. */
START_TEST(the_window_is_kept)
{
	d.config.window_ns = 10 * NS_PER_S;
	driver_start(&d);
	drive(&d, GET("/old"), OK_200);
	d.now_ns += 11 * NS_PER_S;
	drive(&d, GET("/new"), OK_200);
	drive(&d, GET("/z"), BAD_500);
	driver_wait(&d, NS_PER_S);
	ck_assert_uint_eq(driver_job(&d)->n, 2);
	ck_assert_uint_eq(driver_job(&d)->truncated, 1);
	ck_assert_uint_eq(d.l->lists[LX_DONE].count, 2);
}
END_TEST

/* A stream that never ends takes no more than half of the memory when others
 * need it, and does not keep them from being recorded. */
START_TEST(a_long_stream_blocks_nobody)
{
	struct wire sse;
	char block[1024];
	unsigned i;

	memset(block, 'x', sizeof(block));
	d.config.max_memory_bytes = 256 * KiB;
	driver_start(&d);
	wire_open(&sse, &d, LANE_CLIENT, 1);
	wire_request(&sse, SLICE(GET("/events")));
	wire_response(&sse, SLICE("HTTP/1.1 200 OK\r\n"
		"Content-Type: text/event-stream\r\n\r\n"));
	for (i = 0; i < 2000; i++) {
		d.now_ns += MS;
		wire_response(&sse, slice_of(block, sizeof(block)));
	}
	ck_assert_uint_gt(stats().lost_bytes, 1 * MiB);
	for (i = 0; i < 20; i++)
		drive(&d, GET("/y"), OK_200);
	drive(&d, GET("/z"), BAD_500);
	driver_wait(&d, NS_PER_S + 100 * MS);
	ck_assert_uint_eq(driver_job(&d)->n, 22);
	ck_assert_uint_eq(driver_job(&d)->truncated, 0);
	ck_assert_uint_gt(driver_job(&d)->v[0].wire[LX_RESPONSE],
			  driver_job(&d)->v[0].stored[LX_RESPONSE]);
	wire_close(&sse);
}
END_TEST

/* Pinned memory is never taken; when all is pinned, recording stops and the
 * bytes are counted, and goes on afterwards. */
START_TEST(pinned_memory_stops_recording_not_the_relay)
{
	const struct job *j;
	unsigned i;

	d.config.max_memory_bytes = 256 * KiB;
	driver_start(&d);
	for (i = 0; i < 200; i++)
		drive(&d, GET("/y"), OK_200);
	drive(&d, GET("/z"), BAD_500);
	driver_wait(&d, 200 * MS);
	j = driver_job(&d);
	ck_assert_uint_gt(j->n, 100);
	for (i = 0; i < 6000; i++)
		drive(&d, GET("/y"), OK_200);
	ck_assert_uint_gt(stats().lost_bytes, 10000);
	for (i = 0; i < j->n; i++)
		ck_assert_uint_eq(j->from[i]->seq, j->v[i].seq);
	ck_assert_uint_le(d.l->pool_fresh, d.l->npool);
	commit_give_up(d.l->commit);
	ck_assert_uint_eq(d.l->pinned_chunks, 0);
	drive(&d, GET("/w"), BAD_500);
	driver_wait(&d, 200 * MS);
	ck_assert_ptr_nonnull(driver_job(&d));
}
END_TEST

Suite *suite_ledger_sessions(void);

Suite *
suite_ledger_sessions(void)
{
	Suite *s = suite_create("ledger_sessions");
	TCase *t = tcase_create("sessions");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, history_is_the_session_and_what_ran_outside);
	tcase_add_test(t, tenants_share_nothing);
	tcase_add_test(t, a_session_cookie_is_not_shown);
	tcase_add_test(t, egress_calls_find_their_cause);
	tcase_add_test(t, forged_ids_are_no_cause);
	tcase_add_test(t, ids_are_safe_as_header_values);
	tcase_add_test(t, control_sessions_begin_and_end);
	tcase_add_test(t, session_records_are_bounded);
	tcase_add_test(t, ended_sessions_go_first);
	tcase_add_test(t, a_tape_says_what_is_missing);
	tcase_add_test(t, the_window_is_kept);
	tcase_add_test(t, a_long_stream_blocks_nobody);
	tcase_add_test(t, pinned_memory_stops_recording_not_the_relay);
	suite_add_tcase(s, t);
	return s;
}
