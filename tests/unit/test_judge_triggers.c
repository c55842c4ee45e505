/* What brings a recorded failure back when no status tells: deaths, logs, time. */
#include "judge_scene.h"

/* The client hung up in the middle of an answer, or (0) before any. */
static void
scene_hung_up(struct scene *s, struct exchange *x, unsigned status)
{
	if (status)
		scene_answer(s->a, x, status, "{}");
	else
		x->response = (struct message){ 0 };
	x->request.end = END_FIN;
	x->response.end = END_FIN;
}

/* A crash is reproduced by any death during or after the failing exchange. */
START_TEST(a_crash_is_reproduced_by_a_later_death)
{
	static const uint32_t during[] = { 5, 0, 2 };
	static const bool again[] = { true, true, false };

	for (size_t i = 0; i < ARRAY_LEN(during); i++) {
		struct scene s;

		scene_init(&s);
		make_crash(&s);
		scene_broken(&s.live[4].x, END_RST);
		die(&s, during[i]);
		if (!again[i])
			s.live[4] = (struct observed_exchange){ 0 };
		assert_replay(&s, VERDICT_FAILED, again[i], "died");
	}
}
END_TEST

/* An attached service's death is not seen, but its reset is. */
START_TEST(a_crash_may_show_as_a_reset)
{
	struct scene s;

	scene_init(&s);
	make_crash(&s);
	scene_broken(&s.live[4].x, END_RST);
	assert_replay(&s, VERDICT_FAILED, true, "came again");
	scene_init(&s);
	make_crash(&s);
	assert_replay(&s, VERDICT_PASS, false, "");
}
END_TEST

/* A client that hangs up gets no answer; that the service lives on is the
 * cure, where the answer began as it did and the settle time was watched. */
START_TEST(a_crash_on_a_hang_up_is_cured)
{
	static const struct {
		unsigned status;
		bool settled, dies;
		enum verdict verdict;
	} runs[] = {
		{ 200, true, false, VERDICT_PASS },
		{ 0, true, false, VERDICT_ERROR },
		{ 200, false, false, VERDICT_ERROR },
		{ 200, true, true, VERDICT_FAILED },
	};

	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		struct scene s;

		scene_init(&s);
		make_crash(&s);
		scene_hung_up(&s, &s.x[4], 200);
		scene_hung_up(&s, &s.live[4].x, runs[i].status);
		s.o.settled = runs[i].settled;
		if (runs[i].dies)
			die(&s, 5);
		assert_replay(&s, runs[i].verdict, runs[i].dies, "");
	}
}
END_TEST

/* A log tape is reproduced by its log line. */
START_TEST(a_log_trigger_is_reproduced_by_the_log)
{
	struct scene s;

	scene_init(&s);
	s.t.trigger.kind = TRIGGER_LOG;
	s.o.log_hit = SLICE("panic");
	assert_replay(&s, VERDICT_FAILED, true, "panic");
}
END_TEST

/* An answer that was too late on the tape must be much sooner now. */
START_TEST(half_as_slow_is_no_fix)
{
	struct scene s;

	for (int fast = 0; fast < 2; fast++) {
		scene_init(&s);
		s.t.trigger.kind = TRIGGER_TIMEOUT;
		scene_answer(s.a, &s.x[4], 200, "{}");
		scene_times(&s.x[4], 90000, 12090000);
		scene_times(&s.live[4].x, 90000, fast ? 1000000 : 8000000);
		assert_replay(&s, fast ? VERDICT_PASS : VERDICT_FAILED, !fast,
			      fast ? "" : "slow again");
	}
}
END_TEST

/* What a suite disliked is reproduced by the same answers; others wait for
 * a person. */
START_TEST(a_session_tape_needs_its_answers)
{
	struct scene s;

	scene_init(&s);
	s.t.trigger = (struct trigger){ .kind = TRIGGER_SESSION };
	scene_answer(s.a, &s.x[4], 200, "{\"paid\":1}");
	scene_answer(s.a, &s.live[4].x, 200, "{\"paid\":1}");
	assert_replay(&s, VERDICT_FAILED, true, "");
	scene_init(&s);
	s.t.trigger = (struct trigger){ .kind = TRIGGER_SESSION };
	scene_answer(s.a, &s.x[4], 200, "{\"paid\":1}");
	scene_answer(s.a, &s.live[4].x, 200, "{\"paid\":2}");
	assert_replay(&s, VERDICT_ERROR, false, "dvr accept");
}
END_TEST

Suite *suite_judge_triggers(void);

Suite *
suite_judge_triggers(void)
{
	Suite *s = suite_create("judge_triggers");
	TCase *c = tcase_create("judge_triggers");

	tcase_add_test(c, a_crash_is_reproduced_by_a_later_death);
	tcase_add_test(c, a_crash_may_show_as_a_reset);
	tcase_add_test(c, a_crash_on_a_hang_up_is_cured);
	tcase_add_test(c, a_log_trigger_is_reproduced_by_the_log);
	tcase_add_test(c, half_as_slow_is_no_fix);
	tcase_add_test(c, a_session_tape_needs_its_answers);
	suite_add_tcase(s, c);
	return s;
}
