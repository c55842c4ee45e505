/* Bound requests take their values from the live answers before them. */
#include "replay_scene.h"

#include <stdio.h>
#include <string.h>

Suite *suite_bound_replay(void);

#define ANSWERED "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static struct plan_binding bindings[8];

static void
add(const char *request, const char *response)
{
	int64_t at = (int64_t)f.tape.nexchanges * 2000;
	struct fixture_exchange x = { .lane = "client", .conn = 1,
		.at_us = at, .end_us = at + 1000,
		.request = request, .response = response };

	fixture_add(&f, &x);
}

static void
bound(struct plan_binding b)
{
	bindings[f.plan.nbindings++] = b;
	f.plan.bindings = bindings;
}

static bool
received(const char *text)
{
	return slice_find(peer_bytes(peer), slice_str(text)) >= 0;
}

static const struct peer_script live[] = {
	{ "/login", ANSWERED "Set-Cookie: sid=live-sid-1; Path=/\r\n"
	  "Location: /users/live%20user?code=l%2Fc\r\n"
	  "Content-Length: 30\r\n\r\n{\"id\":1234567,\"t\":\"a \\\"b/c d\"}",
	  PEER_KEEP, 30 },
	{ "*", OK, PEER_KEEP, 0 },
	{ NULL, NULL, PEER_KEEP, 0 }
};

static const char recorded[] =
	ANSWERED "Set-Cookie: sid=old; Path=/\r\n"
	"Location: /users/old?code=o\r\n"
	"Content-Length: 19\r\n\r\n{\"id\":17,\"t\":\"old\"}";

/* Each place codes the value as it must stand there. */
START_TEST(every_place_takes_a_live_value)
{
	add("GET /login HTTP/1.1\r\n\r\n", recorded);
	add("PUT /c/17/old?u=old&k=v HTTP/1.1\r\n"
	    "Cookie: a=b; sid=old; c=d\r\n"
	    "Authorization: Bearer old\r\n"
	    "Content-Type: application/json\r\nContent-Length: 36\r\n\r\n"
	    "{\"id\":17,\"text\":\"of old, now\",\"n\":1}", OK);
	bound((struct plan_binding){ .from = SLICE("1.resp.body#/id"),
				    .to = SLICE("2.req.path/1") });
	bound((struct plan_binding){ .from = SLICE("1.resp.body#/id"),
				    .to = SLICE("2.req.body#/id") });
	bound((struct plan_binding){ .from = SLICE("1.resp.body#/t"),
				    .to = SLICE("2.req.body#/text"),
				    .before = 3, .after = 5 });
	bound((struct plan_binding){ .from = SLICE("1.resp.header/Location"),
				    .to = SLICE("2.req.path/2"),
				    .take = SLICE("path/1") });
	bound((struct plan_binding){ .from = SLICE("1.resp.header/location"),
				    .to = SLICE("2.req.query/u"),
				    .take = SLICE("query/code") });
	bound((struct plan_binding){ .from = SLICE("1.resp.cookie/sid"),
				    .to = SLICE("2.req.cookie/sid") });
	bound((struct plan_binding){ .from = SLICE("1.resp.cookie/sid"),
				    .to = SLICE("2.req.header/Authorization"),
				    .before = 7, .as = AS_BASE64 });
	run(live);
	ck_assert(received("PUT /c/1234567/live%20user?u=l%2Fc&k=v HTTP"));
	ck_assert(received("Cookie: a=b; sid=live-sid-1; c=d\r\n"));
	ck_assert(received("Authorization: Bearer bGl2ZS1zaWQtMQ==\r\n"));
	ck_assert(received("{\"id\":1234567,\"text\":\"of a \\\"b/c d, now\","
			   "\"n\":1}"));
	ck_assert(peer_seen(peer, 1)->whole);
	ck_assert_uint_eq(seen.nnotes, 0);
	ck_assert_uint_gt(seen.ncounterparts, 3);
}
END_TEST

/* An answer without the value: the recorded one goes out, and that is said. */
START_TEST(a_missing_value_is_noted)
{
	add("GET /other HTTP/1.1\r\n\r\n", recorded);
	add("GET /c/17 HTTP/1.1\r\n\r\n", OK);
	bound((struct plan_binding){ .from = SLICE("1.resp.body#/id"),
				    .to = SLICE("2.req.path/1") });
	run(live);
	ck_assert(received("GET /c/17 HTTP"));
	ck_assert(noted("binding to 2.req.path/1"));
	ck_assert_uint_eq(seen.ncounterparts, 0);
}
END_TEST

