/*
 * What dvr.yaml says about credentials: secrets that a replay takes from the
 * environment, signatures that it makes anew, and whom tokens come from.  No
 * value of a secret is ever in here, only the name of its variable.
 */
#ifndef DVR_SCRUB_SECRETS_H
#define DVR_SCRUB_SECRETS_H

#include <dvr/base/slice.h>

struct secret_rule {
	char *name;		/* for messages */
	char *field;		/* place pattern, or NULL */
	char *class;		/* of handles, or NULL */
	char *from_env;		/* variable that holds the value */
};

/* runner/replay/resign.c has a row for each. */
enum resign_kind { RESIGN_GITHUB, RESIGN_STRIPE, RESIGN_SLACK, RESIGN_HMAC,
	RESIGN_AZURE, RESIGN_AWS, RESIGN_JWT };
extern const char *const resign_kind_names[];	/* by value, then NULL */

struct resign_rule {
	enum resign_kind kind;
	char *key_env;		/* variable that holds the key */
	bool key_base64;	/* which is coded so */
	char *id_env;		/* RESIGN_AWS: of the access key's id; NULL: the
				 * recorded one's mock */
	/* RESIGN_HMAC */
	char *header;		/* that holds the signature */
	char *digest;		/* OpenSSL's name: "SHA256" */
	bool base64;		/* else hex */
	char *prefix;		/* before it, "" none */
	char *over;		/* what is signed, "{body}" */
	char *timestamp;	/* header with seconds since 1970, or NULL */
};

struct secrets_config {
	struct secret_rule *v;
	size_t n;
	struct resign_rule *resign;
	size_t nresign;
	char *jwks_env, *issuer_env;	/* further variables of the service */
	char *listen;			/* of the keys' listener for a service
					 * behind --target; NULL: any port */
	bool map_issuer;		/* `iss` of tokens is the loopback's */
};

/* Header whose value the rule makes anew; "" for RESIGN_JWT, which makes tokens
 * wherever they stand. */
struct slice resign_rule_header(const struct resign_rule *r);

#endif
