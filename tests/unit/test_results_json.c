/* Results go through JSON lines and come back whole. */
#include "report_scene.h"

static void
print(const struct results *r, struct buf *out)
{
	const struct report_style style = { 0 };

	buf_init(out, MiB);
	ck_assert_int_eq(reporter_find("json")->print(r, &style, out, NULL),
			 0);
}

static int
read_text(const char *text, struct results *out, struct err *e)
{
	*out = (struct results){ .arena = arena_create() };
	return results_read(slice_str(text), RESULTS_ONE, out, e);
}

/* Every kind of member is used by the scene and by what is added here. */
static void
scene(struct report_scene *s)
{
	static struct slice ids[] = { { "a", 1 }, { "b\"c", 3 } };
	static struct slice hosts[] = { { "db.example.com:5432", 19 } };

	report_scene_init(s);
	s->r.partial = true;
	s->r.command = SLICE("dvr regress");
	s->r.shard = (struct results_shard){ true, 2, 7,
		SLICE("CI_NODE_INDEX"), SLICE("00ff"), 100, ids, 2 };
	s->replays[1].unreached = hosts;
	s->replays[1].nunreached = 1;
	s->replays[1].isolation = "namespaces";
	s->replays[1].code = ERR_MISMATCH;
	s->replays[1].timing.drift_us = -7;
	s->replays[1].timing.alone = true;
	s->replays[1].stubs = SLICE("stubs:\n  - {}\n");
	s->bad[3].errors_appeared = true;
	s->tapes[1].unproven = true;
	s->tapes[1].retries = 2;
	s->tapes[1].started = 3;
	s->tapes[1].resets = 1;
}

START_TEST(what_is_written_is_read)
{
	struct report_scene s;
	struct results back;
	struct buf once, twice;
	struct err e = { 0 };

	scene(&s);
	print(&s.r, &once);
	ck_assert_msg(read_text(buf_cstr(&once), &back, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(back.ntapes, 7);
	ck_assert(back.partial);
	ck_assert_uint_eq(back.shard.index, 2);
	ck_assert_uint_eq(back.shard.nids, 2);
	ck_assert(slice_eq(back.shard.ids[1], SLICE("b\"c")));
	ck_assert_int_eq(back.tapes[1].replays[0].timing.drift_us, -7);
	ck_assert(back.tapes[1].replays[0].timing.alone);
	ck_assert_int_eq(back.tapes[6].code, ERR_TAPE);
	ck_assert_int_eq((long long)back.started_us, 1795000000123456);
	print(&back, &twice);
	/* Bytes that are no text came back as the escapes that stood for
	 * them, everything else as it was. */
	ck_assert_str_eq(buf_cstr(&once), buf_cstr(&twice));
	buf_release(&once);
	buf_release(&twice);
	arena_destroy(back.arena);
}
END_TEST

/* Other formats can be made of it: the same JUnit, byte by byte. */
START_TEST(other_formats_are_the_same)
{
	const struct report_style style = { .columns = 100 };
	const char *const names[] = { "junit", "tap", "markdown" };
	struct report_scene s;
	struct results back;
	struct buf json, a, b;
	struct err e = { 0 };

	report_scene_init(&s);
	s.r.ntapes = 2;			/* without what is no text */
	s.tapes[1].cured = true;
	print(&s.r, &json);
	ck_assert_int_eq(read_text(buf_cstr(&json), &back, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct reporter *r = reporter_find(names[i]);

		buf_init(&a, MiB);
		buf_init(&b, MiB);
		ck_assert_int_eq(r->print(&s.r, &style, &a, &e), 0);
		ck_assert_int_eq(r->print(&back, &style, &b, &e), 0);
		ck_assert_str_eq(buf_cstr(&a), buf_cstr(&b));
		buf_release(&a);
		buf_release(&b);
	}
	buf_release(&json);
	arena_destroy(back.arena);
}
END_TEST

static const struct {
	const char *text, *says;
} bad[] = {
	{ "", "no line closes the run" },
	{ "{\"dvr\":1,\"id\":\"a\"}\n", "no line closes the run" },
	{ "{\"dvr\":1,\"id\":\"a\"\n", "1: this is no JSON object" },
	{ "[1]\n", "1: this is no JSON object" },
	{ "{\"dvr\":2,\"id\":\"a\"}\n", "1: no line of `dvr regress" },
	{ "{\"a\":1}\n", "1: no line of `dvr regress" },
	{ "{\"dvr\":1}\n", "1: a tape without \"id\"" },
	{ "\n{\"dvr\":1,\"id\":7}\n", "2: \"id\" is not as dvr writes it" },
	{ "{\"dvr\":1,\"id\":\"a\",\"verdict\":\"great\"}\n",
	  "\"verdict\" is not as" },
	{ "{\"dvr\":1,\"id\":\"a\",\"seconds\":1e999}\n", "\"seconds\" is not" },
	{ "{\"dvr\":1,\"id\":\"a\",\"hits\":-1}\n", "\"hits\" is not" },
	{ "{\"dvr\":1,\"id\":\"a\",\"replays\":[1]}\n", "\"replays\" is not" },
	{ "{\"dvr\":1,\"id\":\"a\",\"replays\":{}}\n", "\"replays\" is not" },
	{ "{\"dvr\":1,\"run\":{\"tapes\":1}}\n",
	  "1: the run says that it has 1 tapes, here are 0" },
	{ "{\"dvr\":1,\"run\":{\"tapes\":0}}\n{\"dvr\":1,\"id\":\"a\"}\n",
	  "2: a line behind the one that closes" },
};

START_TEST(anything_else_is_refused)
{
	struct results r;
	struct err e = { 0 };

	ck_assert_int_eq(read_text(bad[_i].text, &r, &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_msg(strstr(e.msg, bad[_i].says) != NULL, "%s", e.msg);
	arena_destroy(r.arena);
}
END_TEST

/* A newer dvr may say more. */
START_TEST(unknown_members_are_passed_over)
{
	struct results r;
	struct err e = { 0 };

	ck_assert_msg(read_text("{\"dvr\":1,\"new\":{\"a\":[{\"id\":3}]},"
				"\"id\":\"x\",\"replays\":[{\"mood\":[1,2],"
				"\"seconds\":0.25}]}\n\n"
				"{\"dvr\":1,\"run\":{\"tapes\":1}}\n", &r,
				&e) == 0, "%s", e.msg);
	ck_assert_uint_eq(r.ntapes, 1);
	ck_assert(slice_eq(r.tapes[0].id, SLICE("x")));
	ck_assert_uint_eq(r.tapes[0].nreplays, 1);
	ck_assert(r.tapes[0].replays[0].seconds == 0.25);
	arena_destroy(r.arena);
}
END_TEST

Suite *suite_results_json(void);

Suite *
suite_results_json(void)
{
	Suite *s = suite_create("results_json");
	TCase *c = tcase_create("results_json");

	tcase_add_test(c, what_is_written_is_read);
	tcase_add_test(c, other_formats_are_the_same);
	tcase_add_loop_test(c, anything_else_is_refused, 0,
			    (int)ARRAY_LEN(bad));
	tcase_add_test(c, unknown_members_are_passed_over);
	suite_add_tcase(s, c);
	return s;
}
