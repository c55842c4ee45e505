/* Honest traffic passes untouched: ids, hashes, prices, versions, e-tags, times
 * and numbers of every length in the shapes of well-known interfaces. */
#include "clean_traffic.h"
#include "scrub_rig.h"

#include <check.h>

Suite *suite_scrub_clean(void);

#define BODY_BYTES (24u * KiB)
#define SEEDS 3u	/* bodies of each kind: 13 x 3 x 24 KiB are 936 KiB */

/* The first place that is told, for the message. */
static const char *
told(struct rig *r)
{
	const struct scrub_entry *x = r->tape.scrubbed;

	return r->tape.nscrubbed == 0 ? "nothing" :
		rig_fmt(r, "%.*s at %.*s", SLICE_ARG(x->rule),
			SLICE_ARG(x->field));
}

START_TEST(honest_bodies_stay)
{
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		struct rig r;
		struct clean_body b;
		struct exchange *x;

		rig_init(&r, NULL, 0);
		b = clean_traffic(r.arena, (unsigned)_i, seed, BODY_BYTES);
		ck_assert_uint_ge(b.text.n, BODY_BYTES);
		x = rig_request(&r, rig_fmt(&r, "GET %s HTTP/1.1\n", b.target),
				SLICE(""));
		rig_answer(&r, x, rig_fmt(&r, "HTTP/1.1 200 OK\nContent-Type: "
			   "%s\n", b.type), b.text);
		rig_scrub(&r);
		ck_assert_msg(r.tape.nscrubbed == 0, "%s %u: %s", b.name, seed,
			      told(&r));
		ck_assert(slice_eq(r.tape.exchanges[0].response.body, b.text));
		rig_release(&r);
	}
}
END_TEST

/* The same bodies as text that no walker reads: a log, a broken document. */
START_TEST(honest_text_stays)
{
	struct rig r;
	struct clean_body b;
	struct buf out;

	rig_init(&r, NULL, 0);
	b = clean_traffic(r.arena, (unsigned)_i, 9, BODY_BYTES);
	buf_init(&out, MiB);
	scrub_text(r.scrub, b.text, &out);
	for (size_t i = 0; i < b.text.n && !slice_eq(buf_slice(&out), b.text);
	     i++) {
		if (i >= out.n || out.p[i] != b.text.p[i])
			ck_abort_msg("%s: at %.60s", b.name, b.text.p +
				     (i > 20 ? i - 20 : 0));
	}
	buf_release(&out);
	rig_release(&r);
}
END_TEST

/* Header lines of requests and answers as clients and servers write them. */
static const char *const heads[] = {
	"GET /v1/orders/4000123412341235?expand=true&v=1.2.3.4 HTTP/1.1\n"
	"Host: 127.0.0.1:8080\nUser-Agent: Chrome/120.0.6099.109 Edg/120.0.0.0\n"
	"Accept: */*\nAccept-Language: en-US,en;q=0.9,de;q=0.8\n"
	"X-Request-Id: 4111111111111111\nX-Forwarded-For: 10.0.0.7, 127.0.0.1\n"
	"Forwarded: for=192.168.7.9;proto=https\nX-RateLimit-Remaining-Tokens: "
	"149984500\nX-B3-TraceId: 463ac35c9f6413ad48485a3953bb6124\n"
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-Fetch-Mode: cors\n"
	"Cookie: theme=dark; user-lang=en-GB; cookieConsent=2026-01-01\n"
	"If-None-Match: \"33a64df551425fcc55e4d42a148795d9f25f89d4\"\n"
	"Range: bytes=0-1023\nSec-CH-UA: \"Chromium\";v=\"120\"\n"
	"X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678\n",
	"POST /graphql HTTP/1.1\nContent-Type: application/json\n"
	"Idempotency-Key: 8e03978e-40d5-43e8-bc93-6894a57f9324\n"
	"X-Client-Version: 5.12.40.2\nX-Max-Tokens: 4096\nX-Author: monkey\n"
	"X-Keyboard: us\nCorrelation: 20260112093000123\nPragma: no-cache\n",
};

START_TEST(honest_heads_stay)
{
	struct rig r;
	struct exchange *x;

	rig_init(&r, NULL, 0);
	x = rig_request(&r, heads[_i], SLICE(""));
	rig_answer(&r, x, "HTTP/1.1 200 OK\nServer: nginx/1.25.3\nAge: 4111\n"
		   "ETag: W/\"4111111111111111\"\nVia: 1.1 varnish (7.4.2)\n"
		   "CF-RAY: 85f8a1b2c3d4e5f6-FRA\nX-Cache: HIT\n"
		   "Set-Cookie: lang=de; Path=/\nRetry-After: 120\n"
		   "Strict-Transport-Security: max-age=31536000\n"
		   "WWW-Authenticate: Bearer realm=\"api\", error=\"invalid\"\n"
		   "Location: /v1/orders/4000123412341235?page=2\n", SLICE(""));
	rig_scrub(&r);
	ck_assert_msg(r.tape.nscrubbed == 0, "%s", told(&r));
	rig_release(&r);
}
END_TEST

