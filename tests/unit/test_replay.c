/* The engine against a service in the test's own loop. */
#include "replay_scene.h"

#include <stdio.h>
#include <string.h>

static uint64_t
gap_us(size_t a, size_t b)
{
	return (peer_seen(peer, b)->at_ns - peer_seen(peer, a)->at_ns) /
	       NS_PER_US;
}

/* ---- order and time ---------------------------------------------------- */

/* Requests arrive in recorded order and not before their offsets. */
START_TEST(order_and_gaps_are_kept)
{
	struct timing t;

	fixture_get(&f, 1, 0, 1000, "/a");
	fixture_get(&f, 1, 20000, 21000, "/b");
	fixture_get(&f, 2, 50000, 51000, "/c");
	run(always_ok);
	ck_assert_uint_eq(peer_count(peer), 3);
	ck_assert_str_eq(peer_seen(peer, 0)->line, "GET /a HTTP/1.1");
	ck_assert_str_eq(peer_seen(peer, 2)->line, "GET /c HTTP/1.1");
	ck_assert_int_ge(seen.v[1].x.request.at_us, 20000);
	ck_assert_int_ge(seen.v[2].x.request.at_us, 50000);
	replay_timing(r, &t);
	ck_assert(t.known);
	ck_assert_uint_eq(t.count, 3);
	ck_assert_str_eq(t.mode, "recorded");
	ck_assert(seen.settled);
	ck_assert(!seen.aborted);
}
END_TEST

/* Recorded connections stay distinct and each is used again. */
START_TEST(connections_are_those_of_the_tape)
{
	fixture_get(&f, 7, 0, 1000, "/a");
	fixture_get(&f, 9, 2000, 3000, "/b");
	fixture_get(&f, 7, 4000, 5000, "/c");
	fixture_get(&f, 9, 6000, 7000, "/d");
	run(always_ok);
	ck_assert_uint_eq(peer_connections(peer), 2);
	ck_assert_uint_eq(peer_seen(peer, 0)->conn, peer_seen(peer, 2)->conn);
	ck_assert_uint_eq(peer_seen(peer, 1)->conn, peer_seen(peer, 3)->conn);
	ck_assert_uint_ne(peer_seen(peer, 0)->conn, peer_seen(peer, 1)->conn);
	ck_assert_uint_eq(seen.nnotes, 0);
}
END_TEST

/* Fast: five recorded seconds of thinking take no time. */
START_TEST(fast_drops_the_gaps)
{
	fixture_get(&f, 1, 0, 1000, "/a");
	fixture_get(&f, 1, 5000000, 5001000, "/b");
	o.timing = TIMING_FAST;
	run(always_ok);
	ck_assert_uint_eq(peer_count(peer), 2);
	ck_assert_uint_lt(gap_us(0, 1), 2000000);
}
END_TEST

/* A slow answer shifts what follows it; the think time stays. */
START_TEST(a_late_answer_shifts_its_followers)
{
	static const struct peer_script script[] = {
		{ "/a", OK, PEER_KEEP, 80 }, { "*", OK, PEER_KEEP, 0 },
		{ NULL, NULL, PEER_KEEP, 0 }
	};
	fixture_get(&f, 1, 0, 1000, "/a");
	fixture_get(&f, 2, 31000, 32000, "/b");
	run(script);
	ck_assert_int_ge(answer(0)->end_us, 80000);
	ck_assert_int_ge(seen.v[1].x.request.at_us,
			 answer(0)->end_us + 30000);
}
END_TEST

/* Overlap: B goes out while A is still being answered. */
START_TEST(overlaps_overlap_again)
{
	static const struct peer_script script[] = {
		{ "/a", OK, PEER_KEEP, 60 }, { "*", OK, PEER_KEEP, 0 },
		{ NULL, NULL, PEER_KEEP, 0 }
	};
	fixture_get(&f, 1, 0, 60000, "/a");
	fixture_get(&f, 2, 10000, 20000, "/b");
	run(script);
	ck_assert_int_lt(answer(1)->end_us, answer(0)->end_us);
	ck_assert_int_lt(seen.v[1].x.request.at_us, answer(0)->at_us);
}
END_TEST

/* The recorded order of answers and sends in an overlap holds, though the
 * live service is much slower than the recorded one. */
