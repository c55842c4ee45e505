/* What people see, and that nothing from outside can steer it. */
#include "report_scene.h"

static void
render(const char *reporter, const struct results *r,
       const struct report_style *style, struct buf *out)
{
	struct err e = { 0 };

	buf_init(out, MiB);
	ck_assert_int_eq(reporter_find(reporter)->print(r, style, out, &e), 0);
}

/* No control byte but the line end, and no line that a CI runner obeys. */
static void
assert_harmless(const struct buf *b, bool commands)
{
	struct slice text = buf_slice(b);

	ck_assert(slice_find(text, SLICE("##[")) < 0);
	ck_assert(slice_find(text, SLICE("\xe2\x80\xae")) < 0);
	ck_assert(slice_is_utf8(text));
	while (text.n > 0) {
		struct slice line = slice_cut(&text, '\n');

		for (size_t i = 0; i < line.n; i++)
			ck_assert_uint_ge((unsigned char)line.p[i], 0x20);
		line = slice_trim(line);
		if (slice_starts(line, SLICE("::")))
			ck_assert(commands &&
				  slice_starts(line, SLICE("::error ")));
	}
}

/* Without colours the report is plain text, whatever was in the traffic. */
START_TEST(hostile_text_is_harmless)
{
	const struct report_style style = { .verbose = true };
	struct report_scene s;
	struct buf b;

	report_scene_init(&s);
	render("terminal", &s.r, &style, &b);
	assert_harmless(&b, false);
	ck_assert(slice_find(buf_slice(&b), SLICE("│ ")) >= 0);
	buf_release(&b);
}
END_TEST

/* Colours come only when they are asked for. */
START_TEST(colours_are_asked_for)
{
	const struct report_style style = { .colour = true };
	struct report_scene s;
	struct buf b;

	report_scene_init(&s);
	render("terminal", &s.r, &style, &b);
	ck_assert(slice_find(buf_slice(&b), SLICE("\x1b[31m✗ FAIL")) >= 0);
	/* The service's own escape stays escaped. */
	ck_assert(slice_find(buf_slice(&b), SLICE("\\x1b[31mboom")) >= 0);
	buf_release(&b);
}
END_TEST

/* The whole report, so that a change of form is seen in a review. */
START_TEST(the_report_is_as_agreed)
{
	const struct report_style style = { .columns = 100 };
	struct report_scene s;
	struct buf b;

	report_scene_init(&s);
	render("terminal", &s.r, &style, &b);
	report_golden("terminal.txt", &b);
	buf_release(&b);
}
END_TEST

