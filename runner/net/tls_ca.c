/* The authority of a run: one key for itself, one for all its leaves. */
#include <dvr/base/mem.h>
#include <dvr/net/tls_ca.h>

#include "tls_session.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Leaves kept at a time; a suite that asks for more names makes some anew. */
#define LEAVES_MAX 256
/* Ten years: no run lasts so long, and a clock that is set forward is fine. */
#define VALID_SECONDS (10L * 365 * 24 * 3600)
#define VALID_FROM "20000101000000Z"

struct leaf {
	char *name;		/* "": loopback */
	X509 *cert;
};

struct tls_ca {
	EVP_PKEY *key, *leaf_key;
	X509 *cert;
	SSL_CTX *ctx;
	BIO_METHOD *wire;
	BIO *pem, *der;		/* memory: the certificate's text */
	struct leaf leaves[LEAVES_MAX];
	size_t nleaves, oldest;
};

/* ---- certificates --------------------------------------------------------- */

static int
add_text(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	int ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext && X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
	return ok ? 0 : -1;
}

/* 64 random bits, positive, never 0. */
static int
set_serial(X509 *x)
{
	unsigned char bytes[8];
	BIGNUM *n;
	int ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return -1;
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok ? 0 : -1;
}

static int
set_name(X509_NAME *n, const char *common)
{
	int ok = X509_NAME_add_entry_by_txt(n, "O", MBSTRING_UTF8,
				(const unsigned char *)"dvr", -1, -1, 0);

	/* RFC 5280, A.1: 64 characters at most; the whole stands elsewhere. */
	if (ok && strlen(common) <= 64)
		ok = X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8,
				(const unsigned char *)common, -1, -1, 0);
	return ok ? 0 : -1;
}

/* All but the extensions and the signature. */
static X509 *
certificate(const char *common, EVP_PKEY *key, X509 *issuer)
{
	X509 *x = X509_new();
	X509_NAME *from;

	if (!x)
		return NULL;
	if (X509_set_version(x, X509_VERSION_3) != 1 || set_serial(x) < 0 ||
	    ASN1_TIME_set_string(X509_getm_notBefore(x), VALID_FROM) != 1 ||
	    !X509_gmtime_adj(X509_getm_notAfter(x), VALID_SECONDS) ||
	    X509_set_pubkey(x, key) != 1 ||
	    set_name(X509_get_subject_name(x), common) < 0)
		goto fail;
	from = X509_get_subject_name(issuer ? issuer : x);
	if (X509_set_issuer_name(x, from) == 1)
		return x;
fail:
	X509_free(x);
	return NULL;
}

static X509 *
root_certificate(EVP_PKEY *key)
{
	unsigned char bytes[4];
	char common[64];
	X509 *x;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return NULL;
	snprintf(common, sizeof(common), "dvr run %02x%02x%02x%02x", bytes[0],
		 bytes[1], bytes[2], bytes[3]);
	x = certificate(common, key, NULL);
	if (x && add_text(x, x, NID_subject_key_identifier, "hash") == 0 &&
	    add_text(x, x, NID_basic_constraints,
		     "critical,CA:TRUE,pathlen:0") == 0 &&
	    add_text(x, x, NID_key_usage,
		     "critical,keyCertSign,cRLSign") == 0 &&
	    X509_sign(x, key, EVP_sha256()) > 0)
		return x;
	X509_free(x);
	return NULL;
}

static int
add_alternative(GENERAL_NAMES *all, const char *name)
{
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
	GENERAL_NAME *one = GENERAL_NAME_new();
	ASN1_IA5STRING *dns = NULL;

	if (!one)
		return -1;
	if (address) {
		GENERAL_NAME_set0_value(one, GEN_IPADD, address);
	} else {
		dns = ASN1_IA5STRING_new();
		if (!dns || ASN1_STRING_set(dns, name, -1) != 1)
			return -1;
		GENERAL_NAME_set0_value(one, GEN_DNS, dns);
	}
	return sk_GENERAL_NAME_push(all, one) > 0 ? 0 : -1;
}

static const char *const loopback[] = { "localhost", "127.0.0.1", "::1" };

/* Is it this machine, by no name?  Clients with a socket of their own (Node
 * behind a CONNECT agent) then look for "localhost". */
static bool
is_nameless(const char *name)
{
	return !name[0] || strcmp(name, loopback[1]) == 0 ||
	       strcmp(name, loopback[2]) == 0;
}

static int
add_names(X509 *x, const char *name)
{
	GENERAL_NAMES *all = GENERAL_NAMES_new();
	bool nameless = is_nameless(name);
	int rc = -1;

	if (!all)
		return -1;
	if (!nameless)
		rc = add_alternative(all, name);
	for (size_t i = 0; nameless && i < ARRAY_LEN(loopback); i++)
		rc = add_alternative(all, loopback[i]);
	if (rc == 0 && X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0,
					 X509V3_ADD_DEFAULT) != 1)
		rc = -1;
	GENERAL_NAMES_free(all);
	return rc;
}

