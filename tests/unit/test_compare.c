/* Field-wise comparison of answers, seen through a `same` tape's verdict. */
#include "judge_scene.h"

struct pair {
	struct scene s;
	struct message *want, *got;
};

static void
pair_init(struct pair *p, const char *want, const char *got)
{
	scene_init(&p->s);
	p->s.p.expect = EXPECT_SAME;
	/* Only exchange 1 is of interest. */
	p->s.t.nexchanges = 1;
	p->s.o.n = 1;
	p->s.t.trigger = (struct trigger){ .kind = TRIGGER_SESSION };
	scene_answer(p->s.a, &p->s.x[0], 200, want);
	scene_answer(p->s.a, &p->s.live[0].x, 200, got);
	p->want = &p->s.x[0].response;
	p->got = &p->s.live[0].x.response;
}

/* "HIGH 1.resp.body#/a: 1 -> 2" and so on, a line a difference. */
static void
assert_differences(struct pair *p, const char *expected)
{
	static const char *const risks[] = { "HIGH", "MEDIUM", "LOW" };
	struct replay_result r = scene_judge(&p->s);
	struct buf b;

	buf_init(&b, MiB);
	for (size_t i = 0; i < r.cases[0].ndiffs; i++) {
		const struct difference *d = &r.cases[0].diffs[i];

		buf_fmt(&b, "%s %.*s: %.*s -> %.*s\n", risks[d->risk],
			SLICE_ARG(d->place), SLICE_ARG(d->want),
			SLICE_ARG(d->got));
	}
	ck_assert_str_eq(buf_cstr(&b), expected);
	ck_assert_int_eq(r.verdict,
			 *expected ? VERDICT_FAILED : VERDICT_PASS);
	buf_release(&b);
}

static void
assert_bodies(const char *want, const char *got, const char *expected)
{
	struct pair p;

	pair_init(&p, want, got);
	assert_differences(&p, expected);
	scene_release(&p.s);
}

/* The order of members is no difference; that of items is. */
START_TEST(members_have_no_order)
{
	assert_bodies("{\"a\":1,\"b\":[1,2]}", "{ \"b\": [1,2], \"a\": 1 }",
		      "");
	assert_bodies("{\"b\":[1,2]}", "{\"b\":[2,1]}",
		      "MEDIUM 1.resp.body#/b/0: 1 -> 2\n"
		      "MEDIUM 1.resp.body#/b/1: 2 -> 1\n");
}
END_TEST

/* Types and removals rank before values, values before additions. */
START_TEST(differences_are_ranked)
{
	assert_bodies("{\"a\":\"x\",\"gone\":1,\"t\":1}",
		      "{\"a\":\"y\",\"t\":\"1\",\"new\":true}",
		      "HIGH 1.resp.body#/gone: 1 -> (none)\n"
		      "HIGH 1.resp.body#/t: 1 (number) -> (string, 1 bytes)\n"
		      "MEDIUM 1.resp.body#/a: x -> y\n"
		      "LOW 1.resp.body#/new: (none) -> (boolean)\n");
}
END_TEST

/* What was accepted is no difference, as long as it is what was accepted. */
START_TEST(accepted_changes_are_no_differences)
{
	static struct plan_change changes[] = {
		{ .field = { "1.resp.body#/a", 14 }, .value = { "y", 1 } },
		{ .field = { "*.resp.body#/gone", 17 }, .what = CHANGE_GONE },
		{ .field = { "1.resp.body#/new", 16 }, .what = CHANGE_ADDED },
		{ .field = { "1.resp.header/x-v", 17 }, .what = CHANGE_ADDED },
		{ .field = { "1.resp.status", 13 }, .value = { "201", 3 } },
	};
	static const char *const live[][2] = {
		{ "{\"a\":\"y\",\"new\":{\"b\":1}}", "" },
		{ "{\"a\":\"z\"}", "MEDIUM 1.resp.body#/a: y -> z\n" },
		{ "{\"a\":\"x\",\"gone\":1}",
		  "MEDIUM 1.resp.body#/a: y -> x\n" },
		{ "{}", "HIGH 1.resp.body#/a: x -> (none)\n" },
		{ "{\"a\":\"y\",\"other\":1}",
		  "LOW 1.resp.body#/other: (none) -> (number)\n" },
	};
	struct pair p;

	for (size_t i = 0; i < ARRAY_LEN(live); i++) {
		pair_init(&p, "{\"a\":\"x\",\"gone\":1}", live[i][0]);
		scene_answer(p.s.a, &p.s.live[0].x, 201, live[i][0]);
		scene_header(p.s.a, p.got, "X-V", "2");
		p.s.p.changes = changes;
		p.s.p.nchanges = ARRAY_LEN(changes);
		assert_differences(&p, live[i][1]);
		scene_release(&p.s);
	}
}
END_TEST

