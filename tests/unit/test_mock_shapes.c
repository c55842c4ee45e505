/* What stands for a secret in a replay has the form that its readers expect. */
#include "canary.h"

#include <dvr/scrub/detector.h>

#include "../../runner/scrub/pii.h"

#include <check.h>
#include <string.h>

#define SEED 41

/* The secret and what is around it. */
static struct slice
value_of(struct rig *r, const struct canary_kind *k, struct slice secret)
{
	struct slice rest = slice_str(k->text ? k->text : "^");
	struct slice before = slice_cut(&rest, '^');

	return arena_fmt(r->arena, "%.*s%.*s%.*s", SLICE_ARG(before),
			 SLICE_ARG(secret), SLICE_ARG(rest));
}

/* What a replay sends for it. */
static struct slice
mock_of(struct rig *r, const struct canary_kind *k, struct slice value)
{
	const char *key = k->key ? k->key : "note";
	struct slice body, done;
	struct buf b;

	rig_request(r, "POST / HTTP/1.1\nContent-Type: application/json\n",
		    slice_str(rig_fmt(r, "{\"%s\":\"%.*s\"}", key,
				      SLICE_ARG(value))));
	rig_scrub(r);
	body = r->tape.exchanges[0].request.body;
	ck_assert_msg(slice_find(body, value) < 0, "%s is there", k->detector);
	buf_init(&b, 64 * KiB);
	scrub_expand(body, &b, NULL);
	done = arena_copy(r->arena, slice_range(buf_slice(&b),
						strlen(key) + 5, b.n - 2));
	buf_release(&b);
	return done;
}

/* What the letters of a shape stand for (tests/unit/secret_shapes.c). */
static bool
is_of_run(char run, char c)
{
	bool digit = c >= '0' && c <= '9', lower = c >= 'a' && c <= 'z';
	bool upper = c >= 'A' && c <= 'Z';

	switch (run) {
	case 'n':
	case 'd':
		return digit;
	case 'h':
		return digit || (c >= 'a' && c <= 'f');
	case 'H':
		return digit || (c >= 'A' && c <= 'F');
	case 'a':
		return digit || lower;
	case 'U':
		return digit || upper;
	case 'L':
		return upper || lower;
	case 'A':
		return digit || lower || upper;
	case 'p':	/* of a password: in need of no escape */
		return digit || lower || upper || strchr("-._", c);
	case 'b':
		return digit || lower || upper || c == '+' || c == '/';
	default:
		return digit || lower || upper || c == '-' || c == '_';
	}
}

static bool
fits(struct slice v, struct slice shape)
{
	while (shape.n > 0 && v.n > 0) {
		struct slice run;
		uint64_t n;

		if (shape.p[0] != '{') {
			if (v.p[0] != shape.p[0])
				return false;
			shape = slice_from(shape, 1);
			v = slice_from(v, 1);
			continue;
		}
		run = slice_cut(&shape, '}');
		ck_assert_int_eq(slice_uint(slice_from(run, 2), 4096, &n), 0);
		for (size_t i = 0; i < n; i++) {
			if (i >= v.n || !is_of_run(run.p[1], v.p[i]))
				return false;
		}
		v = slice_from(v, n);
	}
	return shape.n == 0 && v.n == 0;
}

/*
 * Where the mock is not of the secret's own shape: it is nobody's, it is
 * reserved, or its reader cannot want more than its length.
 */
static const struct expected {
	const char *detector, *shape, *why;
} others[] = {
	{ "jwt", NULL, "three parts, tested with the tokens" },
	{ "jwe", NULL, "five parts, tested with the tokens" },
	{ "jwt-base64", NULL, "a token in base64" },
	{ "basic", NULL, "user:password in base64" },
	{ "private-key", "-----BEGIN PRI" "VATE KEY-----{t66}"
	  "-----END PRI" "VATE KEY-----", "no key at all" },
	{ "password", "{p10}", "any" },
	{ "url-password", "amqp://u:{p14}@h/v", "any" },
	{ "saml", "{A104}", "opaque: no assertion can be signed" },
	{ "okta", "SSWS {A42}", "by its scheme, any token" },
	{ "pan", "453201{d10}", "the issuer's six digits stay" },
	{ "track", ";{A34}?", "opaque" },
	{ "discord", "M{A25}.G{t5}.{t38}", "another bot's" },
	{ "mailgun", "{h32}-us{n2}", "another data centre" },
	{ "webhook-url",
	  "https://hooks.slack.com/services/T{U8}/B{U8}/{A26}",
	  "the channel's part is of eight to ten" },
	{ "iban", "{U2}00{d18}", "check digits that no account has" },
	{ "ssn", "9{d2}-{d2}-{n4}", "an area that was never given out" },
	{ "itin", "9{d2}-{d2}-{n4}", "no group of an ITIN" },
	{ "identity", "{U1}{d9}", "letters and digits in their places" },
	{ "email", "u{a15}@example.com", "RFC 2606" },
	{ "phone", "(2{d2}) 555-01{d2}", "fiction" },
	{ "ipv4", "198.1{d1}.{d2}.{d2}", "RFC 2544" },
	{ "ipv6", "2001:db8::{h4}:{h4}:{h2}", "RFC 3849" },
	{ "mac", "02:{h2}:{h2}:{h2}:{h2}:{h2}", "locally administered" },
	{ "name", "{L7}", "" },
	{ "address", "{L17}", "" },
	{ "birth-date", "19{d2}-0{n1}-0{n1}", "a day that every calendar has" },
	{ "imei", "00{d13}", "no office has it" },
};

