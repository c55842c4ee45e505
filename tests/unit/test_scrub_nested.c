/* Secrets in every format and in what stands within values; bad input. */
#include "field_trace.h"
#include "scrub_rig.h"

#include <dvr/base/hash.h>

#include <check.h>

Suite *suite_scrub_nested(void);

#define OPEN "\xe2\x9f\xa6" "dvr:"

/* One request with this body; its clean one. */
static const struct message *
scrub_body(struct rig *r, const char *type, struct slice body)
{
	rig_request(r, rig_fmt(r, "POST /x HTTP/1.1\nContent-Type: %s\n",
			       type), body);
	return &rig_scrub(r)->exchanges[0].request;
}

static struct slice
live_of(struct rig *r, const struct message *m)
{
	struct message live;

	scrub_live(r->arena, NULL, m, &live);
	return live.body;
}

static struct slice
base64(struct rig *r, struct slice s)
{
	struct slice done;
	struct buf b;

	buf_init(&b, 1 * MiB);
	base64_encode(s, &b);
	done = arena_copy(r->arena, buf_slice(&b));
	buf_release(&b);
	return done;
}

static struct slice
unbase64(struct rig *r, struct slice s)
{
	struct slice done;
	struct buf b;

	buf_init(&b, 1 * MiB);
	ck_assert_int_eq(base64_decode(s, &b), 0);
	done = arena_copy(r->arena, buf_slice(&b));
	buf_release(&b);
	return done;
}

/* What is in base64 stays base64 of the same document, on the tape and alive,
 * at whichever alignment the handle comes to stand. */
START_TEST(a_document_in_base64_stays_one)
{
	size_t pad;

	for (pad = 0; pad < 3; pad++) {
		const struct message *m;
		struct slice plain, live;
		struct slice secret;
		struct rig r;
		char *text;

		rig_init(&r, NULL, 0);
		secret = rig_secret(&r, "inner", 24);
		text = rig_fmt(&r, "{\"id%.*s\":1,\"api_key\":\"%.*s\"}",
			       (int)pad, "xx", SLICE_ARG(secret));
		m = scrub_body(&r, "text/plain", base64(&r, slice_str(text)));
		rig_assert_gone(&r, "base64 body", secret);
		plain = unbase64(&r, m->body);
		ck_assert(slice_starts(plain, slice_str(rig_fmt(&r,
			"{\"id%.*s\":1,\"api_key\":\"" OPEN "api-key",
			(int)pad, "xx"))));
		live = unbase64(&r, live_of(&r, m));
		ck_assert_uint_eq(live.n, strlen(text));
		ck_assert(slice_find(live, SLICE("dvr:")) < 0);
		ck_assert(scrub_has_handle(m->body));
		ck_assert(scrub_matches(m->body, live_of(&r, m)));
		ck_assert(!scrub_matches(m->body, SLICE("x")));
		rig_release(&r);
	}
}
END_TEST

/* Base64 in a form (its '=' escaped): JSON that holds a string in base64 once
 * more, which is taken as a whole. */
/* So does what is in hex. */
START_TEST(a_document_in_hex_stays_one)
{
	struct rig r;
	const struct message *m;
	struct slice secret, live;
	struct buf hex, want;

	rig_init(&r, NULL, 0);
	secret = slice_str(rig_fmt(&r, "{\"user\": 7, \"password\": \"%s\"}",
				   "Kaleidoskop-91"));
	buf_init(&hex, KiB);
	buf_adds(&hex, "{\"blob\":\"");
	hex_encode(secret, &hex);
	buf_adds(&hex, "\"}");
	m = scrub_body(&r, "application/json", buf_slice(&hex));
	ck_assert(slice_find(m->body, slice_range(buf_slice(&hex), 65, 85)) <
		  0);
	live = live_of(&r, m);
	ck_assert_uint_eq(live.n, hex.n);
	buf_init(&want, KiB);
	buf_adds(&want, "{\"blob\":\"");
	hex_encode(slice_range(secret, 0, 25), &want);
	ck_assert(slice_starts(live, buf_slice(&want)));
	ck_assert(slice_ends(live, SLICE("227d\"}")));
	ck_assert(!slice_eq(live, buf_slice(&hex)));
	buf_release(&hex);
	buf_release(&want);
	rig_release(&r);
}
END_TEST

