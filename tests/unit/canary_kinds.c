/* A secret for each detector that is on unless told otherwise. */
#include "canary.h"

#include <dvr/base/hash.h>

#include <check.h>
#include <string.h>

#include "secret_shapes.h"

#define PEM_OPEN "-----BEGIN PRI" "VATE KEY----- "
#define PEM_CLOSE " -----END PRI" "VATE KEY-----"

const struct canary_kind canary_kinds[] = {
	{ "jwt", NULL, NULL, NULL },
	{ "jwe", NULL, NULL, NULL },
	{ "jwt-base64", NULL, NULL, NULL },
	{ "bearer", NULL, "{A24}", "Bearer ^" },
	{ "basic", NULL, NULL, "Basic ^" },
	{ "authorization", "authorization", "{A20}", "Foo ^" },
	{ "url-password", NULL, "{A14}", "amqp://u:^@h/v" },
	{ "private-key", NULL, "{b64}", PEM_OPEN "^" PEM_CLOSE },
	{ "cookie", "sid", "{A20}", NULL },
	{ "csrf", "csrf_token", "{A20}", NULL },
	{ "oauth", "code_verifier", "{A24}", NULL },
	{ "saml", NULL, "PHNhbWwycDpSZXNwb25zZSB4{b80}", NULL },
	{ "signed-url", "sig", "{h64}", NULL },
	{ "signature", "hmac", "{h64}", NULL },
	{ "password", "newPassword", "{A10}", NULL },
	{ "secret", "client_secret", "{A12}", NULL },
	{ "token", "id_token", "{A12}", NULL },
	{ "api-key", "api-key", "{A20}", NULL },
	{ "session", "session_id", "{a26}", NULL },
	{ "otp", "otp", "{n8}", NULL },
	{ "connection-string", "dsn", "{A24}", NULL },
	{ "entropy", "license", "{A32}", NULL },
	{ "path-token", NULL, "{A32}", "https://h.example/reset/^" },
	{ "aws", NULL, "AKIA{U16}", NULL },
	{ "azure", NULL, "{A3}8Q~{t34}", NULL },
	{ "google", NULL, "AIza{t35}", NULL },
	{ "github", NULL, "ghp_{A36}", NULL },
	{ "gitlab", NULL, "glpat-{t20}", NULL },
	{ "slack", NULL, "xoxb-{d12}-{A24}", NULL },
	{ "webhook-url", NULL, "T{U8}/B{U10}/{A24}",
	  "https://hooks.slack.com/services/^" },
	{ "discord", NULL, "MTA{A23}.G{t5}.{t38}", NULL },
	{ "telegram", NULL, "{n10}:AA{t33}", NULL },
	{ "stripe", NULL, "sk_live_{A24}", NULL },
	{ "square", NULL, "sq0csp-{t43}", NULL },
	{ "twilio", NULL, "SK{h32}", NULL },
	{ "sendgrid", NULL, "SG.{t22}.{t43}", NULL },
	{ "mailgun", NULL, "{h32}-us12", NULL },
	{ "openai", NULL, "sk-{A20}T3BlbkFJ{A20}", NULL },
	{ "anthropic", NULL, "sk-ant-api03-{t93}AA", NULL },
	{ "hugging-face", NULL, "hf_{A34}", NULL },
	{ "npm", NULL, "npm_{A36}", NULL },
	{ "pypi", NULL, "pypi-AgEIcHlw{t90}", NULL },
	{ "vault", NULL, "hvs.{t95}", NULL },
	{ "shopify", NULL, "shpat_{h32}", NULL },
	{ "atlassian", NULL, "ATATT3xFfGF0{t180}={H8}", NULL },
	{ "datadog", "dd_api_key", "{h32}", NULL },
	{ "okta", NULL, "00{t40}", "SSWS ^" },
	{ "vendor", NULL, "dop_v1_{h64}", NULL },
	{ "terraform", NULL, "{A14}.atlasv1.{A67}", NULL },
	{ "pan", NULL, NULL, NULL },
	{ "track", NULL, ";4{d15}=2912101{d10}", "^?" },
	{ "iban", NULL, NULL, NULL },
	{ "bank-account", "account_number", "{n10}", NULL },
	{ "ssn", NULL, "2{d1}8-{n1}{d1}-{n4}", NULL },
	{ "itin", NULL, "9{d2}-71-{n4}", NULL },
	{ "identity", "passport", "C{U2}{d7}", NULL },
	{ "email", NULL, "zoe.{a6}%corp-mail.example", NULL },
	{ "phone", NULL, "(312) 867-{n4}", NULL },
	{ "ipv4", NULL, "81.2.1{d1}{n1}.1{d2}", NULL },
	{ "ipv6", NULL, "2a02:26f7:{h4}::{h4}:1", NULL },
	{ "mac", NULL, "3c:22:fb:{h2}:{h2}:{h2}", NULL },
	{ "name", "first_name", "Zeb{L4}", NULL },
	{ "address", "street_address", "{n2} Zeb{L4} Street", NULL },
	{ "birth-date", "dob", "19{d2}-0{n1}-1{d1}", NULL },
	{ "imei", "imei", "49{n13}", NULL },
	{ "device", "device_id", "{A24}", NULL },
};
const size_t canary_kind_count = ARRAY_LEN(canary_kinds);

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
of(struct rig *r, const char *shape, unsigned seed)
{
	return secret_of_shape(r->arena, shape, seed);
}

static struct slice
join(struct rig *r, struct slice a, struct slice b)
{
	return arena_fmt(r->arena, "%.*s%.*s", SLICE_ARG(a), SLICE_ARG(b));
}

/* Those that a shape cannot tell. */
static struct slice
made(struct rig *r, const char *name, unsigned seed)
{
	struct slice head = base64(r, SLICE("{\"alg\":\"RS256\",\"x\":1}"),
				   true);
	struct slice jwt = join(r, head, of(r, ".{t40}.{t43}", seed));

	if (strcmp(name, "jwt") == 0)
		return jwt;
	if (strcmp(name, "jwe") == 0)
		return join(r, head, of(r, ".{t40}.{t16}.{t50}.{t22}", seed));
	if (strcmp(name, "jwt-base64") == 0)
		return base64(r, jwt, false);
	if (strcmp(name, "basic") == 0)
		return base64(r, of(r, "ann:{A14}", seed), false);
	if (strcmp(name, "pan") == 0)
		return secret_luhn(r->arena, of(r, "453201{d9}", seed));
	ck_assert_str_eq(name, "iban");
	return secret_iban(r->arena, "DE", of(r, "{d18}", seed));
}

struct slice
canary_secret(struct rig *r, const struct canary_kind *k, unsigned seed)
{
	struct slice s = k->shape ? of(r, k->shape, seed) :
		made(r, k->detector, seed);
	char *p = arena_str(r->arena, s);

	for (size_t i = 0; i < s.n; i++) {	/* an address's own '@' */
		if (p[i] == '%')
			p[i] = '@';
	}
	return slice_of(p, s.n);
}