START_TEST(a_send_waits_for_the_answer_recorded_before_it)
{
	static const struct peer_script script[] = {
		{ "/a", OK, PEER_KEEP, 300 }, { "/b", OK, PEER_KEEP, 150 },
		{ "*", OK, PEER_KEEP, 0 }, { NULL, NULL, PEER_KEEP, 0 }
	};
	fixture_get(&f, 1, 0, 90000, "/a");
	fixture_get(&f, 2, 10000, 20000, "/b");
	fixture_get(&f, 3, 15000, 80000, "/c");
	fixture_get(&f, 4, 21000, 30000, "/d");
	run(script);
	ck_assert_int_ge(seen.v[3].x.request.at_us, answer(1)->end_us);
	ck_assert_int_lt(seen.v[2].x.request.at_us, answer(1)->end_us);
	ck_assert(!noted("hold released"));
}
END_TEST

/* The live service never makes the call that was recorded before B: the hold
 * lets go once, with a note. */
START_TEST(a_hold_lets_go_in_the_end)
{
	struct fixture_exchange call = { .lane = "stock", .conn = 1,
		.cause = 1, .at_us = 5000, .end_us = 50000,
		.request = "GET /n HTTP/1.1\r\n\r\n", .response = OK };
	struct err e;

	fixture_get(&f, 1, 0, 60000, "/a");
	fixture_add(&f, &call);
	fixture_get(&f, 2, 10000, 40000, "/b");
	ck_assert(mocks_create(f.loop, &f.tape, &f.plan, &m, &e) == 0);
	run(always_ok);
	ck_assert_uint_eq(peer_count(peer), 2);
	ck_assert_int_ge(seen.v[2].x.request.at_us, 500000);
	ck_assert(noted("hold released: 3.req went without 2.req"));
	ck_assert_uint_eq(seen.nnotes, 1);
	ck_assert(!seen.v[1].sent);
}
END_TEST

/* ---- bytes ----------------------------------------------------------------- */

/* Our exact bytes: odd header case, chunk sizes, a trailer, a NUL. */
START_TEST(bytes_are_those_of_the_tape)
{
	const char *text = "POST /x HTTP/1.1\r\nhOsT: t\r\nX-Odd:  two \r\n"
			   "Transfer-Encoding: chunked\r\n\r\n"
			   "3\r\nabc\r\na\r\n0123456789\r\n0\r\nT: 1\r\n\r\n";

	post(1, 0, 1000, text);
	run(always_ok);
	ck_assert(slice_eq(peer_bytes(peer), slice_str(text)));
	ck_assert_uint_eq(peer_seen(peer, 0)->body_n, 13);
}
END_TEST

/* A chunked answer with trailers is taken apart and kept. */
START_TEST(answers_are_decoded)
{
	static const struct peer_script script[] = {
		{ "*", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
		       "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n"
		       "\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nSum: 5\r\n\r\n",
		  PEER_KEEP, 0 },
		{ NULL, NULL, PEER_KEEP, 0 }
	};
	fixture_get(&f, 1, 0, 1000, "/a");
	run(script);
	ck_assert_uint_eq(message_status(answer(0)), 200);
	ck_assert(slice_eq(answer(0)->body, SLICE("hello")));
	ck_assert_uint_eq(answer(0)->nchunks, 2);
	ck_assert_uint_eq(answer(0)->trailers.n, 1);
	ck_assert_uint_eq(seen.v[0].x.ninterim, 1);
	ck_assert_int_eq(answer(0)->end, END_COMPLETE);
	ck_assert(seen.v[0].sent);
}
END_TEST

/* The answer to HEAD has a length and no body; the next one follows. */
START_TEST(head_and_keep_alive)
{
	static const struct peer_script script[] = {
		{ "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
		  PEER_KEEP, 0 },
		{ "*", OK, PEER_KEEP, 0 }, { NULL, NULL, PEER_KEEP, 0 }
	};
	post(1, 0, 1000, "HEAD /a HTTP/1.1\r\nHost: t\r\n\r\n");
	fixture_get(&f, 1, 2000, 3000, "/b");
	run(script);
	ck_assert_int_eq(answer(0)->end, END_COMPLETE);
	ck_assert(slice_eq(answer(1)->body, SLICE("ok")));
	ck_assert_uint_eq(peer_connections(peer), 1);
}
END_TEST

