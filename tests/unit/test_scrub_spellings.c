/* Secrets in spellings that logs, pages, errors and URLs have for them. */
#include "scrub_rig.h"

#include <dvr/base/attr.h>

#include <check.h>
#include <string.h>

Suite *suite_scrub_spellings(void);

#define JSON "application/json"
#define TEXT "text/plain"
#define HTML "text/html"

/* A body of an answer; @ stands for the secret. */
static const struct spelling {
	const char *type, *text;
} bodies[] = {
	{ "multipart/form-data; boundary=B", "--B\r\nContent-Disposition: "
	  "form-data; name=\"f\"\r\nX-Auth-Token: @\r\n\r\nx\r\n--B--\r\n" },
	{ "multipart/form-data; boundary=B", "--B\r\nContent-Disposition: "
	  "form-data; name=\"f\"\r\n\r\nx\r\n--B--\r\npassword=@\r\n" },
	{ "multipart/form-data; boundary=B", "--B\r\nContent-Disposition: "
	  "form-data; name=\"password\"; filename=\"p\"\r\n\r\n@\r\n"
	  "--B--\r\n" },
	{ JSON, "{\"dbpassword\":\"@\"}" }, { JSON, "{\"apisecret\":\"@\"}" },
	{ JSON, "{\"sessiontoken\":\"@\"}" },
	{ JSON, "{\"SECRET_KEY_BASE\":\"@\"}" },
	{ JSON, "{\"password_digest\":\"@\"}" },
	{ JSON, "{\"motDePasse\":\"@\"}" }, { JSON, "{\"passwort\":\"@\"}" },
	{ JSON, "{\"contrase\xc3\xb1" "a\":\"@\"}" },
	{ JSON, "{\"backupCodes\":[\"@\"]}" },
	{ JSON, "[{\"field\":\"password\",\"value\":\"@\"}]" },
	{ TEXT, "GET / HTTP/1.1\r\nCookie: a=1; sess=@; b=2\r\n" },
	{ TEXT, "< Set-Cookie: sid=@; Path=/\r\n" },
	{ JSON, "{\"req\":\"GET / HTTP/1.1\\r\\nCookie: sess=@\\r\\n\"}" },
	{ JSON, "{\"headers\":{\"Cookie\":\"a=1; sess=@\"}}" },
	{ JSON, "{\"cookies\":{\"sess\":\"@\"}}" },
	{ JSON, "{\"headers\":[{\"name\":\"Cookie\",\"value\":\"s=@\"}]}" },
	{ JSON, "{\"cmd\":\"curl -H 'X-Api-Key: @' http://h\"}" },
	{ JSON, "{\"message\":\"Invalid password: @ for bob\"}" },
	{ TEXT, "Authorization: ApiKey @\r\nHost: h" },
	{ TEXT, "password := \"@\"" },
	{ TEXT, "{:user=>\"bob\", :password=>\"@\"}" },
	{ TEXT, "Array ( [password] => @ )" },
	{ TEXT, "assert password == '@'" },
	{ TEXT, "{'password': b'@'}" },
	{ TEXT, "login(password: \"\"\"@\"\"\")" },
	{ TEXT, "cannot reach postgres://app:x1%@%db:5432/x" },
	{ TEXT, "cannot reach redis://:x1/@%cache:6379/0" },
	{ TEXT, "cannot reach amqp://app:x1#@%mq:5672/v" },
	{ TEXT, "{\n  \"password\":\n    \"@\"\n}" },
	{ TEXT, "token=\033[1;31m@\033[0m" },
	{ HTML, "<input type=\"hidden\" name=\"csrf_token\" value=\"@\">" },
	{ HTML, "<input value='@' name='authenticity_token' />" },
	{ HTML, "<INPUT TYPE=password NAME=password VALUE=@>" },
	{ HTML, "<p title='it\"s <b'><meta name=\"csrf-token\" "
	  "content=\"@\">" },
	{ HTML, "<textarea name=\"private_key\">@</textarea>" },
	{ HTML, "<tr><th>DB_PASSWORD</th>\n<td class=\"v\">@</td></tr>" },
	{ JSON, "{\"html\":\"<input name='csrf_token' value='@'>\"}" },
	{ JSON, "{\"html\":\"<input name=\\\"csrf\\\" value=\\\"@\\\">\"}" },
	{ "text/xml", "<a><add key=\"ApiKey\" value=\"@\"/></a>" },
	{ "text/xml", "<a><property name=\"password\">@</property></a>" },
	{ "text/xml", "<dict><key>password</key><string>@</string></dict>" },
	{ "text/xml", "<m><name>password</name><value><string>@</string>"
	  "</value></m>" },
	{ TEXT, "<x:Password Type=\"t\">@" },
	{ "application/javascript", "const password = `@`;" },
};

