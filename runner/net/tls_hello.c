/* The client's hello: stops the handshake there, so that others may look. */
#include "tls_session.h"

#include <string.h>

/* A name that can stand in a certificate, and in a line of a terminal. */
static bool
name_is_clean(struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '-' || c == '.' ||
		      c == '_' || c == ':'))
			return false;
	}
	return true;
}

/* RFC 6066 §3: a list of one host_name.  False: it is none. */
static bool
read_name(struct tls *t, const unsigned char *p, size_t n)
{
	size_t length;

	if (n < 5 || p[2] != TLSEXT_NAMETYPE_host_name)
		return false;
	length = (size_t)p[3] << 8 | p[4];
	if (length == 0 || length > n - 5 || length >= sizeof(t->name) ||
	    !name_is_clean(slice_of(p + 5, length)))
		return false;
	memcpy(t->name, p + 5, length);
	t->name[length] = '\0';
	return true;
}

int
tls_on_hello(SSL *ssl, int *alert, void *arg)
{
	struct tls *t = SSL_get_app_data(ssl);
	const unsigned char *p;
	size_t n;

	(void)arg;
	if (t->refuse) {
		*alert = t->refuse;
		return SSL_CLIENT_HELLO_ERROR;
	}
	if (t->answered)
		return SSL_CLIENT_HELLO_SUCCESS;
	if (!t->hello) {
		if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p,
					      &n) == 1 &&
		    !read_name(t, p, n)) {
			*alert = SSL_AD_DECODE_ERROR;
			return SSL_CLIENT_HELLO_ERROR;
		}
		/* Two bytes of length stand before the list. */
		if (SSL_client_hello_get0_ext(ssl,
			TLSEXT_TYPE_application_layer_protocol_negotiation,
			&p, &n) == 1 && n > 2)
			buf_add(&t->alpn, slice_of(p + 2, n - 2));
		t->hello = true;
	}
	return SSL_CLIENT_HELLO_RETRY;
}

int
tls_on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
	    const unsigned char *in, unsigned in_n, void *arg)
{
	const struct tls *t = SSL_get_app_data(ssl);
	size_t want = (size_t)(unsigned char)t->chosen[0];

	(void)arg;
	for (unsigned i = 0; want && i + 1 + want <= in_n; i += in[i] + 1u) {
		if (in[i] != want ||
		    memcmp(in + i + 1, t->chosen + 1, want) != 0)
			continue;
		*out = in + i + 1;
		*out_n = (unsigned char)want;
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}