START_TEST(codings_within_codings)
{
	struct rig r;
	struct slice secret, inner, live;
	const struct message *m;
	struct buf b;

	rig_init(&r, NULL, 0);
	buf_init(&b, 1 * MiB);
	secret = rig_secret(&r, "deep", 20);
	inner = base64(&r, slice_str(rig_fmt(&r, "{\"password\":\"%.*s\"}",
					     SLICE_ARG(secret))));
	inner = base64(&r, slice_str(rig_fmt(&r, "[\"%.*s\",\"<p>?>?>\"]",
					     SLICE_ARG(inner))));
	buf_adds(&b, "a=1&data=");
	percent_encode(inner, true, &b);
	m = scrub_body(&r, "application/x-www-form-urlencoded",
		       buf_slice(&b));
	rig_assert_gone(&r, "nested base64", secret);
	live = live_of(&r, m);
	ck_assert(slice_starts(live, SLICE("a=1&data=")));
	buf_clear(&b);
	percent_decode(slice_from(live, 9), true, &b);
	inner = unbase64(&r, buf_slice(&b));
	ck_assert(slice_ends(inner, SLICE("\",\"<p>?>?>\"]")));
	ck_assert(slice_starts(inner, SLICE("[\"")));
	ck_assert(slice_find(inner, SLICE("dvr:")) < 0);
	(void)unbase64(&r, slice_range(inner, 2, inner.n - 12));
	buf_release(&b);
	rig_release(&r);
}
END_TEST

START_TEST(xml_is_scrubbed_by_its_names)
{
	struct rig r;
	struct slice a, b, c;
	const struct message *m;

	rig_init(&r, NULL, 0);
	a = rig_secret(&r, "a", 16);
	b = rig_secret(&r, "b", 16);
	c = rig_secret(&r, "c", 16);
	m = scrub_body(&r, "application/soap+xml", slice_str(rig_fmt(&r,
		"<s:Envelope><s:Body><w:Password Type=\"x\">%.*s"
		"</w:Password><user client_secret='%.*s'/><!-- pwd=%.*s -->"
		"<note><![CDATA[a<b]]></note></s:Body></s:Envelope>",
		SLICE_ARG(a), SLICE_ARG(b), SLICE_ARG(c))));
	rig_assert_gone(&r, "element", a);
	rig_assert_gone(&r, "attribute", b);
	rig_assert_gone(&r, "comment", c);
	ck_assert(slice_starts(m->body, SLICE("<s:Envelope><s:Body>"
		"<w:Password Type=\"x\">" OPEN)));
	ck_assert(slice_ends(m->body, SLICE(
		"<note><![CDATA[a<b]]></note></s:Body></s:Envelope>")));
	rig_release(&r);
}
END_TEST

static void
put_text(struct buf *b, unsigned number, struct slice s)
{
	buf_addc(b, (char)(number << 3 | 2));
	buf_addc(b, (char)s.n);
	buf_add(b, s);
}

/* Handles stand in protobuf with their lengths, on the tape and alive. */
START_TEST(protobuf_keeps_its_lengths)
{
	static const struct scrub_rule rules[] = {
		{ .field = "1.req.body#/0/1/7", .replace = "code" },
		{ .field = "1.req.body#/0/1/2", .replace = "thing" },
	};
	struct rig r;
	struct slice mail, secret, live;
	const struct message *m;
	struct buf inner, outer;

	rig_init(&r, rules, 2);
	buf_init(&inner, 1024);
	buf_init(&outer, 1024);
	mail = slice_str(rig_fmt(&r, "%.*s@corp-mail.net",
				 SLICE_ARG(rig_secret(&r, "mail", 8))));
	secret = rig_secret(&r, "field", 16);
	put_text(&inner, 1, mail);
	put_text(&inner, 2, secret);
	buf_add(&inner, SLICE("\x38\xb9\x60"));		/* 7: 12345 */
	put_text(&outer, 1, buf_slice(&inner));
	buf_clear(&inner);
	buf_add(&inner, slice_of("\0\0\0\0", 4));
	buf_addc(&inner, (char)outer.n);
	buf_add(&inner, buf_slice(&outer));
	m = scrub_body(&r, "application/grpc", buf_slice(&inner));
	rig_assert_gone(&r, "e-mail", mail);
	rig_assert_gone(&r, "by number", secret);
	ck_assert(slice_find(m->body, SLICE("\x38\xb9\x60")) < 0);
	ck_assert(slice_find(m->body, SLICE(OPEN "email:")) > 0);
	ck_assert(slice_find(m->body, SLICE(OPEN "thing:16:")) > 0);
	live = live_of(&r, m);
	ck_assert(slice_find(live, SLICE("dvr:")) < 0);
	/* the frame and all members are where they were; another number of
	 * five digits may take a byte more */
	ck_assert_uint_le(live.n - inner.n, 1);
	ck_assert_int_eq(live.p[4], (char)(live.n - 5));
	ck_assert_int_eq(live.p[6], (char)(live.n - 7));
	ck_assert(slice_eq(slice_range(live, 7, 9),
			   slice_range(buf_slice(&inner), 7, 9)));
	ck_assert_int_eq(live.p[9 + mail.n], 2 << 3 | 2);
	ck_assert_int_eq(live.p[11 + mail.n + secret.n], 7 << 3);
	buf_release(&inner);
	buf_release(&outer);
	rig_release(&r);
}
END_TEST

