/* Which request values come from which answers. */
#include "replay_fixture.h"

#include <dvr/base/hash.h>
#include <dvr/relate/bindings.h>
#include <dvr/relate/values.h>
#include <dvr/wire/coding.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_bindings(void);

/* Tokens that nobody takes for a word. */
#define TOKEN "Zk3v9QpL7xT1"
#define UUID "27b68079-49cc-4170-b382-20e8983a8eec"
#define CODED "WmszdjlRcEw3eFQx"		/* base64 of TOKEN */

static struct fixture f;
static int64_t now_us;

static void
setup(void)
{
	fixture_init(&f);
	now_us = 0;
}

static void
teardown(void)
{
	fixture_release(&f);
}

/* One exchange after the other; %s in `text` is its length. */
static void
add(const char *request, const char *response)
{
	struct fixture_exchange x = { .lane = "client", .conn = 1,
		.at_us = now_us, .end_us = now_us + 500,
		.request = request, .response = response };

	fixture_add(&f, &x);
	now_us += 1000;
}

static const char *
with_body(const char *head, const char *body)
{
	return arena_fmt(f.tape.arena, "%sContent-Length: %zu\r\n\r\n%s",
			 head, strlen(body), body).p;
}

static const char *
json(const char *head, const char *body)
{
	return with_body(arena_fmt(f.tape.arena, "%sContent-Type: "
				   "application/json\r\n", head).p, body);
}

static void
assert_bindings(const char *want)
{
	struct plan p = { .expect = EXPECT_FIXED };
	struct buf text;

	bindings_find(f.tape.arena, &f.tape, &p);
	buf_init(&text, MiB);
	for (size_t i = 0; i < p.nbindings; i++) {
		const struct plan_binding *b = &p.bindings[i];

		buf_fmt(&text, "%.*s>%.*s", SLICE_ARG(b->from),
			SLICE_ARG(b->to));
		if (b->take.n)
			buf_fmt(&text, " take %.*s", SLICE_ARG(b->take));
		if (b->as != AS_IS)
			buf_fmt(&text, " as %d", (int)b->as);
		if (b->before || b->after)
			buf_fmt(&text, " %u..%u", b->before, b->after);
		buf_addc(&text, '\n');
	}
	ck_assert_str_eq(buf_cstr(&text), want);
	buf_release(&text);
}

struct pair {
	const char *answer_head, *answer_body;
	const char *request;
	const char *want;
};

#define OK "HTTP/1.1 200 OK\r\n"
#define JSON OK "Content-Type: application/json\r\n"
#define HTML OK "Content-Type: text/html\r\n"

static const struct pair pairs[] = {
	/* producers */
	{ JSON, "{\"a\":{\"id\":\"" TOKEN "\"}}",
	  "GET /c/" TOKEN " HTTP/1.1\r\n\r\n",
	  "1.resp.body#/a/id>2.req.path/1\n" },
	{ JSON, "{\"n\":83472615}", "GET /c?n=83472615 HTTP/1.1\r\n\r\n",
	  "1.resp.body#/n>2.req.query/n\n" },
	{ OK "X-Token: " TOKEN "\r\n", "",
	  "GET / HTTP/1.1\r\nX-Token: " TOKEN "\r\n\r\n",
	  "1.resp.header/x-token>2.req.header/x-token\n" },
	{ OK "Set-Cookie: sid=" TOKEN "; Path=/\r\n", "",
	  "GET / HTTP/1.1\r\nCookie: a=b; sid=" TOKEN "\r\n\r\n",
	  "1.resp.cookie/sid>2.req.cookie/sid\n" },
	{ OK "Set-Cookie: s=17\r\n", "",
	  "GET / HTTP/1.1\r\nCookie: s=17\r\n\r\n",
	  "1.resp.cookie/s>2.req.cookie/s\n" },
	{ "HTTP/1.1 302 Found\r\nLocation: /in?code=" TOKEN "\r\n", "",
	  "GET /in?code=" TOKEN " HTTP/1.1\r\n\r\n",
	  "1.resp.header/location>2.req.query/code take query/code\n" },
	{ "HTTP/1.1 201 Created\r\nLocation: http://h:1/carts/17\r\n", "",
	  "GET /carts/17/items HTTP/1.1\r\n\r\n",
	  "1.resp.header/location>2.req.path/1 take path/1\n" },
	{ HTML, "<form><input type='hidden' name=csrf value=\"" TOKEN
	  "\"></form>", "GET /x?t=" TOKEN " HTTP/1.1\r\n\r\n",
	  "1.resp.body#/csrf>2.req.query/t\n" },
	{ JSON, "{\"cart\":{\"id\":17}}",	/* of GET /carts */
	  "GET /carts/17 HTTP/1.1\r\n\r\n",
	  "1.resp.body#/cart/id>2.req.path/1\n" },
	{ JSON, "{\"cart_id\":17}", "GET /pay?cartId=17 HTTP/1.1\r\n\r\n",
	  "1.resp.body#/cart_id>2.req.query/cartId\n" },
	/* codings */
	{ JSON, "{\"t\":\"" TOKEN "\"}",
	  "GET / HTTP/1.1\r\nAuthorization: Bearer " TOKEN "\r\n\r\n",
	  "1.resp.body#/t>2.req.header/authorization 7..0\n" },
	{ JSON, "{\"t\":\"" TOKEN "+/\"}",
	  "GET /x?t=" TOKEN "%2B%2F HTTP/1.1\r\n\r\n",
	  "1.resp.body#/t>2.req.query/t\n" },
	{ JSON, "{\"t\":\"" TOKEN "+/\"}",
	  "GET / HTTP/1.1\r\nX-T: " TOKEN "%2B%2F\r\n\r\n",
	  "1.resp.body#/t>2.req.header/x-t as 3\n" },
	{ JSON, "{\"t\":\"" TOKEN "\"}",
	  "GET /x?t=" CODED " HTTP/1.1\r\n\r\n",
	  "1.resp.body#/t>2.req.query/t as 1\n" },
	{ JSON, "{\"t\":\"" UUID "\"}",
	  "GET /x?q=of:" UUID ",now HTTP/1.1\r\n\r\n",
	  "1.resp.body#/t>2.req.query/q 3..4\n" },
	/* no producers */
	{ JSON, "{\"state\":\"pending\"}", "GET /x?s=pending HTTP/1.1\r\n\r\n",
	  "" },
	{ JSON, "{\"n\":17}", "GET /carts/17 HTTP/1.1\r\n\r\n", "" },
	{ JSON, "{\"x\":3.1415926535}", "GET /x?x=3.1415926535 HTTP/1.1\r\n\r\n",
	  "" },
	{ OK "Server: nginx/1.22.17-4\r\n", "",
	  "GET /x?s=nginx/1.22.17-4 HTTP/1.1\r\n\r\n", "" },
};

