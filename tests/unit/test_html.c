/* The HTML report: whole, bounded, and nothing from outside is markup. */
#include "report_scene.h"

#include "../../reporters/html.h"

/* A story around the scene's failing tape. */
struct told {
	struct story story;
	struct story_exchange v[5];
	struct story_link links[2];
	struct scrub_entry scrubbed[1];
	struct story_store stores[1];
	struct slice lines[2];
};

static struct story_times
times(int64_t sent, int64_t answer, int64_t end)
{
	return (struct story_times){ true, sent, answer, end };
}

static struct story_body
text_body(const char *s)
{
	return (struct story_body){ .known = true, .kind = STORY_TEXT, .part = slice_str(s),
		.type = SLICE("application/json"), .bytes = strlen(s) };
}

static void
tell(struct told *t, struct report_scene *s)
{
	static const uint32_t ids[] = { 1, 2, 3, 4, 5 };

	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < 5; i++) {
		int64_t at = (int64_t)i * 20000;

		t->v[i] = (struct story_exchange){ .id = ids[i],
			.lane = SLICE("client"), .name = SLICE("POST /x"),
			.want = SLICE("200"), .got = SLICE("200"),
			.recorded = times(at, at + 9000, at + 9500),
			.replayed = times(at + 10, at + 12000, at + 12100) };
	}
	t->v[2].egress = true;
	t->v[2].cause = 2;
	t->v[2].lane = SLICE("prices");
	t->v[4].want = t->v[4].got = SLICE("500");
	t->v[4].asked = text_body("{\"card\":{\"number\":\"x\"}}");
	t->v[4].want_body = text_body("{\"total\":1,\"name\":\"a\",\"list\":[1,2]}");
	t->v[4].got_body = text_body("{\"name\":\"b\",\"list\":[1,2]}");
	t->v[0].want_body = t->v[0].got_body = (struct story_body){
		.known = true, .kind = STORY_BYTES, .type = SLICE("image/png"), .bytes = 6,
		.part = SLICE("\x89PNG\x00\xff") };
	t->v[0].got_body.part = SLICE("\x89PNG\x01\xfe");
	t->links[0] = (struct story_link){ SLICE("1.resp.body#/cart/id"),
		SLICE("5.req.path/1") };
	t->v[4].links = t->links;
	t->v[4].nlinks = 1;
	t->scrubbed[0] = (struct scrub_entry){ SLICE("pan"),
		SLICE("5.req.body#/card/number"), 2 };
	t->v[4].scrubbed = t->scrubbed;
	t->v[4].nscrubbed = 1;
	t->lines[0] = SLICE("INSERT INTO stock VALUES('tea', 5);");
	t->lines[1] = SLICE("INSERT INTO stock VALUES('tea', 4);");
	t->stores[0] = (struct story_store){ .name = SLICE("shop"),
		.provider = SLICE("sqlite"), .bytes = 4096, .compared = true,
		.gone = t->lines, .ngone = 1, .come = t->lines + 1,
		.ncome = 1 };
	t->story = (struct story){ .v = t->v, .n = 5, .stores = t->stores,
		.nstores = 1, .known = true };
	s->replays[1].story = t->story;
	s->replays[1].diverged =
		SLICE("POST /api/v2/checkout/process_payment still: 500");
}

static void
render(const struct results *r, const struct report_style *style,
       struct buf *out)
{
	struct err e = { 0 };

	buf_init(out, 64 * MiB);
	ck_assert_msg(reporter_find("html")->print(r, style, out, &e) == 0,
		      "%s", e.msg);
}

static bool
holds(const struct buf *b, const char *what)
{
	return slice_find(buf_slice(b), slice_str(what)) >= 0;
}

/* The whole page but for its style and script, so that a change of form is
 * seen in a review. */
START_TEST(the_page_is_as_agreed)
{
	const struct report_style style = { 0 };
	struct report_scene s;
	struct buf b, page;
	struct slice text;
	struct told t;

	report_scene_init(&s);
	tell(&t, &s);
	render(&s.r, &style, &b);
	text = buf_slice(&b);
	buf_init(&page, MiB);
	ck_assert_int_gt(slice_find(text, SLICE("<header>")), 0);
	text = slice_from(text, (size_t)slice_find(text, SLICE("<header>")));
	ck_assert_int_gt(slice_find(text, SLICE("<script>")), 0);
	buf_add(&page, slice_range(text, 0, (size_t)slice_find(text,
						SLICE("<script>"))));
	report_golden("page.html", &page);
	buf_release(&page);
	buf_release(&b);
}
END_TEST

