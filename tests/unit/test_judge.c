/* One replay: rules and the verdicts that follow; no mutant ever passes. */
#include "judge_scene.h"

static void
all_answer(struct scene *s, unsigned status)
{
	for (size_t i = 0; i < SCENE_EXCHANGES; i++)
		scene_answer(s->a, &s->live[i].x, status, "{}");
}

/* ---- one replay of a `fixed` tape ------------------------------------ */

/* The fixed build: everything as recorded, the failure gone. */
START_TEST(a_clean_replay_passes)
{
	struct scene s;

	scene_init(&s);
	assert_replay(&s, VERDICT_PASS, false, "did not come again");
}
END_TEST

/* The same status at the failing exchange is final. */
START_TEST(the_recorded_failure_fails)
{
	struct scene s;

	scene_init(&s);
	scene_answer(s.a, &s.live[4].x, 500, "{}");
	assert_replay(&s, VERDICT_FAILED, true, "came again");
}
END_TEST

/* The same status with another body is told apart. */
START_TEST(another_body_is_told)
{
	struct scene s;

	scene_init(&s);
	scene_answer(s.a, &s.x[4], 500, "{\"error\":\"Cart\"}");
	scene_answer(s.a, &s.live[4].x, 500, "{\"error\":\"Key\"}");
	assert_replay(&s, VERDICT_FAILED, true,
		      "its answer differs at 5.resp.body#/error");
}
END_TEST

static void
answer_call(struct scene *s, const char *status)
{
	struct exchange *live = &s->live[4].x;

	scene_answer(s->a, live, 200, NULL);
	live->protocol = s->x[4].protocol = PROTOCOL_HTTP2;
	scene_header(s->a, &live->response, "grpc-status", status);
}

/* Where a message killed the service, gRPC's INTERNAL is a cure; an exception
 * that nobody caught is none, and where INTERNAL was the failure it is it. */
START_TEST(a_call_that_killed_is_cured_by_a_status)
{
	struct scene s;

	scene_init(&s);
	make_crash(&s);
	answer_call(&s, "13");
	assert_replay(&s, VERDICT_PASS, false, "did not come again");
	scene_init(&s);
	make_crash(&s);
	answer_call(&s, "2");
	assert_replay(&s, VERDICT_FAILED, false, "200 UNKNOWN");
	scene_init(&s);
	s.t.trigger.kind = TRIGGER_GRPC;
	s.t.trigger.value = 13;
	answer_call(&s, "13");
	s.x[4].response = s.live[4].x.response;
	assert_replay(&s, VERDICT_FAILED, true, "came again");
}
END_TEST

/* Other failures at the failing exchange fail too, and say so. */
START_TEST(another_failure_fails)
{
	struct scene s;

	scene_init(&s);
	scene_answer(s.a, &s.live[4].x, 502, "{}");
	assert_replay(&s, VERDICT_FAILED, false, "another failure");
	scene_init(&s);
	scene_broken(&s.live[4].x, END_RST);
	assert_replay(&s, VERDICT_FAILED, false, "another failure");
	scene_init(&s);
	scene_broken(&s.live[4].x, END_TIMEOUT);
	assert_replay(&s, VERDICT_FAILED, false, "another failure");
}
END_TEST

/* Answers that may hide that nothing was tried wait for a person. */
START_TEST(dubious_answers_must_be_accepted)
{
	static const unsigned rows[] = { 301, 302, 304, 401, 403, 404, 405 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene s;

		scene_init(&s);
		scene_answer(s.a, &s.live[4].x, rows[i], "{}");
		assert_replay(&s, VERDICT_ERROR, false,
			      "accept it or fix it: dvr accept post-pay-500-1");
	}
}
END_TEST

/* A client's mistake named as one is a fix. */
START_TEST(other_client_errors_pass)
{
	static const unsigned rows[] = { 200, 201, 204, 400, 409, 422, 429 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene s;

		scene_init(&s);
		scene_answer(s.a, &s.live[4].x, rows[i], "{}");
		assert_replay(&s, VERDICT_PASS, false, "");
	}
}
END_TEST

