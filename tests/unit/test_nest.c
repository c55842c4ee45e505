/* Documents within values; streams of documents; tokens. */
#include "field_trace.h"

#include <dvr/base/hash.h>

#include <check.h>

Suite *suite_nest(void);

START_TEST(places_go_on_within_strings)
{
	struct buf body;

	buf_init(&body, 4096);
	buf_adds(&body, "{\"a\": \"{\\\"b\\\":[1]}\", \"c\": \"");
	base64_encode(SLICE("<x y=\"{&quot;z&quot;:2}\"/>"), &body);
	buf_adds(&body, "\", \"d\": \"{no}\"}");
	assert_trace(nest_walk, field_format_named("json"), buf_slice(&body),
		     " { \n/a { \n/a/b [ \n/a/b/0 n 1\n/c { \n"
		     "/c/x/@y { \n/c/x/@y/z n 2\n/c/x s \n/d s {no}\n");
	buf_release(&body);
}
END_TEST

START_TEST(tokens_have_claims)
{
	struct buf body;

	buf_init(&body, 4096);
	buf_adds(&body, "t=");
	base64url_encode(SLICE("{\"alg\":\"none\"}"), &body);
	buf_addc(&body, '.');
	base64url_encode(SLICE("{\"sub\":\"u-1\"}"), &body);
	buf_adds(&body, ".AQ");
	assert_trace(nest_walk, field_format_named("form"), buf_slice(&body),
		     "/t { \n/t/header { \n/t/header/alg s none\n"
		     "/t/claims { \n/t/claims/sub s u-1\n"
		     "/t/signature y \x01\n");
	buf_release(&body);
}
END_TEST

START_TEST(streams_are_walked_by_document)
{
	assert_trace(field_walk, field_format_for(
			SLICE("application/x-ndjson")),
		     SLICE("{\"id\":1}\r\n\n{\"id\":2}\n"),
		     "/0 { \n/0/id n 1\n/1 { \n/1/id n 2\n");
	assert_trace(nest_walk, field_format_for(
			SLICE("text/event-stream; charset=utf-8")),
		     SLICE(": hi\n\nid: 7\ndata: {\"x\":true}\n\n"
			   "data: a\r\ndata:b\r\n\r\nretry"),
		     "/0/id s 7\n/0/data { \n/0/data/x b true\n"
		     "/1/data s a\n/1/data/1 s b\n/2/retry s \n");
}
END_TEST

/* What it decodes it writes the same way again, or leaves alone. */
START_TEST(codings_are_told_apart)
{
	static const struct { const char *value; int coding; } rows[] = {
		{ "eyJwYXNzd29yZCI6ICJ4In0=", NEST_BASE64 },
		{ "eyJwYXNzd29yZCI6ICJ4In0", NEST_BASE64URL },
		{ "Pz8/Pz8/Pz8/Pz8/Pz8/Pw", NEST_BASE64_BARE },
		{ "Pz8_Pz8_Pz8_Pz8_Pz8_Pw==", NEST_BASE64URL_PADDED },
		{ "a%3Db%26c", NEST_PERCENT },
		{ "{\"a\":1}", NEST_PLAIN },
		{ "production-database", -1 },
		{ "internationalisation", -1 },
		{ "4bf92f3577b34da6a3ce929d0e0e4736", -1 },
		{ "d41d8cd98f00b204e9800998ecf8427e12345678", -1 },
		{ "100%", -1 }, { "%ff%fe", -1 }, { "", -1 }, { "short", -1 },
	};
	struct arena *a = arena_create();
	struct nest n;
	struct buf b;
	size_t i;

	buf_init(&b, 4096);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice v = slice_str(rows[i].value);
		bool any = nest_find(a, v, &n);

		ck_assert_msg((any ? (int)n.coding : -1) == rows[i].coding,
			      "%s: %d", rows[i].value, any ? (int)n.coding : -1);
		buf_clear(&b);
		if (any)
			nest_wrap(n.coding, n.text, &b);
		if (any && n.coding != NEST_PERCENT)
			ck_assert(slice_eq(buf_slice(&b), v));
	}
	buf_release(&b);
	arena_destroy(a);
}
END_TEST

Suite *
suite_nest(void)
{
	Suite *s = suite_create("nest");
	TCase *t = tcase_create("nest");

	tcase_add_test(t, places_go_on_within_strings);
	tcase_add_test(t, tokens_have_claims);
	tcase_add_test(t, streams_are_walked_by_document);
	tcase_add_test(t, codings_are_told_apart);
	suite_add_tcase(s, t);
	return s;
}