/* What a difference would be accepted as; a secret's place is not taken. */
START_TEST(differences_say_what_accepting_them_takes)
{
	struct replay_result r;
	const struct difference *d;
	struct pair p;

	pair_init(&p, "{\"a\":\"x\",\"t\":\"⟦dvr:bearer:36:0123456789abcdef⟧\"}",
		  "{\"a\":\"long\",\"t\":\"k\"}");
	r = scene_judge(&p.s);
	d = r.cases[0].diffs;
	ck_assert_uint_eq(r.cases[0].ndiffs, 2);
	ck_assert_int_eq(d[0].change, CHANGE_VALUE);
	ck_assert(d[0].takeable);
	ck_assert(slice_eq(d[0].value, SLICE("long")));
	ck_assert(!d[1].takeable);
	ck_assert_uint_eq(d[1].value.n, 0);
	scene_release(&p.s);
}
END_TEST

/* A container that is gone is told once, not once a leaf. */
START_TEST(a_removed_container_is_told_once)
{
	assert_bodies("{\"a\":{\"b\":1,\"c\":[1,2]}}", "{}",
		      "HIGH 1.resp.body#/a: object -> (none)\n");
	assert_bodies("{\"a\":{\"b\":1}}", "{\"a\":[1]}",
		      "HIGH 1.resp.body#/a: object -> (array)\n");
}
END_TEST

/* 1.10 is not 1.1: money is not rounded by a test tool. */
START_TEST(numbers_compare_as_written)
{
	assert_bodies("{\"a\":1.10}", "{\"a\":1.1}",
		      "MEDIUM 1.resp.body#/a: 1.10 -> 1.1\n");
}
END_TEST

/* A mask on a container covers all in it, '*' stands for one segment. */
START_TEST(masks_hide_noise)
{
	struct plan_mask masks[] = {
		{ SLICE("*.resp.body#/meta"), SLICE("clock") },
		{ SLICE("1.resp.body#/items/*/id"), SLICE("random") },
		{ SLICE("*.resp.header/x-build"), SLICE("build") },
	};
	struct pair p;

	pair_init(&p, "{\"meta\":{\"at\":1},\"items\":[{\"id\":1,\"n\":1}]}",
		  "{\"meta\":{\"at\":2,\"z\":1},"
		  "\"items\":[{\"id\":2,\"n\":2}]}");
	scene_header(p.s.a, p.want, "X-Build", "1");
	scene_header(p.s.a, p.got, "X-Build", "2");
	p.s.p.masks = masks;
	p.s.p.nmasks = ARRAY_LEN(masks);
	assert_differences(&p, "MEDIUM 1.resp.body#/items/0/n: 1 -> 2\n");
	scene_release(&p.s);
}
END_TEST

static void
assert_typed(const char *type, struct slice want, struct slice got,
	     const char *expected)
{
	struct plan_mask mask = { SLICE("1.resp.body#/*/t"), SLICE("clock") };
	struct pair p;

	pair_init(&p, "", "");
	p.want->headers.v[0].value = slice_str(type);
	p.got->headers.v[0].value = slice_str(type);
	p.want->body = want;
	p.got->body = got;
	p.want->body_bytes = want.n;
	p.got->body_bytes = got.n;
	p.s.p.masks = &mask;
	p.s.p.nmasks = 1;
	assert_differences(&p, expected);
	scene_release(&p.s);
}

/* XML, protobuf and documents in strings differ by their fields. */
START_TEST(every_format_has_field_differences)
{
	assert_typed("text/xml", SLICE("<a><b x='1'>y</b><t>1</t></a>"),
		     SLICE("<a><t>2</t>\n <b x='2'>y</b></a>"),
		     "MEDIUM 1.resp.body#/a/b/@x: 1 -> 2\n");
	assert_typed("application/x-protobuf",
		     SLICE("\x0a\x03\x08\x96\x01\x12\x02hi"),
		     SLICE("\x0a\x03\x08\x97\x01\x12\x02ho"),
		     "MEDIUM 1.resp.body#/1/1: 150 -> 151\n"
		     "MEDIUM 1.resp.body#/2: hi -> ho\n");
	assert_typed("application/grpc", SLICE("\0\0\0\0\4\x12\x02hi"),
		     SLICE("\0\0\0\0\4\x12\x02ho"),
		     "MEDIUM 1.resp.body#/0/2: hi -> ho\n");
	assert_typed("application/json", SLICE("{\"a\":\"{\\\"b\\\":1}\"}"),
		     SLICE("{\"a\":\"{\\\"b\\\":2}\"}"),
		     "MEDIUM 1.resp.body#/a/b: 1 -> 2\n");
	assert_typed("application/x-ndjson", SLICE("{\"t\":1}\n{\"u\":1}\n"),
		     SLICE("{\"t\":2}\n{\"u\":2}\n"),
		     "MEDIUM 1.resp.body#/1/u: 1 -> 2\n");
}
END_TEST

