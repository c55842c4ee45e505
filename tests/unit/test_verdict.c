/* What several replays of a tape, and several tapes, add up to. */
#include "judge_scene.h"

#define MAX_REPLAYS 8

struct run {
	enum expect expect;
	unsigned hits, of, retries;
	const char *replays;	/* p ass, f ailed, e rror, x fail */
	enum verdict verdict;
	const char *reason;
};

static void
assert_run(const struct run *run)
{
	struct replay_result v[MAX_REPLAYS] = { 0 };
	struct case_result cases[MAX_REPLAYS];
	struct tape_result r = { .replays = v, .retries = run->retries,
				 .started_us = 1795000000000000 };
	struct scene s;

	scene_init(&s);
	s.p.expect = run->expect;
	s.p.hits = run->hits;
	s.p.of = run->of;
	s.p.quarantine.until = SLICE("2026-11-30");
	for (const char *c = run->replays; *c; c++) {
		struct replay_result *one = &v[r.nreplays];

		one->verdict = *c == 'p'   ? VERDICT_PASS
			       : *c == 'f' ? VERDICT_FAILED
			       : *c == 'x' ? VERDICT_XFAIL
					   : VERDICT_ERROR;
		one->reason = *c == 'e' ? SLICE("why-error") : SLICE("why");
		cases[r.nreplays] = (struct case_result){ .exchange = 5 };
		one->cases = &cases[r.nreplays];
		one->ncases = 1;
		r.nreplays++;
	}
	judge_tape(&s.t, &s.p, s.a, &r);
	ck_assert_msg(r.verdict == run->verdict &&
			      scene_says(r.reason, run->reason),
		      "'%s' %u/%u: %s: %.*s", run->replays, run->hits, run->of,
		      verdict_name(r.verdict), SLICE_ARG(r.reason));
	/* What the report shows agrees with the verdict. */
	if (r.nreplays && r.verdict != VERDICT_PASS)
		ck_assert_int_eq(tape_result_shown(&r)->cases[0].verdict,
				 r.verdict);
	scene_release(&s);
}

static const struct run runs[] = {
	{ EXPECT_FIXED, 20, 20, 0, "p", VERDICT_PASS, "" },
	/* Three of three may be seven of ten: 1/4^n <= 0.05 needs 3. */
	{ EXPECT_FIXED, 3, 3, 0, "pp", VERDICT_ERROR, "3 are needed" },
	{ EXPECT_FIXED, 3, 3, 0, "ppp", VERDICT_PASS, "3 replays" },
	{ EXPECT_FIXED, 3, 3, 0, "f", VERDICT_FAILED, "why" },
	/* A failure is never retried away. */
	{ EXPECT_FIXED, 3, 3, 2, "fpp", VERDICT_FAILED, "1 of 3 replays" },
	{ EXPECT_FIXED, 3, 3, 0, "e", VERDICT_ERROR, "why-error" },
	{ EXPECT_FIXED, 3, 3, 0, "ep", VERDICT_ERROR, "why-error" },
	{ EXPECT_FIXED, 3, 3, 1, "eppp", VERDICT_FLAKY, "why-error" },
	{ EXPECT_FIXED, 3, 3, 1, "ee", VERDICT_ERROR, "why-error" },
	{ EXPECT_FIXED, 3, 3, 0, "", VERDICT_ERROR, "not replayed" },
	/* Unproven tapes never pass, but they may fail. */
	{ EXPECT_FIXED, 0, 0, 0, "p", VERDICT_ERROR, "unproven" },
	{ EXPECT_FIXED, 0, 3, 0, "ppp", VERDICT_ERROR, "unproven" },
	{ EXPECT_FIXED, 0, 3, 0, "f", VERDICT_FAILED, "why" },
	/* (1 - 1/2)^n <= 0.05 needs 5. */
	{ EXPECT_FIXED, 1, 2, 0, "pppp", VERDICT_ERROR, "5 are needed" },
	{ EXPECT_FIXED, 1, 2, 0, "ppppp", VERDICT_PASS, "5 replays" },
	{ EXPECT_SAME, 0, 0, 0, "p", VERDICT_PASS, "" },
	{ EXPECT_SAME, 0, 0, 0, "f", VERDICT_FAILED, "why" },
	{ EXPECT_BROKEN, 3, 3, 0, "x", VERDICT_XFAIL, "why" },
	{ EXPECT_BROKEN, 3, 3, 0, "ppp", VERDICT_FAILED,
	  "now passes: no longer fails (3 clean replays): dvr accept post-" },
	{ EXPECT_BROKEN, 1, 2, 0, "pp", VERDICT_ERROR, "5 are needed" },
	{ EXPECT_BROKEN, 1, 2, 0, "ppx", VERDICT_XFAIL, "1 of 3" },
	{ EXPECT_BROKEN, 3, 3, 0, "f", VERDICT_FAILED, "why" },
	{ EXPECT_QUARANTINED, 3, 3, 0, "f", VERDICT_SKIPPED,
	  "until 2026-11-30; now failed: why" },
	{ EXPECT_QUARANTINED, 3, 3, 0, "ppp", VERDICT_SKIPPED, "now pass" },
};

