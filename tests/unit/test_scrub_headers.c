/* Header values that are odd, or hold more than one: nothing is passed by. */
#include "scrub_rig.h"

#include <check.h>
#include <string.h>

Suite *suite_scrub_headers(void);

/* What a malformed string seems to hold is not taken for no secret. */
START_TEST(malformed_credentials_hide_nothing)
{
	static const struct { const char *before, *behind; } rows[] = {
		{ "Digest uri=\"/a\\\", response=\"", "\", nc=1" },
		{ "Digest uri=\"/a, response=\"", "" },
		{ "Digest nc=1, response=\"", "" },
		{ "Digest nc=1,response = \"", "\"" },
		{ "Odd: uri=/a\"b, signature=", ", c=\"d\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice secret;
		struct rig r;

		rig_init(&r, NULL, 0);
		secret = rig_secret(&r, "credential", 20);
		rig_request(&r, rig_fmt(&r, "GET / HTTP/1.1\n"
			"Authorization: %s%.*s%s\n", rows[i].before,
			SLICE_ARG(secret), rows[i].behind), SLICE(""));
		rig_scrub(&r);
		rig_assert_gone(&r, rows[i].before, secret);
		rig_release(&r);
	}
}
END_TEST

/* Not the first alone; what is around them stays. */
START_TEST(each_url_of_a_link_is_read)
{
	struct slice first, second;
	struct rig r;
	const char *text;

	rig_init(&r, NULL, 0);
	first = rig_secret(&r, "first", 16);
	second = rig_secret(&r, "second", 16);
	rig_request(&r, "GET / HTTP/1.1\n", SLICE(""));
	rig_answer(&r, &r.x[0], rig_fmt(&r, "HTTP/1.1 200 OK\n"
		"Link: <http://h/p?password=%.*s,2;x>; rel=\"a, b\", "
		"<http://h/q?page=2&password=%.*s>; rel=next\n",
		SLICE_ARG(first), SLICE_ARG(second)), SLICE(""));
	rig_scrub(&r);
	rig_assert_gone(&r, "the first URL", first);
	rig_assert_gone(&r, "the second URL", second);
	text = rig_text(&r, &r.tape.exchanges[0].response);
	ck_assert_ptr_nonnull(strstr(text, ">; rel=\"a, b\", <http://h/q?"
				     "page=2&password="));
	ck_assert_ptr_nonnull(strstr(text, ">; rel=next\r\n"));
	rig_release(&r);
}
END_TEST

/* Written without its <>, or with one of them: a URL all the same. */
START_TEST(a_malformed_link_hides_nothing)
{
	static const struct { const char *before, *behind; } rows[] = {
		{ "http://h/p?password=", "; rel=next" },
		{ "</a>; rel=next, http://h/p?page=2&password=", "" },
		{ "<http://h/p?password=", "; rel=next" },
		{ "</a>; anchor=http://h/p?password=", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice secret;
		struct rig r;

		rig_init(&r, NULL, 0);
		secret = rig_secret(&r, "link", 16);
		rig_request(&r, "GET / HTTP/1.1\n", SLICE(""));
		rig_answer(&r, &r.x[0], rig_fmt(&r, "HTTP/1.1 200 OK\n"
			"Link: %s%.*s%s\n", rows[i].before,
			SLICE_ARG(secret), rows[i].behind), SLICE(""));
		rig_scrub(&r);
		rig_assert_gone(&r, rows[i].before, secret);
		rig_release(&r);
	}
}
END_TEST

/* A key's id is a handle, too, when the last look comes to the signature. */
START_TEST(a_signed_request_keeps_its_account)
{
	struct slice id, signature;
	struct rig r;
	const char *text;

	rig_init(&r, NULL, 0);
	id = slice_str(rig_fmt(&r, "AK" "IA%s", "ABCDEFGH23456724"));
	signature = rig_secret(&r, "v2", 27);
	rig_request(&r, rig_fmt(&r, "GET / HTTP/1.1\nAuthorization: "
		"AWS %.*s:%.*s=\n", SLICE_ARG(id), SLICE_ARG(signature)),
		SLICE(""));
	rig_scrub(&r);
	rig_assert_gone(&r, "the key's id", id);
	rig_assert_gone(&r, "the signature", signature);
	text = rig_text(&r, &r.tape.exchanges[0].request);
	ck_assert_ptr_nonnull(strstr(text, "Authorization: AWS \xe2\x9f\xa6"));
	rig_release(&r);
}
END_TEST

Suite *
suite_scrub_headers(void)
{
	Suite *s = suite_create("scrub_headers");
	TCase *tc = tcase_create("headers");

	tcase_add_test(tc, malformed_credentials_hide_nothing);
	tcase_add_test(tc, each_url_of_a_link_is_read);
	tcase_add_test(tc, a_malformed_link_hides_nothing);
	tcase_add_test(tc, a_signed_request_keeps_its_account);
	suite_add_tcase(s, tc);
	return s;
}
