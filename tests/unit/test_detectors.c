/* Every detector of the table finds its secret, and leaves what nearly is one. */
#include "scrub_rig.h"
#include "secret_shapes.h"

#include <dvr/base/hash.h>
#include <dvr/scrub/detector.h>

#include <check.h>
#include <string.h>

Suite *suite_detectors(void);

/*
 * How the secret is carried: C a Cookie, H a header whose line is the text, J a
 * body of JSON, Q a query, T text.  @ stands for the secret in both.
 */
static const struct detector_row {
	const char *name;
	char carrier;
	const char *secret;	/* a shape */
	const char *text;
	const char *near;	/* a shape that stays in the same text */
} rows[] = {
	{ "jwt-base64", 'T', "", "see @ there", "ZXlK{b40}" },
	{ "jwt", 'T', "", "see @ there", "eyJ{t40}.{t40}.{t40}" },
	{ "jwe", 'T', "", "see @ there", "eyJ{t40}.{t40}" },
	{ "bearer", 'T', "{A24}", "curl -H 'a: Bearer @'", "tokens are" },
	{ "basic", 'T', "", "with Basic @ in it", "dXNlc{A8}" },
	{ "authorization", 'H', "{A20}", "Authorization: Foo @", NULL },
	{ "url-password", 'T', "{A14}", "amqp://u:@" "@h/v", NULL },
	{ "path-token", 'T', "{A32}", "https://h.example/reset/@ x", "form" },
	{ "private-key", 'T', "{b64}",
	  "-----BEGIN PRI" "VATE KEY----- @ -----END", NULL },
	{ "cookie", 'C', "{A20}", "sid=@", NULL },
	{ "csrf", 'H', "{A20}", "X-CSRFToken: @", NULL },
	{ "oauth", 'Q', "{A24}", "code=@", "SAVE10" },
	{ "saml", 'T', "PHNhbWwycDpSZXNwb25zZSB4{b80}", "posted @ back",
	  "PHNhbWw{A20}" },
	{ "signed-url", 'Q', "{h64}", "X-Goog-Signature=@", "v4" },
	{ "signature", 'H', "{h64}", "Stripe-Signature: v1=@", NULL },
	{ "password", 'J', "{A9}", "\"newPassword\":\"@\"", "********" },
	{ "secret", 'J', "{A12}", "\"client_secret\":\"@\"", "null" },
	{ "token", 'J', "{A12}", "\"id_token\":\"@\"", "none" },
	{ "api-key", 'H', "{A20}", "X-Api-Key: @", NULL },
	{ "session", 'Q', "{a26}", "PHPSESSID=@", "open" },
	{ "otp", 'J', "{d6}", "\"otp\":\"@\"", "none" },
	{ "connection-string", 'J', "{A24}", "\"dsn\":\"@\"", "none" },
	{ "entropy", 'J', "{A32}", "\"key\":\"@\"", "{h40}" },
	{ "aws", 'T', "AKIA{U16}", "by @ denied", "AKIA{U12}" },
	{ "azure", 'T', "{A3}8Q~{t34}", "by @ denied", "{A3}8Q~{A9}" },
	{ "google", 'T', "AIza{t35}", "by @ denied", "AIza{A20}" },
	{ "github", 'T', "ghp_{A36}", "by @ denied", "ghp_{A12}" },
	{ "gitlab", 'T', "glpat-{t20}", "by @ denied", "glpat-{A9}" },
	{ "slack", 'T', "xoxb-{d12}-{A24}", "by @ denied", "xoxb-{d6}" },
	{ "webhook-url", 'T', "T{U8}/B{U10}/{A24}",
	  "https://hooks.slack.com/services/@", "T{U8}" },
	{ "discord", 'T', "MTA{A23}.G{t5}.{t38}", "by @ denied",
	  "MTA{A23}.G{t5}" },
	{ "telegram", 'T', "{n10}:AA{t33}", "by @ denied", "{n10}:AA{A9}" },
	{ "stripe", 'T', "sk_live_{A24}", "by @ denied", "pk_live_{A24}" },
	{ "square", 'T', "sq0csp-{t43}", "by @ denied", "sq0csp-{A12}" },
	{ "twilio", 'T', "SK{h32}", "by @ denied", "SK{h20}" },
	{ "sendgrid", 'T', "SG.{t22}.{t43}", "by @ denied", "SG.{A9}" },
	{ "mailgun", 'T', "{h32}-us12", "by @ denied", "{h12}-us12" },
	{ "openai", 'T', "sk-{A20}T3BlbkFJ{A20}", "by @ denied",
	  "sk-{A20}" },
	{ "anthropic", 'T', "sk-ant-api03-{t93}AA", "by @ denied",
	  "sk-ant-{A9}" },
	{ "hugging-face", 'T', "hf_{A34}", "by @ denied", "hf_{a9}" },
	{ "npm", 'T', "npm_{A36}", "by @ denied", "npm_{a12}" },
	{ "pypi", 'T', "pypi-AgEIcHlw{t90}", "by @ denied", "pypi-{A9}" },
	{ "vault", 'T', "hvs.{t95}", "by @ denied", "hvs.{A9}" },
	{ "shopify", 'T', "shpat_{h32}", "by @ denied", "shpat_{h12}" },
	{ "atlassian", 'T', "ATATT3xFfGF0{t180}={H8}", "by @ denied",
	  "ATATT3{A9}" },
	{ "datadog", 'H', "{h32}", "DD-API-KEY: @", NULL },
	{ "okta", 'T', "00{t40}", "SSWS @", "00{A6}" },
	{ "vendor", 'T', "dop_v1_{h64}", "by @ denied", "dop_v1_{h20}" },
	{ "terraform", 'T', "{A14}.atlasv1.{A67}", "by @ denied",
	  "{A9}.atlasv1.{A9}" },
	{ "pan", 'T', "", "paid with @ today", "" },
	{ "track", 'T', ";4{d15}=2912101{d10}", "swipe @?",
	  ";4{d9}=2912" },
	{ "iban", 'T', "", "pay to @ now", "DE00{d18}" },
	{ "bank-account", 'J', "{n10}", "\"account_number\":\"@\"", "none" },
	{ "ssn", 'T', "219-09-{n4}", "ssn @ on file", "666-09-{n4}" },
	{ "itin", 'T', "912-71-{n4}", "itin @ on file", "912-11-{n4}" },
	{ "identity", 'J', "C{U2}{d7}", "\"passport\":\"@\"", "expired" },
	{ "email", 'T', "zoe.{a6}%corp-mail.example", "from @ to you",
	  "icon%2x.png" },
	{ "phone", 'T', "(312) 867-{n4}", "call @ today", "312-86-{n4}" },
	{ "ipv4", 'T', "81.2.69.1{d2}", "from @ came", "10.2.69.1{d2}" },
	{ "ipv6", 'T', "2a02:26f7:{h4}::{h4}:1", "from @ came",
	  "2001:db8::{h4}:1" },
	{ "mac", 'T', "3c:22:fb:{h2}:{h2}:{h2}", "lease for @ ends",
	  "3c:22:fb:{h2}:{h2}" },
	{ "name", 'J', "Zeb{L4}", "\"first_name\":\"@\"", "7" },
	{ "address", 'J', "{n2} Zeb{L4} Street", "\"address\":\"@\"",
	  "10.0.0.7:80" },
	{ "birth-date", 'J', "1980-02-1{d1}", "\"dob\":\"@\"", "unknown" },
	{ "imei", 'T', "49-015420-323751-8", "imei @ seen",
	  "49-015420-323751-7" },
	{ "device", 'J', "{A24}", "\"device_id\":\"@\"", "7" },
	{ "national-id", 'T', "12345678Z", "dni @ seen", "12345678A" },
	{ "geo", 'J', "{n6}", "\"lat\":52.52@", NULL },
	{ "crypto-address", 'T', "0x{h40}", "to @ sent", "0x{h39}" },
};

