/* Keys and signatures of JOSE through OpenSSL's EVP. */
#include "mint_key.h"

#include <dvr/base/hash.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>

#define RSA_BITS 2048	/* RFC 7518 §3.3 asks for no less */
#define COORDINATE_MAX 66	/* P-521 */
#define SIGNATURE_MAX 1024

static const struct mint_alg algs[] = {
	{ "RS256", MINT_RSA, "SHA256", NULL, NULL, 0 },
	{ "RS384", MINT_RSA, "SHA384", NULL, NULL, 0 },
	{ "RS512", MINT_RSA, "SHA512", NULL, NULL, 0 },
	{ "PS256", MINT_PSS, "SHA256", NULL, NULL, 0 },
	{ "PS384", MINT_PSS, "SHA384", NULL, NULL, 0 },
	{ "PS512", MINT_PSS, "SHA512", NULL, NULL, 0 },
	{ "ES256", MINT_EC, "SHA256", "P-256", "P-256", 32 },
	{ "ES384", MINT_EC, "SHA384", "P-384", "P-384", 48 },
	{ "ES512", MINT_EC, "SHA512", "P-521", "P-521", 66 },
	{ "EdDSA", MINT_ED, NULL, NULL, "Ed25519", 32 },
};

const struct mint_alg *
mint_alg_named(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(algs); i++)
		if (slice_eq(slice_str(algs[i].name), name))
			return &algs[i];
	return NULL;
}

EVP_PKEY *
mint_key_make(const struct mint_alg *alg)
{
	switch (alg->family) {
	case MINT_RSA:
	case MINT_PSS:
		return EVP_RSA_gen(RSA_BITS);
	case MINT_EC:
		return EVP_EC_gen(alg->curve);
	case MINT_ED:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	}
	return NULL;
}

/* ---- signing ---------------------------------------------------------- */

static bool
set_pss(EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx,
						RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* RFC 7518 §3.4: r and s of one length each, not DER. */
static bool
put_ecdsa(const struct mint_alg *alg, const unsigned char *der, size_t n,
	  struct buf *out)
{
	unsigned char raw[2 * COORDINATE_MAX];
	int size = (int)alg->coordinate;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
	bool ok;

	if (sig == NULL)
		return false;
	ok = BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, size) == size &&
	     BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + size, size) == size;
	if (ok)
		base64url_encode(slice_of(raw, 2 * alg->coordinate), out);
	ECDSA_SIG_free(sig);
	return ok;
}

bool
mint_key_sign(const struct mint_alg *alg, EVP_PKEY *key, struct slice text,
	      struct buf *out)
{
	unsigned char sig[SIGNATURE_MAX];
	size_t n = sizeof(sig);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey;
	bool ok;

	ok = ctx != NULL &&
	     EVP_DigestSignInit_ex(ctx, &pkey, alg->digest, NULL, NULL, key,
				   NULL) == 1 &&
	     (alg->family != MINT_PSS || set_pss(pkey)) &&
	     EVP_DigestSign(ctx, sig, &n, (const unsigned char *)text.p,
			    text.n) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return false;
	if (alg->family == MINT_EC)
		return put_ecdsa(alg, sig, n, out);
	base64url_encode(slice_of(sig, n), out);
	return true;
}

/* ---- telling ---------------------------------------------------------- */

/* RFC 7518 §6.3.1: as short as it is (size 0); §6.2.1: padded. */
static bool
put_number(EVP_PKEY *key, const char *param, const char *name, size_t size,
	   struct buf *out)
{
	unsigned char raw[RSA_BITS / 8];
	BIGNUM *n = NULL;
	int got;

	if (EVP_PKEY_get_bn_param(key, param, &n) != 1)
		return false;
	if (size == 0)
		size = (size_t)BN_num_bytes(n);
	got = size <= sizeof(raw) ? BN_bn2binpad(n, raw, (int)size) : -1;
	BN_free(n);
	if (got < 0)
		return false;
	buf_fmt(out, ",\"%s\":\"", name);
	base64url_encode(slice_of(raw, size), out);
	buf_addc(out, '"');
	return true;
}

/* RFC 8037 §2 */
static bool
put_ed(EVP_PKEY *key, struct buf *out)
{
	unsigned char raw[32];
	size_t n = sizeof(raw);

	if (EVP_PKEY_get_raw_public_key(key, raw, &n) != 1)
		return false;
	buf_adds(out, "\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
	base64url_encode(slice_of(raw, n), out);
	buf_addc(out, '"');
	return true;
}

bool
mint_key_print(const struct mint_alg *alg, EVP_PKEY *key, struct buf *out)
{
	switch (alg->family) {
	case MINT_RSA:
	case MINT_PSS:
		buf_adds(out, "\"RSA\"");
		return put_number(key, OSSL_PKEY_PARAM_RSA_N, "n", 0, out) &&
		       put_number(key, OSSL_PKEY_PARAM_RSA_E, "e", 0, out);
	case MINT_EC:
		buf_fmt(out, "\"EC\",\"crv\":\"%s\"", alg->crv);
		return put_number(key, OSSL_PKEY_PARAM_EC_PUB_X, "x",
				  alg->coordinate, out) &&
		       put_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, "y",
				  alg->coordinate, out);
	case MINT_ED:
		return put_ed(key, out);
	}
	return false;
}