/* 401 or 404 to everything, as a build answers that tries nothing. */
START_TEST(refusing_everything_never_passes)
{
	struct scene s;

	scene_init(&s);
	all_answer(&s, 401);
	assert_replay(&s, VERDICT_ERROR, false, "diverged");
	scene_init(&s);
	all_answer(&s, 404);
	assert_replay(&s, VERDICT_ERROR, false, "diverged");
}
END_TEST

/* 200 with nothing in it: what made the later requests possible is gone. */
START_TEST(empty_answers_to_everything_never_pass)
{
	static const char *const rows[] = { NULL, "", "{}", "[]", "ok" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene s;

		scene_init(&s);
		for (size_t k = 0; k < SCENE_EXCHANGES; k++)
			scene_answer(s.a, &s.live[k].x, 200, rows[i]);
		assert_replay(&s, VERDICT_ERROR, false, "POST /init (exchange "
			      "1): 200 with nothing in its body, on the tape 200 "
			      "with 11 bytes");
	}
}
END_TEST

/* A tunnel is replayed up to its head: nothing in it is missed. */
START_TEST(a_tunnel_without_its_bytes_passes)
{
	struct scene s;
	struct replay_result r;

	scene_init(&s);
	s.x[0].response.framing = FRAMING_TUNNEL;
	s.x[0].response.withheld = SLICE("not read");
	s.x[0].response.body = SLICE("");
	s.live[0].x.response.framing = FRAMING_TUNNEL;
	s.live[0].x.response.body = SLICE("");
	s.live[0].x.response.body_bytes = 0;
	r = scene_judge(&s);
	ck_assert_uint_eq(r.cases[0].ndiffs, 0);
	assert_replay(&s, VERDICT_PASS, false, "");
}
END_TEST

/* Other values, other members, or a mask over the body: a build may. */
START_TEST(other_bodies_before_the_failure_pass)
{
	struct plan_mask mask = { .field = SLICE("1.resp.body") };
	struct scene s;

	scene_init(&s);
	scene_answer(s.a, &s.live[0].x, 200, "{\"done\":1}");
	assert_replay(&s, VERDICT_PASS, false, "");
	scene_init(&s);
	scene_answer(s.a, &s.live[0].x, 200, "{}");
	s.p.masks = &mask;
	s.p.nmasks = 1;
	assert_replay(&s, VERDICT_PASS, false, "");
	scene_init(&s);
	scene_answer(s.a, &s.x[0], 200, "{}");
	scene_answer(s.a, &s.live[0].x, 200, "[]");
	assert_replay(&s, VERDICT_PASS, false, "");
}
END_TEST

/* Dying in the settle time, or anywhere else, is another failure. */
START_TEST(a_death_never_passes)
{
	struct scene s;

	scene_init(&s);
	die(&s, 0);
	assert_replay(&s, VERDICT_FAILED, false,
		      "another failure: the service died after its last");
	scene_init(&s);
	die(&s, 2);
	assert_replay(&s, VERDICT_FAILED, false, "during POST /add_item");
}
END_TEST

/* A hang is seen as a time-out, or as an answer that never came. */
START_TEST(a_hang_never_passes)
{
	struct scene s;

	scene_init(&s);
	scene_broken(&s.live[4].x, END_TIMEOUT);
	assert_replay(&s, VERDICT_FAILED, false, "time-out");
	scene_init(&s);
	scene_broken(&s.live[4].x, END_OPEN);
	assert_replay(&s, VERDICT_ERROR, false, "no answer");
}
END_TEST

/* A service call that is not on the tape makes the replay worthless. */
START_TEST(a_mock_miss_never_passes)
{
	struct slice miss = SLICE("POST /refund\nclosest: POST /reserve");
	struct scene s;
	struct replay_result r;

	scene_init(&s);
	s.o.misses = &miss;
	s.o.nmisses = 1;
	r = scene_judge(&s);
	ck_assert_uint_eq(r.nnotes, 1);
	ck_assert(!scene_says(r.reason, "closest"));
	assert_replay(&s, VERDICT_ERROR, false, "POST /refund");
	/* What the miss may have caused is not blamed on the build. */
	scene_init(&s);
	s.o.misses = &miss;
	s.o.nmisses = 1;
	scene_answer(s.a, &s.live[4].x, 502, "{}");
	assert_replay(&s, VERDICT_ERROR, false, "not on the tape");
}
END_TEST