static struct slice
base64(struct rig *r, struct slice s, bool url)
{
	struct slice done;
	struct buf b;

	buf_init(&b, 64 * KiB);
	if (url)
		base64url_encode(s, &b);
	else
		base64_encode(s, &b);
	done = arena_copy(r->arena, buf_slice(&b));
	buf_release(&b);
	return done;
}

static struct slice
join(struct rig *r, struct slice a, const char *shape, unsigned seed)
{
	struct slice b = secret_of_shape(r->arena, shape, seed);

	return arena_fmt(r->arena, "%.*s%.*s", SLICE_ARG(a), SLICE_ARG(b));
}

/* Those that a shape cannot tell: coded, or with check digits. */
static struct slice
made(struct rig *r, const char *name)
{
	struct slice jwt = base64(r, SLICE("{\"alg\":\"RS256\",\"x\":1}"),
				  true);

	if (strcmp(name, "jwt") == 0)
		return join(r, jwt, ".{t40}.{t43}", 1);
	if (strcmp(name, "jwe") == 0)
		return join(r, jwt, ".{t40}.{t16}.{t50}.{t22}", 2);
	if (strcmp(name, "jwt-base64") == 0)
		return base64(r, join(r, jwt, ".{t40}.{t43}", 3), false);
	if (strcmp(name, "basic") == 0)
		return base64(r, join(r, SLICE("ann:"), "{A14}", 6), false);
	if (strcmp(name, "pan") == 0)
		return secret_luhn(r->arena, secret_of_shape(r->arena,
				   "453201{d9}", 4));
	return secret_iban(r->arena, "DE", secret_of_shape(r->arena, "{d18}",
							   5));
}

