/* Makes the PKCS12 trust store that Java believes. */
#include "trust_java.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdio.h>

/* Oracle's trustedKeyUsage: without this attribute Java sees a certificate
 * and no trust in it.  Its value is anyExtendedKeyUsage. */
#define TRUSTED_KEY_USAGE "2.16.840.1.113894.746875.1.1"
#define ANY_USAGE "2.5.29.37.0"
/* Against accidents alone: the password is no secret. */
#define MAC_ITERATIONS 2048

static int
add_trust(PKCS12_SAFEBAG *bag)
{
	/* The list is there once it has a name; OpenSSL 3.0 has no other way
	 * to add to it. */
	const void *list = PKCS12_SAFEBAG_get0_attrs(bag);
	STACK_OF(X509_ATTRIBUTE) *attributes = (void *)(uintptr_t)list;
	ASN1_OBJECT *name = OBJ_txt2obj(TRUSTED_KEY_USAGE, 1);
	ASN1_OBJECT *any = OBJ_txt2obj(ANY_USAGE, 1);
	X509_ATTRIBUTE *a = X509_ATTRIBUTE_new();
	int rc = -1;

	if (attributes && name && any && a &&
	    X509_ATTRIBUTE_set1_object(a, name) == 1 &&
	    X509_ATTRIBUTE_set1_data(a, V_ASN1_OBJECT, any, -1) == 1 &&
	    sk_X509_ATTRIBUTE_push(attributes, a) > 0) {
		a = NULL;
		any = NULL;	/* the attribute has it */
		rc = 0;
	}
	X509_ATTRIBUTE_free(a);
	ASN1_OBJECT_free(any);
	ASN1_OBJECT_free(name);
	return rc;
}

static int
add_certificate(STACK_OF(PKCS12_SAFEBAG) **bags, X509 *x, unsigned number)
{
	PKCS12_SAFEBAG *bag = PKCS12_add_cert(bags, x);
	char alias[32];

	if (!bag)
		return -1;
	snprintf(alias, sizeof(alias), "ca-%u", number);
	if (PKCS12_add_friendlyname_utf8(bag, alias, -1) != 1)
		return -1;
	return add_trust(bag);
}

static STACK_OF(PKCS12_SAFEBAG) *
read_certificates(struct slice pem)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
	unsigned number = 0;
	X509 *x;

	while (in && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		int rc = add_certificate(&bags, x, ++number);

		X509_free(x);
		if (rc == 0)
			continue;
		sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
		bags = NULL;
		break;
	}
	BIO_free(in);
	return bags;
}

static int
write_store(PKCS12 *p, struct buf *out)
{
	unsigned char *der = NULL;
	int n = i2d_PKCS12(p, &der);

	if (n <= 0)
		return -1;
	buf_add(out, slice_of(der, (size_t)n));
	OPENSSL_free(der);
	return out->full ? -1 : 0;
}

int
trust_java_store(struct slice pem, struct buf *out)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = read_certificates(pem);
	STACK_OF(PKCS7) *safes = NULL;
	PKCS12 *p = NULL;
	int rc = -1;

	if (bags && PKCS12_add_safe(&safes, bags, -1, 0, NULL) == 1)
		p = PKCS12_add_safes(safes, 0);
	if (p && PKCS12_set_mac(p, TRUST_JAVA_PASSWORD, -1, NULL, 0,
				MAC_ITERATIONS, EVP_sha256()) == 1)
		rc = write_store(p, out);
	PKCS12_free(p);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	ERR_clear_error();
	return rc;
}
