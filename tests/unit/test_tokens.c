/* Tokens on the tape: what is in them is kept scrubbed, and readable. */
#include "scrub_rig.h"

#include <dvr/base/hash.h>
#include <dvr/scrub/values.h>

#include <check.h>

Suite *suite_tokens(void);

/* header.claims.signature, put together here. */
static struct slice
jwt(struct arena *a, const char *header, const char *claims)
{
	struct slice done;
	struct buf b;

	buf_init(&b, 64 * KiB);
	base64url_encode(slice_str(header), &b);
	buf_addc(&b, '.');
	base64url_encode(slice_str(claims), &b);
	buf_adds(&b, ".c2lnbmF0dXJlLW9mLW5vYm9keS1hdC1hbGwtMTIzNDU2");
	done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

static struct slice
base64(struct arena *a, const char *text)
{
	struct slice done;
	struct buf b;

	buf_init(&b, 64 * KiB);
	base64_encode(slice_str(text), &b);
	done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

#define HEADER "{\"alg\":\"RS256\",\"kid\":\"k1\"}"

static void
ask(struct rig *r, const char *scheme, struct slice credential,
    const char *body)
{
	rig_request(r, arena_str(r->arena, arena_fmt(r->arena,
		"POST /x HTTP/1.1\nContent-Type: application/json\n"
		"Authorization: %s %.*s\n", scheme, SLICE_ARG(credential))),
		slice_str(body));
}

/* Claims stand on the tape as JSON: times and rights as they are, who it is
 * masked; the token itself is nowhere. */
START_TEST(claims_stand_on_the_tape_scrubbed)
{
	const struct tape_token *k;
	struct slice token;
	struct rig r;

	rig_init(&r, NULL, 0);
	token = jwt(r.arena, HEADER, "{\"sub\":\"u-17\",\"name\":\"Jane Roe\","
		    "\"email\":\"jane.roe@corp.example\",\"exp\":1795348900,"
		    "\"roles\":[\"admin\"]}");
	ask(&r, "Bearer", token, "{\"mail\":\"jane.roe@corp.example\"}");
	rig_scrub(&r);
	ck_assert_uint_eq(r.tape.ntokens, 1);
	k = &r.tape.tokens[0];
	ck_assert_int_eq(k->coding, TOKEN_JWT);
	ck_assert(slice_eq(k->header, SLICE(HEADER)));
	ck_assert(slice_find(k->text, SLICE("\"exp\":1795348900,"
					    "\"roles\":[\"admin\"]")) > 0);
	ck_assert(slice_find(k->text, SLICE("\"sub\":\"u-17\"")) > 0);
	ck_assert(slice_find(k->text, SLICE("Jane Roe")) < 0);
	ck_assert(slice_find(rig_everything(&r), k->handle) > 0);
	rig_assert_gone(&r, "the token", token);
	rig_assert_gone(&r, "the address", SLICE("jane.roe@corp.example"));
	rig_release(&r);
}
END_TEST

/* What the claims say is the same mock as in the body. */
START_TEST(claims_and_bodies_tell_the_same)
{
	struct slice body, mail;
	struct rig r;

	rig_init(&r, NULL, 0);
	ask(&r, "Bearer", jwt(r.arena, HEADER,
			      "{\"email\":\"jo@corp.example\"}"),
	    "{\"mail\":\"jo@corp.example\"}");
	rig_scrub(&r);
	body = r.tape.exchanges[0].request.body;
	mail = slice_range(body, 9, body.n - 2);
	ck_assert(scrub_has_handle(mail));
	ck_assert_uint_eq(r.tape.ntokens, 1);
	ck_assert(slice_find(r.tape.tokens[0].text, mail) > 0);
	rig_release(&r);
}
END_TEST

/* A log-in by form and one by Basic hold one password: in a replay, too. */
START_TEST(basic_holds_the_same_password_as_the_form)
{
	struct scrub_values *v = scrub_values_create();
	struct slice handle, live, expect;
	struct rig r;
	struct buf b;

	rig_init(&r, NULL, 0);
	ask(&r, "Basic", base64(r.arena, "alice:correct-horse-9"),
	    "{\"password\":\"correct-horse-9\"}");
	rig_scrub(&r);
	ck_assert_uint_eq(r.tape.ntokens, 1);
	ck_assert_int_eq(r.tape.tokens[0].coding, TOKEN_BASE64);
	handle = r.tape.exchanges[0].request.body;
	handle = slice_range(handle, 13, handle.n - 2);
	expect = arena_fmt(r.arena, "alice:%.*s", SLICE_ARG(handle));
	ck_assert_msg(slice_eq(r.tape.tokens[0].text, expect), "%.*s",
		      SLICE_ARG(r.tape.tokens[0].text));
	/* its mark is no secret to a last look */
	ck_assert_int_eq(scrub_check(r.scrub, &r.tape, NULL), 0);
	/* a named password stands in both */
	scrub_values_set(v, handle, SLICE("named"));
	buf_init(&b, KiB);
	scrub_expand_as(v, r.tape.tokens[0].text, &b, NULL);
	ck_assert(slice_eq(buf_slice(&b), SLICE("alice:named")));
	ck_assert(!scrub_values_set(v, handle, SLICE("later")));
	ck_assert(scrub_values_get(v, handle, &live));
	ck_assert(slice_eq(live, SLICE("named")));
	buf_release(&b);
	scrub_values_destroy(v);
	rig_release(&r);
}
END_TEST

/* Nothing can be told of an encrypted token: a handle of its own. */
START_TEST(encrypted_tokens_are_opaque)
{
	struct slice token, value;
	struct rig r;
	struct buf b;

	rig_init(&r, NULL, 0);
	buf_init(&b, KiB);
	base64url_encode(SLICE("{\"alg\":\"dir\",\"enc\":\"A256GCM\"}"), &b);
	buf_adds(&b, "..YmxhYmxhYmxhYmxhMTIz.Y2lwaGVydGV4dGhlcmUxMjM0NTY3ODk"
		 ".dGFnZ3RhZ2d0YWdndGFn");
	token = arena_copy(r.arena, buf_slice(&b));
	ask(&r, "Bearer", token, "{}");
	rig_scrub(&r);
	ck_assert_uint_eq(r.tape.ntokens, 0);
	value = headers_find(&r.tape.exchanges[0].request.headers,
			     "Authorization")->value;
	ck_assert_msg(slice_starts(value, SLICE("Bearer \xe2\x9f\xa6"
		"dvr:jwe:")), "%.*s", SLICE_ARG(value));
	buf_clear(&b);
	scrub_expand(slice_from(value, 7), &b, NULL);
	ck_assert_uint_eq(b.n, token.n);
	ck_assert(slice_starts(buf_slice(&b), SLICE("eyJ")));
	buf_release(&b);
	rig_release(&r);
}
END_TEST

/* Any token is of a token's class, however long its signer made it. */
START_TEST(a_token_equals_tokens_of_any_length)
{
	struct arena *a = arena_create();
	struct slice handle = SLICE("{\"t\":\"\xe2\x9f\xa6" "dvr:jwt:120:"
				    "0123456789abcdef\xe2\x9f\xa7\"}");
	struct slice t = jwt(a, HEADER, "{\"sub\":\"somebody else\"}");

	ck_assert(scrub_matches(handle, arena_fmt(a, "{\"t\":\"%.*s\"}",
						  SLICE_ARG(t))));
	ck_assert(!scrub_matches(handle, SLICE("{\"t\":\"\"}")));
	ck_assert(!scrub_matches(handle, arena_fmt(a, "{\"t\":\"%.*s!\"}",
						   SLICE_ARG(t))));
	ck_assert(scrub_class_is(SLICE("token-hex"), SLICE("token")));
	ck_assert(scrub_class_is(SLICE("pan-411111-d"), SLICE("pan")));
	ck_assert(!scrub_class_is(SLICE("tokens"), SLICE("token")));
	arena_destroy(a);
}
END_TEST

/* A secret that a person names is found in texts although it is a word. */
START_TEST(learnt_secrets_do_not_show)
{
	struct rig r;
	struct buf b;

	rig_init(&r, NULL, 0);
	scrub_learn(r.scrub, SLICE("sesame"), SLICE("secret"));
	buf_init(&b, KiB);
	scrub_text(r.scrub, SLICE("it said sesame, and sesames"), &b);
	ck_assert(slice_find(buf_slice(&b), SLICE("sesame,")) < 0);
	ck_assert(slice_find(buf_slice(&b), SLICE("sesames")) > 0);
	buf_release(&b);
	rig_release(&r);
}
END_TEST

Suite *
suite_tokens(void)
{
	Suite *s = suite_create("tokens");
	TCase *t = tcase_create("tokens");

	tcase_add_test(t, claims_stand_on_the_tape_scrubbed);
	tcase_add_test(t, claims_and_bodies_tell_the_same);
	tcase_add_test(t, basic_holds_the_same_password_as_the_form);
	tcase_add_test(t, encrypted_tokens_are_opaque);
	tcase_add_test(t, a_token_equals_tokens_of_any_length);
	tcase_add_test(t, learnt_secrets_do_not_show);
	suite_add_tcase(s, t);
	return s;
}