/* Whatever a body, name or reason holds, no element and no attribute begins
 * with it. */
START_TEST(text_of_others_is_text)
{
	static const char *const attacks[] = { "<img src=x onerror=alert(1)>",
		"</script><script>alert(1)</script>", "\"><svg onload=x>",
		"' onmouseover='x", "javascript:alert(1)", "]]><b>",
		"<!--", "</pre></div>", "&lt;b&gt;" };
	const struct report_style style = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
		struct slice bad = slice_str(attacks[i]);
		struct report_scene s;
		struct told t;
		struct buf b;

		report_scene_init(&s);
		tell(&t, &s);
		s.tapes[1].id = s.tapes[1].reason = s.tapes[1].command =
			s.tapes[1].log_tail = s.tapes[1].hash = bad;
		s.diffs[0].place = s.diffs[0].got = s.bad[3].name = bad;
		s.replays[1].diverged = s.notes[0] = s.replays[1].stubs = bad;
		t.v[4].asked.type = t.v[4].want_body.part =
			t.v[4].got_body.part = t.v[0].got_body.part = bad;
		t.links[0].from = t.scrubbed[0].field = t.lines[0] =
			t.stores[0].name = t.v[2].lane = bad;
		render(&s.r, &style, &b);
		if (bad.p[0] != 'j')	/* a word, as long as it is no link */
			ck_assert_msg(!holds(&b, attacks[i]), "%s",
				      attacks[i]);
		ck_assert(!holds(&b, "=\"javascript:"));
		ck_assert(!holds(&b, "<img"));
		buf_release(&b);
	}
}
END_TEST

/* What is not seen, or turns other characters round, is shown by its name. */
START_TEST(hidden_characters_are_shown)
{
	static const char *const cases[][2] = {
		{ "a\xe2\x80\xae" "b", "a\\u{202e}b" },
		{ "\xe2\x81\xa6x\xe2\x80\x8b", "\\u{2066}x\\u{200b}" },
		{ "\x00\x07\x1b[0m\x7f", "" },
		{ "\xff\xc3\x28\xed\xa0\x80", "\\xff\\xc3(\\xed\\xa0\\x80" },
		{ "\xc2\x85\xef\xbf\xbe\xef\xbb\xbf",
		  "\\u{85}\\u{fffe}\\u{feff}" },
		{ "r\r\nn\tt", "r\\r\\nn t" },
		{ "<&>\"'`", "&lt;&amp;&gt;&quot;&#39;&#96;" },
		{ "\xd7\xa9\xd7\x9c\xf0\x9f\x99\x82",
		  "\xd7\xa9\xd7\x9c\xf0\x9f\x99\x82" },
	};
	struct buf b;

	buf_init(&b, KiB);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (i == 2)
			continue;
		buf_clear(&b);
		html_text(slice_str(cases[i][0]), &b);
		ck_assert_str_eq(buf_cstr(&b), cases[i][1]);
	}
	buf_clear(&b);
	html_text(SLICE("\x00\x07\x1b[0m\x7f"), &b);
	ck_assert_str_eq(buf_cstr(&b), "\\x00\\x07\\x1b[0m\\x7f");
	buf_clear(&b);
	html_lines(SLICE("a\n\tb\r\n"), &b);
	ck_assert_str_eq(buf_cstr(&b), "a\n\tb\\r\n");
	buf_release(&b);
}
END_TEST

/* Lines that are alike are folded; the others say which side they are of. */
START_TEST(a_difference_is_by_lines)
{
	static const char was[] = "a\nb\nc\nd\ne\nf\ng\nh\n";
	static const char is[] = "a\nb\nc\nd\ne\nX\ng\nh\nnew\n";
	struct buf b;

	buf_init(&b, 64 * KiB);
	html_diff(slice_str(was), slice_str(is), &b);
	ck_assert_str_eq(buf_cstr(&b), "<pre class=\"diff\"><i>  2 lines alike"
		"</i>\n  c\n  d\n  e\n" HTML_GONE "- f" HTML_END "\n"
		HTML_COME "+ X" HTML_END "\n  g\n  h\n" HTML_COME "+ new"
		HTML_END "\n</pre>\n");
	buf_release(&b);
}
END_TEST