static size_t
characters(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* Who looks at a terminal sees no line broken by it; what is to be copied
 * stays whole; a word at the beginning of a line commands nobody. */
START_TEST(lines_end_at_the_width)
{
	static const unsigned widths[] = { 72, 80, 140 };
	struct report_style style = { .columns = widths[_i], .wrap = true };
	struct report_scene s;
	struct slice text;
	struct buf b, reason;

	report_scene_init(&s);
	buf_init(&reason, KiB);
	for (int i = 0; i < 60; i++)
		buf_adds(&reason, i % 7 ? "word \xc3\xa9t\xc3\xa9 " : "::error::x ");
	s.tapes[1].reason = s.notes[0] = s.diffs[0].want = buf_slice(&reason);
	s.tapes[1].command = SLICE("dvr regress -c somewhere/far/away/in/a/"
		"folder/with/a/long/name/dvr.yaml --fixtures here/and/there "
		"post-checkout-pay-500-7889a and-more-of-it and-more");
	render("terminal", &s.r, &style, &b);
	assert_harmless(&b, false);
	text = buf_slice(&b);
	ck_assert(slice_find(text, s.tapes[1].command) >= 0);
	while (text.n > 0) {
		struct slice line = slice_cut(&text, '\n');

		ck_assert_msg(characters(line) <= widths[_i] ||
			      slice_find(line, SLICE("reproduce")) >= 0 ||
			      slice_find(line, SLICE("│ ")) >= 0 ||
			      slice_find(line, SLICE("tapes:")) >= 0,
			      "%.*s", SLICE_ARG(line));
	}
	buf_release(&reason);
	buf_release(&b);
}
END_TEST

/* After live lines, the end repeats failures and their commands only. */
START_TEST(the_end_repeats_what_failed)
{
	const struct report_style style = { .columns = 80, .live = true };
	const struct reporter *t = reporter_find("terminal");
	struct report_scene s;
	struct buf b, line;

	report_scene_init(&s);
	buf_init(&line, MiB);
	t->progress(&s.tapes[1], 2, 7, &style, &line);
	ck_assert(slice_starts(buf_slice(&line), SLICE("[2/7]  ✗ FAIL")));
	ck_assert(slice_find(buf_slice(&line), SLICE("  1 \xe2\x86\x92 (none)\n")) >= 0);
	render("terminal", &s.r, &style, &b);
	ck_assert(slice_find(buf_slice(&b), SLICE("✓ pass")) < 0);
	ck_assert(slice_find(buf_slice(&b), SLICE("✗ FAIL")) >= 0);
	ck_assert(slice_find(buf_slice(&b), SLICE("on the tape 1\n")) < 0);
	ck_assert(slice_find(buf_slice(&b), SLICE("dvr regress x")) >= 0);
	ck_assert(slice_ends(buf_slice(&b),
			     SLICE("7 tapes: 1 failed, 2 errors, 1 flaky, "
				   "1 known to fail, 1 quarantined, 1 passed "
				   "in 2.500 s\n")));
	buf_release(&line);
	buf_release(&b);
}
END_TEST

/* An interrupted run does not look like a whole one. */
START_TEST(a_partial_run_says_so)
{
	const struct report_style style = { 0 };
	struct report_scene s;
	struct buf b;

	report_scene_init(&s);
	s.r.ntapes = 1;
	s.r.partial = true;
	render("terminal", &s.r, &style, &b);
	ck_assert(slice_find(buf_slice(&b), SLICE("interrupted")) >= 0);
	buf_release(&b);
}
END_TEST

/* GitHub takes ten annotations a step: nine and "N more". */
START_TEST(annotations_are_few_and_escaped)
{
	const struct report_style style = { 0 };
	struct tape_result many[12];
	struct report_scene s;
	struct buf b;
	size_t lines = 0;

	report_scene_init(&s);
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = s.tapes[1 + i % 2];
	s.r.tapes = many;
	s.r.ntapes = ARRAY_LEN(many);
	render("github", &s.r, &style, &b);
	assert_harmless(&b, true);
	for (size_t i = 0; i < b.n; i++)
		lines += b.p[i] == '\n';
	ck_assert_uint_eq(lines, 10);
	ck_assert(slice_starts(buf_slice(&b),
			       SLICE("::error file=fixtures/x/tape.yaml,"
				     "line=50,title=post-checkout")));
	ck_assert(slice_ends(buf_slice(&b), SLICE("3 more failing tapes\n")));
	buf_release(&b);
}
END_TEST

/* JSON lines: one a tape and one for the run; bytes that are no text stay visible. */
START_TEST(json_is_one_line_a_tape)
{
	const struct report_style style = { 0 };
	struct report_scene s;
	struct buf b;
	size_t lines = 0;

	report_scene_init(&s);
	render("json", &s.r, &style, &b);
	for (size_t i = 0; i < b.n; i++) {
		lines += b.p[i] == '\n';
		ck_assert((unsigned char)b.p[i] >= 0x20 || b.p[i] == '\n');
	}
	ck_assert_uint_eq(lines, 8);
	ck_assert(slice_is_utf8(buf_slice(&b)));
	ck_assert(slice_find(buf_slice(&b), SLICE("\\\\xff\\\\xfe")) >= 0);
	ck_assert(slice_find(buf_slice(&b), SLICE("\\u001b[31m")) >= 0);
	buf_release(&b);
}
END_TEST

Suite *suite_terminal(void);

Suite *
suite_terminal(void)
{
	Suite *s = suite_create("terminal");
	TCase *c = tcase_create("terminal");

	tcase_add_test(c, hostile_text_is_harmless);
	tcase_add_test(c, colours_are_asked_for);
	tcase_add_test(c, the_report_is_as_agreed);
	tcase_add_test(c, the_end_repeats_what_failed);
	tcase_add_loop_test(c, lines_end_at_the_width, 0, 3);
	tcase_add_test(c, a_partial_run_says_so);
	tcase_add_test(c, annotations_are_few_and_escaped);
	tcase_add_test(c, json_is_one_line_a_tape);
	suite_add_tcase(s, c);
	return s;
}