static const struct expected *
expected_of(const struct canary_kind *k)
{
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (strcmp(others[i].detector, k->detector) == 0)
			return &others[i];
	}
	return NULL;
}

START_TEST(a_mock_is_of_its_secrets_form)
{
	const struct canary_kind *k = &canary_kinds[_i];
	const struct expected *x = expected_of(k);
	struct slice secret, value, mock, shape;
	struct rig r;

	rig_init(&r, NULL, 0);
	secret = canary_secret(&r, k, SEED);
	value = value_of(&r, k, secret);
	mock = mock_of(&r, k, value);
	ck_assert_uint_eq(mock.n, value.n);
	ck_assert(!slice_eq(mock, value));
	/* What has no shape is made in a coding, and has its own tests. */
	ck_assert_msg(k->shape || x, "%s: say what its mock is like",
		      k->detector);
	shape = x ? slice_str(x->shape) :
		value_of(&r, k, slice_str(k->shape));
	ck_assert_msg(!shape.n || fits(mock, shape), "%s: %.*s is not %.*s",
		      k->detector, SLICE_ARG(mock), SLICE_ARG(shape));
	rig_release(&r);
}
END_TEST

/* A card number keeps its issuer, and is no card's. */
START_TEST(a_card_fails_its_check)
{
	struct rig r;
	struct slice mock;
	const struct canary_kind card = { "pan", "card", NULL, NULL };

	rig_init(&r, NULL, 0);
	mock = mock_of(&r, &card, canary_secret(&r, &card, SEED));
	ck_assert(slice_starts(mock, SLICE("453201")));
	ck_assert_uint_ne(luhn_sum(mock.p, mock.n) % 10, 0);
	rig_release(&r);
}
END_TEST

/* Every detector that is on has a kind here, or it is told by a key's name and
 * its mock is of the alphabet of whatever stood there. */
START_TEST(every_detector_is_asked)
{
	const struct scrub_detector *d;
	size_t n, i, k;

	d = scrub_detectors(&n);
	for (i = 0; i < n; i++) {
		for (k = 0; k < canary_kind_count; k++) {
			if (strcmp(canary_kinds[k].detector, d[i].name) == 0)
				break;
		}
		ck_assert_msg(k < canary_kind_count || !d[i].on,
			      "%s has no mock tested", d[i].name);
	}
}
END_TEST

/* Letters of one case stay so. */
static const char *const alphabets[][2] = {
	{ "{a26}", "{a26}" }, { "{U20}", "{U20}" },
	{ "{h40}", "{h40}" }, { "{A24}", "{A24}" },
};

START_TEST(an_alphabet_is_kept)
{
	const struct canary_kind k = { "session", "session_id",
				       alphabets[_i][0], NULL };
	struct slice mock;
	struct rig r;

	rig_init(&r, NULL, 0);
	mock = mock_of(&r, &k, canary_secret(&r, &k, SEED));
	ck_assert_msg(fits(mock, slice_str(alphabets[_i][1])), "%.*s",
		      SLICE_ARG(mock));
	rig_release(&r);
}
END_TEST

Suite *suite_mock_shapes(void);

Suite *
suite_mock_shapes(void)
{
	Suite *s = suite_create("mock_shapes");
	TCase *c = tcase_create("mock_shapes");

	tcase_add_loop_test(c, a_mock_is_of_its_secrets_form, 0,
			    (int)canary_kind_count);
	tcase_add_test(c, a_card_fails_its_check);
	tcase_add_test(c, every_detector_is_asked);
	tcase_add_loop_test(c, an_alphabet_is_kept, 0,
			    (int)ARRAY_LEN(alphabets));
	suite_add_tcase(s, c);
	return s;
}
