/* Time: RFC 3339 to the microsecond, both ways. */
#include <dvr/base/attr.h>
#include <dvr/base/clock.h>

#include <check.h>
#include <string.h>

static const struct {
	int64_t us;
	const char *text;
} known[] = {
	{ 0, "1970-01-01T00:00:00.000000Z" },
	{ -1, "1969-12-31T23:59:59.999999Z" },
	{ 951782400000000, "2000-02-29T00:00:00.000000Z" },
	{ 1795348800123456, "2026-11-22T12:00:00.123456Z" },
	{ 4107542399999999, "2100-02-28T23:59:59.999999Z" },
	{ 4107542400000000, "2100-03-01T00:00:00.000000Z" },
	{ 253402300799999999, "9999-12-31T23:59:59.999999Z" },
	{ -62167219200000000, "0000-01-01T00:00:00.000000Z" },
};

/* Known moments print and read back. */
START_TEST(known_moments)
{
	char out[CLOCK_RFC3339_MAX];
	int64_t us;

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		clock_rfc3339(known[i].us, out);
		ck_assert_str_eq(out, known[i].text);
		ck_assert_int_eq(clock_parse_rfc3339(out, strlen(out), &us),
				 0);
		ck_assert_int_eq(us, known[i].us);
	}
}
END_TEST

/* Every day of four centuries comes back as itself. */
START_TEST(every_day_comes_back)
{
	char out[CLOCK_RFC3339_MAX];
	int64_t us;

	for (int64_t day = -80000; day < 80000; day++) {
		clock_rfc3339(day * 86400 * US_PER_S + 1, out);
		/* Not ck_assert: it costs more than what it checks here. */
		if (clock_parse_rfc3339(out, strlen(out), &us) != 0 ||
		    us != day * 86400 * US_PER_S + 1)
			ck_abort_msg("%s", out);
	}
}
END_TEST

/* Other forms and days that do not exist are refused. */
START_TEST(other_forms_are_refused)
{
	static const char *const bad[] = {
		"", "2026-11-22T12:00:00Z", "2026-11-22 12:00:00.000000Z",
		"2026-11-22T12:00:00.000000+", "2026-02-29T00:00:00.000000Z",
		"2026-00-10T00:00:00.000000Z", "2026-13-10T00:00:00.000000Z",
		"2026-11-00T00:00:00.000000Z", "2026-04-31T00:00:00.000000Z",
		"2026-11-22T24:00:00.000000Z", "2026-11-22T12:60:00.000000Z",
		"2026-11-22T12:00:60.000000Z", "2026-11-22T12:00:00.00000xZ",
		"2026-11-22T12:00:00.000000Zx",
	};
	int64_t us = 42;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(clock_parse_rfc3339(bad[i], strlen(bad[i]),
						  &us) == -1, "%s", bad[i]);
	ck_assert_int_eq(us, 42);
}
END_TEST

/* Extremes do not overflow, they are clamped. */
START_TEST(extremes_are_clamped)
{
	char out[CLOCK_RFC3339_MAX];

	clock_rfc3339(INT64_MAX, out);
	ck_assert_str_eq(out, "9999-12-31T23:59:59.999999Z");
	clock_rfc3339(INT64_MIN, out);
	ck_assert_str_eq(out, "0000-01-01T00:00:00.000000Z");
}
END_TEST

/* The system's clock moves on, and its random bytes differ. */
START_TEST(the_system_clock_works)
{
	uint64_t a = clock_mono_ns(&clock_system);
	char r1[32] = "", r2[32] = "";

	while (clock_mono_ns(&clock_system) == a)
		;
	ck_assert_uint_gt(clock_mono_ns(&clock_system), a);
	ck_assert_int_gt(clock_wall_us(&clock_system), 1600000000 * US_PER_S);
	clock_system.random(&clock_system, r1, sizeof(r1));
	clock_system.random(&clock_system, r2, sizeof(r2));
	ck_assert_int_ne(memcmp(r1, r2, sizeof(r1)), 0);
}
END_TEST

Suite *suite_clock(void);

Suite *
suite_clock(void)
{
	Suite *s = suite_create("clock");
	TCase *t = tcase_create("clock");

	tcase_add_test(t, known_moments);
	tcase_add_test(t, every_day_comes_back);
	tcase_add_test(t, other_forms_are_refused);
	tcase_add_test(t, extremes_are_clamped);
	tcase_add_test(t, the_system_clock_works);
	suite_add_tcase(s, t);
	return s;
}
