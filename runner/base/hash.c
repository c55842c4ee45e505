/* SHA-256, SHA-1 and HMAC through OpenSSL; hex and base64 by table. */
#include <dvr/base/hash.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

/* OpenSSL's handle under our own name, so that headers need not know it. */
static EVP_MD_CTX *
ctx_of(struct sha256 *h)
{
	return (EVP_MD_CTX *)h;
}

/* Hashing in memory fails only without memory or without the hash at all. */
static void
must(int ok)
{
	if (ok != 1) {
		fprintf(stderr, "dvr: OpenSSL cannot hash\n");
		abort();
	}
}

struct sha256 *
sha256_begin(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(ctx != NULL);
	must(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL));
	return (struct sha256 *)ctx;
}

void
sha256_more(struct sha256 *h, struct slice s)
{
	if (s.n > 0)
		must(EVP_DigestUpdate(ctx_of(h), s.p, s.n));
}

void
sha256_end(struct sha256 *h, unsigned char out[SHA256_BYTES])
{
	must(EVP_DigestFinal_ex(ctx_of(h), out, NULL));
	EVP_MD_CTX_free(ctx_of(h));
}

void
sha256(struct slice s, unsigned char out[SHA256_BYTES])
{
	must(EVP_Digest(s.n > 0 ? s.p : "", s.n, out, NULL, EVP_sha256(),
			NULL));
}

void
sha1(struct slice s, unsigned char out[SHA1_BYTES])
{
	must(EVP_Digest(s.n > 0 ? s.p : "", s.n, out, NULL, EVP_sha1(), NULL));
}

static const char hex_digits[] = "0123456789abcdef";

void
sha256_hex(struct slice s, char out[SHA256_HEX])
{
	unsigned char raw[SHA256_BYTES];

	sha256(s, raw);
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		out[2 * i] = hex_digits[raw[i] >> 4];
		out[2 * i + 1] = hex_digits[raw[i] & 15];
	}
	out[SHA256_HEX - 1] = '\0';
}

void
hmac_sha256(struct slice key, struct slice msg,
	    unsigned char out[SHA256_BYTES])
{
	const char *k = key.n > 0 ? key.p : "";
	const unsigned char *m =
		(const unsigned char *)(msg.n > 0 ? msg.p : "");

	must(HMAC(EVP_sha256(), k, (int)key.n, m, msg.n, out, NULL) != NULL);
}

void
hex_encode(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		buf_addc(out, hex_digits[c >> 4]);
		buf_addc(out, hex_digits[c & 15]);
	}
}

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
encode(struct slice s, const char *letters, bool pad, struct buf *out)
{
	for (size_t i = 0; i < s.n; i += 3) {
		size_t left = s.n - i;
		uint32_t v = (uint32_t)(unsigned char)s.p[i] << 16;

		if (left > 1)
			v |= (uint32_t)(unsigned char)s.p[i + 1] << 8;
		if (left > 2)
			v |= (unsigned char)s.p[i + 2];
		buf_addc(out, letters[v >> 18]);
		buf_addc(out, letters[v >> 12 & 63]);
		if (left > 1)
			buf_addc(out, letters[v >> 6 & 63]);
		else if (pad)
			buf_addc(out, '=');
		if (left > 2)
			buf_addc(out, letters[v & 63]);
		else if (pad)
			buf_addc(out, '=');
	}
}

void
base64_encode(struct slice s, struct buf *out)
{
	encode(s, alphabet, true, out);
}

void
base64url_encode(struct slice s, struct buf *out)
{
	encode(s, alphabet_url, false, out);
}

static int
sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return -1;
}

/* Padding is all or none: "QQ", "QQ==", never "QQ=". */
static int
strip_padding(struct slice *s)
{
	size_t pads = 0;

	while (pads < 2 && s->n > pads && s->p[s->n - 1 - pads] == '=')
		pads++;
	if (pads > 0 && s->n % 4 != 0)
		return -1;
	s->n -= pads;
	return s->n % 4 == 1 ? -1 : 0;
}

int
base64_decode(struct slice s, struct buf *out)
{
	size_t before = out->n;
	uint32_t v = 0;
	unsigned bits = 0;

	if (strip_padding(&s) < 0)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		int d = sextet(s.p[i]);

		if (d < 0)
			goto bad;
		v = (v << 6 | (uint32_t)d) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_addc(out, (char)(unsigned char)(v >> bits));
		}
	}
	/* Bits that belong to no byte must be 0, else two texts mean one. */
	if ((v & ((1u << bits) - 1)) == 0)
		return 0;
bad:
	out->n = before;
	if (out->p)
		out->p[before] = '\0';
	return -1;
}
