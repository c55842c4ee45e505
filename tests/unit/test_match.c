/* Which recorded call a live one is, and what it was made for. */
#include "replay_fixture.h"

#include "../../runner/replay/correlate.h"
#include "../../runner/replay/match.h"

#include <check.h>
#include <dvr/scrub/scrub.h>

static struct fixture f;

static void
setup(void)
{
	fixture_init(&f);
}

static void
teardown(void)
{
	fixture_release(&f);
}

static struct exchange *
call(const char *lane, const char *request, const char *response)
{
	struct fixture_exchange x = { .lane = lane, .conn = 1, .at_us = 0,
		.end_us = 1000, .request = request, .response = response };

	return fixture_add(&f, &x);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: s\r\n\r\n"
#define OK(n, body) "HTTP/1.1 200 OK\r\nContent-Length: " n "\r\n\r\n" body

static enum cause_state
second_is_open(void *arg, uint32_t id)
{
	(void)arg;
	return id == 2 ? CAUSE_OPEN : CAUSE_TO_COME;
}

/* A match over the fixture's tape and plan. */
static struct match
matching(void)
{
	return (struct match){ .tape = &f.tape, .plan = &f.plan,
		.used = arena_array(f.tape.arena, 64, sizeof(bool)) };
}

/* The index found for that live request, or -1. */
static int
find(struct match *match, const char *request, uint32_t cause)
{
	struct fixture other;
	struct fixture_exchange x = { .lane = "stock", .conn = 1,
		.request = request, .response = NULL };
	struct live_call c = { .lane = SLICE("stock"), .cause = cause };
	struct found_call found;
	int at = -1;

	fixture_init(&other);
	c.message = &fixture_add(&other, &x)->request;
	if (match_find(match, &c, &found))
		at = (int)found.index;
	fixture_release(&other);
	return at;
}

/* Of equal calls, the one whose cause is being answered now comes first. */
START_TEST(an_open_cause_comes_first)
{
	struct match match = matching();

	fixture_get(&f, 1, 0, 10, "/a");
	fixture_get(&f, 2, 0, 10, "/b");
	call("stock", GET("/n"), OK("1", "1"))->cause = 1;
	call("stock", GET("/n"), OK("1", "2"))->cause = 2;
	match.cause_state = second_is_open;
	ck_assert_int_eq(find(&match, GET("/n"), 0), 3);
	ck_assert_int_eq(find(&match, GET("/n"), 0), 2);
	ck_assert_int_eq(find(&match, GET("/n"), 0), -1);
}
END_TEST

/* Occurrences count per cause: a call that names its cause takes no answer that
 * was recorded for another one, however many are left there. */
START_TEST(a_named_cause_has_its_own_answers)
{
	struct match match = matching();

	fixture_get(&f, 1, 0, 10, "/a");
	fixture_get(&f, 2, 0, 10, "/b");
	call("stock", GET("/n"), OK("1", "1"))->cause = 1;
	call("stock", GET("/n"), OK("1", "2"))->cause = 1;
	call("stock", GET("/n"), OK("1", "3"))->cause = 2;
	ck_assert_int_eq(find(&match, GET("/n"), 2), 4);
	ck_assert_int_eq(find(&match, GET("/n"), 2), -1);
	ck_assert_int_eq(find(&match, GET("/n"), 1), 2);
	ck_assert_int_eq(find(&match, GET("/n"), 1), 3);
	ck_assert_int_eq(find(&match, GET("/n"), 1), -1);
}
END_TEST

#define JSON_POST(n, body) "POST /p HTTP/1.1\r\nContent-Type: " \
	"application/json\r\nContent-Length: " n "\r\n\r\n" body

/* Members in another order and other white space are the same body; another
 * value is another call. */
START_TEST(bodies_compare_by_fields)
{
	struct match match = matching();

	call("stock", JSON_POST("13", "{\"a\":1,\"b\":2}"), OK("1", "1"));
	ck_assert_int_eq(find(&match, JSON_POST("13", "{\"a\":1,\"b\":3}"), 0),
			 -1);
	ck_assert_int_eq(find(&match, JSON_POST("19", "{\"a\":1,\"b\":2,"
						"\"c\":3}"), 0), -1);
	ck_assert_int_eq(find(&match, JSON_POST("7", "{\"a\":1}"), 0), -1);
	ck_assert_int_eq(find(&match, JSON_POST("15", "{\"b\":2, \"a\": 1}"),
			      0), 0);
}
END_TEST

/* {"m":"{\"b\":1,\"t\":N}"} */
#define IN_STRING(t) JSON_POST("25", \
	"{\"m\":\"{\\\"b\\\":1,\\\"t\\\":" t "}\"}")

