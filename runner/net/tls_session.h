/* What the files of TLS share: a session and how it reaches its socket. */
#ifndef NET_TLS_SESSION_H
#define NET_TLS_SESSION_H

#include <dvr/base/buf.h>
#include <dvr/net/tls.h>

#include <openssl/ssl.h>

/* "invalid certificate: " and OpenSSL's words. */
#define TLS_WHY_MAX 160

struct tls {
	SSL *ssl;
	struct tls_ca *ca;	/* of a server; NULL: a client */
	int fd;
	bool listening;		/* until the hello is answered: nothing is
				 * written, what is read is kept */
	bool hello;		/* was read whole */
	bool answered;
	int refuse;		/* alert for the client; 0: none */
	bool fin;		/* the socket has ended */
	bool truncated;
	bool dead;		/* after a fatal error nothing may be said */
	bool flushed;		/* our close_notify is on its way */
	struct buf seen;	/* kept while listening */
	size_t given;		/* of `seen`: read already by OpenSSL */
	char name[256];		/* of the hello */
	struct buf alpn;	/* of the hello, wire form */
	char chosen[256];	/* for the client: length and name, or "" */
	char why[TLS_WHY_MAX];
	int alert;		/* that tells somebody else */
};

/* ---- tls_wire.c ------------------------------------------------------- */

/* How OpenSSL reads and writes our sockets; free with BIO_meth_free(). */
BIO_METHOD *tls_wire_method(void);
int tls_wire_attach(struct tls *t, const BIO_METHOD *m);

/* ---- tls_hello.c ------------------------------------------------------ */

/* For SSL_CTX_set_client_hello_cb() and SSL_CTX_set_alpn_select_cb(). */
int tls_on_hello(SSL *ssl, int *alert, void *arg);
int tls_on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
		const unsigned char *in, unsigned in_n, void *arg);

/* ---- tls_why.c -------------------------------------------------------- */

/* Keeps the words for what OpenSSL or the system just said, and the alert. */
void tls_explain(struct tls *t, int saved_errno);

/* ---- tls_ca.c --------------------------------------------------------- */

SSL_CTX *tls_ca_context(const struct tls_ca *ca);
const BIO_METHOD *tls_ca_wire(const struct tls_ca *ca);
/* Puts the leaf for a name on a session. */
int tls_ca_show(struct tls_ca *ca, SSL *ssl, const char *name);

/* What every session of ours, client or server, agrees to. */
void tls_context_rules(SSL_CTX *ctx);

#endif
