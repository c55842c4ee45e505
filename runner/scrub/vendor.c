/* The table of credentials that carry their issuer's prefix. */
#include "vendor.h"

#include <dvr/base/attr.h>

#include <string.h>

#define LONG 2048	/* no issuer says how long it may get */

/* As the issuers document them.  Checksums (GitHub, npm) are not asked for: no
 * honest text has the prefix, and a mistyped token is better gone, too. */
const struct vendor vendors[] = {
	{ DETECT_GITHUB, "ghp", "ghp_", ALPHA_ALNUM, 30, 255 },
	{ DETECT_GITHUB, "gho", "gho_", ALPHA_ALNUM, 30, 255 },
	{ DETECT_GITHUB, "ghu", "ghu_", ALPHA_ALNUM, 30, 255 },
	{ DETECT_GITHUB, "ghs", "ghs_", ALPHA_ALNUM, 30, 255 },
	{ DETECT_GITHUB, "ghr", "ghr_", ALPHA_ALNUM, 30, 255 },
	{ DETECT_GITHUB, "github-pat", "github_pat_", ALPHA_TOKEN, 36, 255 },
	{ DETECT_GITLAB, "glpat", "glpat-", ALPHA_DOTTED, 20, 320 },
	{ DETECT_GITLAB, "gldt", "gldt-", ALPHA_TOKEN, 20, 320 },
	{ DETECT_GITLAB, "glrt", "glrt-", ALPHA_DOTTED, 20, 320 },
	{ DETECT_GITLAB, "glrtr", "glrtr-", ALPHA_DOTTED, 20, 320 },
	{ DETECT_GITLAB, "glcbt", "glcbt-", ALPHA_DOTTED, 20, 320 },
	{ DETECT_GITLAB, "glptt", "glptt-", ALPHA_TOKEN, 20, 320 },
	{ DETECT_GITLAB, "glft", "glft-", ALPHA_TOKEN, 20, 320 },
	{ DETECT_GITLAB, "glimt", "glimt-", ALPHA_TOKEN, 20, 320 },
	{ DETECT_GITLAB, "glagent", "glagent-", ALPHA_TOKEN, 20, 320 },
	{ DETECT_GITLAB, "gloas", "gloas-", ALPHA_TOKEN, 20, 320 },
	{ DETECT_GITLAB, "glsoat", "glsoat-", ALPHA_TOKEN, 20, 320 },
	{ DETECT_GITLAB, "glffct", "glffct-", ALPHA_TOKEN, 20, 320 },
	{ DETECT_GITLAB, "gitlab-runner", "GR1348941", ALPHA_TOKEN, 20, 32 },
	{ DETECT_AWS, "aws-key-id", "AKIA", ALPHA_UPPER, 16, 16 },
	{ DETECT_AWS, "aws-temp-id", "ASIA", ALPHA_UPPER, 16, 16 },
	{ DETECT_AWS, "aws-bearer-id", "ABIA", ALPHA_UPPER, 16, 16 },
	{ DETECT_AWS, "aws-context-id", "ACCA", ALPHA_UPPER, 16, 16 },
	{ DETECT_AWS, "aws-session", "IQoJb3JpZ2lu", ALPHA_BASE64, 100, LONG },
	{ DETECT_AWS, "aws-session-old", "FwoGZXIvYXdz", ALPHA_BASE64, 100,
	  LONG },
	{ DETECT_STRIPE, "stripe-live", "sk_live_", ALPHA_ALNUM, 16, 255 },
	{ DETECT_STRIPE, "stripe-test", "sk_test_", ALPHA_ALNUM, 16, 255 },
	{ DETECT_STRIPE, "stripe-rlive", "rk_live_", ALPHA_ALNUM, 16, 255 },
	{ DETECT_STRIPE, "stripe-rtest", "rk_test_", ALPHA_ALNUM, 16, 255 },
	{ DETECT_STRIPE, "stripe-hook", "whsec_", ALPHA_BASE64, 16, 255 },
	{ DETECT_SLACK, "slack-bot", "xoxb-", ALPHA_TOKEN, 16, 255 },
	{ DETECT_SLACK, "slack-user", "xoxp-", ALPHA_TOKEN, 16, 255 },
	{ DETECT_SLACK, "slack-space", "xoxa-", ALPHA_TOKEN, 16, 255 },
	{ DETECT_SLACK, "slack-refresh", "xoxr-", ALPHA_TOKEN, 16, 255 },
	{ DETECT_SLACK, "slack-session", "xoxs-", ALPHA_TOKEN, 16, 255 },
	{ DETECT_SLACK, "slack-client", "xoxc-", ALPHA_TOKEN, 16, 255 },
	{ DETECT_SLACK, "slack-cookie", "xoxd-", ALPHA_BASE64, 16, 512 },
	{ DETECT_SLACK, "slack-old", "xoxo-", ALPHA_TOKEN, 16, 255 },
	{ DETECT_SLACK, "slack-config", "xoxe.xox", ALPHA_TOKEN, 16, 512 },
	{ DETECT_SLACK, "slack-expiring", "xoxe-", ALPHA_TOKEN, 16, 512 },
	{ DETECT_SLACK, "slack-app", "xapp-", ALPHA_TOKEN, 16, 255 },
	{ DETECT_GOOGLE, "google-key", "AIza", ALPHA_TOKEN, 35, 35 },
	{ DETECT_GOOGLE, "google-oauth", "ya29.", ALPHA_DOTTED, 20, LONG },
	{ DETECT_GOOGLE, "google-secret", "GOCSPX-", ALPHA_TOKEN, 20, 64 },
	{ DETECT_GOOGLE, "google-refresh", "1//0", ALPHA_TOKEN, 40, 255 },
	{ DETECT_GOOGLE, "google-hmac", "GOOG1E", ALPHA_UPPER, 55, 58 },
	{ DETECT_GOOGLE, "google-push", "APA91b", ALPHA_TOKEN, 100, 255 },
	{ DETECT_SQUARE, "square", "EAAA", ALPHA_TOKEN, 60, 60 },
	{ DETECT_SQUARE, "square-personal", "sq0atp-", ALPHA_TOKEN, 22, 22 },
	{ DETECT_SQUARE, "square-secret", "sq0csp-", ALPHA_TOKEN, 43, 43 },
	{ DETECT_SENDGRID, "sendgrid", "SG.", ALPHA_DOTTED, 50, 80 },
	{ DETECT_MAILGUN, "mailgun", "key-", ALPHA_HEX, 32, 32 },
	{ DETECT_NPM, "npm", "npm_", ALPHA_ALNUM, 36, 36 },
	{ DETECT_PYPI, "pypi", "pypi-AgE", ALPHA_TOKEN, 32, LONG },
	{ DETECT_ANTHROPIC, "anthropic", "sk-ant-", ALPHA_TOKEN, 24, LONG },
	{ DETECT_OPENAI, "openai", "sk-proj-", ALPHA_TOKEN, 24, LONG },
	{ DETECT_OPENAI, "openai-service", "sk-svcacct-", ALPHA_TOKEN, 24,
	  LONG },
	{ DETECT_OPENAI, "openai-admin", "sk-admin-", ALPHA_TOKEN, 24, LONG },
	{ DETECT_HUGGING_FACE, "hugging-face", "hf_", ALPHA_ALNUM, 30, 64 },
	{ DETECT_HUGGING_FACE, "hugging-face-org", "api_org_", ALPHA_ALNUM, 30,
	  64 },
	{ DETECT_VAULT, "vault", "hvs.", ALPHA_TOKEN, 24, LONG },
	{ DETECT_VAULT, "vault-batch", "hvb.", ALPHA_TOKEN, 24, LONG },
	{ DETECT_VAULT, "vault-recovery", "hvr.", ALPHA_TOKEN, 24, LONG },
	{ DETECT_SHOPIFY, "shopify", "shpat_", ALPHA_ALNUM, 32, 38 },
	{ DETECT_SHOPIFY, "shopify-custom", "shpca_", ALPHA_ALNUM, 32, 38 },
	{ DETECT_SHOPIFY, "shopify-private", "shppa_", ALPHA_ALNUM, 32, 38 },
	{ DETECT_SHOPIFY, "shopify-secret", "shpss_", ALPHA_ALNUM, 32, 38 },
	{ DETECT_ATLASSIAN, "atlassian", "ATATT3x", ALPHA_EQUALS, 60, 400 },
	{ DETECT_ATLASSIAN, "atlassian-app", "ATCTT3x", ALPHA_EQUALS, 60, 400 },
	{ DETECT_ATLASSIAN, "bitbucket", "ATBB", ALPHA_ALNUM, 28, 40 },
	{ DETECT_VENDOR, "digitalocean", "dop_v1_", ALPHA_HEX, 64, 64 },
	{ DETECT_VENDOR, "digitalocean-oauth", "doo_v1_", ALPHA_HEX, 64, 64 },
	{ DETECT_VENDOR, "digitalocean-refresh", "dor_v1_", ALPHA_HEX, 64, 64 },
	{ DETECT_VENDOR, "databricks", "dapi", ALPHA_HEX, 32, 34 },
	{ DETECT_VENDOR, "grafana", "glsa_", ALPHA_TOKEN, 40, 48 },
	{ DETECT_VENDOR, "grafana-cloud", "glc_", ALPHA_BASE64, 32, 400 },
	{ DETECT_VENDOR, "linear", "lin_api_", ALPHA_ALNUM, 32, 64 },
	{ DETECT_VENDOR, "linear-oauth", "lin_oauth_", ALPHA_ALNUM, 32, 80 },
	{ DETECT_VENDOR, "notion", "ntn_", ALPHA_ALNUM, 40, 64 },
	{ DETECT_VENDOR, "doppler", "dp.pt.", ALPHA_ALNUM, 40, 48 },
	{ DETECT_VENDOR, "doppler-service", "dp.st.", ALPHA_DOTTED, 40, 80 },
	{ DETECT_VENDOR, "new-relic", "NRAK-", ALPHA_UPPER, 27, 27 },
	{ DETECT_VENDOR, "new-relic-insert", "NRII-", ALPHA_TOKEN, 32, 32 },
	{ DETECT_VENDOR, "postman", "PMAK-", ALPHA_TOKEN, 59, 59 },
	{ DETECT_VENDOR, "rubygems", "rubygems_", ALPHA_HEX, 48, 48 },
	{ DETECT_VENDOR, "sentry-org", "sntrys_", ALPHA_BASE64, 64, LONG },
	{ DETECT_VENDOR, "sentry-user", "sntryu_", ALPHA_HEX, 64, 64 },
	{ DETECT_VENDOR, "docker", "dckr_pat_", ALPHA_TOKEN, 27, 40 },
	{ DETECT_VENDOR, "docker-org", "dckr_oat_", ALPHA_TOKEN, 27, 48 },
	{ DETECT_VENDOR, "figma", "figd_", ALPHA_TOKEN, 36, 64 },
	{ DETECT_VENDOR, "planetscale", "pscale_tkn_", ALPHA_DOTTED, 32, 64 },
	{ DETECT_VENDOR, "planetscale-password", "pscale_pw_", ALPHA_DOTTED,
	  32, 64 },
	{ DETECT_VENDOR, "planetscale-oauth", "pscale_oauth_", ALPHA_DOTTED,
	  32, 64 },
	{ DETECT_VENDOR, "supabase", "sbp_", ALPHA_HEX, 40, 40 },
	{ DETECT_VENDOR, "supabase-secret", "sb_secret_", ALPHA_TOKEN, 24, 64 },
	{ DETECT_VENDOR, "tailscale", "tskey-", ALPHA_TOKEN, 32, 96 },
	{ DETECT_VENDOR, "age", "AGE-SECRET-KEY-1", ALPHA_UPPER, 58, 58 },
	{ DETECT_VENDOR, "groq", "gsk_", ALPHA_ALNUM, 48, 64 },
	{ DETECT_VENDOR, "xai", "xai-", ALPHA_ALNUM, 70, 96 },
	{ DETECT_VENDOR, "perplexity", "pplx-", ALPHA_ALNUM, 40, 64 },
	{ DETECT_VENDOR, "openrouter", "sk-or-v1-", ALPHA_HEX, 64, 64 },
	{ DETECT_VENDOR, "replicate", "r8_", ALPHA_ALNUM, 37, 37 },
	{ DETECT_VENDOR, "brevo", "xkeysib-", ALPHA_TOKEN, 64, 96 },
	{ DETECT_VENDOR, "alibaba", "LTAI", ALPHA_ALNUM, 16, 20 },
	{ DETECT_VENDOR, "dynatrace", "dt0c01.", ALPHA_DOTTED, 80, 100 },
	{ DETECT_VENDOR, "dynatrace-platform", "dt0s16.", ALPHA_DOTTED, 60,
	  100 },
	{ DETECT_VENDOR, "pulumi", "pul-", ALPHA_HEX, 40, 40 },
	{ DETECT_VENDOR, "mapbox", "sk.eyJ", ALPHA_DOTTED, 60, 200 },
	{ DETECT_VENDOR, "dropbox", "sl.", ALPHA_DOTTED, 130, LONG },
	{ DETECT_VENDOR, "facebook", "EAACEdEose0cBA", ALPHA_ALNUM, 20, LONG },
	{ DETECT_VENDOR, "typeform", "tfp_", ALPHA_TOKEN, 40, 64 },
	{ DETECT_VENDOR, "contentful", "CFPAT-", ALPHA_TOKEN, 43, 43 },
	{ DETECT_VENDOR, "notion-old", "secret_", ALPHA_ALNUM, 43, 43 },
	{ DETECT_VENDOR, "circleci", "CCIPAT_", ALPHA_TOKEN, 40, 80 },
	{ DETECT_VENDOR, "buildkite", "bkua_", ALPHA_HEX, 40, 40 },
	{ DETECT_VENDOR, "netlify", "nfp_", ALPHA_ALNUM, 36, 44 },
	{ DETECT_VENDOR, "heroku", "HRKU-", ALPHA_TOKEN, 36, 70 },
	{ DETECT_VENDOR, "sonar", "squ_", ALPHA_HEX, 40, 40 },
	{ DETECT_VENDOR, "sonar-project", "sqp_", ALPHA_HEX, 40, 40 },
	{ DETECT_VENDOR, "adobe", "p8e-", ALPHA_ALNUM, 32, 32 },
	{ DETECT_VENDOR, "easypost", "EZAK", ALPHA_ALNUM, 54, 54 },
	{ DETECT_VENDOR, "shippo", "shippo_live_", ALPHA_HEX, 40, 40 },
	{ DETECT_VENDOR, "duffel", "duffel_live_", ALPHA_TOKEN, 43, 43 },
	{ DETECT_VENDOR, "prefect", "pnu_", ALPHA_ALNUM, 36, 36 },
	{ DETECT_VENDOR, "readme", "rdme_", ALPHA_ALNUM, 70, 70 },
	{ DETECT_VENDOR, "onepassword", "ops_eyJ", ALPHA_BASE64, 200, LONG },
	{ DETECT_VENDOR, "fly", "fo1_", ALPHA_TOKEN, 43, 43 },
	{ DETECT_VENDOR, "airtable", "patA", ALPHA_DOTTED, 78, 78 },
	{ DETECT_VENDOR, "clojars", "CLOJARS_", ALPHA_ALNUM, 60, 60 },
	{ DETECT_VENDOR, "flutterwave", "FLWSECK_TEST-", ALPHA_ALNUM, 12, 64 },
};
const size_t vendor_count = ARRAY_LEN(vendors);

