/* Scrubbing one tape: policies, names, rules, what is kept byte for byte. */
#include "scrub_rig.h"

#include <check.h>
#include <string.h>

Suite *suite_scrub(void);

#define OPEN "\xe2\x9f\xa6" "dvr:"

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* The handle that follows `before` in a text. */
static struct slice
handle_after(const char *text, const char *before)
{
	const char *at = strstr(text, before);
	const char *end;

	ck_assert_msg(at != NULL, "no '%s' in: %s", before, text);
	at += strlen(before);
	ck_assert_msg(strncmp(at, OPEN, strlen(OPEN)) == 0, "no handle "
		      "behind '%s' in: %s", before, text);
	end = strstr(at, "\xe2\x9f\xa7");
	ck_assert_ptr_nonnull(end);
	return slice_of(at, (size_t)(end - at) + 3);
}

/* A token given in a JSON answer and used in a header is one handle. */
START_TEST(equal_secrets_have_equal_handles)
{
	struct rig r;
	struct exchange *x;
	const struct tape *t;
	char *token;
	struct slice a, b;

	rig_init(&r, NULL, 0);
	token = arena_str(r.arena, rig_secret(&r, "login", 24));
	x = rig_request(&r, "POST /login HTTP/1.1\n", SLICE(""));
	rig_answer(&r, x, "HTTP/1.1 200 OK\nContent-Type: application/json\n",
		   slice_str(rig_fmt(&r, "{\"access_token\":\"%s\"}", token)));
	rig_request(&r, rig_fmt(&r, "GET /me HTTP/1.1\nAuthorization: Bearer "
				"%s\n", token), SLICE(""));
	rig_request(&r, rig_fmt(&r, "GET /me?x=%s HTTP/1.1\n", token),
		    SLICE(""));
	t = rig_scrub(&r);
	a = handle_after(rig_text(&r, &t->exchanges[0].response),
			 "access_token\":\"");
	b = handle_after(rig_text(&r, &t->exchanges[1].request), "Bearer ");
	ck_assert(slice_eq(a, b));
	b = handle_after(rig_text(&r, &t->exchanges[2].request), "/me?x=");
	ck_assert(slice_eq(a, b));
	rig_release(&r);
}
END_TEST

/* Another scrubber has another key: tapes do not link people. */
START_TEST(handles_differ_between_scrubbers)
{
	struct rig r[2];
	struct slice h[2];
	size_t i;

	for (i = 0; i < 2; i++) {
		rig_init(&r[i], NULL, 0);
		rig_request(&r[i], "GET / HTTP/1.1\nX-Api-Key: abcdefgh1\n",
			    SLICE(""));
		rig_scrub(&r[i]);
		h[i] = handle_after(rig_text(&r[i],
			&r[i].tape.exchanges[0].request), "X-Api-Key: ");
	}
	ck_assert(!slice_eq(h[0], h[1]));
	rig_release(&r[0]);
	rig_release(&r[1]);
}
END_TEST

