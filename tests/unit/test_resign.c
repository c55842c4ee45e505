/* Signatures made anew, against the vectors of those who define them. */
#include "../../runner/replay/resign.h"

#include <dvr/base/clock.h>

#include <check.h>
#include <stdlib.h>

Suite *suite_resign(void);

struct rig {
	struct arena *arena;
	struct tape tape;
	struct tape_lane lane;
	struct exchange x;
	struct resigner *resigner;
	struct message m;
};

static void
add_line(struct rig *r, const char *line)
{
	struct headers *h = &r->x.request.headers;

	h->v[h->n++] = header_of_line(slice_str(line));
}

static void
begin(struct rig *r, const char *line, const char *body, int64_t recorded_s)
{
	*r = (struct rig){ .arena = arena_create() };
	r->lane = (struct tape_lane){ SLICE("client"), LANE_INGRESS };
	r->tape = (struct tape){ .lanes = &r->lane, .nlanes = 1,
		.exchanges = &r->x, .nexchanges = 1,
		.recorded_us = recorded_s * US_PER_S };
	r->x = (struct exchange){ .id = 1, .request = { .present = true,
		.line = slice_str(line), .body = slice_str(body) } };
	r->x.request.headers.v = arena_array(r->arena, 16,
					     sizeof(struct header));
}

/* Signs the request by the rule alone. */
static size_t
sign(struct rig *r, struct resign_rule rule, int64_t shift_s)
{
	struct secrets_config cfg = { .resign = &rule, .nresign = 1 };
	struct err e = { .code = ERR_NONE };
	size_t which;

	ck_assert_msg(resigner_create(&cfg, &r->tape, NULL, shift_s,
				      &r->resigner, &e) == 0, "%s", e.msg);
	r->m = r->x.request;
	which = resigner_rule(r->resigner, &r->x);
	if (which > 0)
		resigner_sign(r->resigner, which, &r->x, r->arena, &r->m);
	resigner_destroy(r->resigner);
	return which;
}

static void
expect(struct rig *r, const char *name, const char *value)
{
	const struct header *h = headers_find(&r->m.headers, name);

	ck_assert_ptr_nonnull(h);
	ck_assert_msg(slice_eq(h->value, slice_str(value)), "%s: %.*s", name,
		      SLICE_ARG(h->value));
}

/* The example of GitHub's documentation. */
START_TEST(github)
{
	struct rig r;

	begin(&r, "POST /hook HTTP/1.1", "Hello, World!", 0);
	add_line(&r, "X-Hub-Signature-256: old");
	setenv("T_KEY", "It's a Secret to Everybody", 1);
	ck_assert_uint_eq(sign(&r, (struct resign_rule){
		.kind = RESIGN_GITHUB, .key_env = (char[]){ "T_KEY" } }, 0), 1);
	expect(&r, "X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984"
	       "b8a37570b6d7586c22c46f4379c8b043e17");
	arena_destroy(r.arena);
}
END_TEST

/* AWS's test suite of version 4: get-vanilla, and with a query in no order. */
START_TEST(aws)
{
	static const struct { const char *line, *signature; } vectors[] = {
		{ "GET / HTTP/1.1", "5fa00fa31553b73ebf1942676e86291e8372ff2a22"
		  "60956d9b8aae1d763fbf31" },
		{ "GET /?Param2=value2&Param1=value1 HTTP/1.1", "b97d918cfa904a"
		  "5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
	};
	struct rig r;

	setenv("T_KEY", "wJalrXUtnFEMI/K7MDENG+" "bPxRfiCYEXAMPLEKEY", 1);
	setenv("T_ID", "AKID" "EXAMPLE", 1);
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		begin(&r, vectors[i].line, "", 1440938160 - 1000);
		add_line(&r, "Host: example.amazonaws.com");
		add_line(&r, "X-Amz-Date: 20150830T121920Z");
		add_line(&r, "Authorization: AWS4-HMAC-SHA256 Credential=x/2015"
			 "0829/us-east-1/service/aws4_request, SignedHeaders="
			 "host;x-amz-date, Signature=old");
		sign(&r, (struct resign_rule){ .kind = RESIGN_AWS,
			.key_env = (char[]){ "T_KEY" },
			.id_env = (char[]){ "T_ID" } }, 1000);
		expect(&r, "X-Amz-Date", "20150830T123600Z");
		expect(&r, "Authorization", arena_str(r.arena, arena_fmt(
			r.arena, "AWS4-HMAC-SHA256 Credential=%s/20150830/us-"
			"east-1/service/aws4_request, SignedHeaders=host;"
			"x-amz-date, Signature=%s", getenv("T_ID"),
			vectors[i].signature)));
		arena_destroy(r.arena);
	}
}
END_TEST

