/* The JSON walker: places, spans, lexemes, and what it refuses. */
#include <dvr/field/field.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_field_json(void);

/* One line a field: "place kind span=value". */
static int
note(void *arg, const struct field *f)
{
	static const char *const kinds[] = { "string", "number", "bool",
		"null", "array", "object", "bytes" };
	bool scalar = f->kind != FIELD_ARRAY && f->kind != FIELD_OBJECT;
	struct buf *b = arg;

	buf_fmt(b, "%.*s %s %.*s=%.*s\n", SLICE_ARG(f->place), kinds[f->kind],
		SLICE_ARG(f->span), scalar ? (int)f->value.n : 0,
		f->value.p);
	return 0;
}

static void
assert_fields(const char *json, const char *want)
{
	struct arena *a = arena_create();
	struct buf b;

	buf_init(&b, 1 * MiB);
	ck_assert_int_eq(field_format_named("json")->walk(a, slice_str(json),
			 note, &b), FIELD_OK);
	ck_assert_str_eq(buf_cstr(&b), want);
	buf_release(&b);
	arena_destroy(a);
}

static void
assert_broken(struct slice json)
{
	struct arena *a = arena_create();
	struct buf b;

	buf_init(&b, 64 * MiB);
	ck_assert_msg(field_format_named("json")->walk(a, json, note, &b) ==
		      FIELD_BROKEN, "taken: %.*s", SLICE_ARG(slice_range(json,
		      0, 80)));
	ck_assert_uint_eq(b.n, 0);
	buf_release(&b);
	arena_destroy(a);
}

/* Containers come before their content and span all of it. */
START_TEST(tells_containers_first_and_whole)
{
	assert_fields("{\"a\":{\"b\":[1,{}]}}",
		      " object {\"a\":{\"b\":[1,{}]}}=\n"
		      "/a object {\"b\":[1,{}]}=\n"
		      "/a/b array [1,{}]=\n"
		      "/a/b/0 number 1=1\n"
		      "/a/b/1 object {}=\n");
}
END_TEST

/* 1.10 is not 1.1, and 1e400 is not infinity. */
START_TEST(keeps_the_lexeme_of_numbers)
{
	assert_fields("[1.10,-0,1e400,12345678901234567890]",
		      " array [1.10,-0,1e400,12345678901234567890]=\n"
		      "/0 number 1.10=1.10\n/1 number -0=-0\n"
		      "/2 number 1e400=1e400\n"
		      "/3 number 12345678901234567890=12345678901234567890\n");
}
END_TEST

/* The span keeps escapes, the value has them undone, surrogates joined. */
START_TEST(decodes_escapes_into_the_value_alone)
{
	assert_fields("\"a\\n\\u00e9\\ud83d\\ude00\\/\"",
		      " string a\\n\\u00e9\\ud83d\\ude00\\/="
		      "a\n\xc3\xa9\xf0\x9f\x98\x80/\n");
}
END_TEST

/* RFC 6901: '~' and '/' in a name are ~0 and ~1; an escaped name decodes. */
START_TEST(escapes_names_in_pointers)
{
	assert_fields("{\"a/b~c\":true,\"\\u0064\":null}",
		      " object {\"a/b~c\":true,\"\\u0064\":null}=\n"
		      "/a~1b~0c bool true=true\n/d null null=null\n");
}
END_TEST

/* What was scrubbed in a number's place is still a document. */
START_TEST(reads_a_handle_as_a_number)
{
	assert_fields("{\"pin\":\xe2\x9f\xa6" "dvr:pin-digits:4:"
		      "0123456789abcdef\xe2\x9f\xa7}",
		      " object {\"pin\":\xe2\x9f\xa6" "dvr:pin-digits:4:"
		      "0123456789abcdef\xe2\x9f\xa7}=\n"
		      "/pin number \xe2\x9f\xa6" "dvr:pin-digits:4:"
		      "0123456789abcdef\xe2\x9f\xa7=\xe2\x9f\xa6"
		      "dvr:pin-digits:4:0123456789abcdef\xe2\x9f\xa7\n");
}
END_TEST