/* Each header keeps its scheme, its names and its attributes. */
START_TEST(header_policies_keep_what_is_no_secret)
{
	struct rig r;
	const char *text;

	rig_init(&r, NULL, 0);
	rig_request(&r, "GET / HTTP/1.1\n"
		    "aUTHORIZATION: Basic dXNlcjpwYXNzdzByZDk=\n"
		    "Proxy-Authorization: Digest username=\"bob7\", "
		    "realm=\"r\", response=\"0a1b2c3d4e\"\n"
		    "Cookie: sid=abcdef123; theme=dark; on=1\n"
		    "X-Amz-Signature: 00ff00ff00ff\n"
		    "X-Company-Secret-Thing: hidden99\n"
		    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-"
		    "00f067aa0ba902b7-01\n"
		    "Accept: */*\n", SLICE(""));
	rig_answer(&r, &r.x[0], "HTTP/1.1 200 OK\n"
		   "Set-Cookie: sid=abcdef123; Path=/; HttpOnly; Max-Age=60\n"
		   "Set-Cookie: gone=; Max-Age=0\n", SLICE(""));
	rig_scrub(&r);
	text = rig_text(&r, &r.tape.exchanges[0].request);
	handle_after(text, "aUTHORIZATION: Basic ");
	handle_after(text, "username=\"");
	ck_assert(has(text, "realm=\"r\", response=\"" OPEN "signature"));
	handle_after(text, "Cookie: sid=");
	ck_assert(has(text, "; theme=dark; on=1\r\n"));
	handle_after(text, "X-Amz-Signature: ");
	handle_after(text, "X-Company-Secret-Thing: ");
	ck_assert(has(text, "4bf92f3577b34da6a3ce929d0e0e4736"));
	text = rig_text(&r, &r.tape.exchanges[0].response);
	handle_after(text, "Set-Cookie: sid=");
	ck_assert(has(text, "; Path=/; HttpOnly; Max-Age=60\r\n"));
	ck_assert(has(text, "Set-Cookie: gone=; Max-Age=0\r\n"));
	rig_release(&r);
}
END_TEST

/* Signed schemes keep what tells who signs what. */
START_TEST(signatures_in_authorization_are_scrubbed)
{
	struct rig r;
	const char *text;

	rig_init(&r, NULL, 0);
	rig_request(&r, "GET / HTTP/1.1\nAuthorization: AWS4-HMAC-SHA256 "
		    "Credential=MYKEYID7/20260101/eu/s3/aws4_request, "
		    "SignedHeaders=host, Signature=00ff11ee22dd\n",
		    SLICE(""));
	rig_request(&r, "GET / HTTP/1.1\nAuthorization: SharedKey "
		    "shopaccount7:c2lnbmF0dXJl\n", SLICE(""));
	rig_scrub(&r);
	text = rig_text(&r, &r.tape.exchanges[0].request);
	handle_after(text, "Credential=");
	ck_assert(has(text, "/20260101/eu/s3/aws4_request, SignedHeaders="
		      "host, Signature=" OPEN));
	text = rig_text(&r, &r.tape.exchanges[1].request);
	handle_after(text, "SharedKey shopaccount7:");
	rig_release(&r);
}
END_TEST

/* Names are compared in whole words. */
START_TEST(names_are_compared_in_words)
{
	static const char *const secret[] = { "password", "newPassword",
		"user[password]", "password_confirmation", "db_passwd",
		"client_secret", "refreshToken", "id_token", "X-API-Key",
		"aws_secret_access_key", "APIKey", "password2", "PASSWORD" };
	static const char *const plain[] = { "author", "monkey", "max_tokens",
		"passenger", "compass", "keyboard", "token_type",
		"next_page_token", "secretary", "tokenizer", "passport_no",
		"key", "password_changed_at", "state", "code" };
	struct rig r;
	struct buf b;
	const char *text;
	size_t i;

	rig_init(&r, NULL, 0);
	buf_init(&b, 64 * KiB);
	buf_adds(&b, "{\"a\":1");
	for (i = 0; i < ARRAY_LEN(secret); i++)
		buf_fmt(&b, ",\"%s\":\"v%zuSecret\"", secret[i], i);
	for (i = 0; i < ARRAY_LEN(plain); i++)
		buf_fmt(&b, ",\"%s\":\"plain-%zu\"", plain[i], i);
	buf_adds(&b, "}");
	rig_request(&r, "POST / HTTP/1.1\nContent-Type: application/json\n",
		    buf_slice(&b));
	rig_scrub(&r);
	text = rig_text(&r, &r.tape.exchanges[0].request);
	for (i = 0; i < ARRAY_LEN(secret); i++)
		handle_after(text, rig_fmt(&r, "\"%s\":\"", secret[i]));
	for (i = 0; i < ARRAY_LEN(plain); i++)
		ck_assert_msg(has(text, rig_fmt(&r, "\"%s\":\"plain-%zu\"",
			      plain[i], i)), "%s in %s", plain[i], text);
	buf_release(&b);
	rig_release(&r);
}
END_TEST