static struct slice
put_in(struct rig *r, const char *text, struct slice value)
{
	const char *at = strchr(text, '@');

	ck_assert_ptr_nonnull(at);
	return arena_fmt(r->arena, "%.*s%.*s%s", (int)(at - text), text,
			 SLICE_ARG(value), at + 1);
}

/* Sends the text as its carrier says. */
static void
carry(struct rig *r, char carrier, struct slice text)
{
	static const char json[] = "POST / HTTP/1.1\n"
		"Content-Type: application/json\n";
	int n = (int)text.n;

	switch (carrier) {
	case 'C':
		rig_request(r, rig_fmt(r, "GET / HTTP/1.1\nCookie: %.*s\n", n,
				       text.p), SLICE(""));
		break;
	case 'H':
		rig_request(r, rig_fmt(r, "GET / HTTP/1.1\n%.*s\n", n, text.p),
			    SLICE(""));
		break;
	case 'Q':
		rig_request(r, rig_fmt(r, "GET /p?a=1&%.*s HTTP/1.1\n", n,
				       text.p), SLICE(""));
		break;
	case 'J':
		rig_request(r, json, slice_str(rig_fmt(r, "{%.*s}", n,
						       text.p)));
		break;
	default:
		rig_request(r, "POST / HTTP/1.1\nContent-Type: text/plain\n",
			    text);
	}
}

/* With only the one detector on, so that no other finds it for it. */
static void
rig_only(struct rig *r, const char *name, bool on)
{
	static struct scrub_rule rules[128];
	size_t n;
	const struct scrub_detector *all = scrub_detectors(&n);

	for (size_t i = 0; i < n; i++)
		rules[i] = (struct scrub_rule){
			.detector = all[i].name, .reason = "test",
			.enable = on == (strcmp(all[i].name, name) == 0),
		};
	rig_init(r, rules, n);
}

static struct slice
with_at_sign(struct rig *r, struct slice s)
{
	char *p = arena_str(r->arena, s);

	for (size_t i = 0; i < s.n; i++) {
		if (p[i] == '%')
			p[i] = '@';
	}
	return slice_of(p, s.n);
}

static struct slice
secret_of(struct rig *r, const struct detector_row *row)
{
	return with_at_sign(r, row->secret[0] ? secret_of_shape(r->arena,
		row->secret, 7) : made(r, row->name));
}