/* 12 MiB out and 12 MiB in: more than any socket buffer takes, and more than
 * is kept of an answer. */
START_TEST(large_bodies_go_both_ways)
{
	size_t n = 12 * MiB;
	struct peer_script script[] = {
		{ "*", NULL, PEER_KEEP, 0 }, { NULL, NULL, PEER_KEEP, 0 }
	};
	struct buf request, response;
	struct exchange *x;
	char *body = arena_alloc(f.tape.arena, n);

	buf_init(&request, 16 * MiB);
	buf_init(&response, 16 * MiB);
	memset(body, 'b', n);
	x = post(1, 0, 1000, "PUT /x HTTP/1.1\r\nContent-Length: 12582912\r\n"
			     "\r\n");
	x->request.body = slice_of(body, n);
	x->request.body_bytes = n;
	x->request.end = END_COMPLETE;
	buf_adds(&response, "HTTP/1.1 200 OK\r\nContent-Length: 12582912\r\n"
			    "\r\n");
	buf_add(&response, x->request.body);
	script[0].answer = buf_cstr(&response);
	run(script);
	ck_assert_uint_eq(peer_seen(peer, 0)->body_n, n);
	ck_assert_uint_eq(answer(0)->body_bytes, n);
	ck_assert_uint_eq(answer(0)->body.n, 8 * MiB);
	ck_assert_uint_eq(answer(0)->cut_bytes, 4 * MiB);
	ck_assert_int_eq(answer(0)->end, END_COMPLETE);
	buf_release(&request);
	buf_release(&response);
}
END_TEST

/* Two requests that were pipelined go out without waiting. */
START_TEST(pipelined_requests_are_pipelined_again)
{
	static const struct peer_script script[] = {
		{ "*", OK, PEER_SILENT, 0 }, { NULL, NULL, PEER_KEEP, 0 }
	};
	o.timeout_ns = 100 * NS_PER_MS;
	fixture_get(&f, 1, 0, 20000, "/a");
	fixture_get(&f, 1, 1000, 21000, "/b");
	run(script);
	ck_assert_uint_eq(peer_count(peer), 2);
	ck_assert_int_eq(answer(0)->end, END_TIMEOUT);
}
END_TEST

/* Expect: the body waits for 100 Continue, but not for ever. */
START_TEST(expect_waits_a_second_for_100)
{
	struct err e = { 0 };

	post(1, 0, 1000, "PUT /x HTTP/1.1\r\nContent-Length: 4\r\n"
			 "Expect: 100-continue\r\n\r\nbody");
	start(always_ok);
	/* Nobody says 100: after a second the body comes anyway. */
	ck_assert(replay_run(r, &seen, &e) == 0);
	ck_assert_uint_eq(peer_seen(peer, 0)->body_n, 4);
	ck_assert_int_ge(seen.v[0].x.request.end_us, 990000);
	ck_assert_uint_eq(message_status(answer(0)), 200);
}
END_TEST

/* A service that says 100 gets the body at once. */
START_TEST(a_body_goes_on_after_100)
{
	const char *text = "PUT /x HTTP/1.1\r\nContent-Length: 4\r\n"
			   "Expect: 100-continue\r\n\r\nbody";
	struct fixture_exchange call = { .lane = "stock", .conn = 1,
		.request = text, .response = OK };
	struct err e = { 0 };

	post(1, 0, 1000, text);
	fixture_add(&f, &call);
	/* A mock is an HTTP/1.1 server like another. */
	ck_assert(mocks_create(f.loop, &f.tape, &f.plan, &m, &e) == 0);
	o.target = mocks_url(m, "stock");
	ck_assert(replay_create(f.loop, &f.tape, &f.plan, m, &o, &r,
				&e) == 0);
	ck_assert(replay_run(r, &seen, &e) == 0);
	ck_assert_uint_eq(message_status(answer(0)), 200);
	ck_assert_uint_eq(seen.v[0].x.ninterim, 1);
	ck_assert_int_lt(seen.v[0].x.request.end_us, 900000);
	ck_assert_uint_eq(seen.v[1].x.request.body_bytes, 4);
}
END_TEST

