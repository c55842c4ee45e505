/* What differs between replays of one build, and what may be masked of it. */
#include "judge_scene.h"

#include <dvr/judge/noise.h>

Suite *suite_noise(void);

static struct scene s[3];
static struct observed seen[3];

static void
setup(void)
{
	for (size_t i = 0; i < 3; i++) {
		scene_init(&s[i]);
		s[i].o.v = s[i].live;
	}
}

static void
teardown(void)
{
	for (size_t i = 0; i < 3; i++)
		scene_release(&s[i]);
}

/* The bodies of one exchange in three replays, and what is masked then. */
static void
assert_noise(size_t at, const char *const bodies[3], const char *want)
{
	struct plan_mask *masks;
	struct buf text;
	size_t n;

	for (size_t i = 0; i < 3; i++) {
		scene_answer(s[i].a, &s[i].live[at].x, 200, bodies[i]);
		seen[i] = s[i].o;
	}
	n = noise_find(&s[0].t, &s[0].p, seen, 3, s[0].a, &masks);
	buf_init(&text, MiB);
	for (size_t i = 0; i < n; i++)
		buf_fmt(&text, "%.*s %.*s\n", SLICE_ARG(masks[i].field),
			SLICE_ARG(masks[i].reason));
	ck_assert_str_eq(buf_cstr(&text), want);
	buf_release(&text);
}

/* Each sort of noise is named. */
START_TEST(noise_has_a_reason)
{
	static const char *const bodies[3] = {
		"{\"id\":\"27b68079-49cc-4170-b382-20e8983a8eec\","
		"\"at\":\"2026-11-22T10:00:00Z\",\"n\":7,\"r\":\"kq81\","
		"\"t\":1.5,\"ms\":1795341600123,\"same\":\"x\"}",
		"{\"id\":\"b18b7a6c-b259-454b-ab7a-b5e1d50a8a67\","
		"\"at\":\"2026-11-22T10:00:01Z\",\"n\":8,\"r\":\"zp17\","
		"\"t\":1.25,\"ms\":1795341601123,\"same\":\"x\"}",
		"{\"id\":\"392b8699-5dc8-4e64-98c2-a3ed8255fe72\","
		"\"at\":\"2026-11-22T10:00:02Z\",\"n\":9,\"r\":\"ab55\","
		"\"t\":2.0,\"ms\":1795341602123,\"same\":\"x\"}",
	};

	assert_noise(1, bodies, "2.resp.body#/at clock\n"
		     "2.resp.body#/id uuid\n2.resp.body#/ms clock\n"
		     "2.resp.body#/n counter\n2.resp.body#/r random\n"
		     "2.resp.body#/t float\n");
}
END_TEST

/* Of a document within a value what differs, and not all of it. */
START_TEST(noise_is_learned_within_documents)
{
	static const char *const bodies[3] = {
		"{\"p\":\"{\\\"ts\\\":1795341600,\\\"n\\\":1}\"}",
		"{\"p\":\"{\\\"ts\\\":1795341601,\\\"n\\\":1}\"}",
		"{\"p\":\"{\\\"ts\\\":1795341602,\\\"n\\\":1}\"}",
	};

	assert_noise(1, bodies, "2.resp.body#/p/ts clock\n");
}
END_TEST

/* The same items in another order. */
START_TEST(order_is_told_from_values)
{
	static const char *const bodies[3] = {
		"{\"l\":[{\"k\":\"a\"},{\"k\":\"b\"},{\"k\":\"c\"}]}",
		"{\"l\":[{\"k\":\"b\"},{\"k\":\"a\"},{\"k\":\"c\"}]}",
		"{\"l\":[{\"k\":\"a\"},{\"k\":\"b\"},{\"k\":\"c\"}]}",
	};

	assert_noise(1, bodies, "2.resp.body#/l/0/k order-of-array\n"
		     "2.resp.body#/l/1/k order-of-array\n");
}
END_TEST

/* What overlapping requests left of a cart: one of a few states, by who came
 * first.  That may be the failure itself. */
START_TEST(states_of_a_race_are_no_noise)
{
	static const char *const bodies[3] = {
		"{\"left\":1,\"state\":\"open\",\"n\":41}",
		"{\"left\":3,\"state\":\"paid\",\"n\":42}",
		"{\"left\":3,\"state\":\"open\",\"n\":43}",
	};
	static const char *const back[3] = {
		"{\"left\":3,\"state\":\"paid\",\"took_ms\":4}",
		"{\"left\":1,\"state\":\"open\",\"took_ms\":5}",
		"{\"left\":3,\"state\":\"paid\",\"took_ms\":4}",
	};

	assert_noise(1, bodies, "2.resp.body#/n counter\n");
	assert_noise(1, back, "2.resp.body#/took_ms random\n");
}
END_TEST

/* Money that grows from replay to replay is left over from the replay before,
 * or from the order of things: no counter. */
START_TEST(amounts_are_no_noise)
{
	static const char *const bodies[3] = {
		"{\"subtotal_cents\":1000,\"cart\":{\"total\":9.5},"
		"\"lines\":[{\"unitPrice\":1}],\"id\":7}",
		"{\"subtotal_cents\":2000,\"cart\":{\"total\":19.5},"
		"\"lines\":[{\"unitPrice\":2}],\"id\":8}",
		"{\"subtotal_cents\":3000,\"cart\":{\"total\":29.5},"
		"\"lines\":[{\"unitPrice\":3}],\"id\":9}",
	};

	assert_noise(1, bodies, "2.resp.body#/id counter\n");
}
END_TEST