START_TEST(secrets_are_found)
{
	const struct detector_row *row = &rows[_i];
	struct slice secret, text;
	struct rig r;

	rig_only(&r, row->name, true);
	secret = secret_of(&r, row);
	text = put_in(&r, row->text, secret);
	carry(&r, row->carrier, text);
	rig_scrub(&r);
	ck_assert_msg(slice_find(rig_everything(&r), secret) < 0,
		      "%s: %.*s is there", row->name, SLICE_ARG(text));
	ck_assert_uint_ge(r.tape.nscrubbed, 1);
	ck_assert_msg(slice_eq(r.tape.scrubbed[0].rule,
			       slice_str(row->name)), "%s found by %.*s",
		      row->name, SLICE_ARG(r.tape.scrubbed[0].rule));
	rig_release(&r);
}
END_TEST

/* What is switched off finds nothing. */
START_TEST(detectors_that_are_off_find_nothing)
{
	const struct detector_row *row = &rows[_i];
	struct rig r;

	rig_only(&r, "-", true);
	carry(&r, row->carrier, put_in(&r, row->text, secret_of(&r, row)));
	rig_scrub(&r);
	ck_assert_msg(r.tape.nscrubbed == 0, "%s: %.*s", row->name,
		      SLICE_ARG(r.tape.scrubbed[0].rule));
	rig_release(&r);
}
END_TEST

START_TEST(near_misses_stay)
{
	const struct detector_row *row = &rows[_i];
	struct slice near;
	struct rig r;

	if (!row->near)
		return;
	rig_only(&r, row->name, true);
	near = with_at_sign(&r, row->near[0] ? secret_of_shape(r.arena,
			    row->near, 7) : SLICE("4532011234567890"));
	carry(&r, row->carrier, put_in(&r, row->text, near));
	rig_scrub(&r);
	ck_assert_msg(r.tape.nscrubbed == 0, "%s took %.*s", row->name,
		      SLICE_ARG(near));
	rig_release(&r);
}
END_TEST

START_TEST(every_detector_has_a_row_here)
{
	size_t n;
	const struct scrub_detector *all = scrub_detectors(&n);

	ck_assert_uint_eq(n, ARRAY_LEN(rows));
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(rows) && strcmp(rows[k].name,
						     all[i].name) != 0)
			k++;
		ck_assert_msg(k < ARRAY_LEN(rows), "%s", all[i].name);
		ck_assert_uint_gt(strlen(all[i].help), 8);
	}
}
END_TEST

/* Off unless asked for. */
START_TEST(the_optional_ones_are_off)
{
	size_t n, off = 0;
	const struct scrub_detector *all = scrub_detectors(&n);

	for (size_t i = 0; i < n; i++)
		off += !all[i].on;
	ck_assert_uint_eq(off, 3);
}
END_TEST

START_TEST(unknown_detectors_are_told)
{
	static const struct scrub_rule rule = { .detector = "crypto-adress",
		.enable = true, .file = "dvr.yaml", .line = 3, .column = 9 };
	struct err e = { 0 };

	ck_assert_ptr_null(scrub_create(&rule, 1, &clock_system, &e));
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_str_eq(e.msg, "dvr.yaml:3:9: there is no detector "
			 "'crypto-adress'; did you mean 'crypto-address'?");
}
END_TEST

Suite *
suite_detectors(void)
{
	Suite *s = suite_create("detectors");
	TCase *tc = tcase_create("detectors");

	tcase_add_loop_test(tc, secrets_are_found, 0, (int)ARRAY_LEN(rows));
	tcase_add_loop_test(tc, detectors_that_are_off_find_nothing, 0,
			    (int)ARRAY_LEN(rows));
	tcase_add_loop_test(tc, near_misses_stay, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(tc, every_detector_has_a_row_here);
	tcase_add_test(tc, the_optional_ones_are_off);
	tcase_add_test(tc, unknown_detectors_are_told);
	suite_add_tcase(s, tc);
	return s;
}
