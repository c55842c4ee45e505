/* Requests that wait: all but their head's end is on the wire before. */
#include "replay_scene.h"

#include <string.h>

#define MS (NS_PER_MS)

/* A takes 150 ms; B was recorded 30 ms into it. */
static const struct peer_script slow_a[] = {
	{ "/a", OK, PEER_KEEP, 150 }, { "*", OK, PEER_KEEP, 0 },
	{ NULL, NULL, PEER_KEEP, 0 }
};

static const struct peer_seen *
seen_of(const char *line)
{
	for (size_t i = 0; i < peer_count(peer); i++)
		if (strcmp(peer_seen(peer, i)->line, line) == 0)
			return peer_seen(peer, i);
	ck_abort_msg("no %s", line);
}

static void
hold(const char *event, const char *until)
{
	static struct plan_hold h;

	h = (struct plan_hold){ slice_str(event), slice_str(until) };
	f.plan.holds = &h;
	f.plan.nholds = 1;
}

static void
overlap(void)
{
	fixture_get(&f, 1, 0, 60000, "/a");
	fixture_get(&f, 2, 30000, 40000, "/b");
}

/* Work on B begins at its time, though its first bytes were there before.  A
 * machine that stands still for milliseconds may miss that moment. */
START_TEST(an_overlapping_head_ends_at_its_deadline)
{
	const struct peer_seen *b = NULL;

	for (int i = 0; i < 5 && (b == NULL || b->reads == 1); i++) {
		teardown();
		setup();
		overlap();
		run(slow_a);
		b = seen_of("GET /b HTTP/1.1");
		ck_assert_int_ge(seen.v[1].x.request.at_us, 30000);
	}
	ck_assert_uint_eq(b->reads, 2);
	ck_assert_uint_gt(b->head_ns, b->at_ns);
}
END_TEST

/* So it is while a hold keeps it. */
START_TEST(a_held_head_ends_when_it_is_released)
{
	const struct peer_seen *b;

	overlap();
	hold("2.req", "1.resp");
	run(slow_a);
	b = seen_of("GET /b HTTP/1.1");
	ck_assert_uint_eq(b->reads, 2);
	ck_assert_int_ge(seen.v[1].x.request.at_us, answer(0)->end_us);
	/* A's answer took 120 ms longer than B's time. */
	ck_assert_uint_gt(b->head_ns - b->at_ns, 100 * MS);
	ck_assert(!noted("hold released"));
}
END_TEST

static void
drop_b(void *arg, size_t i)
{
	(void)arg;
	if (strcmp(peer_seen(peer, i)->line, "GET /c HTTP/1.1") != 0)
		return;
	for (size_t k = 0; k < peer_count(peer); k++)
		if (!peer_seen(peer, k)->whole)
			peer_drop(peer, peer_seen(peer, k)->conn);
}

/* The service closes the connection with the first bytes: all of them go out
 * again on the next one. */
START_TEST(lost_first_bytes_are_sent_again)
{
	const struct peer_seen *b;

	overlap();
	fixture_get(&f, 3, 35000, 36000, "/c");
	hold("2.req", "1.resp");
	peer = peer_create(f.loop, slow_a);
	peer_on_request(peer, drop_b, NULL);
	run(slow_a);
	b = seen_of("GET /b HTTP/1.1");
	ck_assert_uint_eq(peer_cut(peer), 1);
	ck_assert_uint_eq(peer_connections(peer), 4);
	ck_assert_uint_eq(b->reads, 1);
	ck_assert(b->whole);
	ck_assert(noted("opened anew"));
	ck_assert_uint_eq(message_status(answer(1)), 200);
}
END_TEST

/* Alone, or as fast as it goes, a request is sent as it was recorded. */
START_TEST(elsewhere_requests_go_in_one_piece)
{
	fixture_get(&f, 1, 0, 1000, "/a");
	fixture_get(&f, 1, 20000, 21000, "/b");
	run(always_ok);
	ck_assert_uint_eq(seen_of("GET /a HTTP/1.1")->reads, 1);
	ck_assert_uint_eq(seen_of("GET /b HTTP/1.1")->reads, 1);
}
END_TEST

START_TEST(fast_requests_go_in_one_piece)
{
	overlap();
	hold("2.req", "1.resp");
	o.timing = TIMING_FAST;
	run(slow_a);
	ck_assert_uint_eq(seen_of("GET /b HTTP/1.1")->reads, 1);
}
END_TEST

Suite *suite_pacing(void);

Suite *
suite_pacing(void)
{
	Suite *s = suite_create("pacing");
	TCase *tc = tcase_create("pacing");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, an_overlapping_head_ends_at_its_deadline);
	tcase_add_test(tc, a_held_head_ends_when_it_is_released);
	tcase_add_test(tc, lost_first_bytes_are_sent_again);
	tcase_add_test(tc, elsewhere_requests_go_in_one_piece);
	tcase_add_test(tc, fast_requests_go_in_one_piece);
	suite_add_tcase(s, tc);
	return s;
}