/* A list's length, a type, a missing member: no mask may hide these. */
START_TEST(structure_is_never_masked)
{
	static const char *const length[3] = { "{\"l\":[\"a\",\"b\"]}",
		"{\"l\":[\"c\"]}", "{\"l\":[\"d\",\"e\"]}" };
	static const char *const type[3] = { "{\"v\":1}", "{\"v\":\"1\"}",
		"{\"v\":2}" };
	static const char *const member[3] = { "{\"v\":1}", "{}",
		"{\"v\":2}" };
	static const char *const whole[3] = { "\"a\"", "\"b\"", "\"c\"" };

	assert_noise(1, length, "");
	assert_noise(1, type, "");
	assert_noise(1, member, "");
	assert_noise(1, whole, "");
}
END_TEST

/* Another status is another answer; nothing in it is noise. */
START_TEST(a_status_is_never_masked)
{
	static const char *const bodies[3] = { "{\"v\":1}", "{\"v\":2}",
		"{\"v\":3}" };
	struct plan_mask *masks;

	assert_noise(1, bodies, "2.resp.body#/v counter\n");
	scene_answer(s[1].a, &s[1].live[1].x, 503, "{\"v\":2}");
	ck_assert_uint_eq(noise_find(&s[0].t, &s[0].p, seen, 3, s[0].a,
				     &masks), 0);
}
END_TEST

/* What tells of the failure at the failing exchange stays to be seen. */
START_TEST(errors_of_the_failing_exchange_stay)
{
	static const char *const bodies[3] = {
		"{\"errors\":[{\"message\":\"a1\"}],\"v\":1}",
		"{\"errors\":[{\"message\":\"a2\"}],\"v\":2}",
		"{\"errors\":[{\"message\":\"a3\"}],\"v\":3}",
	};

	assert_noise(4, bodies, "5.resp.body#/v counter\n");
}
END_TEST

/* Bound values and their echoes are new in every replay, and no noise. */
START_TEST(bound_values_are_no_noise)
{
	static const char *const bodies[3] = {
		"{\"id\":\"live-111\",\"self\":\"/c/live-111\"}",
		"{\"id\":\"live-222\",\"self\":\"/c/live-222\"}",
		"{\"id\":\"live-333\",\"self\":\"/c/live-333\"}",
	};
	struct counterpart c[3] = {
		{ SLICE("rec-0001"), SLICE("live-111"), SLICE("id") },
		{ SLICE("rec-0001"), SLICE("live-222"), SLICE("id") },
		{ SLICE("rec-0001"), SLICE("live-333"), SLICE("id") },
	};

	for (size_t i = 0; i < 3; i++) {
		s[i].o.counterparts = &c[i];
		s[i].o.ncounterparts = 1;
	}
	assert_noise(1, bodies, "");
}
END_TEST

/* An echo is the recorded value, also within links; a short one is not
 * looked for in texts. */
START_TEST(echoes_are_no_differences)
{
	struct counterpart c[2] = {
		{ SLICE("rec-0001"), SLICE("live-111"), SLICE("id") },
		{ SLICE("17"), SLICE("23"), SLICE("n") },
	};
	struct replay_result r;

	s[0].p.expect = EXPECT_SAME;
	s[0].o.counterparts = c;
	s[0].o.ncounterparts = 2;
	s[0].x[4].response = s[0].live[4].x.response;
	scene_answer(s[0].a, &s[0].x[1], 200, "{\"of\":\"rec-0001\",\"l\":"
		     "\"/c/rec-0001/n/17\",\"n\":17,\"q\":\"x\"}");
	scene_answer(s[0].a, &s[0].live[1].x, 200, "{\"of\":\"live-111\","
		     "\"l\":\"/c/live-111/n/23\",\"n\":23,\"q\":\"x\"}");
	r = scene_judge(&s[0]);
	ck_assert_int_eq(r.verdict, VERDICT_PASS);
	scene_answer(s[0].a, &s[0].live[1].x, 200, "{\"of\":\"live-112\","
		     "\"l\":\"/c/live-111/n/23\",\"n\":23,\"q\":\"x\"}");
	r = scene_judge(&s[0]);
	ck_assert_int_eq(r.verdict, VERDICT_FAILED);
}
END_TEST

Suite *
suite_noise(void)
{
	Suite *suite = suite_create("noise");
	TCase *t = tcase_create("noise");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, noise_has_a_reason);
	tcase_add_test(t, noise_is_learned_within_documents);
	tcase_add_test(t, order_is_told_from_values);
	tcase_add_test(t, states_of_a_race_are_no_noise);
	tcase_add_test(t, amounts_are_no_noise);
	tcase_add_test(t, structure_is_never_masked);
	tcase_add_test(t, a_status_is_never_masked);
	tcase_add_test(t, errors_of_the_failing_exchange_stay);
	tcase_add_test(t, bound_values_are_no_noise);
	tcase_add_test(t, echoes_are_no_differences);
	suite_add_tcase(suite, t);
	return suite;
}