/* What produces a bound value is new in every replay. */
START_TEST(bound_producers_are_noise)
{
	struct plan_binding b = { .from = SLICE("1.resp.body#/cart"),
				  .to = SLICE("2.req.path/1") };
	struct pair p;

	pair_init(&p, "{\"cart\":\"c1\"}", "{\"cart\":\"c2\"}");
	p.s.p.bindings = &b;
	p.s.p.nbindings = 1;
	assert_differences(&p, "");
	scene_release(&p.s);
}
END_TEST

/* A challenge is made anew each time; what it asks for is not. */
START_TEST(challenges_are_compared_without_their_nonce)
{
	struct pair p;

	pair_init(&p, "", "");
	scene_header(p.s.a, p.want, "WWW-Authenticate",
		     "Digest realm=\"a\", nonce=\"1\", opaque=\"x\", Basic");
	scene_header(p.s.a, p.got, "WWW-Authenticate",
		     "Digest realm=\"a\", nonce=\"2\",opaque=\"y\", Basic");
	scene_header(p.s.a, p.want, "Proxy-Authenticate",
		     "Digest realm=\"a\", nonce=\"1\"");
	scene_header(p.s.a, p.got, "Proxy-Authenticate",
		     "Digest realm=\"b\", nonce=\"1\"");
	assert_differences(&p, "MEDIUM 1.resp.header/proxy-authenticate: "
			   "Digest realm=\"a\", nonce=\"1\" -> "
			   "Digest realm=\"b\", nonce=\"1\"\n");
	scene_release(&p.s);
}
END_TEST

/* Dates, ids and connection headers are noise; others are compared. */
START_TEST(header_noise_is_known)
{
	struct pair p;

	pair_init(&p, "1", "1");
	scene_header(p.s.a, p.want, "Date", "a");
	scene_header(p.s.a, p.got, "Date", "b");
	scene_header(p.s.a, p.want, "ETag", "a");
	scene_header(p.s.a, p.want, "Set-Cookie", "sid=1; Path=/");
	scene_header(p.s.a, p.got, "set-cookie", "sid=2; Path=/");
	scene_header(p.s.a, p.got, "X-Request-Id", "b");
	scene_header(p.s.a, p.want, "Keep-Alive", "timeout=5");
	scene_header(p.s.a, p.want, "Vary", "accept");
	scene_header(p.s.a, p.got, "Vary", "origin");
	scene_header(p.s.a, p.want, "Allow", "GET");
	scene_header(p.s.a, p.got, "X-New", "something");
	assert_differences(&p,
		"HIGH 1.resp.header/allow: GET -> (none)\n"
		"MEDIUM 1.resp.header/vary: accept -> origin\n"
		"LOW 1.resp.header/x-new: (none) -> (9 bytes)\n");
	scene_release(&p.s);
}
END_TEST

/* A cookie that is not set any more is a difference, whatever its value. */
START_TEST(a_missing_cookie_is_a_difference)
{
	struct pair p;

	pair_init(&p, "1", "1");
	scene_header(p.s.a, p.want, "Set-Cookie", "sid=1");
	scene_header(p.s.a, p.got, "Set-Cookie", "other=1");
	assert_differences(&p,
		"HIGH 1.resp.cookie/sid: sid=1 -> (none)\n"
		"LOW 1.resp.cookie/other: (none) -> (7 bytes)\n");
	scene_release(&p.s);
}
END_TEST

static bool
any_live(struct slice recorded, struct slice live)
{
	return slice_eq(recorded, live) ||
	       (slice_find(recorded, SLICE("⟦dvr:")) >= 0 && live.n == 4);
}