const struct vendor *
vendor_named(struct slice name)
{
	size_t i;

	for (i = 0; i < vendor_count; i++) {
		if (slice_eq(slice_str(vendors[i].name), name))
			return &vendors[i];
	}
	return NULL;
}

bool
vendor_at(const struct vendor *v, struct slice text, size_t at,
	  struct hit *out)
{
	size_t from = at + strlen(v->prefix), to = from;

	if (!token_begins(text, at))
		return false;
	while (to < text.n && to - from <= v->max &&
	       alphabet_has(v->alphabet, text.p[to]))
		to++;
	while (to > from && text.p[to - 1] == '.')
		to--;		/* the end of a sentence */
	/* what goes on in letters is something longer */
	if (to - from < v->min || to - from > v->max ||
	    is_alnum(char_at(text, to)))
		return false;
	while (v->alphabet == ALPHA_BASE64 && char_at(text, to) == '=')
		to++;
	*out = (struct hit){ .from = at, .to = to, .class = v->name };
	return true;
}

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

struct slice
alphabet_letters(enum alphabet a)
{
	switch (a) {
	case ALPHA_ALNUM:
		return SLICE(UPPER LOWER DIGITS);
	case ALPHA_TOKEN:
	case ALPHA_DOTTED:	/* dots and ends have places of their own */
	case ALPHA_EQUALS:
		return SLICE(UPPER LOWER DIGITS "-_");
	case ALPHA_UPPER:
		return SLICE(UPPER DIGITS);
	case ALPHA_HEX:
		return SLICE(DIGITS "abcdef");
	case ALPHA_DIGITS:
		return SLICE(DIGITS);
	case ALPHA_BASE64:
		return SLICE(UPPER LOWER DIGITS "+/");
	}
	return SLICE(DIGITS);
}

bool
alphabet_has(enum alphabet a, char c)
{
	struct slice letters = alphabet_letters(a);

	if ((a == ALPHA_DOTTED && c == '.') || (a == ALPHA_EQUALS && c == '='))
		return true;
	return memchr(letters.p, c, letters.n) != NULL;
}
