/* Canaries: unique secrets sent through every carrier and coding leave no
 * trace on the tape; honest numbers and names stay as they were. */
#include "scrub_rig.h"

#include <dvr/base/hash.h>

#include <check.h>
#include <stdio.h>
#include <string.h>

Suite *suite_canary(void);

#define JSON "POST /a HTTP/1.1\nContent-Type: application/json\n"
#define FORM "POST /a HTTP/1.1\n" \
	"Content-Type: application/x-www-form-urlencoded\n"
#define MULTIPART "POST /a HTTP/1.1\n" \
	"Content-Type: multipart/form-data; boundary=B\n"
#define PLAIN "POST /a HTTP/1.1\nContent-Type: text/plain\n"

/* One way to carry a secret; head and body are printf formats with one %s. */
static const struct carrier {
	const char *name, *head, *body;
	bool gzip;
} carriers[] = {
	{ "bearer", "GET / HTTP/1.1\nAuthorization: Bearer %s\n", "", false },
	{ "other scheme", "GET / HTTP/1.1\nAuthorization: Foo %s\n", "",
	  false },
	{ "api key", "GET / HTTP/1.1\nX-API-KEY: %s\n", "", false },
	{ "odd header", "GET / HTTP/1.1\nX-My-App-Token: %s\n", "", false },
	{ "named in a header", "GET / HTTP/1.1\nX-Debug: a=1;token=%s\n", "",
	  false },
	{ "cookie", "GET / HTTP/1.1\nCookie: a=1; sid=%s; b=2\n", "", false },
	{ "query", "GET /a?x=1&access_token=%s&y=2 HTTP/1.1\n", "", false },
	{ "referer", "GET / HTTP/1.1\nReferer: http://h/p?api_key=%s#x\n", "",
	  false },
	{ "userinfo", "GET / HTTP/1.1\nX-Db: postgres://u:%s@h/db\n", "",
	  false },
	{ "form", FORM, "a=1&password=%s&b=2", false },
	{ "form as JSON", FORM, "{\"password\":\"%s\"}", false },
	{ "JSON", JSON, "{\"a\":[{\"clientSecret\":\"%s\"}]}", false },
	{ "JSON deep", JSON, "{\"credentials\":{\"x\":{\"y\":\"%s\"}}}",
	  false },
	{ "nested JSON", JSON, "{\"m\":\"{\\\"password\\\":\\\"%s\\\"}\"}",
	  false },
	{ "nested twice", JSON, "{\"m\":\"{\\\"n\\\":\\\"{\\\\\\\"token"
	  "\\\\\\\":\\\\\\\"%s\\\\\\\"}\\\"}\"}", false },
	{ "URL in JSON", JSON, "{\"u\":\"https://h/p?token=%s&x=1\"}", false },
	{ "gzip", JSON "Content-Encoding: gzip\n", "{\"password\":\"%s\"}",
	  true },
	{ "broken JSON", JSON, "{\"a\":1,\"password\":\"%s\",\"b\":", false },
	{ "JSON cut in the secret", JSON, "{\"a\":1,\"password\":\"%s",
	  false },
	{ "multipart", MULTIPART, "--B\r\nContent-Disposition: form-data; "
	  "name=\"password\"\r\n\r\n%s\r\n--B--\r\n", false },
	{ "multipart cut", MULTIPART, "--B\r\nContent-Disposition: form-data; "
	  "name=\"password\"\r\n\r\n%s", false },
	{ "XML", "POST / HTTP/1.1\nContent-Type: text/xml\n",
	  "<a><ns:password>%s</ns:password></a>", false },
	{ "XML attribute", "POST / HTTP/1.1\nContent-Type: text/xml\n",
	  "<a token=\"%s\"/>", false },
	{ "XML with attributes", "POST / HTTP/1.1\nContent-Type: text/xml\n",
	  "<a><ns:apiKey id='1' x=\"2>1\">%s</ns:apiKey></a>", false },
	{ "name and value", JSON, "{\"env\":[{\"name\":\"DB_PASSWORD\","
	  "\"value\":\"%s\"}]}", false },
	{ "key and value", JSON, "[{\"Key\":\"apiKey\",\"x\":{\"y\":[1]},"
	  "\"Value\":\"%s\"}]", false },
	{ "after an escape", PLAIN, "{'m': 'failed\\npassword=%s'}", false },
	{ "after a byte's escape", PLAIN, "b'\\x00\\x01password=%s'", false },
	{ "after a character's escape", PLAIN, "'\\u001bpassword=%s'", false },
	{ "after a backslash", PLAIN, "C:\\token=%s", false },
	{ "a line of another protocol", "SSH-2.0 password=%s\n", "", false },
	{ "text", PLAIN, "login with password=%s failed", false },
	{ "YAML", PLAIN, "user: bob\npassword: '%s'\n", false },
	{ "bearer in text", PLAIN, "curl -H 'authorization: bearer %s'",
	  false },
	{ "binary", PLAIN, "\x01\x02\xff\xfe token=%s \x03\xc0", false },
};

