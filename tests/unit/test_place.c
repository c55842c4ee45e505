/* Places of values in a tape, and patterns over them. */
#include <dvr/field/field.h>

#include <check.h>

Suite *suite_place(void);

/* parse(print(p)) == p for every form there is. */
START_TEST(every_form_prints_as_it_was_read)
{
	static const char *const forms[] = { "4.req.body#/cart/id",
		"4.resp.header/location", "2.req.path/3", "2.req.query/q",
		"2.req.cookie/sid", "4.resp.status", "4.resp.body",
		"*.req.body#/user/nickname", "1.req.method", "1.req.path",
		"4294967295.resp.body", "3.req.query/a/b.c" };
	struct buf b;
	size_t i;

	buf_init(&b, KiB);
	for (i = 0; i < ARRAY_LEN(forms); i++) {
		struct place p;

		buf_clear(&b);
		ck_assert_msg(place_parse(slice_str(forms[i]), &p) == 0,
			      "%s", forms[i]);
		place_print(&p, &b);
		ck_assert_str_eq(buf_cstr(&b), forms[i]);
	}
	buf_release(&b);
}
END_TEST

/* Nothing half-read: each of these is refused. */
START_TEST(malformed_places_are_refused)
{
	static const char *const bad[] = { "", "4", "4.req", "4.req.",
		"0.req.body", "-1.req.body", "x.req.body", "4.request.body",
		"4.req.header", "4.req.header/", "4.req.body/x",
		"4.req.body#x", "4.req.statusx", "4.req.nothing",
		"4294967296.req.body", ".req.body", "4..body" };
	struct place p;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(place_parse(slice_str(bad[i]), &p) < 0, "%s",
			      bad[i]);
}
END_TEST

static bool
matches(const char *pattern, const char *place)
{
	struct place a, b;

	ck_assert_int_eq(place_parse(slice_str(pattern), &a), 0);
	ck_assert_int_eq(place_parse(slice_str(place), &b), 0);
	return place_matches(&a, &b);
}

/* '*' is one exchange or one segment; header names match in any case. */
START_TEST(patterns_cover_places)
{
	ck_assert(matches("*.req.body#/a/*/c", "7.req.body#/a/0/c"));
	ck_assert(!matches("*.req.body#/a/*/c", "7.req.body#/a/0/d"));
	ck_assert(!matches("*.req.body#/a/*/c", "7.req.body#/a/c"));
	ck_assert(!matches("*.req.body#/a", "7.resp.body#/a"));
	ck_assert(!matches("6.req.body#/a", "7.req.body#/a"));
	ck_assert(!matches("*.req.body#/a", "7.req.body#/ab"));
	ck_assert(matches("*.resp.header/Location", "1.resp.header/location"));
	ck_assert(!matches("*.req.query/Q", "1.req.query/q"));
	ck_assert(matches("*.req.path/*", "1.req.path/2"));
	ck_assert(matches("*.resp.status", "9.resp.status"));
}
END_TEST

/* What lies below a covered value is covered, what lies above is not. */
START_TEST(patterns_cover_what_is_below)
{
	ck_assert(matches("*.req.body#/user", "7.req.body#/user/name"));
	ck_assert(!matches("*.req.body#/user/name", "7.req.body#/user"));
	ck_assert(matches("*.req.body", "7.req.body#/x"));
}
END_TEST

Suite *
suite_place(void)
{
	Suite *s = suite_create("place");
	TCase *tc = tcase_create("place");

	tcase_add_test(tc, every_form_prints_as_it_was_read);
	tcase_add_test(tc, malformed_places_are_refused);
	tcase_add_test(tc, patterns_cover_places);
	tcase_add_test(tc, patterns_cover_what_is_below);
	suite_add_tcase(s, tc);
	return s;
}