/* Scrubbed JSON is still JSON, and only the values are other ones. */
START_TEST(json_keeps_its_shape)
{
	struct rig r;

	rig_init(&r, NULL, 0);
	rig_request(&r, "POST / HTTP/1.1\nContent-Type: application/json\n",
		    SLICE("{ \"pin\" : 1234, \"price\":1.10,\"password\":"
			  "null,\"secrets\":{\"a\":\"xy12\",\"n\":5},"
			  "\"note\":\"a\\nb\"}"));
	rig_scrub(&r);
	{
		struct slice body = r.tape.exchanges[0].request.body;
		char *text = arena_str(r.arena, body);

		ck_assert(has(text, "{ \"pin\" : " OPEN "pin-digits:4:"));
		ck_assert(has(text, "\"price\":1.10,\"password\":null,"
			      "\"secrets\":{\"a\":\"" OPEN));
		ck_assert(has(text, "\"n\":5},\"note\":\"a\\nb\"}"));
	}
	rig_release(&r);
}
END_TEST

#define JSON_GZIP "HTTP/1.1 200 OK\nContent-Type: application/json\n" \
	"Content-Encoding: gzip\n"

/* Without a hit the wire's bytes are kept; with one the body is stored
 * decoded and says from what. */
START_TEST(coded_bodies_are_decoded_only_for_a_hit)
{
	struct rig r;
	struct slice plain, secret;
	struct exchange *x;

	rig_init(&r, NULL, 0);
	plain = rig_gzip(&r, SLICE("{\"price\":1}"));
	secret = rig_gzip(&r, SLICE("{\"password\":\"hunter2x\"}"));
	x = rig_request(&r, "GET / HTTP/1.1\n", SLICE(""));
	rig_answer(&r, x, JSON_GZIP, plain);
	x = rig_request(&r, "GET / HTTP/1.1\n", SLICE(""));
	rig_answer(&r, x, JSON_GZIP, secret);
	rig_scrub(&r);
	ck_assert(slice_eq(r.tape.exchanges[0].response.body, plain));
	ck_assert_uint_eq(r.tape.exchanges[0].response.decoded.n, 0);
	ck_assert(slice_eq(r.tape.exchanges[1].response.decoded,
			   SLICE("gzip")));
	ck_assert(slice_starts(r.tape.exchanges[1].response.body,
			       SLICE("{\"password\":\"" OPEN)));
	ck_assert_uint_eq(r.tape.not_replayable.n, 0);
	rig_release(&r);
}
END_TEST

/* What cannot be read is not kept, and the tape says so at once. */
START_TEST(unreadable_bodies_are_withheld)
{
	struct rig r;
	struct exchange *x;
	struct slice zeros, bomb;

	rig_init(&r, NULL, 0);
	x = rig_request(&r, "GET / HTTP/1.1\n", SLICE(""));
	rig_answer(&r, x, "HTTP/1.1 200 OK\nContent-Encoding: rot13\n",
		   SLICE("uhagre2"));
	zeros = slice_of(arena_alloc(r.arena, 65 * MiB), 65 * MiB);
	bomb = rig_gzip(&r, zeros);
	x = rig_request(&r, "GET / HTTP/1.1\n", SLICE(""));
	rig_answer(&r, x, JSON_GZIP, bomb);
	rig_scrub(&r);
	ck_assert_uint_gt(r.tape.exchanges[0].response.withheld.n, 0);
	ck_assert_uint_eq(r.tape.exchanges[0].response.body.n, 0);
	ck_assert_uint_eq(r.tape.exchanges[0].response.body_bytes, 7);
	ck_assert_uint_gt(r.tape.exchanges[1].response.withheld.n, 0);
	ck_assert_uint_gt(r.tape.not_replayable.n, 0);
	ck_assert_uint_eq(r.tape.nlosses, 2);
	rig_release(&r);
}
END_TEST