/* Very different long texts take bounded time and room. */
START_TEST(a_large_difference_is_bounded)
{
	struct buf was, is, b;

	buf_init(&was, MiB);
	buf_init(&is, MiB);
	buf_init(&b, MiB);
	for (int i = 0; i < 20000; i++) {
		buf_fmt(&was, "old %d\n", i);
		buf_fmt(&is, "new %d\n", i);
	}
	html_diff(buf_slice(&was), buf_slice(&is), &b);
	ck_assert_uint_lt(b.n, 32 * KiB);
	ck_assert(holds(&b, "lines more</i>"));
	buf_release(&was);
	buf_release(&is);
	buf_release(&b);
}
END_TEST

/* Only blanks change when JSON is spread, and what only looks like it stays. */
START_TEST(json_is_spread_over_lines)
{
	static const char *const cases[][2] = {
		{ "{\"a\":[1,{}],\"b\":\"x,\\\"{\"}",
		  "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"x,\\\"{\"\n"
		  "}\n" },
		{ "[ ]", "[]\n" },
		{ "plain {text}", "plain {text}" },
		{ "{\"broken", "{\"broken" },
		{ "{\"a\":\"}", "{\n  \"a\": \"}\n" },
	};
	struct buf b;

	buf_init(&b, KiB);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&b);
		html_spread(slice_str(cases[i][0]), false, &b);
		ck_assert_str_eq(buf_cstr(&b), cases[i][1]);
	}
	buf_release(&b);
}
END_TEST

static int
count_file(void *arg, const char *name, struct slice content)
{
	size_t *n = arg;

	ck_assert_uint_eq(strlen(name), 28);
	ck_assert_uint_gt(content.n, 0);
	(*n)++;
	return 0;
}

/* A body over the cap lies beside the page, and is not in it. */
START_TEST(large_bodies_lie_outside)
{
	size_t n = 0;
	const struct report_files files = { count_file, &n };
	const struct report_style style = { .files = &files };
	struct report_scene s;
	struct told t;
	struct buf b, big;

	report_scene_init(&s);
	tell(&t, &s);
	buf_init(&big, MiB);
	while (big.n < 60000)
		buf_adds(&big, "0123456789 needle\n");
	t.v[4].got_body.kind = STORY_NONE;
	t.v[4].got_body.part = SLICE("");
	t.v[4].want_body.part = buf_slice(&big);
	t.v[4].want_body.bytes = 50 * MiB;
	render(&s.r, &style, &b);
	ck_assert(!holds(&b, "needle"));
	ck_assert(holds(&b, "<a href=\"report-files/"));
	ck_assert(holds(&b, "50.0 MiB"));
	ck_assert_uint_ge(n, 1);
	buf_release(&b);
	buf_release(&big);
}
END_TEST

static int
refuse_file(void *arg UNUSED, const char *name UNUSED,
	    struct slice content UNUSED)
{
	return -1;
}

static size_t
count(const struct buf *b, const char *what)
{
	struct slice rest = buf_slice(b);
	ssize_t at;
	size_t n = 0;

	while ((at = slice_find(rest, slice_str(what))) >= 0) {
		rest = slice_from(rest, (size_t)at + strlen(what));
		n++;
	}
	return n;
}

/* Where its file cannot be written nothing leads to it. */
START_TEST(a_body_without_its_file_is_no_link)
{
	const struct report_files files = { refuse_file, NULL };
	const struct report_style style = { .files = &files };
	struct report_scene s;
	struct told t;
	struct buf b, big;

	report_scene_init(&s);
	tell(&t, &s);
	buf_init(&big, MiB);
	while (big.n < 60000)
		buf_adds(&big, "0123456789 needle\n");
	t.v[4].want_body.part = buf_slice(&big);
	render(&s.r, &style, &b);
	ck_assert(!holds(&b, "<a href=\"report-files/"));
	ck_assert_uint_eq(count(&b, "<a "), count(&b, "</a>"));
	buf_release(&b);
	buf_release(&big);
}
END_TEST

/* Results are files, and may say anything. */
START_TEST(times_of_a_file_are_bounded)
{
	const struct report_style style = { 0 };
	struct report_scene s;
	struct told t;
	struct buf b;

	report_scene_init(&s);
	tell(&t, &s);
	t.v[0].recorded = times(INT64_MIN + 1, INT64_MAX, INT64_MAX);
	t.v[1].replayed = times(INT64_MAX, INT64_MIN + 1, INT64_MIN + 1);
	render(&s.r, &style, &b);
	ck_assert(!holds(&b, "=\"-"));
	ck_assert(!holds(&b, "after 9223372036854"));
	ck_assert_uint_lt(count(&b, "class=\"t\""), 50);
	buf_release(&b);
}
END_TEST