/* Carrier by carrier, each in a tape of its own. */
START_TEST(carriers_do_not_leak)
{
	const struct carrier *c = &carriers[_i];
	struct slice secret, body;
	struct rig r;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, c->name, 22);
	body = slice_str(rig_fmt(&r, "%s", ""));
	if (c->body[0]) {
		char *text = arena_alloc(r.arena, 4096);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, 4096, c->body, secret.p);
		body = slice_str(text);
		body = c->gzip ? rig_gzip(&r, body) : body;
		rig_request(&r, c->head, body);
	} else {
		char *text = arena_alloc(r.arena, 4096);

		snprintf(text, 4096, c->head, secret.p);
#pragma GCC diagnostic pop
		rig_request(&r, text, body);
	}
	rig_scrub(&r);
	rig_assert_gone(&r, c->name, secret);
	ck_assert_uint_eq(r.tape.not_replayable.n, 0);
	rig_release(&r);
}
END_TEST

/* A chunked body, chunk lines between the halves of the secret. */
START_TEST(chunked_bodies_do_not_leak)
{
	uint64_t sizes[] = { 20, 14 };
	struct rig r;
	struct slice secret;
	struct exchange *x;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, "chunked", 16);
	x = rig_request(&r, JSON "Transfer-Encoding: chunked\n", slice_str(
		rig_fmt(&r, "{ \"password\" : \"%s\"}", secret.p)));
	x->request.framing = FRAMING_CHUNKED;
	x->request.chunks = sizes;
	x->request.nchunks = 2;
	x->request.raw_body = slice_str(rig_fmt(&r, "14;x\r\n%.20s\r\n"
		"0e\r\n%s\r\n0\r\n\r\n", x->request.body.p,
		x->request.body.p + 20));
	rig_scrub(&r);
	rig_assert_gone(&r, "chunked", secret);
	ck_assert_uint_eq(r.tape.exchanges[0].request.raw_body.n, 0);
	rig_release(&r);
}
END_TEST

/* Found once, gone everywhere: in other codings, names and places. */
START_TEST(known_values_are_gone_everywhere)
{
	struct rig r;
	struct slice secret, email = SLICE("zoe.q+1@corp.example");
	struct buf b64, hex;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, "everywhere", 20);
	buf_init(&b64, KiB);
	buf_init(&hex, KiB);
	base64_encode(slice_str(rig_fmt(&r, "x:%s:y", secret.p)), &b64);
	hex_encode(secret, &hex);
	rig_request(&r, rig_fmt(&r, "POST /%s/zoe.q%%2B1%%40corp.example "
		"HTTP/1.1\nX-Foo: %s\nX-Bar: pre%spost\n", secret.p,
		buf_cstr(&b64), secret.p), slice_str(rig_fmt(&r,
		"binary \x01 %s %s", buf_cstr(&hex), secret.p)));
	rig_request(&r, JSON, slice_str(rig_fmt(&r, "{\"token\":\"%s\","
		"\"mail\":\"zoe.q\\u002b1@corp.example\",\"%s\":1}",
		secret.p, secret.p)));
	r.rec.raw.log_tail = slice_str(rig_fmt(&r, "E: %s for %s\n",
		secret.p, email.p));
	r.rec.raw.session = slice_str(rig_fmt(&r, "s-%s", secret.p));
	r.rec.raw.trigger.detail = secret;
	r.x[0].note = slice_str(rig_fmt(&r, "odd: %s", secret.p));
	rig_scrub(&r);
	rig_assert_gone(&r, "secret", secret);
	rig_assert_gone(&r, "email", email);
	buf_release(&b64);
	buf_release(&hex);
	rig_release(&r);
}
END_TEST