/* Tokens that a path carries, and what looks like them. */
START_TEST(tokens_in_paths_go)
{
	static const char *const kept[] = {
		"/reset/how-to-reset-a-password", "/reset/123456789012",
		"/share/0b7c3f6e-7f7e-4b52-9f6e-2f1d3c4b5a69",
		"/commits/9fceb02d0ae598e95dc970b74767f19372d61af8",
		"/v1/tokens-of-appreciation/spring-2024-edition",
		"/orders/8aKx02LmQ9zTTr41", "/verify/email-address",
		"/confirm/2024-06-01", "/invite/list", "/api/v2/reset",
	};
	struct rig r;
	struct slice secret;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kept); i++) {
		rig_init(&r, NULL, 0);
		rig_request(&r, rig_fmt(&r, "GET %s HTTP/1.1\n", kept[i]),
			    SLICE(""));
		ck_assert_str_eq(rig_text(&r,
			&rig_scrub(&r)->exchanges[0].request),
			rig_fmt(&r, "GET %s HTTP/1.1\r\n\r\n", kept[i]));
		rig_release(&r);
	}
	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, "reset", 32);
	rig_request(&r, rig_fmt(&r, "GET /users/7/password-reset/%.*s/form "
				"HTTP/1.1\n", SLICE_ARG(secret)), SLICE(""));
	rig_request(&r, "GET /auth/magic/"
		    "0b7c3f6e-7f7e-4b52-9f6e-2f1d3c4b5a69 HTTP/1.1\n",
		    SLICE(""));
	rig_scrub(&r);
	rig_assert_gone(&r, "reset", secret);
	rig_assert_gone(&r, "magic", SLICE("0b7c3f6e-7f7e-4b52"));
	ck_assert(slice_starts(r.tape.exchanges[0].request.line,
			       SLICE("GET /users/7/password-reset/" OPEN)));
	rig_release(&r);
}
END_TEST

/* A hundred thousand levels are scanned as bytes and kept. */
START_TEST(a_body_too_deep_is_scanned_as_bytes)
{
	struct rig r;
	struct slice secret;
	const struct message *m;
	struct buf b;
	size_t i;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, "deep", 20);
	buf_init(&b, 4 * MiB);
	for (i = 0; i < 100000; i++)
		buf_adds(&b, i % 2 ? "[" : "{\"a\":");
	buf_fmt(&b, "{\"password\":\"%.*s\"}", SLICE_ARG(secret));
	for (i = 0; i < 100000; i++)
		buf_addc(&b, i % 2 ? '}' : ']');
	m = scrub_body(&r, "application/json", buf_slice(&b));
	ck_assert_uint_eq(m->withheld.n, 0);
	ck_assert(slice_find(m->body, secret) < 0);
	ck_assert_uint_gt(m->body.n, 400000);
	buf_release(&b);
	rig_release(&r);
}
END_TEST

/* What is broken is scanned as text, in every format. */
START_TEST(broken_bodies_are_scanned)
{
	static const char *const bodies[][2] = {
		{ "text/xml", "<a><password>%.*s</password><b></a>" },
		{ "application/json", "{\"password\": \"%.*s\", \"b\": \xff" },
		{ "application/x-ndjson", "{\"a\":1}\n{\"password\":\"%.*s\"," },
		{ "multipart/form-data; boundary=x",
		  "--x\r\nContent-Disposition: form-data; "
		  "name=\"password\"\r\n\r\n%.*s\r\n--y" },
		{ "application/x-protobuf", "\x0a\x7f password=%.*s" },
		{ "application/grpc", "\x01password=%.*s" },
		{ "text/event-stream", "data: hello\ndata: password=%.*s" },
		{ "application/jwt", "password=%.*s" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bodies); i++) {
		struct rig r;
		struct slice secret;
		struct buf b;

		rig_init(&r, NULL, 0);
		buf_init(&b, 4096);
		secret = rig_secret(&r, "broken", 20);
		buf_fmt(&b, "%.*s", (int)(strstr(bodies[i][1], "%.*s") -
					  bodies[i][1]), bodies[i][1]);
		buf_add(&b, secret);
		buf_adds(&b, strstr(bodies[i][1], "%.*s") + 4);
		ck_assert_uint_eq(scrub_body(&r, bodies[i][0],
					     buf_slice(&b))->withheld.n, 0);
		rig_assert_gone(&r, bodies[i][0], secret);
		buf_release(&b);
		rig_release(&r);
	}
}
END_TEST

