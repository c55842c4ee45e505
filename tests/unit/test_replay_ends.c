/* How connections, services and replays end, against the test's own service. */
#include "replay_scene.h"

#include <string.h>

/* The service closed a kept connection in between: opened anew, and noted. */
START_TEST(a_closed_connection_is_opened_anew)
{
	static const struct peer_script script[] = {
		{ "*", OK, PEER_CLOSE, 0 }, { NULL, NULL, PEER_KEEP, 0 }
	};
	fixture_get(&f, 1, 0, 1000, "/a");
	fixture_get(&f, 1, 20000, 21000, "/b");
	run(script);
	ck_assert_uint_eq(peer_connections(peer), 2);
	ck_assert_int_eq(answer(1)->end, END_COMPLETE);
	ck_assert(noted("exchange 2: the service had closed"));
}
END_TEST

/* An answer without a length ends with the connection, and is complete. */
START_TEST(an_answer_may_end_with_the_connection)
{
	static const struct peer_script script[] = {
		{ "*", "HTTP/1.1 200 OK\r\n\r\nall of it", PEER_CLOSE, 0 },
		{ NULL, NULL, PEER_KEEP, 0 }
	};
	fixture_get(&f, 1, 0, 1000, "/a");
	run(script);
	ck_assert_int_eq(answer(0)->end, END_COMPLETE);
	ck_assert(slice_eq(answer(0)->body, SLICE("all of it")));
}
END_TEST

/* Half an answer, then FIN; no answer, then RST; garbage. */
START_TEST(broken_answers_are_told_apart)
{
	static const struct peer_script script[] = {
		{ "/half", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
		  PEER_CLOSE, 0 },
		{ "/reset", NULL, PEER_RESET, 0 },
		{ "/junk", "SSH-2.0-OpenSSH_9.2p1\r\n\r\n", PEER_KEEP, 0 },
		{ "/none", NULL, PEER_CLOSE, 0 },
		{ "*", OK, PEER_KEEP, 0 }, { NULL, NULL, PEER_KEEP, 0 }
	};
	fixture_get(&f, 1, 0, 1000, "/half");
	fixture_get(&f, 2, 2000, 3000, "/reset");
	fixture_get(&f, 3, 4000, 5000, "/junk");
	fixture_get(&f, 4, 6000, 7000, "/none");
	fixture_get(&f, 5, 8000, 9000, "/fine");
	run(script);
	ck_assert_int_eq(answer(0)->end, END_FIN);
	ck_assert(answer(0)->present);
	ck_assert(slice_eq(answer(0)->body, SLICE("ab")));
	ck_assert_int_eq(answer(1)->end, END_RST);
	ck_assert(!answer(1)->present);
	ck_assert_int_eq(answer(2)->end, END_FIN);
	ck_assert(noted("exchange 3: the answer is not HTTP/1.1"));
	ck_assert_int_eq(answer(3)->end, END_FIN);
	ck_assert_int_eq(answer(4)->end, END_COMPLETE);
}
END_TEST

/* No answer at all: the time-out ends it and the rest goes on. */
START_TEST(silence_times_out)
{
	static const struct peer_script script[] = {
		{ "/hang", NULL, PEER_SILENT, 0 }, { "*", OK, PEER_KEEP, 0 },
		{ NULL, NULL, PEER_KEEP, 0 }
	};
	o.timeout_ns = 50 * NS_PER_MS;
	fixture_get(&f, 1, 0, 1000, "/hang");
	fixture_get(&f, 1, 2000, 3000, "/a");
	run(script);
	ck_assert_int_eq(answer(0)->end, END_TIMEOUT);
	ck_assert(!answer(0)->present);
	ck_assert_int_eq(answer(1)->end, END_COMPLETE);
}
END_TEST

/* A recorded time-out is over when its own patience is, not the replay's. */
START_TEST(a_recorded_time_out_has_its_own_patience)
{
	static const struct peer_script script[] = {
		{ "/hang", NULL, PEER_SILENT, 0 },
		{ NULL, NULL, PEER_KEEP, 0 }
	};
	struct exchange *x;

	o.timeout_ns = 3 * NS_PER_S;
	o.margin_ns = 20 * NS_PER_MS;
	x = fixture_get(&f, 1, 0, 40000, "/hang");
	x->response = (struct message){ .end = END_TIMEOUT, .at_us = 40000,
		.end_us = 40000 };
	run(script);
	ck_assert_int_eq(answer(0)->end, END_TIMEOUT);
	ck_assert_int_ge(answer(0)->end_us, 60000);
	ck_assert_int_lt(answer(0)->end_us, 2000000);
}
END_TEST

/* A stream that never ended on the tape is not waited for. */
START_TEST(an_open_stream_is_left_when_the_rest_is_done)
{
	static const struct peer_script script[] = {
		{ "/events", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
			     "\r\n\r\n5\r\ndata:\r\n", PEER_KEEP, 0 },
		{ "*", OK, PEER_KEEP, 0 }, { NULL, NULL, PEER_KEEP, 0 }
	};
	struct exchange *x = fixture_get(&f, 1, 0, 0, "/events");

	x->response.at_us = 1000;
	x->response.end = END_OPEN;
	fixture_get(&f, 2, 20000, 21000, "/a");
	run(script);
	ck_assert_int_eq(answer(0)->end, END_OPEN);
	ck_assert(answer(0)->present);
	ck_assert(slice_eq(answer(0)->body, SLICE("data:")));
	ck_assert_int_eq(answer(1)->end, END_COMPLETE);
	ck_assert(seen.settled);
}
END_TEST