/* Each carrier and each coding; and what is there by chance. */
START_TEST(carriers_and_codings)
{
	const struct pair *p = &pairs[_i];

	add("GET /carts HTTP/1.1\r\n\r\n",
	    with_body(p->answer_head, p->answer_body));
	add(p->request, OK "Content-Length: 0\r\n\r\n");
	assert_bindings(p->want);
}
END_TEST

/* Form fields, JSON leaves and pieces of them take values. */
START_TEST(bodies_take_values)
{
	add("GET /a HTTP/1.1\r\n\r\n",
	    json(OK, "{\"t\":\"" TOKEN "\",\"u\":\"" UUID "\"}"));
	add(json("POST /b HTTP/1.1\r\n",
		 "{\"x\":[{\"y\":\"" TOKEN "\"}],\"q\":\"{u(id:\\\"" UUID
		 "\\\")}\"}"), OK "Content-Length: 0\r\n\r\n");
	add(with_body("POST /c HTTP/1.1\r\nContent-Type: "
		      "application/x-www-form-urlencoded\r\n",
		      "a=1&t=" TOKEN), OK "Content-Length: 0\r\n\r\n");
	assert_bindings("1.resp.body#/t>2.req.body#/x/0/y\n"
			"1.resp.body#/u>2.req.body#/q 7..3\n"
			"1.resp.body#/t>3.req.body#/t\n");
}
END_TEST

/* Documents within values have values of their own; one that comes back as it
 * was given is bound as a whole. */
START_TEST(values_are_found_in_documents_within_values)
{
	add("GET /login HTTP/1.1\r\n\r\n", json(OK,
	    "{\"s\":\"{\\\"t\\\":\\\"" TOKEN "\\\"}\","
	    "\"next\":\"eyJhZnRlciI6IlFxN3Q0UlhwMkwifQ==\"}"));
	add(json("POST /x HTTP/1.1\r\n",
		 "{\"auth\":\"" TOKEN "\","
		 "\"p\":\"<a t=\\\"" TOKEN "\\\"/>\","
		 "\"page\":\"eyJhZnRlciI6IlFxN3Q0UlhwMkwifQ==\"}"),
	    OK "Content-Length: 0\r\n\r\n");
	assert_bindings("1.resp.body#/s/t>2.req.body#/auth\n"
			"1.resp.body#/s/t>2.req.body#/p/a/@t\n"
			"1.resp.body#/next>2.req.body#/page\n");
}
END_TEST

/* A message in codings: the values are those of the body without them. */
START_TEST(values_are_found_under_codings)
{
	struct arena *a = f.tape.arena;
	struct message *m;
	struct buf coded;

	add("GET /login HTTP/1.1\r\n\r\n", json(OK, "{\"t\":\"" TOKEN "\"}"));
	add(json("POST /x HTTP/1.1\r\nContent-Encoding: br\r\n"
		 "Content-Encoding: gzip\r\n", "{\"q\":\"" TOKEN "\"}"),
	    OK "Content-Length: 0\r\n\r\n");
	m = &f.tape.exchanges[1].request;
	buf_init(&coded, 64 * KiB);
	ck_assert_int_eq(coding_encode(SLICE("br, gzip"), m->body, &coded),
			 CODING_OK);
	m->body = arena_copy(a, buf_slice(&coded));
	buf_release(&coded);
	assert_bindings("1.resp.body#/t>2.req.body#/q\n");
	/* Cut in the middle it is no value. */
	m->body.n /= 2;
	assert_bindings("");
}
END_TEST