/* Times move with the clock; the recorded margin stays. */
START_TEST(timestamps_move)
{
	struct rig r;

	setenv("T_KEY", "k", 1);
	begin(&r, "POST /hook HTTP/1.1", "{}", 2000);
	add_line(&r, "X-Slack-Request-Timestamp: 1990");
	add_line(&r, "X-Slack-Signature: old");
	sign(&r, (struct resign_rule){ .kind = RESIGN_SLACK,
		.key_env = (char[]){ "T_KEY" } }, 500);
	expect(&r, "X-Slack-Request-Timestamp", "2490");
	arena_destroy(r.arena);
}
END_TEST

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7), and what stands before
 * the signature stays. */
START_TEST(azure)
{
	struct rig r;

	setenv("T_KEY", "a2V5", 1);
	begin(&r, "GET /acct/Tables HTTP/1.1", "", 784111777);
	add_line(&r, "x-ms-date: old");
	add_line(&r, "DataServiceVersion: 3.0");
	add_line(&r, "Authorization: SharedKey acct:old");
	sign(&r, (struct resign_rule){ .kind = RESIGN_AZURE,
		.key_base64 = true, .key_env = (char[]){ "T_KEY" } }, 0);
	expect(&r, "x-ms-date", "Sun, 06 Nov 1994 08:49:37 GMT");
	/* openssl dgst -sha256 -hmac key -binary | base64, over
	 * "GET\n\n\nSun, 06 Nov 1994 08:49:37 GMT\n/acct/acct/Tables" */
	expect(&r, "Authorization", "SharedKey acct:+9UKYZq+NtNbxRChW4RRZrPgErjWgI1mfktxL8Kw0cg=");
	arena_destroy(r.arena);
}
END_TEST

/* A template says what is signed: here, as Standard Webhooks does. */
START_TEST(templates)
{
	struct rig r;

	setenv("T_KEY", "a2V5", 1);
	begin(&r, "POST /hook HTTP/1.1", "{\"a\":1}", 100);
	add_line(&r, "webhook-id: msg_1");
	add_line(&r, "webhook-timestamp: 100");
	add_line(&r, "webhook-signature: v1,old");
	sign(&r, (struct resign_rule){ .kind = RESIGN_HMAC,
		.key_base64 = true, .key_env = (char[]){ "T_KEY" },
		.header = (char[]){ "webhook-signature" },
		.digest = (char[]){ "SHA256" }, .base64 = true,
		.prefix = (char[]){ "v1," },
		.over = (char[]){ "{header:webhook-id}.{timestamp}.{body}" },
		.timestamp = (char[]){ "webhook-timestamp" } }, 11);
	expect(&r, "webhook-timestamp", "111");
	/* the same over "msg_1.111.{"a":1}" */
	expect(&r, "webhook-signature", "v1,af3agnMeRxY1ORDDvagRlNY9A8cLTmGC3Sim88cjNi0=");
	arena_destroy(r.arena);
}
END_TEST

/* Only what the tape needs must be set, and what is missing is named. */
START_TEST(missing_keys_are_named)
{
	struct resign_rule rule = { .kind = RESIGN_GITHUB,
		.key_env = (char[]){ "T_NONE" } };
	struct secrets_config cfg = { .resign = &rule, .nresign = 1 };
	struct err e = { .code = ERR_NONE };
	struct resigner *s;
	struct rig r;

	unsetenv("T_NONE");
	begin(&r, "POST /hook HTTP/1.1", "", 0);
	ck_assert_int_eq(resigner_create(&cfg, &r.tape, NULL, 0, &s, &e), 0);
	ck_assert_uint_eq(resigner_rule(s, &r.x), 0);
	resigner_destroy(s);
	add_line(&r, "X-Hub-Signature-256: old");
	ck_assert_int_eq(resigner_create(&cfg, &r.tape, NULL, 0, &s, &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "T_NONE"));
	arena_destroy(r.arena);
}
END_TEST

Suite *
suite_resign(void)
{
	Suite *s = suite_create("resign");
	TCase *t = tcase_create("resign");

	tcase_add_test(t, github);
	tcase_add_test(t, aws);
	tcase_add_test(t, timestamps_move);
	tcase_add_test(t, azure);
	tcase_add_test(t, templates);
	tcase_add_test(t, missing_keys_are_named);
	suite_add_tcase(s, t);
	return s;
}