/* A mask reaches what is in a document in a string; the rest of it counts. */
START_TEST(masks_reach_into_nested_documents)
{
	struct plan_mask masks[] = {
		{ SLICE("*.req.body#/m/t"), SLICE("clock") },
	};
	struct match match = matching();

	f.plan.masks = masks;
	f.plan.nmasks = ARRAY_LEN(masks);
	call("stock", IN_STRING("2"), OK("1", "1"));
	ck_assert_int_eq(find(&match, JSON_POST("25",
		"{\"m\":\"{\\\"b\\\":7,\\\"t\\\":2}\"}"), 0), -1);
	ck_assert_int_eq(find(&match, IN_STRING("9"), 0), 0);
}
END_TEST

/* What a mask covers is no difference: in the path, the query, the body. */
START_TEST(masked_fields_do_not_count)
{
	struct plan_mask masks[] = {
		{ SLICE("*.req.body#/b"), SLICE("clock") },
		{ SLICE("2.req.query/t"), SLICE("clock") },
		{ SLICE("3.req.path/1"), SLICE("id") },
	};
	struct match match = matching();

	f.plan.masks = masks;
	f.plan.nmasks = ARRAY_LEN(masks);
	call("stock", JSON_POST("13", "{\"a\":1,\"b\":2}"), OK("1", "1"));
	call("stock", GET("/q?t=1&u=1"), OK("1", "1"));
	call("stock", GET("/s/7/x"), OK("1", "1"));
	ck_assert_int_eq(find(&match, JSON_POST("13", "{\"a\":2,\"b\":3}"), 0),
			 -1);
	ck_assert_int_eq(find(&match, JSON_POST("13", "{\"a\":1,\"b\":3}"), 0),
			 0);
	ck_assert_int_eq(find(&match, GET("/q?u=2&t=9"), 0), -1);
	ck_assert_int_eq(find(&match, GET("/q?u=1&t=9"), 0), 1);
	ck_assert_int_eq(find(&match, GET("/t/7/x"), 0), -1);
	ck_assert_int_eq(find(&match, GET("/s/8/x"), 0), 2);
}
END_TEST

/* An id that the service makes up anew is the same call; one that a client or
 * a dependency had told it is not. */
START_TEST(made_up_ids_are_noise_and_told_ones_are_not)
{
	struct match match = matching();

	fixture_get(&f, 1, 0, 10,
		    "/u/11111111-2222-3333-4444-555555555555");
	call("stock", GET("/o/aaaaaaaa-2222-3333-4444-555555555555"),
	     OK("1", "1"))->cause = 1;
	call("stock", GET("/u/11111111-2222-3333-4444-555555555555"),
	     OK("1", "1"))->cause = 1;
	ck_assert_int_eq(find(&match, GET("/u/99999999-2222-3333-4444-"
					  "555555555555"), 0), -1);
	ck_assert_int_eq(find(&match, GET("/o/nothing"), 0), -1);
	ck_assert_int_eq(find(&match, GET("/o/bbbbbbbb-2222-3333-4444-"
					  "555555555555"), 0), 1);
}
END_TEST

/* A scrubbed value is its expansion first, then any value of its class. */
START_TEST(handles_match_their_own_value_first)
{
	const char *one = "\xe2\x9f\xa6" "dvr:token:8:00000000000000a1"
			  "\xe2\x9f\xa7";
	const char *two = "\xe2\x9f\xa6" "dvr:token:8:00000000000000b2"
			  "\xe2\x9f\xa7";
	struct match match = matching();
	struct buf text, live;

	buf_init(&text, KiB);
	buf_init(&live, KiB);
	buf_fmt(&text, "GET /k?t=%s HTTP/1.1\r\n\r\n", one);
	call("stock", buf_cstr(&text), OK("1", "1"));
	buf_clear(&text);
	buf_fmt(&text, "GET /k?t=%s HTTP/1.1\r\n\r\n", two);
	call("stock", buf_cstr(&text), OK("1", "2"));
	scrub_expand(buf_slice(&text), &live, NULL);
	ck_assert_int_eq(find(&match, buf_cstr(&live), 0), 1);
	ck_assert_int_eq(find(&match, buf_cstr(&live), 0), 0);
	buf_release(&text);
	buf_release(&live);
}
END_TEST