/* Another outcome before the failing exchange proves nothing. */
START_TEST(an_early_divergence_never_passes)
{
	struct scene s;

	scene_init(&s);
	scene_answer(s.a, &s.live[1].x, 409, "{}");
	assert_replay(&s, VERDICT_ERROR, false, "diverged");
	scene_init(&s);
	scene_answer(s.a, &s.live[0].x, 500, "{}");
	assert_replay(&s, VERDICT_FAILED, false, "another failure");
}
END_TEST

/* Where the tape failed already, an answer is progress. */
START_TEST(an_earlier_failure_may_go)
{
	struct scene s;

	scene_init(&s);
	scene_answer(s.a, &s.x[1], 503, "{}");
	assert_replay(&s, VERDICT_PASS, false, "");
	scene_init(&s);
	scene_answer(s.a, &s.x[1], 503, "{}");
	scene_answer(s.a, &s.live[1].x, 503, "{}");
	assert_replay(&s, VERDICT_PASS, false, "");
}
END_TEST

/* A log line that triggers, a request not sent, an early end, no settling. */
START_TEST(incomplete_replays_never_pass)
{
	struct scene s;

	scene_init(&s);
	s.o.log_hit = SLICE("panic: oh");
	assert_replay(&s, VERDICT_FAILED, false, "panic: oh");
	scene_init(&s);
	s.live[3] = (struct observed_exchange){ .sent = false };
	assert_replay(&s, VERDICT_ERROR, false, "was not sent");
	scene_init(&s);
	s.o.n = 4;
	assert_replay(&s, VERDICT_ERROR, false, "");
	scene_init(&s);
	s.o.aborted = true;
	s.o.why = SLICE("interrupted");
	assert_replay(&s, VERDICT_ERROR, false, "interrupted");
	scene_init(&s);
	s.o.settled = false;
	assert_replay(&s, VERDICT_ERROR, false, "settle");
}
END_TEST

/* Nobody listening is trouble with the target, not a failure of the build. */
START_TEST(a_refused_connection_is_an_error)
{
	struct scene s;

	scene_init(&s);
	for (size_t i = 0; i < SCENE_EXCHANGES; i++)
		scene_broken(&s.live[i].x, END_REFUSED);
	ck_assert_int_eq(scene_judge(&s).code, ERR_TARGET);
	assert_replay(&s, VERDICT_ERROR, false, "no service");
}
END_TEST

/* The tape's race: apply was sent while add_item waited.  Sent after its
 * answer only because we were late, the replay says nothing; a build that
 * answers sooner than that is no fault of ours. */
START_TEST(a_lost_overlap_never_passes)
{
	struct scene s;

	scene_init(&s);
	scene_times(&s.live[3].x, 85000, 90000);
	assert_replay(&s, VERDICT_ERROR, false, "on the tape before it");
	scene_init(&s);
	scene_times(&s.live[1].x, 10000, 20000);
	assert_replay(&s, VERDICT_PASS, false, "");
}
END_TEST

/* ---- crash, log, time-out and session tapes --------------------------- */

/* ---- masked errors ------------------------------------------------------ */

#define WITH_ERRORS "{\"data\":null,\"errors\":[{\"message\":\"no\"}]}"

/* The plan foresees that exchange 2 answers with errors in its body. */
static void
mask_errors(struct scene *s)
{
	s->p.masks = arena_alloc(s->a, sizeof(*s->p.masks));
	s->p.masks[0].field = SLICE("2.resp.body#/errors");
	s->p.masks[0].reason = SLICE("masked values");
	s->p.nmasks = 1;
}

/* Errors in an earlier 200 are a divergence, unless a mask covers them; then
 * the report says so. */