/* The table of the design: what replays add up to. */
START_TEST(replays_add_up)
{
	assert_run(&runs[_i]);
}
END_TEST

/* A quarantine gates after its date, and when it has none. */
struct timed_run {
	const char *proven, *now;	/* timing of proof and of replays */
	bool alone;			/* nothing was held */
	unsigned alone_hits;
	enum verdict verdict;
	const char *reason;
};

static const struct timed_run timed_runs[] = {
	{ "", "recorded", false, 3, VERDICT_PASS, "" },
	{ "", "precise", false, 3, VERDICT_PASS, "" },
	{ "fast", "fast", false, 3, VERDICT_PASS, "" },
	{ "", "fast", false, 3, VERDICT_ERROR, "timing recorded only" },
	{ "", "2x", false, 3, VERDICT_ERROR, "timing recorded only" },
	{ "fast", "recorded", false, 3, VERDICT_ERROR, "timing fast only" },
	{ "", "recorded", true, 3, VERDICT_PASS, "" },
	{ "", "recorded", true, 1, VERDICT_ERROR, "are needed" },
	{ "", "recorded", true, 0, VERDICT_ERROR, "--holds on" },
};

/* Clean replays prove a fix only where the failure was shown to come again: at
 * the same gaps, and with the same order held. */
START_TEST(a_proof_is_for_its_timing)
{
	const struct timed_run *run = &timed_runs[_i];
	struct replay_result v[3] = { 0 };
	struct tape_result r = { .replays = v, .nreplays = 3 };
	struct scene s;

	scene_init(&s);
	s.p.hits = s.p.of = 3;
	s.p.timing = slice_str(run->proven);
	s.p.alone_told = true;
	s.p.alone = run->alone_hits;
	for (size_t i = 0; i < 3; i++) {
		v[i].verdict = VERDICT_PASS;
		v[i].reason = SLICE("clean");
		v[i].timing = (struct timing){ .known = true,
			.mode = run->now, .alone = run->alone };
	}
	judge_tape(&s.t, &s.p, s.a, &r);
	ck_assert_msg(r.verdict == run->verdict &&
		      scene_says(r.reason, run->reason), "%s: %.*s",
		      verdict_name(r.verdict), SLICE_ARG(r.reason));
	/* A failure is one at every timing. */
	v[1].verdict = VERDICT_FAILED;
	judge_tape(&s.t, &s.p, s.a, &r);
	ck_assert_int_eq(r.verdict, VERDICT_FAILED);
	scene_release(&s);
}
END_TEST

START_TEST(a_quarantine_ends)
{
	static const char *const until[] = { "2026-11-01", "" };

	for (size_t i = 0; i < ARRAY_LEN(until); i++) {
		struct replay_result v = { .verdict = VERDICT_FAILED,
					   .reason = SLICE("why") };
		struct tape_result r = { .replays = &v, .nreplays = 1,
					 .started_us = 1795000000000000 };
		struct scene s;

		scene_init(&s);
		s.p.expect = EXPECT_QUARANTINED;
		s.p.quarantine.until = slice_str(until[i]);
		judge_tape(&s.t, &s.p, s.a, &r);
		ck_assert_int_eq(r.verdict, VERDICT_FAILED);
		ck_assert(scene_says(r.reason, "quarantine is over"));
		scene_release(&s);
	}
}
END_TEST