/* What runs in a tunnel is coded (WebSocket masks it), so no secret can be
 * found in it; replays end at its head, so none of it is missed. */
START_TEST(a_tunnels_bytes_are_withheld)
{
	struct rig r;
	struct exchange *x;

	rig_init(&r, NULL, 0);
	x = rig_request(&r, "GET /ws HTTP/1.1\nUpgrade: websocket\n",
			SLICE("\x81\x85\x01\x02\x03\x04igojn"));
	rig_answer(&r, x, "HTTP/1.1 101 Switching Protocols\n",
		   SLICE("\x81\x05hello"));
	x->request.framing = x->response.framing = FRAMING_TUNNEL;
	rig_scrub(&r);
	ck_assert_uint_gt(r.tape.exchanges[0].request.withheld.n, 0);
	ck_assert_uint_eq(r.tape.exchanges[0].request.body.n, 0);
	ck_assert_uint_eq(r.tape.exchanges[0].response.body.n, 0);
	ck_assert_uint_eq(r.tape.not_replayable.n, 0);
	ck_assert_uint_eq(r.tape.nlosses, 2);
	rig_release(&r);
}
END_TEST

/* Names cannot be found in UTF-16, told by its type or by its first bytes. */
START_TEST(wide_text_is_withheld)
{
	static const char wide[] = "\xff\xfe{\0\"\0p\0w\0\"\0";
	struct rig r;
	struct exchange *x;
	size_t i;

	rig_init(&r, NULL, 0);
	x = rig_request(&r, "GET / HTTP/1.1\n", SLICE(""));
	rig_answer(&r, x, "HTTP/1.1 200 OK\nContent-Type: text/xml; "
		   "charset=\"UTF-16BE\"\n", SLICE("\0<\0a"));
	x = rig_request(&r, "GET / HTTP/1.1\n", SLICE(""));
	rig_answer(&r, x, "HTTP/1.1 200 OK\n",
		   slice_of(wide, sizeof(wide) - 1));
	x = rig_request(&r, "GET / HTTP/1.1\n", SLICE(""));
	rig_answer(&r, x, "HTTP/1.1 200 OK\nContent-Type: image/x\n",
		   SLICE("\xff\xfe\x01\x02\x03"));
	rig_scrub(&r);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(r.tape.exchanges[i].response.withheld.n > 0,
				 i < 2);
	rig_release(&r);
}
END_TEST

/* A broken gzip frame is kept when what can be read of it is clean. */
START_TEST(broken_coding_is_kept_or_withheld)
{
	struct rig r;
	struct exchange *x;
	struct slice plain, secret;

	rig_init(&r, NULL, 0);
	plain = rig_gzip(&r, SLICE("{\"price\":1,\"name\":\"something\"}"));
	secret = rig_gzip(&r, SLICE("{\"password\":\"hunter2x\",\"a\":[1,2,3]}"));
	plain.n -= 6;
	secret.n -= 6;
	x = rig_request(&r, "GET / HTTP/1.1\n", SLICE(""));
	rig_answer(&r, x, JSON_GZIP, plain);
	x = rig_request(&r, "GET / HTTP/1.1\n", SLICE(""));
	rig_answer(&r, x, JSON_GZIP, secret);
	rig_scrub(&r);
	ck_assert(slice_eq(r.tape.exchanges[0].response.body, plain));
	ck_assert_uint_eq(r.tape.exchanges[1].response.body.n, 0);
	ck_assert_uint_gt(r.tape.exchanges[1].response.withheld.n, 0);
	rig_release(&r);
}
END_TEST

static const struct scrub_rule seed_rule = {
	.regex = "Authorization: Bearer .*",
	.replace = "Authorization: Bearer [MOCK_TOKEN]",
	.file = "dvr.yaml", .line = 20, .column = 7,
};

/* The seed's rule: names in any case, the traffic's spelling stays, the
 * token alone is the secret. */
