/* The buffer: limit, sticky error, string form. */
#include <dvr/base/buf.h>

#include <check.h>
#include <string.h>

/* Appending by every way gives one string. */
START_TEST(appends_add_up)
{
	struct buf b;

	buf_init(&b, 1 * KiB);
	ck_assert_str_eq(buf_cstr(&b), "");
	buf_add(&b, SLICE("a"));
	buf_addc(&b, 'b');
	buf_adds(&b, "cd");
	buf_fmt(&b, "%d-%s", 5, "e");
	memcpy(buf_room(&b, 3), "xyz", 3);
	buf_grew(&b, 2);
	ck_assert_str_eq(buf_cstr(&b), "abcd5-exy");
	ck_assert_uint_eq(b.n, 9);
	ck_assert(!b.full);
	buf_release(&b);
}
END_TEST

/* What would pass the limit is refused whole, and everything after it, until
 * it is cleared. */
START_TEST(a_full_buffer_stays_full)
{
	struct buf b;

	buf_init(&b, 4);
	buf_adds(&b, "1234");
	ck_assert(!b.full);
	buf_addc(&b, '5');
	ck_assert(b.full);
	buf_clear(&b);
	buf_adds(&b, "123");
	buf_fmt(&b, "%s", "45");
	ck_assert(b.full);
	buf_addc(&b, '4');
	ck_assert_str_eq(buf_cstr(&b), "123");
	ck_assert_ptr_null(buf_room(&b, 1));
	buf_clear(&b);
	ck_assert(!b.full);
	ck_assert_str_eq(buf_cstr(&b), "");
	ck_assert_ptr_nonnull(buf_room(&b, 4));
	buf_release(&b);
}
END_TEST

/* A request of nearly SIZE_MAX bytes is refused, not wrapped around. */
START_TEST(a_huge_request_is_refused)
{
	struct buf b;

	buf_init(&b, 1 * MiB);
	buf_adds(&b, "x");
	ck_assert_ptr_null(buf_room(&b, SIZE_MAX));
	ck_assert(b.full);
	buf_release(&b);
}
END_TEST

/* Growing keeps the content; dropping takes it from the front. */
START_TEST(growing_and_dropping)
{
	struct buf b;

	buf_init(&b, 1 * MiB);
	for (unsigned i = 0; i < 100000; i++)
		buf_addc(&b, (char)('a' + i % 26));
	ck_assert_uint_eq(b.n, 100000);
	for (unsigned i = 0; i < 100000; i++)
		if (b.p[i] != (char)('a' + i % 26))
			ck_abort_msg("byte %u", i);
	buf_drop(&b, 99998);
	ck_assert_uint_eq(b.n, 2);
	ck_assert_int_eq(buf_cstr(&b)[0], 'a' + 99998 % 26);
	buf_drop(&b, 50);
	ck_assert_uint_eq(b.n, 0);
	buf_release(&b);
	buf_drop(&b, 1);
}
END_TEST

Suite *suite_buf(void);

Suite *
suite_buf(void)
{
	Suite *s = suite_create("buf");
	TCase *t = tcase_create("buf");

	tcase_add_test(t, appends_add_up);
	tcase_add_test(t, a_full_buffer_stays_full);
	tcase_add_test(t, a_huge_request_is_refused);
	tcase_add_test(t, growing_and_dropping);
	suite_add_tcase(s, t);
	return s;
}
