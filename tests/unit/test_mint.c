/* Tokens made anew: times, issuer, key and signature. */
#include "../../runner/replay/mint.h"

#include <dvr/base/hash.h>

#include <check.h>
#include <stdio.h>

Suite *suite_mint(void);

struct made {
	struct arena *arena;
	struct mint *mint;
	struct slice token, header, claims, signature;
};

static struct slice
decoded(struct arena *a, struct slice s)
{
	struct slice done;
	struct buf b;

	buf_init(&b, 64 * KiB);
	ck_assert_int_eq(base64_decode(s, &b), 0);
	done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

static void
make(struct made *m, const struct mint_order *o)
{
	struct err e = { .code = ERR_NONE };
	struct slice rest;
	struct buf b;

	if (m->arena == NULL) {
		m->arena = arena_create();
		m->mint = mint_create(&clock_system);
	}
	buf_init(&b, 64 * KiB);
	ck_assert_msg(mint_jwt(m->mint, o, &b, &e) == 0, "%s", e.msg);
	m->token = rest = arena_copy(m->arena, buf_slice(&b));
	buf_release(&b);
	m->header = decoded(m->arena, slice_cut(&rest, '.'));
	m->claims = decoded(m->arena, slice_cut(&rest, '.'));
	m->signature = rest;
}

static void
done(struct made *m)
{
	mint_destroy(m->mint);
	arena_destroy(m->arena);
}

#define HAS(s, text) ck_assert_msg(slice_find(s, SLICE(text)) >= 0, "%.*s", \
				   SLICE_ARG(s))
#define LACKS(s, text) ck_assert(slice_find(s, SLICE(text)) < 0)

/* Times move by the shift, their lexemes' rest stays; nothing else moves. */
START_TEST(times_are_moved)
{
	struct made m = { 0 };

	make(&m, &(struct mint_order){ .shift_s = 100,
		.header = SLICE("{\"alg\":\"ES256\"}"),
		.claims = SLICE("{\"exp\": 1000.25 ,\"nbf\":900,\"iat\":900,"
			"\"auth_time\":50,\"n\":900,\"x\":{\"exp\":7},"
			"\"iss\":\"https:\\/\\/idp\"}") });
	ck_assert_msg(slice_eq(m.claims, SLICE("{\"exp\": 1100.25 ,\"nbf\":1000,"
		"\"iat\":1000,\"auth_time\":150,\"n\":900,\"x\":{\"exp\":7},"
		"\"iss\":\"https:\\/\\/idp\"}")), "%.*s", SLICE_ARG(m.claims));
	make(&m, &(struct mint_order){ .shift_s = -2000, .issuer = "http://l",
		.header = SLICE("{\"alg\":\"ES256\"}"),
		.claims = SLICE("{\"exp\":1000,\"iss\":\"https:\\/\\/idp\"}") });
	ck_assert(slice_eq(m.claims, SLICE("{\"exp\":0,\"iss\":\"http://l\"}")));
	done(&m);
}
END_TEST

