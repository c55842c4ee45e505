/* Where scrubbing ends: short values, rules without end, no locked memory. */
#include "scrub_rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

Suite *suite_scrub_limits(void);

/* A second goes by each time somebody looks. */
struct slow_clock {
	struct clock clock;
	uint64_t *asked;
};

static uint64_t
slow_ns(const struct clock *c)
{
	union { const struct clock *c; const struct slow_clock *s; } u = { c };

	return ++*u.s->asked * NS_PER_S;
}

/* Each match is cheap and all of them are not: a rule has ten seconds. */
START_TEST(rules_that_match_for_too_long_withhold)
{
	static const struct scrub_rule rule = { .regex = "a(?=b)",
		.file = "dvr.yaml", .line = 31 };
	uint64_t asked = 0;
	struct slow_clock slow = { clock_system, &asked };
	struct rig r;
	struct buf b;

	slow.clock.mono_ns = slow_ns;
	rig_init(&r, NULL, 0);
	scrub_destroy(r.scrub);
	r.scrub = scrub_create(&rule, 1, &slow.clock, NULL);
	buf_init(&b, 64 * KiB);
	/* the clock is looked at once in 64 matches */
	while (b.n < (_i ? 64 * 12 : 64 * 8) * 2)
		buf_adds(&b, "ab");
	rig_request(&r, "POST / HTTP/1.1\n", buf_slice(&b));
	rig_scrub(&r);
	ck_assert_int_eq(r.tape.exchanges[0].request.withheld.n > 0, _i);
	ck_assert_int_eq(r.tape.exchanges[0].request.body.n > 0, !_i);
	buf_release(&b);
	rig_release(&r);
}
END_TEST

/* A key that cannot be locked is told of, and everything goes on. */
START_TEST(a_key_that_cannot_be_locked_is_told_of)
{
	const struct rlimit none = { 0, 0 };
	struct slice secret;
	struct rig r;

	/* root may lock all the same; this process is the test's own */
	ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	ck_assert(geteuid() != 0 || setresuid(65534, 65534, 65534) == 0);
	rig_init(&r, NULL, 0);
	ck_assert_ptr_nonnull(scrub_exposed(r.scrub));
	ck_assert_ptr_nonnull(strstr(scrub_exposed(r.scrub), "mlock"));
	secret = rig_secret(&r, "unlocked", 24);
	rig_request(&r, rig_fmt(&r, "GET / HTTP/1.1\nAuthorization: Bearer "
				"%s\n", secret.p), SLICE(""));
	rig_scrub(&r);
	rig_assert_gone(&r, "unlocked", secret);
	rig_release(&r);
}
END_TEST

/* What is known as a secret and too short to be searched for is gone where it
 * is one, and stays in every number that it is a part of. */
START_TEST(a_short_secret_rewrites_nothing_else)
{
	static const char rest[] = "\"id\":\"ord-%s\",\"order\":\"%s0%s\","
		"\"price\":%s.00,\"port\":%s,\"list\":[%s,\"%s\",\"x %s\"],"
		"\"url\":\"http://h:%s/%s?n=%s\"}";
	static const char *const names[] = { "cvv", "cvc", "pin", "otp" };
	static const char *const values[] = { "123", "4711", "90210" };
	const char *name = names[_i % 4], *v = values[_i % 3];
	const char *want, *body;
	struct rig r;

	rig_init(&r, NULL, 0);
	want = rig_fmt(&r, rest, v, v, v, v, v, v, v, v, v, v, v);
	rig_request(&r, "POST /pay HTTP/1.1\nContent-Type: application/json\n",
		    slice_str(rig_fmt(&r, "{\"%s\":\"%s\",%s", name, v,
				      want)));
	rig_answer(&r, rig_request(&r, rig_fmt(&r, "GET /orders/%s?n=%s "
		"HTTP/1.1\nX-Count: %s\n", v, v, v), SLICE("")),
		"HTTP/1.1 200 OK\nContent-Type: application/json\n",
		slice_str(rig_fmt(&r, "{%s", want)));
	rig_scrub(&r);
	body = rig_fmt(&r, "%.*s", SLICE_ARG(r.tape.exchanges[0].request.body));
	ck_assert_msg(strstr(body, want) != NULL, "%s", body);
	ck_assert_msg(strstr(body, rig_fmt(&r, "\"%s\":\"%s\"", name, v)) ==
		      NULL, "%s", body);
	body = rig_text(&r, &r.tape.exchanges[1].response);
	ck_assert_msg(strstr(body, want) != NULL, "%s", body);
	body = rig_text(&r, &r.tape.exchanges[1].request);
	ck_assert_msg(strstr(body, rig_fmt(&r, "/orders/%s?n=%s", v, v)) &&
		      strstr(body, rig_fmt(&r, "X-Count: %s", v)), "%s", body);
	rig_release(&r);
}
END_TEST

/* Each of many secrets has its own handle, wherever it comes again, among
 * those that begin as it does. */
START_TEST(many_secrets_are_told_apart)
{
	const unsigned n = 4000;
	struct slice body;
	struct rig r;
	struct buf b;

	rig_init(&r, NULL, 0);
	buf_init(&b, 4 * MiB);
	buf_adds(&b, "{\"all\":[");
	for (unsigned i = 0; i < n; i++)
		buf_fmt(&b, "%s{\"token\":\"prefix7-of-them-all-%s%06u\"}",
			i ? "," : "", i % 3 ? "" : "x", i);
	buf_adds(&b, "]}");
	rig_request(&r, "POST / HTTP/1.1\nContent-Type: application/json\n",
		    buf_slice(&b));
	buf_clear(&b);
	for (unsigned i = n; i-- > 0; )
		buf_fmt(&b, "<prefix7-of-them-all-%s%06u>", i % 3 ? "" : "x",
			i);
	rig_request(&r, "POST / HTTP/1.1\nContent-Type: text/plain\n",
		    buf_slice(&b));
	rig_scrub(&r);
	body = r.tape.exchanges[0].request.body;
	ck_assert_int_lt(slice_find(body, SLICE("of-them")), 0);
	body = r.tape.exchanges[1].request.body;
	ck_assert_int_lt(slice_find(body, SLICE("of-them")), 0);
	/* the last one of the first body comes first in the second */
	body = slice_range(body, 0, (size_t)slice_chr(body, '>'));
	ck_assert(slice_find(r.tape.exchanges[0].request.body,
			     slice_from(body, 1)) >
		  (ssize_t)r.tape.exchanges[0].request.body.n - 80);
	buf_release(&b);
	rig_release(&r);
}
END_TEST

Suite *
suite_scrub_limits(void)
{
	Suite *s = suite_create("scrub_limits");
	TCase *tc = tcase_create("scrub_limits");
	const char *fork = getenv("CK_FORK");

	tcase_add_loop_test(tc, rules_that_match_for_too_long_withhold, 0, 2);
	/* it gives its rights away; under ASan mlock() does nothing, well */
#ifndef __SANITIZE_ADDRESS__
	if (!fork || strcmp(fork, "no") != 0)
		tcase_add_test(tc, a_key_that_cannot_be_locked_is_told_of);
#endif
	tcase_add_loop_test(tc, a_short_secret_rewrites_nothing_else, 0, 12);
	tcase_add_test(tc, many_secrets_are_told_apart);
	suite_add_tcase(s, tc);
	return s;
}