START_TEST(the_seeds_rule_names_the_class)
{
	struct rig r;
	const char *text;
	size_t i;
	bool listed = false;

	rig_init(&r, &seed_rule, 1);
	rig_request(&r, "GET /t0k3nXYZ99/x HTTP/1.1\nauthorization: Bearer "
		    "t0k3nXYZ99\n", SLICE(""));
	rig_scrub(&r);
	text = rig_text(&r, &r.tape.exchanges[0].request);
	ck_assert(has(text, "\r\nauthorization: Bearer " OPEN
		      "mock_token:10:"));
	ck_assert(has(text, "GET /" OPEN "mock_token:10:"));
	for (i = 0; i < r.tape.nscrubbed; i++)
		listed = listed || (slice_eq(r.tape.scrubbed[i].rule,
				    SLICE("dvr.yaml:20")) &&
			slice_eq(r.tape.scrubbed[i].field,
				 SLICE("1.req.header/authorization")));
	ck_assert(listed);
	rig_release(&r);
}
END_TEST

/* Literal replacements, groups, classes and places. */
START_TEST(rules_replace_as_they_say)
{
	static const struct scrub_rule rules[] = {
		{ .regex = "host-[a-z]+\\.corp", .replace = "host.example" },
		{ .regex = "(ref=)(\\w+)", .replace = "$1[REF]" },
		{ .field = "*.req.body#/user/nick", .replace = "person" },
		{ .field = "*.resp.header/X-Who", .replace = "[WHO]" },
		{ .field = "*.req.path/1", .replace = NULL },
	};
	struct rig r;
	const char *text;

	rig_init(&r, rules, ARRAY_LEN(rules));
	rig_request(&r, "POST /u/bob HTTP/1.1\nHost: host-abc.corp\n"
		    "Content-Type: application/json\n",
		    SLICE("{\"user\":{\"nick\":\"B\\u00f6b\"},\"q\":"
			  "\"ref=abc\"}"));
	rig_answer(&r, &r.x[0], "HTTP/1.1 200 OK\nx-who: me and you\n",
		   SLICE(""));
	rig_scrub(&r);
	text = rig_text(&r, &r.tape.exchanges[0].request);
	ck_assert(has(text, "\r\nHost: host.example\r\n"));
	ck_assert(has(text, "\"q\":\"ref=" OPEN "ref:3:"));
	ck_assert(has(text, "\"nick\":\"" OPEN "person:4:"));
	ck_assert(has(text, "POST /u/" OPEN "value:3:"));
	text = rig_text(&r, &r.tape.exchanges[0].response);
	ck_assert(has(text, "x-who: " OPEN "who:10:"));
	rig_release(&r);
}
END_TEST

/* A rule that cannot be compiled says where and why. */
START_TEST(bad_rules_are_told)
{
	struct scrub_rule rules[] = {
		{ .regex = "a(b", .file = "dvr.yaml", .line = 7, .column = 12 },
		{ .regex = "\\C", .file = "dvr.yaml", .line = 7, .column = 12 },
		{ .field = "4.nowhere", .file = "dvr.yaml", .line = 7,
		  .column = 12 },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rules); i++) {
		struct err e = { 0 };

		ck_assert_ptr_null(scrub_create(&rules[i], 1, &clock_system,
						&e));
		ck_assert_int_eq(e.code, ERR_USAGE);
		ck_assert_msg(strncmp(e.msg, "dvr.yaml:7:12: bad ", 19) == 0,
			      "%s", e.msg);
	}
}
END_TEST

/* A pattern is shown with a caret under what is wrong in it, whatever was put
 * before it to match names in any case. */
START_TEST(bad_patterns_have_a_caret)
{
	static const struct scrub_rule rules[] = {
		{ .regex = "ab(c", .file = "dvr.yaml", .line = 7, .column = 12 },
		{ .regex = "Cookie: [z-a]", .file = "dvr.yaml", .line = 7,
		  .column = 12 },
	};
	struct err e = { 0 };

	ck_assert_ptr_null(scrub_create(&rules[0], 1, &clock_system, &e));
	ck_assert_str_eq(e.msg, "dvr.yaml:7:12: bad regex: missing closing "
			 "parenthesis (at offset 4)\n  ab(c\n      ^");
	ck_assert_ptr_null(scrub_create(&rules[1], 1, &clock_system, &e));
	ck_assert_msg(has(e.msg, "(at offset 11)\n  Cookie: [z-a]\n"
			  "             ^"), "%s", e.msg);
}
END_TEST