START_TEST(masked_errors_are_no_divergence)
{
	struct replay_result r;
	struct scene s;

	scene_init(&s);
	scene_answer(s.a, &s.live[1].x, 200, WITH_ERRORS);
	assert_replay(&s, VERDICT_ERROR, false, "diverged");
	scene_init(&s);
	mask_errors(&s);
	scene_answer(s.a, &s.live[1].x, 200, WITH_ERRORS);
	r = scene_judge(&s);
	ck_assert_int_eq(r.verdict, VERDICT_PASS);
	ck_assert(r.cases[1].errors_appeared && !r.cases[0].errors_appeared);
	ck_assert_uint_eq(r.nnotes, 1);
	ck_assert(scene_says(r.notes[0], "(exchange 2) answered 200 with "
			     "errors, on the tape 200; masked: masked values"));
	ck_assert(scene_says(r.reason, "; masked: errors in 1 earlier"));
	scene_release(&s);
}
END_TEST

/* The mask is for errors in a body: no other status passes under it, and no
 * other exchange. */
START_TEST(masked_errors_excuse_nothing_else)
{
	static const struct {
		size_t at;
		unsigned status;
		enum verdict verdict;
	} rows[] = {
		{ 1, 401, VERDICT_ERROR },
		{ 1, 404, VERDICT_ERROR },
		{ 1, 201, VERDICT_ERROR },
		{ 1, 500, VERDICT_FAILED },
		{ 0, 200, VERDICT_ERROR },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene s;

		scene_init(&s);
		mask_errors(&s);
		scene_answer(s.a, &s.live[rows[i].at].x, rows[i].status,
			     WITH_ERRORS);
		assert_replay(&s, rows[i].verdict, false, "");
	}
}
END_TEST

/* Nobody is sent to `dvr accept`, which would refuse. */
START_TEST(no_answer_is_accepted_for_an_unproven_tape)
{
	struct scene s;

	scene_init(&s);
	s.p.hits = 0;
	scene_answer(s.a, &s.live[4].x, 404, "{}");
	assert_replay(&s, VERDICT_ERROR, false,
		      "this tape is unproven, so no answer can be accepted");
}
END_TEST

/* Whether the failing exchange is well again is never masked. */
START_TEST(errors_at_the_failing_exchange_are_not_masked)
{
	struct plan_mask any = { SLICE("*.resp.body#/errors"), SLICE("noise") };
	struct scene s;

	scene_init(&s);
	s.p.masks = &any;
	s.p.nmasks = 1;
	scene_answer(s.a, &s.live[4].x, 200, WITH_ERRORS);
	assert_replay(&s, VERDICT_ERROR, false, "accept it or fix it");
}
END_TEST

/* ---- pins -------------------------------------------------------------- */

/* With a pin the answer must be the accepted one, body included. */
START_TEST(pins_decide)
{
	static const struct {
		unsigned status;
		const char *body;
		enum verdict verdict;
	} rows[] = {
		{ 401, "{\"e\":1}", VERDICT_PASS },
		{ 401, "{\"e\":2}", VERDICT_FAILED },
		{ 200, "{\"e\":1}", VERDICT_FAILED },
		{ 500, "{\"e\":1}", VERDICT_FAILED },
		{ 503, "{\"e\":1}", VERDICT_FAILED },
	};
	struct plan_pin pin = { .exchange = 5, .status = 401, .has_body = true,
				.body = SLICE("{ \"e\": 1 }") };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene s;

		scene_init(&s);
		s.p.pins = &pin;
		s.p.npins = 1;
		scene_answer(s.a, &s.live[4].x, rows[i].status, rows[i].body);
		assert_replay(&s, rows[i].verdict, rows[i].status == 500, "");
	}
}
END_TEST

/* Calls and sockets have an outcome beside HTTP's; a pin without it, as they
 * were once made, takes any that is no failure. */
