/* Slices: every edge that a parser above relies on. */
#include <dvr/base/attr.h>
#include <dvr/base/slice.h>

#include <check.h>
#include <string.h>

static const struct slice none;

#define ck_slice(got, want) ck_assert(slice_eq((got), slice_str(want)))

/* Comparing works on bytes, on the empty slice, and with NULL. */
START_TEST(comparing)
{
	ck_assert(slice_eq(none, SLICE("")));
	ck_assert(!slice_eq(SLICE("a"), SLICE("ab")));
	ck_assert(slice_ieq(SLICE("Content-TYPE"), SLICE("content-type")));
	/* '@' and '`' differ by the same bit as letters do. */
	ck_assert(!slice_ieq(SLICE("@"), SLICE("`")));
	ck_assert(slice_starts(SLICE("abc"), SLICE("ab")));
	ck_assert(slice_starts(none, none));
	ck_assert(slice_istarts(SLICE("BEARER x"), SLICE("bearer ")));
	ck_assert(slice_ends(SLICE("a.json"), SLICE(".json")));
	ck_assert(slice_ends(none, none));
	ck_assert(!slice_ends(SLICE("n"), SLICE("json")));
	ck_assert_int_eq(slice_cmp(SLICE("a"), SLICE("ab")), -1);
	ck_assert_int_eq(slice_cmp(SLICE("b"), SLICE("ab")), 1);
	ck_assert_int_eq(slice_cmp(SLICE("\xff"), SLICE("a")), 1);
	ck_assert_int_eq(slice_cmp(none, SLICE("")), 0);
}
END_TEST

/* Searching finds the first place, the end too, and nothing in nothing. */
START_TEST(searching)
{
	ck_assert_int_eq(slice_chr(SLICE("a=b=c"), '='), 1);
	ck_assert_int_eq(slice_chr(none, 'x'), -1);
	ck_assert_int_eq(slice_find(SLICE("xxab"), SLICE("ab")), 2);
	ck_assert_int_eq(slice_find(SLICE("a"), SLICE("ab")), -1);
	ck_assert_int_eq(slice_find(none, none), 0);
	ck_assert_int_eq(slice_ifind(SLICE("a PANIC"), SLICE("panic")), 2);
	ck_assert_int_eq(slice_ifind(SLICE("pani"), SLICE("panic")), -1);
	ck_assert_int_eq(slice_ifind(none, none), 0);
}
END_TEST

/* Parts are clamped, trimming takes blanks only. */
START_TEST(cutting_parts)
{
	ck_slice(slice_from(SLICE("abc"), 1), "bc");
	ck_slice(slice_from(SLICE("abc"), 9), "");
	ck_slice(slice_range(SLICE("abc"), 1, 2), "b");
	ck_slice(slice_range(SLICE("abc"), 2, 1), "");
	ck_slice(slice_range(SLICE("abc"), 2, 99), "c");
	ck_slice(slice_from(none, 3), "");
	ck_slice(slice_trim(SLICE(" \t a b\t ")), "a b");
	ck_slice(slice_trim(SLICE(" \t ")), "");
	ck_slice(slice_trim(SLICE("\ra\n")), "\ra\n");
}
END_TEST

/* Walking a list sees empty items, at the end as well. */
START_TEST(walking_a_list)
{
	struct slice rest = SLICE("a,,b,");
	const char *want[] = { "a", "", "b", "" };
	size_t n = 0;

	while (rest.p) {
		struct slice item = slice_cut(&rest, ',');

		ck_assert_uint_lt(n, ARRAY_LEN(want));
		ck_slice(item, want[n++]);
	}
	ck_assert_uint_eq(n, ARRAY_LEN(want));
	rest = SLICE("alone");
	ck_slice(slice_cut(&rest, ','), "alone");
	ck_assert_ptr_null(rest.p);
}
END_TEST

/* Numbers: digits only, no overflow, no value above the limit. */
START_TEST(reading_numbers)
{
	static const char *const bad[] = {
		"", " 1", "1 ", "+1", "-1", "0x1", "1e3", "1.0", "1_0",
		"18446744073709551616", "99999999999999999999999",
	};
	uint64_t v = 77;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_int_eq(slice_uint(slice_str(bad[i]), UINT64_MAX, &v),
				 -1);
	ck_assert_int_eq(slice_uint(SLICE("65536"), 65535, &v), -1);
	ck_assert_uint_eq(v, 77);
	ck_assert_int_eq(slice_uint(SLICE("18446744073709551615"), UINT64_MAX,
				    &v), 0);
	ck_assert(v == UINT64_MAX);
	ck_assert_int_eq(slice_uint(SLICE("007"), 7, &v), 0);
	ck_assert_uint_eq(v, 7);
	ck_assert_int_eq(slice_hex(SLICE("fFfFfFfFfFfFfFfF"), UINT64_MAX, &v),
			 0);
	ck_assert(v == UINT64_MAX);
	ck_assert_int_eq(slice_hex(SLICE("10000000000000000"), UINT64_MAX, &v),
			 -1);
	ck_assert_int_eq(slice_hex(SLICE("g"), 99, &v), -1);
}
END_TEST

/* UTF-8 by RFC 3629: neither overlong, nor surrogate, nor above U+10FFFF,
 * nor cut. */
START_TEST(knowing_utf8)
{
	static const char *const good[] = {
		"", "plain", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80",
	};
	static const char *const bad[] = {
		"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\xaf", "\xed\xa0\x80",
		"\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xc3", "a\xe2\x82", "\xf0\x9f\x98", "\xc3\x28", "\xff",
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		ck_assert_msg(slice_is_utf8(slice_str(good[i])), "%zu", i);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!slice_is_utf8(slice_str(bad[i])), "%zu", i);
}
END_TEST

/* A word stays whole or goes; what fits is not touched. */
START_TEST(cutting_between_words)
{
	static const struct {
		const char *text;
		size_t max;
		const char *want;
	} v[] = {
		{ "one two", 7, "one two" }, { "one two", 6, "one " },
		{ "one two", 4, "one " },    { "one two", 3, "one" },
		{ "one two", 2, "" },	     { "token", 4, "" },
		{ "?a=1&b=22", 8, "?a=1&" }, { "", 0, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct slice s = slice_words(slice_str(v[i].text), v[i].max);

		ck_assert_msg(slice_eq(s, slice_str(v[i].want)), "%zu: %.*s",
			      i, SLICE_ARG(s));
	}
}
END_TEST

/* Numbers in digits read as themselves again. */
START_TEST(digits_read_as_the_number)
{
	static const uint64_t v[] = { 0, 7, 10, 65536, UINT64_MAX };
	char room[UINT_DIGITS];
	uint64_t again;

	ck_assert(slice_eq(slice_digits(0, room), SLICE("0")));
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		ck_assert_int_eq(slice_uint(slice_digits(v[i], room),
					    UINT64_MAX, &again), 0);
		ck_assert_uint_eq(again, v[i]);
	}
}
END_TEST

Suite *suite_slice(void);

Suite *
suite_slice(void)
{
	Suite *s = suite_create("slice");
	TCase *t = tcase_create("slice");

	tcase_add_test(t, comparing);
	tcase_add_test(t, searching);
	tcase_add_test(t, cutting_parts);
	tcase_add_test(t, cutting_between_words);
	tcase_add_test(t, walking_a_list);
	tcase_add_test(t, reading_numbers);
	tcase_add_test(t, knowing_utf8);
	tcase_add_test(t, digits_read_as_the_number);
	suite_add_tcase(s, t);
	return s;
}
