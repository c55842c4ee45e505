/* Errors: one line, cut where it must be, user data made safe. */
#include <dvr/base/err.h>

#include <check.h>
#include <errno.h>
#include <string.h>

/* Set, extended by the system's words, prefixed on the way up. */
START_TEST(a_message_grows_to_the_left)
{
	struct err e;

	ck_assert_int_eq(err_set(&e, ERR_TAPE, "line %d", 7), -1);
	ck_assert_int_eq(err_prefix(&e, "%s", "tape.yaml"), -1);
	ck_assert_str_eq(e.msg, "tape.yaml: line 7");
	ck_assert_int_eq(e.code, ERR_TAPE);
	errno = ENOENT;
	ck_assert_int_eq(err_sys(&e, ERR_USAGE, "cannot open %s", "x"), -1);
	ck_assert_str_eq(e.msg, "cannot open x: No such file or directory");
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(err_set(NULL, ERR_TAPE, "x"), -1);
	ck_assert_int_eq(err_sys(NULL, ERR_TAPE, "x"), -1);
	ck_assert_int_eq(err_prefix(NULL, "x"), -1);
}
END_TEST

/* A message that does not fit ends in "..." and is still UTF-8. */
START_TEST(a_long_message_is_cut)
{
	char text[3001] = "";
	struct err e;

	for (size_t i = 0; i < 1000; i++)
		memcpy(text + 3 * i, "\xe2\x82\xac", 4);
	for (int shift = 0; shift < 3; shift++) {
		err_set(&e, ERR_TAPE, "%.*s%s", shift, "ab", text);
		ck_assert_uint_lt(strlen(e.msg), sizeof(e.msg));
		ck_assert(slice_ends(slice_str(e.msg), SLICE("...")));
		ck_assert(slice_is_utf8(slice_str(e.msg)));
		err_prefix(&e, "%s", text);
		ck_assert(slice_ends(slice_str(e.msg), SLICE("...")));
		ck_assert(slice_is_utf8(slice_str(e.msg)));
		err_prefix(&e, "short");
		ck_assert(slice_starts(slice_str(e.msg), SLICE("short: ")));
		ck_assert(slice_ends(slice_str(e.msg), SLICE("...")));
	}
}
END_TEST

/* Control bytes, escape sequences, C1, quotes and bad bytes are shown. */
START_TEST(user_data_is_made_safe)
{
	char q[QUOTE_MAX];

	ck_assert_str_eq(quote(SLICE("pl\xc3\xa4in"), q), "pl\xc3\xa4in");
	ck_assert_str_eq(quote(SLICE("\x1b[31m"), q), "\\x1b[31m");
	ck_assert_str_eq(quote(SLICE("a\nb\r'\x7f"), q),
			 "a\\x0ab\\x0d\\x27\\x7f");
	ck_assert_str_eq(quote(SLICE("\xc2\x9b" "31m"), q), "\\xc2\\x9b31m");
	ck_assert_str_eq(quote(SLICE("\xff\xc3"), q), "\\xff\\xc3");
	ck_assert_str_eq(quote(slice_of("a\0b", 3), q), "a\\x00b");
	ck_assert_str_eq(quote(slice_str(NULL), q), "");
}
END_TEST

/* Long data is cut between characters and fits for every length. */
START_TEST(long_data_is_cut_between_characters)
{
	char text[400], q[QUOTE_MAX];

	for (size_t n = 0; n < 200; n++) {
		memset(text, 'x', n);
		memcpy(text + n, "\xf0\x9f\x98\x80\n\n", 6);
		memset(text + n + 6, 'y', 150);
		quote(slice_of(text, n + 156), q);
		ck_assert_uint_lt(strlen(q), QUOTE_MAX);
		ck_assert(slice_is_utf8(slice_str(q)));
		ck_assert(slice_ends(slice_str(q), SLICE("...")));
	}
}
END_TEST

Suite *suite_err(void);

Suite *
suite_err(void)
{
	Suite *s = suite_create("err");
	TCase *t = tcase_create("err");

	tcase_add_test(t, a_message_grows_to_the_left);
	tcase_add_test(t, a_long_message_is_cut);
	tcase_add_test(t, user_data_is_made_safe);
	tcase_add_test(t, long_data_is_cut_between_characters);
	suite_add_tcase(s, t);
	return s;
}