/* The order of query parameters is no difference, their values are. */
START_TEST(queries_match_in_any_order)
{
	static const struct { const char *recorded, *live; bool same; } v[] = {
		{ GET("/?a=1&b=2"), GET("/?b=2&a=1"), true },
		{ GET("/?a=1&b=2"), GET("/?b=2&a=2"), false },
		{ GET("/?a=1"), GET("/?a=1&b=2"), false },
		{ GET("/?a=1&a=1"), GET("/?a=1"), false },
		{ GET("/?a=1&a=2"), GET("/?a=2&a=1"), true },
		{ GET("/?"), GET("/"), true },
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct match match;

		call("stock", v[i].recorded, OK("1", "1"));
		match = matching();
		for (size_t k = 0; k < i; k++)
			match.used[k] = true;
		ck_assert_int_eq(find(&match, v[i].live, 0),
				 v[i].same ? (int)i : -1);
	}
}
END_TEST

/* The names that are put on a request lead back to it from a call that passes
 * on either of them; another replay's or a stranger's do not. */
START_TEST(injected_names_lead_back)
{
	struct slice prefix, end = SLICE("\r\n\r\nbody");
	struct exchange *x;
	struct message live;
	struct buf wire;

	fixture_get(&f, 1, 0, 10, "/a");
	x = fixture_get(&f, 1, 20, 30, "/b");
	x->injected = true;
	prefix = correlate_prefix(&f.tape, f.tape.arena);
	buf_init(&wire, MiB);
	buf_adds(&wire, "GET /b HTTP/1.1\r\nHost: t\r\n\r\nbody");
	correlate_inject(prefix, x, &wire);
	ck_assert(slice_ends(buf_slice(&wire), end));
	live = call("stock", buf_cstr(&wire), NULL)->request;
	ck_assert_uint_eq(live.headers.n, 3);
	ck_assert_uint_eq(correlate_cause(&f.tape, prefix, &live), 2);
	live.headers.v[1] = header_of_line(SLICE("X-Other: 1"));
	ck_assert_uint_eq(correlate_cause(&f.tape, prefix, &live), 2);
	live.headers.v[2] = header_of_line(SLICE("X-Other: 2"));
	ck_assert_uint_eq(correlate_cause(&f.tape, prefix, &live), 0);
	live.headers.v[1] = header_of_line(SLICE("X-DVR-Correlation-Id: "
						 "other/run/2"));
	ck_assert_uint_eq(correlate_cause(&f.tape, prefix, &live), 0);
	buf_release(&wire);
}
END_TEST

/* Only what the recording had edited is edited again; what the client had sent
 * itself is not sent twice. */
START_TEST(heads_that_were_not_injected_stay)
{
	struct exchange *x = fixture_get(&f, 1, 0, 10, "/a");
	struct slice text = SLICE("GET /a HTTP/1.1\r\nHost: t\r\n\r\n");
	struct buf wire;

	buf_init(&wire, MiB);
	buf_add(&wire, text);
	correlate_inject(SLICE("n/t/"), x, &wire);
	ck_assert(slice_eq(buf_slice(&wire), text));
	x->injected = true;
	x->request.headers.v[0] = header_of_line(SLICE("traceparent: x"));
	correlate_inject(SLICE("n/t/"), x, &wire);
	ck_assert(slice_find(buf_slice(&wire), SLICE("Id: n/t/1\r\n")) > 0);
	ck_assert(slice_find(buf_slice(&wire), SLICE("traceparent")) < 0);
	buf_release(&wire);
}
END_TEST

Suite *suite_match(void);

Suite *
suite_match(void)
{
	Suite *s = suite_create("match");
	TCase *tc = tcase_create("match");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_open_cause_comes_first);
	tcase_add_test(tc, a_named_cause_has_its_own_answers);
	tcase_add_test(tc, bodies_compare_by_fields);
	tcase_add_test(tc, masked_fields_do_not_count);
	tcase_add_test(tc, masks_reach_into_nested_documents);
	tcase_add_test(tc, made_up_ids_are_noise_and_told_ones_are_not);
	tcase_add_test(tc, handles_match_their_own_value_first);
	tcase_add_test(tc, queries_match_in_any_order);
	tcase_add_test(tc, injected_names_lead_back);
	tcase_add_test(tc, heads_that_were_not_injected_stay);
	suite_add_tcase(s, tc);
	return s;
}
