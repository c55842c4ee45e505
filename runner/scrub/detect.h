/*
 * The one pass over text that finds secrets: by how they look and by their
 * name.  A detector is a row in the table of detectors.c; those that look are
 * a function in one of the detect_*.c files as well.
 */
#ifndef SCRUB_DETECT_H
#define SCRUB_DETECT_H

#include <dvr/base/ascii.h>
#include <dvr/base/err.h>
#include <dvr/scrub/detector.h>
#include <dvr/scrub/scrub.h>

#include "span.h"

enum detector_id {
	DETECT_JWT, DETECT_JWE, DETECT_JWT_BASE64, DETECT_BEARER, DETECT_BASIC,
	DETECT_AUTHORIZATION, DETECT_URL_PASSWORD, DETECT_PRIVATE_KEY,
	DETECT_COOKIE, DETECT_CSRF, DETECT_OAUTH, DETECT_SAML,
	DETECT_SIGNED_URL, DETECT_SIGNATURE, DETECT_PASSWORD, DETECT_SECRET,
	DETECT_TOKEN, DETECT_API_KEY, DETECT_SESSION, DETECT_OTP,
	DETECT_CONNECTION, DETECT_ENTROPY, DETECT_PATH,
	DETECT_AWS, DETECT_AZURE, DETECT_GOOGLE, DETECT_GITHUB, DETECT_GITLAB,
	DETECT_SLACK, DETECT_HOOK, DETECT_DISCORD, DETECT_TELEGRAM,
	DETECT_STRIPE, DETECT_SQUARE, DETECT_TWILIO, DETECT_SENDGRID,
	DETECT_MAILGUN, DETECT_OPENAI, DETECT_ANTHROPIC, DETECT_HUGGING_FACE,
	DETECT_NPM, DETECT_PYPI, DETECT_VAULT, DETECT_SHOPIFY,
	DETECT_ATLASSIAN, DETECT_DATADOG, DETECT_OKTA, DETECT_VENDOR,
	DETECT_TERRAFORM,
	DETECT_PAN, DETECT_TRACK, DETECT_IBAN, DETECT_ACCOUNT, DETECT_SSN,
	DETECT_ITIN, DETECT_IDENTITY, DETECT_EMAIL, DETECT_PHONE, DETECT_IPV4,
	DETECT_IPV6, DETECT_MAC, DETECT_NAME, DETECT_ADDRESS, DETECT_BIRTH,
	DETECT_IMEI, DETECT_DEVICE,
	DETECT_NATIONAL_ID, DETECT_GEO, DETECT_CRYPTO,
	DETECTORS
};

/* The detectors that are on, made ready for the pass. */
struct detecting;
struct key_row;

/* The table as the user's entries with `detector` change it.  ERR_USAGE with
 * file:line:column for a name that no detector has. */
struct detecting *detecting_create(const struct scrub_rule *rules, size_t n,
				   struct err *e);
void detecting_destroy(struct detecting *d);
bool detecting_on(const struct detecting *d, enum detector_id id);
/* The row of a name whose detector is on, or NULL. */
const struct key_row *detecting_key(const struct detecting *d,
				    struct slice name);

/* Adds what looks like a secret in `text`. */
void detect(const struct detecting *d, struct slice text, struct spans *out);
/* Adds the values of `name=value`, `"name": "value"` and <name>value</name>
 * with a sensitive name: for text that no walker reads. */
void detect_named(const struct detecting *d, struct slice text,
		  struct spans *out);
/* The same in one value, which may be a sentence about such names. */
void detect_named_in(const struct detecting *d, struct slice text,
		     struct spans *out);
/* Adds what the tag or element at '<' says of itself: the value of
 * <input name= value=>, <password>…, and of what a name in an element before
 * it is for, <key>password</key><string>…. */
void detect_tag(const struct detecting *d, struct slice text, size_t at,
		struct spans *out);
/* Adds the values of the cookies at `at`, of the first one alone with `first`;
 * returns where to go on. */
size_t detect_cookie_pairs(struct slice text, size_t at, bool first,
			   struct spans *out);
/* Has it letters and digits side by side that nobody chose? */
bool is_drawn(struct slice value);
/* A person's choice (theme, language, consent) and no secret. */
bool cookie_is_plain(struct slice name, struct slice value);

/* detect_token.c */
detect_fn detect_jwt, detect_jwe, detect_jwt_base64, detect_pem, detect_saml;
/* detect_scheme.c */
detect_fn detect_bearer, detect_basic, detect_ssws, detect_url_password;
/* detect_issuer.c */
detect_fn detect_azure, detect_hook, detect_discord, detect_telegram,
	detect_twilio, detect_mailchimp, detect_openai, detect_terraform;
/* detect_path.c */
detect_fn detect_path_token;
/* detect_number.c */
detect_fn detect_pan, detect_track, detect_iban, detect_ssn, detect_itin,
	detect_imei;
/* detect_contact.c */
detect_fn detect_email, detect_phone;
/* detect_net.c */
detect_fn detect_ipv4, detect_ipv6, detect_mac;
/* detect_optional.c */
detect_fn detect_national_id, detect_geo, detect_crypto;

/* A character of a token: letters, digits, '-' and '_'. */
static inline bool
is_token_char(char c)
{
	return is_alnum(c) || c == '-' || c == '_';
}

/* text.p[at], or a NUL outside of it. */
static inline char
char_at(struct slice text, size_t at)
{
	return at < text.n ? text.p[at] : '\0';
}

/* Where a run of such characters ends. */
size_t token_end(struct slice text, size_t at);
size_t digits_end(struct slice text, size_t at);
size_t hex_end(struct slice text, size_t at);
/* Does a token begin at `at`?  The last letter of an escape (%2F, \n) before
 * it is no part of it. */
bool token_begins(struct slice text, size_t at);
/* A number that goes on in letters, a fraction or a dash is another one. */
bool number_stands_alone(struct slice text, size_t from, size_t to);

#endif