/* Failures with one point are one trouble, the most first. */
START_TEST(failures_are_grouped)
{
	enum { TAPES = 40 };
	struct tape_result *many = calloc(TAPES, sizeof(*many));
	struct arena *a = arena_create();
	struct replay_result other;
	struct report_scene s;
	struct trouble *v;
	size_t *group;

	report_scene_init(&s);
	s.replays[1].diverged = SLICE("POST /init now answers 400: currency "
				      "required");
	other = s.replays[1];
	other.diverged = SLICE("GET /x: resp.body#/id is gone");
	for (size_t i = 0; i < TAPES; i++)
		many[i] = s.tapes[1];
	many[0].replays = many[39].replays = &other;
	many[5] = s.tapes[0];
	s.r.tapes = many;
	s.r.ntapes = TAPES;
	ck_assert_uint_eq(results_troubles(&s.r, a, &v, &group), 2);
	ck_assert_uint_eq(v[0].n, 37);
	ck_assert_uint_eq(v[0].first, 1);
	ck_assert_uint_eq(v[1].n, 2);
	ck_assert_uint_eq(v[1].first, 0);
	ck_assert_uint_eq(group[0], 1);
	ck_assert_uint_eq(group[1], 0);
	ck_assert_uint_eq(group[5], SIZE_MAX);
	arena_destroy(a);
	free(many);
}
END_TEST

/* JSON lines have all of it: the page that is made of them is the same. */
START_TEST(the_page_of_json_lines_is_the_same)
{
	const struct report_style style = { 0 };
	struct results again = { .arena = arena_create() };
	struct report_scene s;
	struct err e = { 0 };
	struct buf b, c, lines;
	struct told t;

	report_scene_init(&s);
	tell(&t, &s);
	/* JSON has no bytes that are no text, but in bodies. */
	s.tapes[2] = s.tapes[3];
	render(&s.r, &style, &b);
	buf_init(&lines, MiB);
	ck_assert_int_eq(reporter_find("json")->print(&s.r, &style, &lines,
						      &e), 0);
	ck_assert_msg(results_read(buf_slice(&lines), RESULTS_ONE, &again,
				   &e) == 0, "%s", e.msg);
	render(&again, &style, &c);
	ck_assert(slice_eq(buf_slice(&b), buf_slice(&c)));
	buf_release(&b);
	buf_release(&c);
	buf_release(&lines);
	arena_destroy(again.arena);
}
END_TEST

static const char *const grouped[][2] = {
	{ "terminal", "\n  2 tapes:   POST /init now answers 400\n" },
	{ "markdown", "\n- **2 tapes**: POST /init now answers 400\n" },
	{ "html", ">2 tapes</a> <span>POST /init now answers 400</span>" },
};

/* Where people look first they see it. */
START_TEST(groups_stand_in_the_summaries)
{
	const struct report_style style = { .columns = 80 };
	struct report_scene s;
	struct err e = { 0 };
	struct buf b;

	report_scene_init(&s);
	s.replays[1].diverged = SLICE("POST /init now answers 400");
	s.tapes[0] = s.tapes[1];
	buf_init(&b, MiB);
	ck_assert_int_eq(reporter_find(grouped[_i][0])->print(&s.r, &style, &b,
							      &e), 0);
	ck_assert_msg(holds(&b, grouped[_i][1]), "%s", buf_cstr(&b));
	buf_release(&b);
}
END_TEST

Suite *suite_html(void);

Suite *
suite_html(void)
{
	Suite *s = suite_create("html");
	TCase *c = tcase_create("html");

	tcase_add_test(c, the_page_is_as_agreed);
	tcase_add_test(c, text_of_others_is_text);
	tcase_add_test(c, hidden_characters_are_shown);
	tcase_add_test(c, a_difference_is_by_lines);
	tcase_add_test(c, a_large_difference_is_bounded);
	tcase_add_test(c, json_is_spread_over_lines);
	tcase_add_test(c, large_bodies_lie_outside);
	tcase_add_test(c, a_body_without_its_file_is_no_link);
	tcase_add_test(c, times_of_a_file_are_bounded);
	tcase_add_test(c, failures_are_grouped);
	tcase_add_test(c, the_page_of_json_lines_is_the_same);
	tcase_add_loop_test(c, groups_stand_in_the_summaries, 0, 3);
	suite_add_tcase(s, c);
	return s;
}