/* A header field of an answer. */
static const char *const fields[] = {
	"Location: https://h.example/cb#access_token=@&x=1",
	"Location: https://h.example/cb?a=1#state=b&id_token=@",
	"Location: https://h.example/cb;jsessionid=@?x=1",
	"Sec-WebSocket-Protocol: bearer, @",
	"Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.@",
	"X-Acme-HMAC-SHA256: @",
	"Authentication: @",
	"Set-Cookie: @; Path=/; HttpOnly",
	"Set-Cookie: user_lang=@; Path=/",
};

/* % in a text of these stands for an '@'. */
static char *
filled(struct rig *r, const char *text, struct slice secret)
{
	const char *at = strchr(text, '@');
	char *p, *done = rig_fmt(r, "%.*s%.*s%s", (int)(at - text), text,
				 SLICE_ARG(secret), at + 1);

	for (p = done; *p; p++)
		*p = *p == '%' ? '@' : *p;
	return done;
}

/* What has such a name and is no secret. */
static const struct spelling honest[] = {
	{ JSON, "{\"detail\":\"password: must be longer than that\"}" },
	{ JSON, "{\"arn\":\"arn:aws:secretsmanager:eu-1:1:secret:prod/db\"}" },
	{ JSON, "{\"at\":\"2026-01-01T10:00:00Z\",\"u\":\"https://h/x\"}" },
	{ HTML, "<label>Password</label><p>Must have 8 letters</p>" },
	{ HTML, "<button name=\"token\" value=\"Get Token\">x<br>" },
	{ HTML, "<meta name=\"csrf-param\" content=\"token_0123456789\">" },
	{ TEXT, "GET http://h.test:8080/@scope/pkg@1.2.0 done" },
	{ TEXT, "s3://bucket/a:b/c and ws://h:80/x:y/@z" },
	{ TEXT, "Cookie: theme=dark; user-lang=en-GB\r\n" },
	{ JSON, "{\"cookie\":\"chocolate\",\"cookies\":{\"theme\":\"dark\"}}" },
};

START_TEST(a_body_hides_it)
{
	const struct spelling *row = &bodies[_i];
	struct err e = { 0 };
	struct slice secret;
	struct rig r;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, row->text, 22);
	rig_request(&r, "GET /x HTTP/1.1\n", SLICE(""));
	rig_answer(&r, &r.x[0], rig_fmt(&r, "HTTP/1.1 200 OK\n"
		   "Content-Type: %s\n", row->type),
		   slice_str(filled(&r, row->text, secret)));
	rig_scrub(&r);
	rig_assert_gone(&r, row->text, secret);
	/* nor does the last look find what is left of it */
	ck_assert_int_eq(scrub_check(r.scrub, &r.tape, &e), 0);
	ck_assert_uint_eq(r.tape.exchanges[0].response.withheld.n, 0);
	rig_release(&r);
}
END_TEST

START_TEST(a_field_hides_it)
{
	struct slice secret;
	struct rig r;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, fields[_i], 22);
	rig_request(&r, "GET /x HTTP/1.1\n", SLICE(""));
	rig_answer(&r, &r.x[0], rig_fmt(&r, "HTTP/1.1 302 Found\n%s\n",
		   filled(&r, fields[_i], secret)), SLICE(""));
	rig_scrub(&r);
	rig_assert_gone(&r, fields[_i], secret);
	rig_release(&r);
}
END_TEST

START_TEST(a_request_hides_it)
{
	static const char *const heads[] = {
		"GET /a;jsessionid=@/b?x=1 HTTP/1.1\n",
		"GET /a HTTP/1.1\nCookie: @\n",
		"GET /a HTTP/1.1\nCookie: a=1; @; b=2\n",
		"GET /a HTTP/1.1\nX-Original-Cookie: sess=@\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		struct slice secret;
		struct rig r;

		rig_init(&r, NULL, 0);
		secret = rig_secret(&r, heads[i], 22);
		rig_request(&r, filled(&r, heads[i], secret), SLICE(""));
		rig_answer(&r, &r.x[0], rig_fmt(&r, "HTTP/1.1 200 "
			   "password=%.*s is wrong\n", SLICE_ARG(secret)),
			   SLICE(""));
		rig_scrub(&r);
		rig_assert_gone(&r, heads[i], secret);
		rig_release(&r);
	}
}
END_TEST