/* Secrets that look like one are found without any name. */
START_TEST(tokens_are_found_by_their_look)
{
	struct rig r;
	struct slice v[8];
	struct buf b, text;
	size_t n = 0, i;

	rig_init(&r, NULL, 0);
	buf_init(&b, KiB);
	buf_init(&text, 64 * KiB);
	base64url_encode(SLICE("{\"alg\":\"RS256\",\"typ\":\"JWT\"}"), &b);
	v[n++] = slice_str(rig_fmt(&r, "%s.%s.%s", buf_cstr(&b),
		rig_secret(&r, "claims", 40).p, rig_secret(&r, "sig", 43).p));
	v[n++] = slice_str(rig_fmt(&r, "%s%s", "ghp" "_",
				   rig_secret(&r, "gh", 36).p));
	v[n++] = slice_str(rig_fmt(&r, "%s%s", "AK" "IA",
				   "Q7XYZQ7XYZQ7XYZQ"));
	v[n++] = slice_str(rig_fmt(&r, "%s%s", "sk_" "live_",
				   rig_secret(&r, "st", 24).p));
	v[n++] = slice_str(rig_fmt(&r, "%s%s", "41111111", "11111111"));
	v[n++] = slice_str(rig_fmt(&r, "%s-%s-%s", "219", "09", "9999"));
	v[n++] = slice_str(rig_fmt(&r, "jane%s@mail.example", "doe"));
	v[n++] = slice_str(rig_fmt(&r, "%s %s %s %s", "5500", "0000", "0000",
				   "0004"));
	for (i = 0; i < n; i++)
		buf_fmt(&text, "see %.*s, and\n", SLICE_ARG(v[i]));
	buf_fmt(&text, "-----BEGIN %s KEY-----\n%s\n-----END %s KEY-----\n",
		"RSA PRIVATE", rig_secret(&r, "pem", 64).p, "RSA PRIVATE");
	rig_request(&r, PLAIN, buf_slice(&text));
	rig_scrub(&r);
	for (i = 0; i < n; i++)
		rig_assert_gone(&r, v[i].p, v[i]);
	rig_assert_gone(&r, "pem", rig_secret(&r, "pem", 64));
	ck_assert(slice_find(r.tape.exchanges[0].request.body,
			     SLICE(", and\n")) > 0);
	buf_release(&b);
	buf_release(&text);
	rig_release(&r);
}
END_TEST

/* Basic's password alone is known too, wherever else it stands. */
START_TEST(passwords_inside_basic_are_known)
{
	struct rig r;
	struct slice secret;
	struct buf b;

	rig_init(&r, NULL, 0);
	buf_init(&b, KiB);
	secret = rig_secret(&r, "inside", 14);
	base64_encode(slice_str(rig_fmt(&r, "bob:%s", secret.p)), &b);
	rig_request(&r, rig_fmt(&r, "GET / HTTP/1.1\nAuthorization: Basic "
				"%s\nX-A: %s\n", buf_cstr(&b), secret.p),
		    SLICE(""));
	rig_scrub(&r);
	rig_assert_gone(&r, "basic", secret);
	buf_release(&b);
	rig_release(&r);
}
END_TEST

