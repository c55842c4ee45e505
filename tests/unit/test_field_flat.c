/* Walkers for form, query, cookie and multipart, and percent coding. */
#include <dvr/field/field.h>

#include <check.h>

Suite *suite_field_flat(void);

static int
note(void *arg, const struct field *f)
{
	struct buf *b = arg;

	buf_fmt(b, "%.*s %.*s=%.*s%s\n", SLICE_ARG(f->place),
		SLICE_ARG(f->span), SLICE_ARG(f->value),
		f->kind == FIELD_BYTES ? " bytes" : "");
	return 0;
}

static enum field_result
assert_walk(const char *format, struct slice text, const char *want)
{
	struct arena *a = arena_create();
	enum field_result result;
	struct buf b;

	buf_init(&b, 1 * MiB);
	result = field_format_named(format)->walk(a, text, note, &b);
	ck_assert_str_eq(buf_cstr(&b), want);
	buf_release(&b);
	arena_destroy(a);
	return result;
}

/* Names and values decode, spans do not; the nth of a name has its number. */
START_TEST(form_fields_have_places)
{
	assert_walk("form", SLICE("a=1+2&b%2Fc=%e2%82%ac&a=3&flag&&=x&a="),
		    "/a 1+2=1 2\n/b~1c %e2%82%ac=\xe2\x82\xac\n/a/1 3=3\n"
		    "/flag =\n/ x=x\n/a/2 =\n");
	assert_walk("form", SLICE(""), "");
}
END_TEST

/* A hundred thousand equal names take no longer than as many others. */
START_TEST(many_equal_names_stay_linear)
{
	struct arena *a = arena_create();
	struct buf text, seen;
	size_t i;

	buf_init(&text, 4 * MiB);
	buf_init(&seen, 16 * MiB);
	for (i = 0; i < 100000; i++)
		buf_adds(&text, "a=1&");
	ck_assert_int_eq(field_format_named("query")->walk(a,
			 buf_slice(&text), note, &seen), FIELD_OK);
	ck_assert(slice_ends(buf_slice(&seen), SLICE("/a/99999 1=1\n")));
	buf_release(&text);
	buf_release(&seen);
	arena_destroy(a);
}
END_TEST

/* Cookies are not percent-coded; quotes stand outside of the span. */
START_TEST(cookies_are_kept_as_sent)
{
	assert_walk("cookie", SLICE("sid=s%3Ax; q=\"a b\" ; n=a=b;e="),
		    "/sid s%3Ax=s%3Ax\n/q a b=a b\n/n a=b=a=b\n/e =\n");
}
END_TEST

#define PART(name, value) \
	"--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" \
	value "\r\n"

/* One field a part; files are bytes. */
START_TEST(multipart_parts_are_fields)
{
	ck_assert_int_eq(assert_walk("multipart", SLICE(PART("a", "1")
		"--B\r\nContent-Disposition: form-data; filename=\"f\"; "
		"name=\"up\"\r\nContent-Type: text/plain\r\n\r\nxy\r\n"
		PART("b", "") "--B--\r\n"),
		"/a 1=1\n/up xy=xy bytes\n/b =\n"), FIELD_OK);
}
END_TEST

#define DISPOSED(how) "--B\r\n" how "\r\n\r\n1\r\n--B--\r\n"

/* The name is the parameter, however its head is written. */
START_TEST(multipart_names_are_read_by_their_grammar)
{
	static const struct { const char *head, *want; } v[] = {
		{ DISPOSED("content-disposition:form-data;name=a"),
		  "/a 1=1\n" },
		{ DISPOSED("Content-Disposition: form-data; "
				 "name=\"a\\\"; name=b\""),
		  "/a\"; name=b 1=1\n" },
		{ DISPOSED("Content-Disposition: form-data; "
				 "filename=\"; name=x\"; name=\"a;b\""),
		  "/a;b 1=1 bytes\n" },
		{ DISPOSED("X: y\r\nContent-Disposition: form-data;\r\n"
				 "\tname = \"a\"; filename*=UTF-8''n%20m"),
		  "/a 1=1 bytes\n" },
		{ DISPOSED("X-Content-Disposition: a; name=\"x\""),
		  "/0 1=1\n" },
		{ DISPOSED("Content-Disposition: form-data; name=\"x"),
		  "/\"x 1=1\n" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		ck_assert_int_eq(assert_walk("multipart",
					     slice_str(v[i].head),
					     v[i].want), FIELD_OK);
}
END_TEST

/* Cut short, the parts that are there are told all the same. */
START_TEST(multipart_cut_short_is_broken_but_told)
{
	ck_assert_int_eq(assert_walk("multipart", SLICE(PART("a", "1")
		"--B\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\nhal"),
		"/a 1=1\n/b hal=hal\n"), FIELD_BROKEN);
	ck_assert_int_eq(assert_walk("multipart", SLICE(PART("a", "1")
		"--B\r\nContent-Dispo"), "/a 1=1\n"), FIELD_BROKEN);
	ck_assert_int_eq(assert_walk("multipart", SLICE("no boundary"), ""),
			 FIELD_BROKEN);
	ck_assert_int_eq(assert_walk("multipart", SLICE(""), ""),
			 FIELD_BROKEN);
}
END_TEST

static void
assert_coding(struct slice plain, bool form, const char *want)
{
	struct buf coded, back;

	buf_init(&coded, KiB);
	buf_init(&back, KiB);
	percent_encode(plain, form, &coded);
	ck_assert_str_eq(buf_cstr(&coded), want);
	percent_decode(buf_slice(&coded), form, &back);
	ck_assert(slice_eq(buf_slice(&back), plain));
	buf_release(&coded);
	buf_release(&back);
}

/* What is encoded decodes to the same bytes, NUL and all. */
START_TEST(percent_coding_is_undone)
{
	assert_coding(SLICE("a b~*/\xff"), false, "a%20b~%2A%2F%FF");
	assert_coding(SLICE("a b~*+"), true, "a+b%7E*%2B");
	assert_coding(slice_of("\0%", 2), false, "%00%25");
}
END_TEST

/* Servers differ on malformed escapes; we change nothing. */
START_TEST(malformed_escapes_stay)
{
	struct buf b;

	buf_init(&b, KiB);
	percent_decode(SLICE("%zz%4%41%"), false, &b);
	ck_assert_str_eq(buf_cstr(&b), "%zz%4A%");
	buf_release(&b);
}
END_TEST

Suite *
suite_field_flat(void)
{
	Suite *s = suite_create("field_flat");
	TCase *tc = tcase_create("flat");

	tcase_add_test(tc, form_fields_have_places);
	tcase_add_test(tc, many_equal_names_stay_linear);
	tcase_add_test(tc, cookies_are_kept_as_sent);
	tcase_add_test(tc, multipart_parts_are_fields);
	tcase_add_test(tc, multipart_names_are_read_by_their_grammar);
	tcase_add_test(tc, multipart_cut_short_is_broken_but_told);
	tcase_add_test(tc, percent_coding_is_undone);
	tcase_add_test(tc, malformed_escapes_stay);
	suite_add_tcase(s, tc);
	return s;
}