/* A terminal's colours in the midst of what is found by its letters. */
START_TEST(a_coloured_log_hides_it)
{
	struct slice secret;
	struct rig r;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, "colours", 36);
	rig_request(&r, "GET /a HTTP/1.1\n", SLICE(""));
	r.rec.raw.log_tail = slice_str(rig_fmt(&r, "use gh" "p_%.*s\033[31m%.*s"
		"\033[0m\n\033]0;title\007done\033[", 20, secret.p, 16,
		secret.p + 20));
	rig_scrub(&r);
	rig_assert_gone(&r, "its first half", slice_range(secret, 0, 20));
	rig_assert_gone(&r, "its second half", slice_from(secret, 20));
	ck_assert(slice_starts(r.tape.log_tail, SLICE("use ")));
	ck_assert(slice_ends(r.tape.log_tail, SLICE("\ndone")));
	rig_release(&r);
}
END_TEST

/* Plain text under the name of a coding, and behind the end of one. */
START_TEST(a_broken_coding_hides_it)
{
	struct slice secret, gzip;
	struct rig r;
	size_t i;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, "coding", 22);
	gzip = rig_gzip(&r, SLICE("{\"a\":1}"));
	for (i = 0; i < 2; i++)
		rig_request(&r, "POST /a HTTP/1.1\nContent-Encoding: gzip\n"
			    "Content-Type: " JSON "\n", slice_str(rig_fmt(&r,
			    "{\"password\":\"%.*s\"}", SLICE_ARG(secret))));
	r.x[1].request.body = slice_of(arena_alloc(r.arena, gzip.n + 64),
				       gzip.n + 9 + secret.n);
	memcpy((char *)(uintptr_t)r.x[1].request.body.p, gzip.p, gzip.n);
	memcpy((char *)(uintptr_t)r.x[1].request.body.p + gzip.n, "password=",
	       9);
	memcpy((char *)(uintptr_t)r.x[1].request.body.p + gzip.n + 9, secret.p,
	       secret.n);
	rig_scrub(&r);
	rig_assert_gone(&r, "coding", secret);
	for (i = 0; i < 2; i++)
		ck_assert(r.tape.exchanges[i].request.withheld.n > 0);
	rig_release(&r);
}
END_TEST

START_TEST(the_reason_hides_it)
{
	struct slice secret;
	struct rig r;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, "reason", 22);
	rig_request(&r, "GET /a HTTP/1.1\n", SLICE(""));
	rig_answer(&r, &r.x[0], rig_fmt(&r, "HTTP/1.1 400 bad password=%.*s\n",
		   SLICE_ARG(secret)), SLICE(""));
	rig_scrub(&r);
	rig_assert_gone(&r, "reason", secret);
	rig_release(&r);
}
END_TEST

START_TEST(utf16_is_told_without_a_mark)
{
	static const char text[] = "{\"password\":\"";
	char wide[2 * (sizeof(text) - 1 + 24)] = "";
	struct slice secret;
	struct rig r;
	size_t i, n = sizeof(text) - 1;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, "wide", 22);
	for (i = 0; i < n; i++)
		wide[2 * i] = text[i];
	for (i = 0; i < secret.n; i++)
		wide[2 * (n + i)] = secret.p[i];
	rig_request(&r, "POST /a HTTP/1.1\nContent-Type: " JSON "\n",
		    slice_of(wide, 2 * (n + secret.n)));
	rig_scrub(&r);
	ck_assert(r.tape.exchanges[0].request.withheld.n > 0);
	rig_release(&r);
}
END_TEST

START_TEST(honest_text_stays)
{
	const struct spelling *row = &honest[_i];
	struct rig r;

	rig_init(&r, NULL, 0);
	rig_request(&r, "GET /x HTTP/1.1\n", SLICE(""));
	rig_answer(&r, &r.x[0], rig_fmt(&r, "HTTP/1.1 200 OK\n"
		   "Content-Type: %s\n", row->type), slice_str(row->text));
	rig_scrub(&r);
	ck_assert_msg(slice_eq(r.tape.exchanges[0].response.body,
			       slice_str(row->text)), "%s", row->text);
	rig_release(&r);
}
END_TEST

Suite *
suite_scrub_spellings(void)
{
	Suite *s = suite_create("scrub_spellings");
	TCase *tc = tcase_create("spellings");

	tcase_add_loop_test(tc, a_body_hides_it, 0, ARRAY_LEN(bodies));
	tcase_add_loop_test(tc, a_field_hides_it, 0, ARRAY_LEN(fields));
	tcase_add_test(tc, a_request_hides_it);
	tcase_add_test(tc, a_coloured_log_hides_it);
	tcase_add_test(tc, a_broken_coding_hides_it);
	tcase_add_test(tc, the_reason_hides_it);
	tcase_add_test(tc, utf16_is_told_without_a_mark);
	tcase_add_loop_test(tc, honest_text_stays, 0, ARRAY_LEN(honest));
	suite_add_tcase(s, tc);
	return s;
}