/* What kept a tape from being replayed stays its reason and code. */
START_TEST(an_unreadable_tape_keeps_its_reason)
{
	struct tape_result r = { .reason = SLICE("tape.yaml:7: bad status"),
				 .code = ERR_TAPE };
	struct results all = { .tapes = &r, .ntapes = 1 };
	struct scene s;

	scene_init(&s);
	judge_tape(&s.t, &s.p, s.a, &r);
	ck_assert_int_eq(r.verdict, VERDICT_ERROR);
	ck_assert(scene_says(r.reason, "bad status"));
	ck_assert_int_eq(results_exit_code(&all), ERR_TAPE);
	scene_release(&s);
}
END_TEST

/* ---- figures --------------------------------------------------------------- */

/* The reference's table: 5 at p = .5, 9 at .3, 29 at .1; unproven 0. */
START_TEST(clean_replays_needed)
{
	static const unsigned rows[][3] = {
		{ 3, 3, 3 }, { 1, 2, 5 },  { 3, 10, 9 }, { 1, 10, 29 },
		{ 0, 3, 0 }, { 0, 0, 0 },  { 2, 3, 3 },	 { 5, 3, 3 },
		{ 19, 20, 1 }, { 10, 10, 2 }, { 30, 30, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct plan p = { .hits = rows[i][0], .of = rows[i][1] };

		ck_assert_uint_eq(judge_needed(&p), rows[i][2]);
	}
}
END_TEST

/* Wilson's interval as the reference prints it. */
START_TEST(intervals_are_wilsons)
{
	static const struct {
		unsigned k, n;
		double low, high;
	} rows[] = {
		{ 3, 3, .44, 1 },   { 5, 5, .57, 1 },	{ 10, 10, .72, 1 },
		{ 0, 30, 0, .11 },  { 0, 0, 0, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		double low, high;

		judge_wilson(rows[i].k, rows[i].n, &low, &high);
		ck_assert_double_eq_tol(low, rows[i].low, 0.006);
		ck_assert_double_eq_tol(high, rows[i].high, 0.006);
	}
}
END_TEST

/* The gravest result decides the exit code; skipped and flaky do not gate. */
START_TEST(exit_codes_follow_the_verdicts)
{
	struct tape_result v[] = {
		{ .verdict = VERDICT_PASS },	{ .verdict = VERDICT_FLAKY },
		{ .verdict = VERDICT_SKIPPED }, { .verdict = VERDICT_XFAIL },
		{ .verdict = VERDICT_ERROR, .code = ERR_TARGET },
		{ .verdict = VERDICT_ERROR, .code = ERR_TAPE },
		{ .verdict = VERDICT_FAILED },
	};
	static const int want[] = { 5, 0, 0, 0, 0, 4, 3, 1 };
	struct results r = { .tapes = v };

	for (; r.ntapes < ARRAY_LEN(want); r.ntapes++)
		ck_assert_int_eq(results_exit_code(&r), want[r.ntapes]);
}
END_TEST

Suite *suite_verdict(void);

Suite *
suite_verdict(void)
{
	Suite *s = suite_create("verdict");
	TCase *c = tcase_create("verdict");

	tcase_add_loop_test(c, replays_add_up, 0, ARRAY_LEN(runs));
	tcase_add_loop_test(c, a_proof_is_for_its_timing, 0,
			    ARRAY_LEN(timed_runs));
	tcase_add_test(c, a_quarantine_ends);
	tcase_add_test(c, an_unreadable_tape_keeps_its_reason);
	tcase_add_test(c, clean_replays_needed);
	tcase_add_test(c, intervals_are_wilsons);
	tcase_add_test(c, exit_codes_follow_the_verdicts);
	suite_add_tcase(s, c);
	return s;
}
