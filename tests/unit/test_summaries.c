/* TAP and Markdown: whole, bounded, and nothing from outside is syntax. */
#include "report_scene.h"

static void
render(const char *reporter, const struct results *r, struct buf *out)
{
	const struct report_style style = { 0 };
	struct err e = { 0 };

	buf_init(out, 8 * MiB);
	ck_assert_int_eq(reporter_find(reporter)->print(r, &style, out, &e), 0);
}

/* The whole files, so that a change of form is seen in a review. */
START_TEST(the_files_are_as_agreed)
{
	struct report_scene s;
	struct buf b;

	report_scene_init(&s);
	render("tap", &s.r, &b);
	report_golden("results.tap", &b);
	buf_release(&b);
	render("markdown", &s.r, &b);
	report_golden("summary.md", &b);
	buf_release(&b);
}
END_TEST

/* A '#' in a name or a reason begins no directive. */
START_TEST(tap_directives_are_ours)
{
	struct report_scene s;
	struct slice text;
	struct buf b;

	report_scene_init(&s);
	s.tapes[1].id = SLICE("fine # TODO later\nnot ok 9");
	s.tapes[4].reason = SLICE("issue #7 \\# SKIP");
	render("tap", &s.r, &b);
	text = buf_slice(&b);
	ck_assert(slice_find(text, SLICE("\nnot ok 2 - fine \\# TODO later"
					 "\\\\nnot ok 9\n")) >= 0);
	ck_assert(slice_find(text, SLICE("\nnot ok 5 - known # TODO issue \\#7 "
					 "\\\\\\# SKIP\n")) >= 0);
	ck_assert(slice_find(text, SLICE("\nok 6 - quiet # SKIP ")) >= 0);
	ck_assert(slice_starts(text, SLICE("TAP version 14\n1..7\nok 1 - ")));
	buf_release(&b);
}
END_TEST

/* An interrupted run bails out: a reader must not call it whole. */
START_TEST(tap_tells_of_interruption)
{
	struct report_scene s;
	struct buf b;

	report_scene_init(&s);
	s.r.partial = true;
	render("tap", &s.r, &b);
	ck_assert(slice_find(buf_slice(&b), SLICE("\nBail out! ")) >= 0);
	buf_release(&b);
}
END_TEST

/* No link, image, mention, HTML or table cell can come from a body. */
START_TEST(markdown_of_others_is_text)
{
	static const char *const attacks[] = {
		"<img src=x>", "</summary><h1>", "[x](http://y)", "| pw | ned |",
		"```\nfence", "@everyone", "</pre><script>", "**bold**",
		"&lt;b&gt;", "\n::error::x", "##[error]y",
	};

	for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
		struct report_scene s;
		struct buf b;

		report_scene_init(&s);
		s.tapes[1].reason = s.tapes[1].id = slice_str(attacks[i]);
		s.diffs[0].got = s.bad[3].name = slice_str(attacks[i]);
		s.tapes[1].log_tail = slice_str(attacks[i]);
		s.replays[1].stubs = slice_str(attacks[i]);
		render("markdown", &s.r, &b);
		ck_assert_msg(slice_find(buf_slice(&b),
					 slice_str(attacks[i])) < 0,
			      "%s", attacks[i]);
		buf_release(&b);
	}
}
END_TEST

/* A summary of very many failures stays below what GitHub takes (1 MiB). */
START_TEST(markdown_is_bounded)
{
	enum { TAPES = 20000 };
	struct tape_result *many = calloc(TAPES, sizeof(*many));
	struct report_scene s;
	struct buf b;

	report_scene_init(&s);
	ck_assert_ptr_nonnull(many);
	for (size_t i = 0; i < TAPES; i++)
		many[i] = s.tapes[1];
	s.r.tapes = many;
	s.r.ntapes = TAPES;
	render("markdown", &s.r, &b);
	ck_assert_uint_lt(b.n, MiB);
	ck_assert(slice_find(buf_slice(&b), SLICE("19500 more tapes")) >= 0);
	ck_assert(slice_find(buf_slice(&b), SLICE("details do not fit")) >= 0);
	buf_release(&b);
	free(many);
}
END_TEST

Suite *suite_summaries(void);

Suite *
suite_summaries(void)
{
	Suite *s = suite_create("summaries");
	TCase *c = tcase_create("summaries");

	tcase_add_test(c, the_files_are_as_agreed);
	tcase_add_test(c, tap_directives_are_ours);
	tcase_add_test(c, tap_tells_of_interruption);
	tcase_add_test(c, markdown_of_others_is_text);
	tcase_add_test(c, markdown_is_bounded);
	suite_add_tcase(s, c);
	return s;
}