/* Written by hand: what was mistaken for a secret once. */
static const char *const traps[] = {
	"{\"pass\":12,\"fail\":3,\"skip\":0}",
	"{\"password\":{\"type\":\"string\",\"format\":\"password\","
	"\"description\":\"At least 8 letters\"}}",
	"{\"token\":null,\"secret\":\"\",\"api_key\":\"********\"}",
	"{\"code\":\"ERR_HTTP_INVALID_HEADER_VALUE_2\",\"state\":"
	"\"awaiting_payment_step_2\"}",
	"{\"key\":\"projects/42/photos/2026/11/22/IMG_0042.jpg\"}",
	"{\"key\":\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"}",
	"{\"Key\":\"550e8400-e29b-41d4-a716-446655440000\"}",
	"{\"address\":\"10.0.0.7:8080\",\"peer\":{\"address\":\"worker-7\"}}",
	"{\"name\":\"web\",\"phone_verified\":true,\"email_count\":4}",
	"{\"port\":\"+1\",\"delta\":\"+12345678\",\"sum\":\"1+14155552671\"}",
	"ratio 219-09 of 9999; SKU 219-0999-99; 555-0123; 1-2-3",
	"123456789 3128672234 219099999 4155552671 000000000",
	"order 312-867-53099, part 1312-867-5309, 312-867-530",
	"firmware 1.2.3.4, v10.20.30.40, netmask 255.255.255.0, 120.0.0.0/8",
	"build 81.2.69.142-rc1 of version 81.2.69.142",
	"time 12:34:56 span 12:34:56:78 ratio 16:9 std::vector::size a::b",
	"fingerprint 3c:22:fb:01:9e:aa:3c:22:fb:01:9e:aa:3c:22:fb:01",
	"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8",
	"Basic usage: Bearer tokens are opaque. Basic plan, bearer of news.",
	"https://example.com/@scope/pkg@1.2.3 git@host.example:x/y.git",
	"GB00 1234 DE12 SE35 FR14 2004 1010 0505 0001 3M02 607",
	"keep-alive key-value sk-fading-circle task-list sl.html hf_hub",
	"eyJ eyJhbGci not.a.token AKIA xoxb- ghp_ glpat- SG. hooks.slack.com/",
	"PAN 4111 1111 1111 1112 and 4111111111111112 and 79927398713",
	"{\"tokens\":[\"the\",\"quick\",\"brown\"],\"usage\":{\"tokens\":12345678}}",
	"{\"sid\":\"open\",\"pin\":\"top\",\"card\":\"large\",\"salt\":\"sea\"}",
	"{\"mac\":\"apple\",\"cell\":\"B12\",\"tel\":\"\",\"zipcode\":null}",
	"{\"dob_required\":true,\"birthday_count\":3,\"birthday\":\"soon\"}",
	"AAAAB3 = b64 EAAAQABAAAB 1//0 AIzaShort ya29. 00-11-22",
};

START_TEST(traps_are_no_secrets)
{
	struct rig r;
	struct exchange *x;
	bool json = traps[_i][0] == '{';

	rig_init(&r, NULL, 0);
	x = rig_request(&r, rig_fmt(&r, "POST / HTTP/1.1\nContent-Type: %s\n",
			json ? "application/json" : "text/plain"),
			slice_str(traps[_i]));
	rig_answer(&r, x, "HTTP/1.1 200 OK\n", slice_str(traps[_i]));
	rig_scrub(&r);
	ck_assert_msg(r.tape.nscrubbed == 0, "%s in %s", told(&r), traps[_i]);
	rig_release(&r);
}
END_TEST

Suite *
suite_scrub_clean(void)
{
	Suite *s = suite_create("scrub_clean");
	TCase *tc = tcase_create("scrub_clean");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, honest_bodies_stay, 0, CLEAN_KINDS);
	tcase_add_loop_test(tc, honest_text_stays, 0, CLEAN_KINDS);
	tcase_add_loop_test(tc, honest_heads_stay, 0, (int)ARRAY_LEN(heads));
	tcase_add_loop_test(tc, traps_are_no_secrets, 0,
			    (int)ARRAY_LEN(traps));
	suite_add_tcase(s, tc);
	return s;
}