/* A handle equals what the matcher says; what else came is never shown. */
START_TEST(handles_match_and_hide_what_came)
{
	struct pair p;

	pair_init(&p, "{\"t\":\"⟦dvr:token:4:ab⟧\",\"u\":\"⟦dvr:token:4:cd⟧\"}",
		  "{\"t\":\"abcd\",\"u\":\"topsecret\"}");
	p.s.in.matches = any_live;
	assert_differences(&p, "MEDIUM 1.resp.body#/u: ⟦dvr:token:4:cd⟧ -> "
			       "(another value, 9 bytes)\n");
	scene_release(&p.s);
}
END_TEST

/* Where the tape had null or nothing, a live value may be a secret. */
START_TEST(live_text_without_a_recorded_one_is_withheld)
{
	assert_bodies("{\"token\":null,\"key\":\"\"}",
		      "{\"token\":\"sesame\",\"key\":\"sesame\"}",
		      "HIGH 1.resp.body#/token: null -> "
		      "(string, 6 bytes)\n"
		      "MEDIUM 1.resp.body#/key:  -> (string, 6 bytes)\n");
}
END_TEST

/* Without a cleaner no live value is shown at all. */
START_TEST(without_a_cleaner_nothing_live_is_shown)
{
	struct pair p;

	pair_init(&p, "{\"a\":\"x\"}", "{\"a\":\"yyy\"}");
	p.s.in.clean = NULL;
	assert_differences(&p, "MEDIUM 1.resp.body#/a: x -> (3 bytes)\n");
	scene_release(&p.s);
}
END_TEST

static void
redact(void *arg UNUSED, struct slice raw, struct buf *out)
{
	if (slice_find(raw, SLICE("jane")) >= 0)
		buf_adds(out, "(redacted)");
	else
		buf_add(out, raw);
}

/* A name that only the live answer has may be a secret itself. */
START_TEST(places_are_cleaned)
{
	struct pair p;

	pair_init(&p, "{\"a\":1}", "{\"a\":1,\"jane\":2}");
	p.s.in.clean = redact;
	assert_differences(&p, "LOW 1.resp.body#(redacted): (none) -> (number)\n");
	scene_release(&p.s);
}
END_TEST

/* A body that stops parsing is compared, and not shown, as bytes. */
START_TEST(a_broken_body_is_opaque)
{
	assert_bodies("{\"a\":1}", "{\"a\":1",
		      "MEDIUM 1.resp.body: 7 bytes -> 6 bytes, first "
		      "difference at 6\n");
}
END_TEST

/* Long lists of differences are cut, and the rest is counted. */
START_TEST(many_differences_are_counted)
{
	struct buf want, got;
	struct pair p;
	struct replay_result r;

	buf_init(&want, MiB);
	buf_init(&got, MiB);
	for (int i = 0; i < 50; i++) {
		buf_fmt(&want, "%s1", i ? "," : "[");
		buf_fmt(&got, "%s2", i ? "," : "[");
	}
	buf_addc(&want, ']');
	buf_addc(&got, ']');
	pair_init(&p, buf_cstr(&want), buf_cstr(&got));
	r = scene_judge(&p.s);
	ck_assert_uint_eq(r.cases[0].ndiffs + r.cases[0].more, 50);
	ck_assert_uint_gt(r.cases[0].more, 0);
	ck_assert(scene_says(r.reason, "50 differences"));
	scene_release(&p.s);
	buf_release(&want);
	buf_release(&got);
}
END_TEST

Suite *suite_compare(void);

Suite *
suite_compare(void)
{
	Suite *s = suite_create("compare");
	TCase *c = tcase_create("compare");

	tcase_add_test(c, members_have_no_order);
	tcase_add_test(c, differences_are_ranked);
	tcase_add_test(c, accepted_changes_are_no_differences);
	tcase_add_test(c,
		       differences_say_what_accepting_them_takes);
	tcase_add_test(c, a_removed_container_is_told_once);
	tcase_add_test(c, numbers_compare_as_written);
	tcase_add_test(c, masks_hide_noise);
	tcase_add_test(c, every_format_has_field_differences);
	tcase_add_test(c, bound_producers_are_noise);
	tcase_add_test(c, challenges_are_compared_without_their_nonce);
	tcase_add_test(c, header_noise_is_known);
	tcase_add_test(c, a_missing_cookie_is_a_difference);
	tcase_add_test(c, handles_match_and_hide_what_came);
	tcase_add_test(c, live_text_without_a_recorded_one_is_withheld);
	tcase_add_test(c, without_a_cleaner_nothing_live_is_shown);
	tcase_add_test(c, places_are_cleaned);
	tcase_add_test(c, a_broken_body_is_opaque);
	tcase_add_test(c, many_differences_are_counted);
	suite_add_tcase(s, c);
	return s;
}