/* Whole bodies and parts of them are never stored; the tape says why. */
START_TEST(what_is_withheld_is_not_stored)
{
	static const struct scrub_rule rules[] = {
		{ .withhold = "*.resp.body", .reason = "health records" },
		{ .withhold = "*.req.body#/diagnosis", .reason = "medical" },
		{ .withhold = "*.req.header/x-ward", .reason = "medical" },
	};
	struct rig r;
	const char *text;

	rig_init(&r, rules, ARRAY_LEN(rules));
	rig_request(&r, "POST / HTTP/1.1\nX-Ward: B7\nContent-Type: "
		    "application/json\n",
		    SLICE("{\"diagnosis\":\"all well\",\"n\":1}"));
	rig_answer(&r, &r.x[0], "HTTP/1.1 200 OK\n", SLICE("all well"));
	rig_scrub(&r);
	text = rig_text(&r, &r.tape.exchanges[0].request);
	handle_after(text, "\"diagnosis\":\"");
	handle_after(text, "X-Ward: ");
	ck_assert(has(text, "\"n\":1}"));
	ck_assert_uint_eq(r.tape.exchanges[0].response.body.n, 0);
	ck_assert(slice_eq(r.tape.exchanges[0].response.withheld,
			   SLICE("withhold: health records")));
	ck_assert_uint_eq(r.tape.nlosses, 1);
	rig_release(&r);
}
END_TEST

/* A rule that backtracks without end withholds, and does not hang. */
START_TEST(runaway_rules_withhold)
{
	static const struct scrub_rule rule = { .regex = "(x+x+)+y",
		.file = "dvr.yaml", .line = 31 };
	struct rig r;
	struct buf b;

	rig_init(&r, &rule, 1);
	buf_init(&b, 64 * KiB);
	while (b.n < 40)
		buf_addc(&b, 'x');
	buf_adds(&b, "zy");
	rig_request(&r, "POST / HTTP/1.1\n", buf_slice(&b));
	rig_scrub(&r);
	ck_assert_uint_eq(r.tape.exchanges[0].request.body.n, 0);
	ck_assert_uint_gt(r.tape.not_replayable.n, 0);
	ck_assert(slice_find(r.tape.exchanges[0].request.withheld,
			     SLICE("dvr.yaml:31")) > 0);
	buf_release(&b);
	rig_release(&r);
}
END_TEST

/* Traffic that looks like a handle must come back as it was. */
START_TEST(literal_handles_survive)
{
	struct slice fake = SLICE(OPEN "thing:9:0123456789abcdef"
				  "\xe2\x9f\xa7");
	struct rig r;
	struct buf b;

	rig_init(&r, NULL, 0);
	buf_init(&b, KiB);
	rig_request(&r, "POST / HTTP/1.1\n", fake);
	rig_scrub(&r);
	scrub_expand(r.tape.exchanges[0].request.body, &b, NULL);
	ck_assert(slice_eq(buf_slice(&b), fake));
	buf_release(&b);
	rig_release(&r);
}
END_TEST

/* Text that is clean already does not change again. */
START_TEST(text_is_scrubbed_once)
{
	struct rig r;
	struct buf once, twice;

	rig_init(&r, &seed_rule, 1);
	buf_init(&once, 64 * KiB);
	buf_init(&twice, 64 * KiB);
	scrub_text(r.scrub, SLICE("login bob@corp.example password=s3cr3tXX "
				  "Authorization: Bearer abcdef123456"),
		   &once);
	scrub_text(r.scrub, buf_slice(&once), &twice);
	ck_assert_str_eq(buf_cstr(&once), buf_cstr(&twice));
	ck_assert(!has(buf_cstr(&once), "corp") &&
		  !has(buf_cstr(&once), "s3cr3t") &&
		  !has(buf_cstr(&once), "abcdef"));
	ck_assert(has(buf_cstr(&once), "login "));
	buf_release(&once);
	buf_release(&twice);
	rig_release(&r);
}
END_TEST