/* An upgrade is replayed up to its head and ends as it did. */
START_TEST(a_tunnel_is_replayed_up_to_its_head)
{
	static const struct peer_script script[] = {
		{ "*", "HTTP/1.1 101 Switching Protocols\r\nConnection: "
		       "Upgrade\r\nUpgrade: x\r\n\r\nhello", PEER_KEEP, 0 },
		{ NULL, NULL, PEER_KEEP, 0 }
	};
	struct fixture_exchange x = { .lane = "client", .conn = 1,
		.end_us = 900000, .answer_us = 1000,
		.request = "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\n"
			   "Upgrade: x\r\n\r\n" };

	x.response = script[0].answer;
	fixture_add(&f, &x)->response.end = END_FIN;
	run(script);
	ck_assert_uint_eq(message_status(answer(0)), 101);
	ck_assert_int_eq(answer(0)->end, END_FIN);
	ck_assert(noted("exchange 1: a tunnel"));
}
END_TEST

/* Step mode: one at a time, in order, until there is none. */
START_TEST(steps_go_one_by_one)
{
	const struct observed_exchange *got;
	const struct exchange *rec;
	struct err e = { 0 };

	fixture_get(&f, 1, 0, 1000, "/a");
	fixture_get(&f, 2, 500, 900, "/b");
	fixture_get(&f, 1, 9000000, 9001000, "/c");
	start(always_ok);
	for (uint32_t i = 1; i <= 3; i++) {
		ck_assert_int_eq(replay_step(r, &rec, &got, &e), 1);
		ck_assert_uint_eq(rec->id, i);
		ck_assert_uint_eq(message_status(&got->x.response), 200);
		ck_assert_uint_eq(peer_count(peer), i);
	}
	ck_assert_int_eq(replay_step(r, &rec, &got, &e), 0);
}
END_TEST

/* Stepping against nothing says so. */
START_TEST(a_step_tells_of_a_refused_connection)
{
	const struct observed_exchange *got;
	const struct exchange *rec;
	struct err e = { 0 };

	fixture_get(&f, 1, 0, 1000, "/a");
	start(always_ok);
	peer_die(peer);
	ck_assert_int_eq(replay_step(r, &rec, &got, &e), -1);
	ck_assert_int_eq(e.code, ERR_TARGET);
}
END_TEST

/* An upload that took its time takes it again. */
START_TEST(segments_keep_their_times)
{
	struct segment parts[] = { { 0, 44 }, { 40000, 4 } };
	struct exchange *x = post(1, 0, 50000, "POST /up HTTP/1.1\r\n"
				  "Content-Length: 4\r\n\r\nbody");

	x->request.segments = parts;
	x->request.nsegments = 2;
	x->request.end_us = 40000;
	run(always_ok);
	ck_assert_int_ge(seen.v[0].x.request.end_us, 39000);
	ck_assert_uint_eq(peer_seen(peer, 0)->body_n, 4);
}
END_TEST

Suite *suite_replay(void);

Suite *
suite_replay(void)
{
	Suite *suite = suite_create("replay");
	TCase *tc = tcase_create("replay");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, order_and_gaps_are_kept);
	tcase_add_test(tc, connections_are_those_of_the_tape);
	tcase_add_test(tc, fast_drops_the_gaps);
	tcase_add_test(tc, a_late_answer_shifts_its_followers);
	tcase_add_test(tc, overlaps_overlap_again);
	tcase_add_test(tc, a_send_waits_for_the_answer_recorded_before_it);
	tcase_add_test(tc, a_hold_lets_go_in_the_end);
	tcase_add_test(tc, bytes_are_those_of_the_tape);
	tcase_add_test(tc, answers_are_decoded);
	tcase_add_test(tc, head_and_keep_alive);
	tcase_add_test(tc, large_bodies_go_both_ways);
	tcase_add_test(tc, pipelined_requests_are_pipelined_again);
	tcase_add_test(tc, expect_waits_a_second_for_100);
	tcase_add_test(tc, a_body_goes_on_after_100);
	tcase_add_test(tc, a_tunnel_is_replayed_up_to_its_head);
	tcase_add_test(tc, steps_go_one_by_one);
	tcase_add_test(tc, a_step_tells_of_a_refused_connection);
	tcase_add_test(tc, segments_keep_their_times);
	suite_add_tcase(suite, tc);
	return suite;
}
