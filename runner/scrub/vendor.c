/* The table of credentials that carry their issuer's prefix. */
#include "vendor.h"

#include <dvr/base/attr.h>

#include <string.h>

#define LONG 512	/* no issuer says how long it may get */

/* A longer prefix stands before a shorter one that starts it. */
const struct vendor vendors[] = {
	{ "ghp", "ghp_", ALPHA_ALNUM, 30, 255, "GitHub personal token" },
	{ "gho", "gho_", ALPHA_ALNUM, 30, 255, "GitHub OAuth token" },
	{ "ghu", "ghu_", ALPHA_ALNUM, 30, 255, "GitHub user token" },
	{ "ghs", "ghs_", ALPHA_ALNUM, 30, 255, "GitHub server token" },
	{ "ghr", "ghr_", ALPHA_ALNUM, 30, 255, "GitHub refresh token" },
	{ "github-pat", "github_pat_", ALPHA_TOKEN, 36, 255,
	  "GitHub fine-grained token" },
	{ "glpat", "glpat-", ALPHA_TOKEN, 20, 255, "GitLab token" },
	{ "aws-key-id", "AKIA", ALPHA_UPPER, 16, 16, "AWS access key id" },
	{ "aws-temp-id", "ASIA", ALPHA_UPPER, 16, 16,
	  "AWS temporary key id" },
	{ "stripe-live", "sk_live_", ALPHA_ALNUM, 16, 255,
	  "Stripe secret key" },
	{ "stripe-test", "sk_test_", ALPHA_ALNUM, 16, 255,
	  "Stripe test key" },
	{ "stripe-rlive", "rk_live_", ALPHA_ALNUM, 16, 255,
	  "Stripe restricted key" },
	{ "stripe-rtest", "rk_test_", ALPHA_ALNUM, 16, 255,
	  "Stripe restricted test key" },
	{ "stripe-hook", "whsec_", ALPHA_BASE64, 16, 255,
	  "Stripe webhook secret" },
	{ "slack-bot", "xoxb-", ALPHA_TOKEN, 16, 255, "Slack bot token" },
	{ "slack-user", "xoxp-", ALPHA_TOKEN, 16, 255, "Slack user token" },
	{ "slack-app", "xapp-", ALPHA_TOKEN, 16, 255, "Slack app token" },
	{ "google-key", "AIza", ALPHA_TOKEN, 35, 35, "Google API key" },
	{ "google-oauth", "ya29.", ALPHA_TOKEN, 20, LONG,
	  "Google OAuth token" },
	{ "google-secret", "GOCSPX-", ALPHA_TOKEN, 20, 64,
	  "Google client secret" },
	{ "npm", "npm_", ALPHA_ALNUM, 36, 36, "npm token" },
	{ "pypi", "pypi-AgE", ALPHA_TOKEN, 32, LONG, "PyPI token" },
	{ "sendgrid", "SG.", ALPHA_DOTTED, 50, 80, "SendGrid key" },
	{ "anthropic", "sk-ant-", ALPHA_TOKEN, 24, LONG, "Anthropic key" },
	{ "openai", "sk-proj-", ALPHA_TOKEN, 24, LONG,
	  "OpenAI project key" },
	{ "hugging-face", "hf_", ALPHA_ALNUM, 30, 64,
	  "Hugging Face token" },
	{ "digitalocean", "dop_v1_", ALPHA_HEX, 64, 64,
	  "DigitalOcean token" },
	{ "shopify", "shpat_", ALPHA_HEX, 32, 32, "Shopify token" },
	{ "vault", "hvs.", ALPHA_TOKEN, 24, LONG, "Vault token" },
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
	case ALPHA_DOTTED:	/* its dots have places of their own */
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

	if (a == ALPHA_DOTTED && c == '.')
		return true;
	return memchr(letters.p, c, letters.n) != NULL;
}