/* The recorded client left in mid-body: so do we, with FIN or RST. */
START_TEST(client_aborts_are_replayed)
{
	static const enum message_end ends[] = { END_FIN, END_RST };

	for (size_t i = 0; i < 2; i++) {
		struct exchange *x = post((uint32_t)i + 1, 0, 20000,
			"POST /up HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf");

		x->request.end = ends[i];
		x->request.end_us = 10000;
		x->response = (struct message){ .end = END_FIN,
			.end_us = 20000 };
	}
	run(always_ok);
	ck_assert_uint_eq(peer_count(peer), 2);
	ck_assert_uint_eq(peer_seen(peer, 0)->body_n, 4);
	ck_assert(!peer_seen(peer, 0)->whole);
	ck_assert_uint_eq(peer_cut(peer), 2);
	ck_assert_int_eq(seen.v[0].x.request.end, END_FIN);
	ck_assert_int_eq(seen.v[1].x.request.end, END_RST);
	ck_assert_int_ge(seen.v[0].x.request.end_us, 9900);
	ck_assert(!answer(0)->present);
}
END_TEST

/* A client that left after it had its answer: nothing is waited for. */
START_TEST(an_abort_after_the_answer_ends_the_exchange)
{
	struct exchange *x = post(1, 0, 5000, "GET /x HTTP/1.1\r\n\r\n");

	x->request.end = END_FIN;
	x->request.end_us = 30000;
	run(always_ok);
	ck_assert_int_eq(answer(0)->end, END_COMPLETE);
	ck_assert_int_ge(seen.v[0].x.request.end_us, 30000);
	ck_assert(seen.settled);
}
END_TEST

static void
die(void *arg, size_t i)
{
	(void)arg;
	if (i == 1) {
		peer_die(peer);
		replay_service_died(r, SLICE("signal 11"));
	}
}

/* The service dies in the second request: what is open ends there, nothing
 * more is sent, and it is said during which exchange. */
START_TEST(a_crash_ends_the_replay)
{
	struct err e = { 0 };

	fixture_get(&f, 1, 0, 1000, "/a");
	fixture_get(&f, 2, 5000, 9000, "/crash");
	fixture_get(&f, 3, 500000, 510000, "/never");
	start(always_ok);
	peer_on_request(peer, die, NULL);
	ck_assert(replay_run(r, &seen, &e) == 0);
	ck_assert(seen.service_died);
	ck_assert(slice_eq(seen.death, SLICE("signal 11")));
	ck_assert_uint_eq(seen.died_during, 2);
	ck_assert(!answer(1)->present);
	ck_assert(!seen.v[2].sent);
	ck_assert(!seen.settled);
	ck_assert(!seen.aborted);
	ck_assert_uint_eq(peer_count(peer), 2);
}
END_TEST

/* Nobody listens: the replay is aborted, with the reason. */
START_TEST(nobody_listening_aborts)
{
	struct err e = { 0 };

	fixture_get(&f, 1, 0, 1000, "/a");
	start(always_ok);
	peer_die(peer);
	ck_assert(replay_run(r, &seen, &e) == 0);
	ck_assert(seen.aborted);
	ck_assert(slice_find(seen.why, SLICE("cannot connect")) == 0);
	ck_assert(!seen.v[0].sent);
}
END_TEST

/* A service that speaks no TLS behind https: the reason says so. */
START_TEST(an_https_target_that_speaks_no_tls_is_told_so)
{
	struct err e = { 0 };
	struct buf url;

	fixture_get(&f, 1, 0, 1000, "/a");
	peer = peer_create(f.loop, always_ok);
	buf_init(&url, 64);
	buf_fmt(&url, "https%s", peer_url(peer) + strlen("http"));
	o.target = buf_cstr(&url);
	ck_assert_msg(replay_create(f.loop, &f.tape, &f.plan, m, &o, &r,
				    &e) == 0, "%s", e.msg);
	ck_assert(replay_run(r, &seen, &e) == 0);
	ck_assert(seen.aborted);
	ck_assert_msg(slice_find(seen.why, SLICE("TLS")) >= 0, "%.*s",
		      SLICE_ARG(seen.why));
	buf_release(&url);
}
END_TEST

/* A stop that came from outside ends it in time. */
START_TEST(a_stop_is_heard)
{
	static const struct peer_script script[] = {
		{ "*", NULL, PEER_SILENT, 0 }, { NULL, NULL, PEER_KEEP, 0 }
	};
	volatile int stop = 1;

	o.stop = &stop;
	fixture_get(&f, 1, 0, 1000, "/a");
	run(script);
	ck_assert(seen.aborted);
	ck_assert(slice_eq(seen.why, SLICE("interrupted")));
}
END_TEST

Suite *suite_replay_ends(void);

Suite *
suite_replay_ends(void)
{
	Suite *suite = suite_create("replay_ends");
	TCase *tc = tcase_create("replay_ends");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, a_closed_connection_is_opened_anew);
	tcase_add_test(tc, an_answer_may_end_with_the_connection);
	tcase_add_test(tc, broken_answers_are_told_apart);
	tcase_add_test(tc, silence_times_out);
	tcase_add_test(tc, a_recorded_time_out_has_its_own_patience);
	tcase_add_test(tc, an_open_stream_is_left_when_the_rest_is_done);
	tcase_add_test(tc, client_aborts_are_replayed);
	tcase_add_test(tc, an_abort_after_the_answer_ends_the_exchange);
	tcase_add_test(tc, a_crash_ends_the_replay);
	tcase_add_test(tc, nobody_listening_aborts);
	tcase_add_test(tc, an_https_target_that_speaks_no_tls_is_told_so);
	tcase_add_test(tc, a_stop_is_heard);
	suite_add_tcase(suite, tc);
	return suite;
}