/* The old key's name goes, ours comes, and is the one that the set tells. */
START_TEST(the_key_is_ours)
{
	struct made m = { 0 };
	struct slice kid;
	struct buf b;

	make(&m, &(struct mint_order){ .claims = SLICE("{}"),
		.header = SLICE("{\"alg\":\"EdDSA\",\"kid\":\"old\",\"jku\":"
			"\"https://idp/keys\",\"x5c\":[\"abc\"],\"typ\":\"JWT\"}") });
	HAS(m.header, "{\"alg\":\"EdDSA\",\"kid\":\"dvr-mock-EdDSA-");
	HAS(m.header, "\"x5c\":null,\"typ\":\"JWT\"}");
	LACKS(m.header, "idp");
	kid = slice_range(m.header, 22, 22 + 23);
	make(&m, &(struct mint_order){ .claims = SLICE("{}"),
		.header = SLICE("{\"alg\":\"EdDSA\"}") });
	HAS(m.header, "{\"kid\":\"dvr-mock-EdDSA-");
	buf_init(&b, 64 * KiB);
	mint_jwks(m.mint, &b);
	ck_assert_msg(slice_find(buf_slice(&b), kid) > 0, "%.*s in %.*s",
		      SLICE_ARG(kid), SLICE_ARG(buf_slice(&b)));
	HAS(buf_slice(&b), "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
	LACKS(buf_slice(&b), "\"d\"");
	buf_release(&b);
	done(&m);
}
END_TEST

/* One key an algorithm and run: two runs cannot forge for each other. */
START_TEST(every_run_has_its_keys)
{
	struct made a = { 0 }, b = { 0 };
	struct mint_order o = { .header = SLICE("{\"alg\":\"EdDSA\"}"),
		.claims = SLICE("{\"sub\":\"1\"}") };
	struct slice first;

	make(&a, &o);
	first = a.token;
	make(&a, &o);
	ck_assert(slice_eq(first, a.token));
	make(&b, &o);
	ck_assert(!slice_eq(first, b.token));
	done(&a);
	done(&b);
}
END_TEST

static const struct { const char *alg; size_t signature; } sizes[] = {
	{ "RS256", 342 }, { "PS384", 342 }, { "ES256", 86 }, { "ES384", 128 },
	{ "ES512", 176 }, { "EdDSA", 86 }, { "HS512", 86 }, { "none", 0 },
};

/* RFC 7518 §3: each algorithm's signature has its length. */
START_TEST(signatures_have_their_length)
{
	struct made m = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char header[64];

		snprintf(header, sizeof(header), "{\"alg\":\"%s\"}",
			 sizes[i].alg);
		make(&m, &(struct mint_order){ .header = slice_str(header),
			.claims = SLICE("{}") });
		ck_assert_msg(m.signature.n == sizes[i].signature, "%s: %zu",
			      sizes[i].alg, m.signature.n);
	}
	done(&m);
}
END_TEST

/* RFC 7515 §A.1: the example, signed with its key. */
START_TEST(shared_secrets_sign_as_the_standard_does)
{
	struct made m = { 0 };
	struct arena *a = arena_create();
	struct slice key = decoded(a, SLICE("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"
		"-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"));

	make(&m, &(struct mint_order){ .secret = key,
		.header = SLICE("{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}"),
		.claims = SLICE("{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
			"\"http://example.com/is_root\":true}") });
	ck_assert(slice_eq(m.signature, SLICE("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_w"
					      "W1gFWFOEjXk")));
	arena_destroy(a);
	done(&m);
}
END_TEST

/* What is no object, and what nobody signs, is an error and no token. */
START_TEST(what_cannot_be_signed_is_said)
{
	static const char *const headers[] = { "", "[]", "{", "{}", "\"x\"",
		"{\"alg\":\"XX1\"}", "{\"alg\":\"ES256K\"}" };
	struct mint *m = mint_create(&clock_system);
	struct buf b;

	buf_init(&b, KiB);
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		struct err e = { .code = ERR_NONE };
		struct mint_order o = { .header = slice_str(headers[i]),
					.claims = SLICE("{}") };

		ck_assert_int_eq(mint_jwt(m, &o, &b, &e), -1);
		ck_assert_int_eq(e.code, ERR_TAPE);
		ck_assert_uint_eq(b.n, 0);
	}
	buf_release(&b);
	mint_destroy(m);
}
END_TEST

Suite *
suite_mint(void)
{
	Suite *s = suite_create("mint");
	TCase *t = tcase_create("mint");

	tcase_add_test(t, times_are_moved);
	tcase_add_test(t, the_key_is_ours);
	tcase_add_test(t, every_run_has_its_keys);
	tcase_add_test(t, signatures_have_their_length);
	tcase_add_test(t, shared_secrets_sign_as_the_standard_does);
	tcase_add_test(t, what_cannot_be_signed_is_said);
	suite_add_tcase(s, t);
	return s;
}