/* The exact head bytes are scrubbed as their lines are. */
START_TEST(exact_heads_are_scrubbed_too)
{
	struct rig r;
	struct slice head;

	rig_init(&r, NULL, 0);
	rig_request(&r, "GET / HTTP/1.1\nX-Api-Key: abcdef123\nA: b\n",
		    SLICE(""));
	r.x[0].request.raw_head = SLICE("GET / HTTP/1.1\nX-Api-Key: abcdef123"
					"\r\nA: b\n\r\n");
	rig_request(&r, "GET / HTTP/1.1\nX-Api-Key: abcdef123\n", SLICE(""));
	r.x[1].request.raw_head = SLICE("something else abcdef123");
	rig_scrub(&r);
	head = r.tape.exchanges[0].request.raw_head;
	ck_assert(slice_starts(head, SLICE("GET / HTTP/1.1\nX-Api-Key: "
					   OPEN)));
	ck_assert(slice_ends(head, SLICE("\xe2\x9f\xa7\r\nA: b\n\r\n")));
	ck_assert_uint_eq(r.tape.exchanges[1].request.raw_head.n, 0);
	rig_release(&r);
}
END_TEST

/* Why a tape cannot be replayed may quote a tool that was told a password. */
START_TEST(the_reasons_of_a_recording_are_scrubbed)
{
	struct slice lost[1];
	struct rig r;
	struct slice secret;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, "reason", 20);
	rig_request(&r, "GET / HTTP/1.1\n", SLICE(""));
	r.rec.raw.not_replayable = lost[0] = slice_str(rig_fmt(&r,
		"state kv: the snapshot command failed: password=%s",
		secret.p));
	r.rec.raw.losses = lost;
	r.rec.raw.nlosses = 1;
	rig_scrub(&r);
	rig_assert_gone(&r, "reason", secret);
	ck_assert(slice_starts(r.tape.not_replayable, SLICE("state kv: ")));
	rig_release(&r);
}
END_TEST

Suite *
suite_scrub(void)
{
	Suite *s = suite_create("scrub");
	TCase *tc = tcase_create("scrub");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, equal_secrets_have_equal_handles);
	tcase_add_test(tc, handles_differ_between_scrubbers);
	tcase_add_test(tc, header_policies_keep_what_is_no_secret);
	tcase_add_test(tc, signatures_in_authorization_are_scrubbed);
	tcase_add_test(tc, names_are_compared_in_words);
	tcase_add_test(tc, json_keeps_its_shape);
	tcase_add_test(tc, coded_bodies_are_decoded_only_for_a_hit);
	tcase_add_test(tc, unreadable_bodies_are_withheld);
	tcase_add_test(tc, wide_text_is_withheld);
	tcase_add_test(tc, a_tunnels_bytes_are_withheld);
	tcase_add_test(tc, broken_coding_is_kept_or_withheld);
	tcase_add_test(tc, the_seeds_rule_names_the_class);
	tcase_add_test(tc, rules_replace_as_they_say);
	tcase_add_test(tc, bad_rules_are_told);
	tcase_add_test(tc, bad_patterns_have_a_caret);
	tcase_add_test(tc, what_is_withheld_is_not_stored);
	tcase_add_test(tc, runaway_rules_withhold);
	tcase_add_test(tc, literal_handles_survive);
	tcase_add_test(tc, text_is_scrubbed_once);
	tcase_add_test(tc, exact_heads_are_scrubbed_too);
	tcase_add_test(tc, the_reasons_of_a_recording_are_scrubbed);
	suite_add_tcase(s, tc);
	return s;
}