static X509 *
leaf_certificate(struct tls_ca *ca, const char *name)
{
	X509 *x = certificate(name[0] ? name : "localhost", ca->leaf_key,
			      ca->cert);

	ERR_clear_error();
	if (x && add_names(x, name) == 0 &&
	    add_text(x, ca->cert, NID_basic_constraints,
		     "critical,CA:FALSE") == 0 &&
	    add_text(x, ca->cert, NID_key_usage,
		     "critical,digitalSignature") == 0 &&
	    add_text(x, ca->cert, NID_ext_key_usage, "serverAuth") == 0 &&
	    add_text(x, ca->cert, NID_subject_key_identifier, "hash") == 0 &&
	    add_text(x, ca->cert, NID_authority_key_identifier,
		     "keyid:always") == 0 &&
	    X509_sign(x, ca->key, EVP_sha256()) > 0)
		return x;
	X509_free(x);
	return NULL;
}

/* ---- the authority --------------------------------------------------------- */

static int
set_up(struct tls_ca *ca)
{
	ca->key = EVP_EC_gen("P-256");
	ca->leaf_key = EVP_EC_gen("P-256");
	ca->ctx = SSL_CTX_new(TLS_server_method());
	ca->wire = tls_wire_method();
	ca->pem = BIO_new(BIO_s_mem());
	ca->der = BIO_new(BIO_s_mem());
	if (!ca->key || !ca->leaf_key || !ca->ctx || !ca->wire || !ca->pem ||
	    !ca->der)
		return -1;
	ca->cert = root_certificate(ca->key);
	if (!ca->cert || PEM_write_bio_X509(ca->pem, ca->cert) != 1 ||
	    i2d_X509_bio(ca->der, ca->cert) != 1)
		return -1;
	tls_context_rules(ca->ctx);
	SSL_CTX_set_client_hello_cb(ca->ctx, tls_on_hello, NULL);
	SSL_CTX_set_alpn_select_cb(ca->ctx, tls_on_alpn, NULL);
	return 0;
}

struct tls_ca *
tls_ca_create(struct err *e)
{
	struct tls_ca *ca = mem_alloc(sizeof(*ca));

	ERR_clear_error();
	if (set_up(ca) == 0)
		return ca;
	err_set(e, ERR_INTERNAL, "cannot make a certificate authority: %s",
		ERR_peek_last_error() ?
			ERR_reason_error_string(ERR_peek_last_error()) :
			"OpenSSL gives no reason");
	tls_ca_destroy(ca);
	return NULL;
}

void
tls_ca_destroy(struct tls_ca *ca)
{
	if (!ca)
		return;
	for (size_t i = 0; i < ca->nleaves; i++) {
		free(ca->leaves[i].name);
		X509_free(ca->leaves[i].cert);
	}
	SSL_CTX_free(ca->ctx);
	X509_free(ca->cert);
	EVP_PKEY_free(ca->key);
	EVP_PKEY_free(ca->leaf_key);
	BIO_meth_free(ca->wire);
	BIO_free(ca->pem);
	BIO_free(ca->der);
	free(ca);
}

static struct slice
memory(BIO *b)
{
	char *p = NULL;
	long n = BIO_get_mem_data(b, &p);

	return slice_of(p, n > 0 ? (size_t)n : 0);
}

struct slice
tls_ca_pem(const struct tls_ca *ca)
{
	return memory(ca->pem);
}

struct slice
tls_ca_der(const struct tls_ca *ca)
{
	return memory(ca->der);
}

SSL_CTX *
tls_ca_context(const struct tls_ca *ca)
{
	return ca->ctx;
}

const BIO_METHOD *
tls_ca_wire(const struct tls_ca *ca)
{
	return ca->wire;
}

static X509 *
find_leaf(struct tls_ca *ca, const char *name)
{
	struct leaf *at;
	X509 *made;

	for (size_t i = 0; i < ca->nleaves; i++)
		if (strcmp(ca->leaves[i].name, name) == 0)
			return ca->leaves[i].cert;
	made = leaf_certificate(ca, name);
	if (!made)
		return NULL;
	at = &ca->leaves[ca->nleaves];
	if (ca->nleaves < LEAVES_MAX) {
		ca->nleaves++;
	} else {
		at = &ca->leaves[ca->oldest++ % LEAVES_MAX];
		free(at->name);
		X509_free(at->cert);
	}
	*at = (struct leaf){ .name = mem_strdup(name), .cert = made };
	return made;
}

int
tls_ca_show(struct tls_ca *ca, SSL *ssl, const char *name)
{
	X509 *leaf = find_leaf(ca, name);

	if (!leaf || SSL_use_certificate(ssl, leaf) != 1 ||
	    SSL_use_PrivateKey(ssl, ca->leaf_key) != 1)
		return -1;
	return 0;
}