/* An answer that only repeated the value lacks it: its origin has it. */
START_TEST(another_answer_with_the_value_will_do)
{
	add("GET /login HTTP/1.1\r\n\r\n", recorded);
	add("GET /c/17 HTTP/1.1\r\n\r\n", ANSWERED
	    "Content-Length: 10\r\n\r\n{\"of\": 17}");
	add("GET /d/17 HTTP/1.1\r\n\r\n", OK);
	bound((struct plan_binding){ .from = SLICE("1.resp.body#/id"),
				    .to = SLICE("2.req.path/1") });
	bound((struct plan_binding){ .from = SLICE("2.resp.body#/of"),
				    .to = SLICE("3.req.path/1") });
	run(live);
	ck_assert(received("GET /c/1234567 HTTP"));
	ck_assert(received("GET /d/1234567 HTTP"));
	ck_assert_uint_eq(seen.nnotes, 0);
}
END_TEST

/* A live value cannot begin a header line of its own. */
START_TEST(live_values_stay_within_their_line)
{
	static const struct peer_script hostile[] = {
		{ "/login", ANSWERED "Content-Length: 26\r\n\r\n"
		  "{\"t\":\"x\\r\\nEvil: y\\u0000\"}", PEER_KEEP, 0 },
		{ "*", OK, PEER_KEEP, 0 }, { NULL, NULL, PEER_KEEP, 0 }
	};

	add("GET /login HTTP/1.1\r\n\r\n", recorded);
	add("GET /c HTTP/1.1\r\nX-T: old\r\n\r\n", OK);
	bound((struct plan_binding){ .from = SLICE("1.resp.body#/t"),
				    .to = SLICE("2.req.header/x-t") });
	run(hostile);
	ck_assert(received("X-T: xEvil: y\r\n"));
}
END_TEST

/* What the plan may not ask for, with line and what to do. */
START_TEST(bindings_that_cannot_be_obeyed_are_refused)
{
	static const struct { const char *from, *to, *said; } v[] = {
		{ "9.resp.body#/a", "2.req.path/0", "exchange 9" },
		{ "1.resp.body#/a", "8.req.path/0", "exchange 8" },
		{ "1.req.path/0", "2.req.path/0", "binding from" },
		{ "1.resp.body#/a", "2.resp.status", "binding to" },
		{ "2.resp.body#/a", "1.req.path/0", "had not ended" },
		{ "2.resp.body#/a", "2.req.path/0", "had not ended" },
	};
	struct err e;

	fixture_get(&f, 1, 0, 1000, "/a");
	fixture_get(&f, 1, 2000, 3000, "/b");
	f.plan.bindings = bindings;
	f.plan.nbindings = 1;
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		bindings[0] = (struct plan_binding){
			.from = slice_str(v[i].from),
			.to = slice_str(v[i].to), .line = 7 };
		ck_assert_int_eq(plan_check(&f.plan, &f.tape, "dir", &e), -1);
		ck_assert_int_eq(e.code, ERR_TAPE);
		ck_assert(strncmp(e.msg, "dir/replay.yaml:7: ", 19) == 0);
		ck_assert_msg(strstr(e.msg, v[i].said), "%s", e.msg);
	}
	bindings[0] = (struct plan_binding){ .from = SLICE("1.resp.body"),
					     .to = SLICE("2.req.path/0") };
	ck_assert_int_eq(plan_check(&f.plan, &f.tape, "dir", &e), 0);
}
END_TEST

Suite *
suite_bound_replay(void)
{
	Suite *s = suite_create("bound_replay");
	TCase *t = tcase_create("bound_replay");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_place_takes_a_live_value);
	tcase_add_test(t, a_missing_value_is_noted);
	tcase_add_test(t, another_answer_with_the_value_will_do);
	tcase_add_test(t, live_values_stay_within_their_line);
	tcase_add_test(t, bindings_that_cannot_be_obeyed_are_refused);
	suite_add_tcase(s, t);
	return s;
}