START_TEST(pins_know_grpc_statuses_and_close_codes)
{
	static const struct {
		struct plan_pin pin;
		const char *grpc;
		enum verdict verdict;
	} rows[] = {
		{ { .has_grpc = true, .grpc = 5 }, "5", VERDICT_PASS },
		{ { .has_grpc = true, .grpc = 5 }, "0", VERDICT_FAILED },
		{ { .has_grpc = true, .grpc = 0 }, "5", VERDICT_FAILED },
		{ { .has_grpc = true, .grpc = 13 }, "13", VERDICT_PASS },
		{ { .has_grpc = true, .grpc = 14 }, "13", VERDICT_FAILED },
		{ { .has_close = true, .close = 1000 }, "0", VERDICT_FAILED },
		{ { .has_close = true }, "0", VERDICT_PASS },
		{ { .has_close = false }, "5", VERDICT_PASS },
		{ { .has_close = false }, "13", VERDICT_FAILED },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct plan_pin pin = rows[i].pin;
		struct scene s;

		scene_init(&s);
		pin.exchange = 5;
		pin.status = 200;
		s.p.pins = &pin;
		s.p.npins = 1;
		answer_call(&s, rows[i].grpc);
		assert_replay(&s, rows[i].verdict, false, "");
	}
}
END_TEST

/* A pin does not excuse what happened before it. */
START_TEST(a_pin_excuses_nothing_else)
{
	struct plan_pin pin = { .exchange = 5, .status = 401 };
	struct scene s;

	scene_init(&s);
	s.p.pins = &pin;
	s.p.npins = 1;
	all_answer(&s, 401);
	assert_replay(&s, VERDICT_ERROR, false, "diverged");
}
END_TEST

/* ---- cases ------------------------------------------------------------- */

/* One case an ingress exchange; the nth like request is numbered. */
START_TEST(cases_have_stable_names)
{
	struct scene s;
	struct replay_result r;

	scene_init(&s);
	s.x[3].request.line = SLICE("POST /init?b=2 HTTP/1.1");
	r = scene_judge(&s);
	ck_assert_uint_eq(r.ncases, 4);
	ck_assert(slice_eq(r.cases[0].name, SLICE("POST /init")));
	ck_assert(slice_eq(r.cases[2].name, SLICE("POST /init [2]")));
	ck_assert(slice_eq(r.cases[3].name, SLICE("POST /pay")));
	ck_assert(slice_eq(r.cases[3].want, SLICE("500")));
	ck_assert(slice_eq(r.cases[3].got, SLICE("200")));
	ck_assert_uint_gt(r.cases[3].line, r.cases[0].line);
	scene_release(&s);
}
END_TEST

Suite *suite_judge(void);

Suite *
suite_judge(void)
{
	Suite *s = suite_create("judge");
	TCase *c = tcase_create("judge");

	tcase_add_test(c, a_clean_replay_passes);
	tcase_add_test(c, the_recorded_failure_fails);
	tcase_add_test(c, another_body_is_told);
	tcase_add_test(c, a_call_that_killed_is_cured_by_a_status);
	tcase_add_test(c, another_failure_fails);
	tcase_add_test(c, dubious_answers_must_be_accepted);
	tcase_add_test(c, other_client_errors_pass);
	tcase_add_test(c, refusing_everything_never_passes);
	tcase_add_test(c, empty_answers_to_everything_never_pass);
	tcase_add_test(c, other_bodies_before_the_failure_pass);
	tcase_add_test(c, a_tunnel_without_its_bytes_passes);
	tcase_add_test(c, a_death_never_passes);
	tcase_add_test(c, a_hang_never_passes);
	tcase_add_test(c, a_mock_miss_never_passes);
	tcase_add_test(c, an_early_divergence_never_passes);
	tcase_add_test(c, an_earlier_failure_may_go);
	tcase_add_test(c, incomplete_replays_never_pass);
	tcase_add_test(c, a_refused_connection_is_an_error);
	tcase_add_test(c, a_lost_overlap_never_passes);
	tcase_add_test(c, masked_errors_are_no_divergence);
	tcase_add_test(c, masked_errors_excuse_nothing_else);
	tcase_add_test(c, errors_at_the_failing_exchange_are_not_masked);
	tcase_add_test(c, no_answer_is_accepted_for_an_unproven_tape);
	tcase_add_test(c, pins_decide);
	tcase_add_test(c, pins_know_grpc_statuses_and_close_codes);
	tcase_add_test(c, a_pin_excuses_nothing_else);
	tcase_add_test(c, cases_have_stable_names);
	suite_add_tcase(s, c);
	return s;
}