/* An uploaded file is read as what it is, whatever its part calls it. */
START_TEST(files_in_forms_are_read)
{
	static const char *const files[] = {
		"PASSWORD=%.*s\r\nDB=1", "[db]\npassword = %.*s\n",
		"password: %.*s\n", "{\"a\": {\"password\": \"%.*s\"}}",
		"caf\xe9\nPASSWORD=%.*s\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		const char *gap = strstr(files[i], "%.*s");
		const struct message *m;
		struct slice secret;
		struct rig r;
		struct buf b;

		rig_init(&r, NULL, 0);
		secret = rig_secret(&r, "file", 20);
		buf_init(&b, 4096);
		buf_adds(&b, "--x\r\nContent-Disposition: form-data; "
			     "name=\"f\"; filename=\"f.env\"\r\n"
			     "Content-Type: application/octet-stream\r\n\r\n");
		buf_add(&b, slice_of(files[i], (size_t)(gap - files[i])));
		buf_add(&b, secret);
		buf_adds(&b, gap + 4);
		buf_adds(&b, "\r\n--x--\r\n");
		m = scrub_body(&r, "multipart/form-data; boundary=x",
			       buf_slice(&b));
		ck_assert_uint_eq(m->withheld.n, 0);
		rig_assert_gone(&r, files[i], secret);
		ck_assert(slice_ends(m->body, SLICE("\r\n--x--\r\n")));
		buf_release(&b);
		rig_release(&r);
	}
}
END_TEST

/* A run of base64 in which a token could begin everywhere. */
START_TEST(many_anchors_in_one_run_stay_linear)
{
	struct rig r;
	struct buf b;

	rig_init(&r, NULL, 0);
	buf_init(&b, 16 * MiB);
	buf_adds(&b, "{\"a\":\"");
	while (b.n < 4 * MiB)
		buf_adds(&b, "eyJwYXNzd29yZCI6ZXlK");
	buf_adds(&b, "\"}");
	ck_assert_uint_eq(scrub_body(&r, "application/json",
				     buf_slice(&b))->withheld.n, 0);
	buf_release(&b);
	rig_release(&r);
}
END_TEST

/* What is coded in a header's value is taken there, and the rest of the value
 * stays byte for byte. */
START_TEST(headers_are_read_within_codings)
{
	struct rig r;
	struct slice secret;
	const struct headers *h;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, "header", 24);
	rig_request(&r, rig_fmt(&r, "GET / HTTP/1.1\nX-Up: http://h/a%%2Fb/"
		"zoe%%40corp-mail.example/?q=%%2F\nX-Data: %.*s\n",
		SLICE_ARG(base64(&r, slice_str(rig_fmt(&r,
			"{\"a\":1,\"password\":\"%.*s\"}",
			SLICE_ARG(secret)))))), SLICE(""));
	h = &rig_scrub(&r)->exchanges[0].request.headers;
	rig_assert_gone(&r, "base64", secret);
	ck_assert(slice_starts(h->v[0].value, SLICE("http://h/a%2Fb/" OPEN)));
	ck_assert(slice_ends(h->v[0].value, SLICE("/?q=%2F")));
	ck_assert(slice_starts(unbase64(&r, h->v[1].value),
			       SLICE("{\"a\":1,\"password\":\"" OPEN)));
	rig_release(&r);
}
END_TEST

/* A comment in an element is no part of its value, but of the body. */
START_TEST(comments_are_read_beside_values)
{
	struct rig r;
	struct slice token;

	rig_init(&r, NULL, 0);
	token = slice_str(rig_fmt(&r, "gh" "p_%.*s",
				  SLICE_ARG(rig_secret(&r, "gh", 36))));
	scrub_body(&r, "text/xml", slice_str(rig_fmt(&r,
		"<a>x &amp; y<!-- of %.*s -->z</a>", SLICE_ARG(token))));
	rig_assert_gone(&r, "comment", token);
	ck_assert(slice_starts(r.tape.exchanges[0].request.body,
			       SLICE("<a>x &amp; y<!-- of " OPEN)));
	rig_release(&r);
}
END_TEST

Suite *
suite_scrub_nested(void)
{
	Suite *s = suite_create("scrub_nested");
	TCase *t = tcase_create("nested");

	tcase_add_test(t, a_document_in_hex_stays_one);
	tcase_add_test(t, a_document_in_base64_stays_one);
	tcase_add_test(t, codings_within_codings);
	tcase_add_test(t, xml_is_scrubbed_by_its_names);
	tcase_add_test(t, protobuf_keeps_its_lengths);
	tcase_add_test(t, tokens_in_paths_go);
	tcase_add_test(t, a_body_too_deep_is_scanned_as_bytes);
	tcase_add_test(t, broken_bodies_are_scanned);
	tcase_add_test(t, files_in_forms_are_read);
	tcase_add_test(t, many_anchors_in_one_run_stay_linear);
	tcase_add_test(t, headers_are_read_within_codings);
	tcase_add_test(t, comments_are_read_beside_values);
	suite_add_tcase(s, t);
	return s;
}