/* The answer that said it last is the producer, if it had ended by then. */
START_TEST(the_latest_earlier_answer_produces)
{
	const char *answer = json(OK, "{\"t\":\"" TOKEN "\"}");

	add("GET /a HTTP/1.1\r\n\r\n", answer);
	add("GET /b HTTP/1.1\r\n\r\n", answer);
	add("GET /c HTTP/1.1\r\n\r\n", answer);
	f.tape.exchanges[2].response.end_us = now_us + 10;
	add("GET /d/" TOKEN " HTTP/1.1\r\n\r\n",
	    OK "Content-Length: 0\r\n\r\n");
	assert_bindings("2.resp.body#/t>4.req.path/1\n");
}
END_TEST

/* What a client said first is the client's, in every coding. */
START_TEST(a_clients_own_values_are_not_bound)
{
	add("GET /a?mine=" TOKEN "&b=" CODED "x HTTP/1.1\r\n\r\n",
	    json(OK, "{\"echo\":\"" TOKEN "\"}"));
	add("GET /b/" TOKEN " HTTP/1.1\r\n\r\n",
	    OK "Content-Length: 0\r\n\r\n");
	add("PUT /things/5 HTTP/1.1\r\n\r\n", json(OK, "{\"id\":5}"));
	add("GET /things/5 HTTP/1.1\r\n\r\n", OK "Content-Length: 0\r\n\r\n");
	assert_bindings("");
}
END_TEST

/* A dependency's traffic binds nothing: mocks answer it from the tape. */
START_TEST(egress_is_left_alone)
{
	struct fixture_exchange x = { .lane = "stock", .conn = 1, .cause = 1,
		.at_us = 10, .end_us = 20,
		.request = "GET /s HTTP/1.1\r\n\r\n",
		.response = json(OK, "{\"t\":\"" TOKEN "\"}") };

	add("GET /a HTTP/1.1\r\n\r\n", OK "Content-Length: 0\r\n\r\n");
	fixture_add(&f, &x);
	add("GET /b/" TOKEN " HTTP/1.1\r\n\r\n",
	    OK "Content-Length: 0\r\n\r\n");
	assert_bindings("");
}
END_TEST

/* A claim of a token that an answer gave. */
START_TEST(claims_of_jwts_are_values)
{
	struct slice value;
	struct buf jwt;

	buf_init(&jwt, KiB);
	base64url_encode(SLICE("{\"alg\":\"HS256\"}"), &jwt);
	buf_addc(&jwt, '.');
	base64url_encode(SLICE("{\"sub\":\"" TOKEN "\"}"), &jwt);
	buf_adds(&jwt, ".c2ln");
	ck_assert(parts_take(f.tape.arena, buf_slice(&jwt),
			     SLICE("claim/sub"), &value));
	ck_assert(slice_eq(value, SLICE(TOKEN)));
	ck_assert(!parts_take(f.tape.arena, buf_slice(&jwt),
			      SLICE("claim/iss"), &value));
	buf_release(&jwt);
}
END_TEST

/* Twice the bytes, about twice the texts: no pair is compared. */
START_TEST(large_tapes_are_found_in_one_pass)
{
	struct buf body;

	buf_init(&body, 64 * MiB);
	buf_adds(&body, "[");
	for (unsigned i = 0; i < 100000; i++)
		buf_fmt(&body, "%s\"a%07ub%05x\"", i ? "," : "", i, i * 7);
	buf_adds(&body, "]");
	add("GET /a HTTP/1.1\r\n\r\n", json(OK, buf_cstr(&body)));
	add(json("POST /b HTTP/1.1\r\n", buf_cstr(&body)),
	    OK "Content-Length: 0\r\n\r\n");
	struct plan p = { .expect = EXPECT_FIXED };

	bindings_find(f.tape.arena, &f.tape, &p);
	ck_assert_uint_eq(p.nbindings, BINDINGS_MAX);
	buf_release(&body);
}
END_TEST

Suite *
suite_bindings(void)
{
	Suite *s = suite_create("bindings");
	TCase *t = tcase_create("bindings");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, carriers_and_codings, 0, ARRAY_LEN(pairs));
	tcase_add_test(t, bodies_take_values);
	tcase_add_test(t, values_are_found_in_documents_within_values);
	tcase_add_test(t, values_are_found_under_codings);
	tcase_add_test(t, the_latest_earlier_answer_produces);
	tcase_add_test(t, a_clients_own_values_are_not_bound);
	tcase_add_test(t, egress_is_left_alone);
	tcase_add_test(t, claims_of_jwts_are_values);
	tcase_add_test(t, large_tapes_are_found_in_one_pass);
	suite_add_tcase(s, t);
	return s;
}
