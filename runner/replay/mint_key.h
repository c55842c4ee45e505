/* One signing key (private to mint.c): OpenSSL's, by JOSE's names. */
#ifndef REPLAY_MINT_KEY_H
#define REPLAY_MINT_KEY_H

#include <dvr/base/buf.h>

#include <openssl/evp.h>

enum mint_family { MINT_RSA, MINT_PSS, MINT_EC, MINT_ED };

/* RFC 7518 §3.1, RFC 8037 §3.1. */
struct mint_alg {
	const char *name;
	enum mint_family family;
	const char *digest;	/* OpenSSL's name; NULL: the scheme's own */
	const char *curve;	/* MINT_EC: OpenSSL's name */
	const char *crv;	/* and JOSE's */
	size_t coordinate;	/* bytes of r, s, x and y */
};

/* NULL: none that is verified with a public key. */
const struct mint_alg *mint_alg_named(struct slice name);
/* NULL when OpenSSL cannot. */
EVP_PKEY *mint_key_make(const struct mint_alg *alg);
/* The signature as JOSE wants it, base64url; false when OpenSSL cannot. */
bool mint_key_sign(const struct mint_alg *alg, EVP_PKEY *key,
		   struct slice text, struct buf *out);
/* Members of the public JWK behind "kty" and before the end of the object. */
bool mint_key_print(const struct mint_alg *alg, EVP_PKEY *key,
		    struct buf *out);

#endif