/* None of these is a secret: not one byte changes. */
START_TEST(honest_values_stay)
{
	static const char head[] = "GET /orders/1234567890123456/items/"
		"550e8400-e29b-41d4-a716-446655440000?page=2&limit=100&"
		"sort=-created&code=SAVE10&state=NY HTTP/1.1\n"
		"Host: api.example.com:8080\n"
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) "
		"AppleWebKit/537.36 Chrome/120.0.0.0\n"
		"Accept: text/html,application/xhtml+xml;q=0.9\n"
		"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-"
		"00f067aa0ba902b7-01\n"
		"If-None-Match: W/\"4111111111111111\"\n"
		"X-Request-Id: 7f3c9a1e\nX-DVR-Correlation-Id: ns/run/17\n"
		"Content-Type: application/json\nContent-Length: 999\n";
	static const char body[] = "{\"id\":\"550e8400-e29b-41d4-a716-"
		"446655440000\",\"sha\":\"da39a3ee5e6b4b0d3255bfef95601890"
		"afd80709\",\"price\":1.10,\"total\":4111.11,\"ts\":"
		"1700000000000,\"epoch\":1700000000,\"version\":\"1.22.333"
		"\",\"etag\":\"W/\\\"abc\\\"\",\"author\":\"monkey\","
		"\"max_tokens\":4096,\"usage\":{\"prompt_tokens\":12},"
		"\"key\":\"value\",\"isbn\":\"978-3-16-148410-0\",\"ean\":"
		"4006381333931,\"snowflake\":\"1529145671213711360\",\"phone"
		"_like\":\"555-1234\",\"nine\":123456789,\"date\":\"2026-11-22"
		"T12:00:00Z\",\"code\":404,\"state\":\"open\",\"img\":"
		"\"icon@2x.png\",\"pkg\":\"@scope/pkg@1.2.3\",\"keyboard\":"
		"\"us\",\"path\":\"/a/b?page=2\",\"hex16\":\"4bf92f3577b34da6"
		"\",\"luhn_but_no_issuer\":\"79927398713\",\"git\":\"git@host"
		".example:x/y.git\",\"token_type\":\"bearer\",\"expires_in\":"
		"3600,\"ratio\":0.4111111111111111,\"color\":\"#ff00ff\","
		"\"session\":\"open\",\"ok\":true,\"none\":null}";
	struct rig r;
	struct exchange *x;

	rig_init(&r, NULL, 0);
	x = rig_request(&r, head, SLICE(body));
	rig_answer(&r, x, "HTTP/1.1 500 Internal Server Error\n"
		   "Date: Sun, 22 Nov 2026 12:00:00 GMT\n"
		   "ETag: \"5f3a-4111111111111111\"\n"
		   "Cache-Control: max-age=3600, public\n"
		   "WWW-Authenticate: Bearer realm=\"api\", error=\"x\"\n"
		   "Location: /orders/17?page=2\n"
		   "Content-Type: text/html\n", SLICE("<h1>Error 500</h1><p>"
		   "Forgot your password? Token expired.</p>"));
	rig_scrub(&r);
	ck_assert_str_eq(rig_text(&r, &r.tape.exchanges[0].request),
			 rig_text(&r, &x->request));
	ck_assert_str_eq(rig_text(&r, &r.tape.exchanges[0].response),
			 rig_text(&r, &x->response));
	ck_assert_uint_eq(r.tape.nscrubbed, 0);
	rig_release(&r);
}
END_TEST

/* A plain word that is somebody's password does not tear up other text. */
START_TEST(plain_words_are_replaced_where_they_are_secret)
{
	struct rig r;

	rig_init(&r, NULL, 0);
	rig_request(&r, JSON, SLICE("{\"password\":\"password\",\"n\":"
				    "\"a password field\"}"));
	rig_scrub(&r);
	ck_assert(slice_starts(r.tape.exchanges[0].request.body,
		  SLICE("{\"password\":\"\xe2\x9f\xa6" "dvr:password:8:")));
	ck_assert(slice_ends(r.tape.exchanges[0].request.body,
			     SLICE("\",\"n\":\"a password field\"}")));
	rig_release(&r);
}
END_TEST

Suite *
suite_canary(void)
{
	Suite *s = suite_create("canary");
	TCase *tc = tcase_create("canary");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, carriers_do_not_leak, 0,
			    (int)ARRAY_LEN(carriers));
	tcase_add_test(tc, chunked_bodies_do_not_leak);
	tcase_add_test(tc, known_values_are_gone_everywhere);
	tcase_add_test(tc, tokens_are_found_by_their_look);
	tcase_add_test(tc, passwords_inside_basic_are_known);
	tcase_add_test(tc, honest_values_stay);
	tcase_add_test(tc, plain_words_are_replaced_where_they_are_secret);
	suite_add_tcase(s, tc);
	return s;
}