/* RFC 8259 and nothing beyond it; nothing is told of a broken document. */
START_TEST(refuses_what_is_no_json)
{
	static const char *const bad[] = { "", " ", "{", "[1,]", "{\"a\":1,}",
		"{\"a\" 1}", "01", "1.", "-", "+1", "tru", "nul", "'a'",
		"\"a", "\"\\x\"", "\"\\u12g4\"", "\"a\nb\"", "1 2", "[1}",
		"{\"a\":1]", "{1:2}", "[,1]", ("\xe2\x9f\xa6" "dvr:x"), "[1 2]" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_broken(slice_str(bad[i]));
}
END_TEST

/* Every cut of a document is broken, never crashed on. */
START_TEST(every_prefix_is_broken)
{
	static const char json[] = "{\"a\":[1.5e3,\"\\u00e9\",{\"b\":null}]}";
	size_t n;

	for (n = 0; n + 1 < strlen(json); n++) {
		char *exact = malloc(n + 1);	/* a red zone behind it */

		memcpy(exact, json, n);
		assert_broken(slice_of(exact, n));
		free(exact);
	}
}
END_TEST

/* FIELD_DEPTH_MAX is fine, one more is opaque; a million crash nothing. */
START_TEST(limits_depth)
{
	size_t depths[] = { FIELD_DEPTH_MAX, FIELD_DEPTH_MAX + 1, 1000000 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(depths); i++) {
		size_t n = depths[i];
		struct arena *a = arena_create();
		char *text = malloc(n * 2);
		struct buf b;

		memset(text, '[', n);
		memset(text + n, ']', n);
		buf_init(&b, 64 * MiB);
		ck_assert_int_eq(field_format_named("json")->walk(a,
				 slice_of(text, n * 2), note, &b),
				 i == 0 ? FIELD_OK : FIELD_BROKEN);
		buf_release(&b);
		arena_destroy(a);
		free(text);
	}
}
END_TEST

/* A long name above many values must not grow with their product. */
START_TEST(limits_the_sum_of_pointers)
{
	size_t key = 100000, items = 100000, i;
	struct buf b;

	buf_init(&b, 4 * MiB);
	buf_adds(&b, "{\"");
	for (i = 0; i < key; i++)
		buf_addc(&b, 'k');
	buf_adds(&b, "\":[0");
	for (i = 1; i < items; i++)
		buf_adds(&b, ",0");
	buf_adds(&b, "]}");
	assert_broken(buf_slice(&b));
	buf_release(&b);
}
END_TEST

static int
stop_at_two(void *arg, const struct field *f)
{
	unsigned *n = arg;

	(void)f;
	return ++*n == 2;
}

/* A callback that has seen enough stops the walk. */
START_TEST(stops_when_told)
{
	struct arena *a = arena_create();
	unsigned n = 0;

	ck_assert_int_eq(field_format_named("json")->walk(a,
			 SLICE("[1,2,3]"), stop_at_two, &n), FIELD_OK);
	ck_assert_uint_eq(n, 2);
	arena_destroy(a);
}
END_TEST

/* What encode() writes reads back as the same value. */
START_TEST(encode_is_undone_by_walk)
{
	struct slice value = SLICE("q\" b\\ /\b\f\n\r\t\x01 \xc3\xa9");
	struct arena *a = arena_create();
	struct buf json, seen, want;

	buf_init(&json, KiB);
	buf_init(&seen, KiB);
	buf_init(&want, KiB);
	buf_addc(&json, '"');
	field_format_named("json")->encode(FIELD_STRING, value, &json);
	buf_addc(&json, '"');
	ck_assert_int_eq(field_format_named("json")->walk(a, buf_slice(&json),
			 note, &seen), FIELD_OK);
	buf_fmt(&want, " string %.*s=",
		SLICE_ARG(slice_range(buf_slice(&json), 1, json.n - 1)));
	buf_add(&want, value);
	buf_addc(&want, '\n');
	ck_assert(slice_eq(buf_slice(&seen), buf_slice(&want)));
	buf_release(&json);
	buf_release(&seen);
	buf_release(&want);
	arena_destroy(a);
}
END_TEST

/* By type, with parameters, in any case; streams of documents have a
 * format of their own. */
START_TEST(finds_the_format_by_type)
{
	static const char *const json[] = { "application/json",
		"Application/JSON; charset=utf-8", "application/problem+json",
		"text/json", "application/x-amz-json-1.0" };
	static const char *const other[] = { "text/plain", "", "json",
		"image/png" };
	static const struct { const char *type, *name; } rows[] = {
		{ "application/x-ndjson", "lines" },
		{ "application/json-seq", "lines" },
		{ "text/event-stream", "events" },
		{ "text/xml; charset=utf-8", "xml" },
		{ "application/soap+xml", "xml" },
		{ "application/x-protobuf", "protobuf" },
		{ "application/grpc", "grpc" },
		{ "application/grpc-web+proto", "grpc" },
		{ "application/jwt", "jwt" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(json); i++)
		ck_assert_ptr_eq(field_format_for(slice_str(json[i])),
				 field_format_named("json"));
	for (i = 0; i < ARRAY_LEN(other); i++)
		ck_assert_ptr_null(field_format_for(slice_str(other[i])));
	for (i = 0; i < ARRAY_LEN(rows); i++)
		ck_assert_ptr_eq(field_format_for(slice_str(rows[i].type)),
				 field_format_named(rows[i].name));
	ck_assert_ptr_eq(field_format_for(SLICE(
		"application/x-www-form-urlencoded;charset=UTF-8")),
		field_format_named("form"));
	ck_assert_ptr_eq(field_format_for(SLICE(
		"multipart/form-data; boundary=x")),
		field_format_named("multipart"));
}
END_TEST

Suite *
suite_field_json(void)
{
	Suite *s = suite_create("field_json");
	TCase *tc = tcase_create("json");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, tells_containers_first_and_whole);
	tcase_add_test(tc, keeps_the_lexeme_of_numbers);
	tcase_add_test(tc, decodes_escapes_into_the_value_alone);
	tcase_add_test(tc, escapes_names_in_pointers);
	tcase_add_test(tc, reads_a_handle_as_a_number);
	tcase_add_test(tc, refuses_what_is_no_json);
	tcase_add_test(tc, every_prefix_is_broken);
	tcase_add_test(tc, limits_depth);
	tcase_add_test(tc, limits_the_sum_of_pointers);
	tcase_add_test(tc, stops_when_told);
	tcase_add_test(tc, encode_is_undone_by_walk);
	tcase_add_test(tc, finds_the_format_by_type);
	suite_add_tcase(s, tc);
	return s;
}
