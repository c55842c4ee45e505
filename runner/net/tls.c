/* A TLS session: its handshake in steps, its reads and writes. */
#include "tls_session.h"

#include <dvr/base/mem.h>

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* OpenSSL takes a hello of 128 KiB, in records with their headers. */
#define HELLO_MAX (192u * KiB)
#define HANDSHAKE_RECORD 22

struct tls_trust {
	SSL_CTX *ctx;
	BIO_METHOD *wire;
};

void
tls_context_rules(SSL_CTX *ctx)
{
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
				 SSL_OP_NO_COMPRESSION);
	/* A queue of ours holds what is not taken, and moves it. */
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
			      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
			      SSL_MODE_RELEASE_BUFFERS);
}

/* ---- whom we believe ----------------------------------------------------- */

static int
read_files(SSL_CTX *ctx, const struct tls_trust_config *c, struct err *e)
{
	if (!c->ca)
		SSL_CTX_set_default_verify_paths(ctx);
	else if (SSL_CTX_load_verify_file(ctx, c->ca) != 1)
		return err_set(e, ERR_USAGE, "ca: %s: %s; expected a PEM file "
			       "with certificates", c->ca,
			       ERR_reason_error_string(ERR_peek_last_error()));
	if (!c->cert)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(ctx, c->cert) != 1)
		return err_set(e, ERR_USAGE, "cert: %s: %s; expected a PEM "
			       "file with a certificate", c->cert,
			       ERR_reason_error_string(ERR_peek_last_error()));
	if (SSL_CTX_use_PrivateKey_file(ctx, c->key ? c->key : c->cert,
					SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return err_set(e, ERR_USAGE, "key: %s: %s; expected a PEM file "
			       "with the certificate's key, without a password",
			       c->key ? c->key : c->cert,
			       ERR_reason_error_string(ERR_peek_last_error()));
	return 0;
}

/* Never asks a terminal. */
static int
no_password(char *to, int n, int writing, void *arg)
{
	(void)to;
	(void)n;
	(void)writing;
	(void)arg;
	return -1;
}

struct tls_trust *
tls_trust_create(const struct tls_trust_config *c, struct err *e)
{
	struct tls_trust *t = mem_alloc(sizeof(*t));

	ERR_clear_error();
	t->ctx = SSL_CTX_new(TLS_client_method());
	t->wire = tls_wire_method();
	if (!t->ctx || !t->wire) {
		err_set(e, ERR_INTERNAL, "OpenSSL: no context");
		goto fail;
	}
	tls_context_rules(t->ctx);
	SSL_CTX_set_default_passwd_cb(t->ctx, no_password);
	if (read_files(t->ctx, c, e) < 0)
		goto fail;
	SSL_CTX_set_verify(t->ctx,
			   c->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
			   NULL);
	return t;
fail:
	tls_trust_destroy(t);
	return NULL;
}

void
tls_trust_destroy(struct tls_trust *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
	BIO_meth_free(t->wire);
	free(t);
}

/* ---- sessions -------------------------------------------------------------- */

static struct tls *
session(SSL_CTX *ctx, const BIO_METHOD *wire, int fd)
{
	struct tls *t = mem_alloc(sizeof(*t));

	t->fd = fd;
	buf_init(&t->seen, HELLO_MAX);
	buf_init(&t->alpn, 64u * KiB);
	t->ssl = SSL_new(ctx);
	/* Only memory can be missing. */
	if (!t->ssl || tls_wire_attach(t, wire) < 0)
		abort();
	SSL_set_app_data(t->ssl, t);
	return t;
}

static void
expect_peer(struct tls *t, const char *name)
{
	unsigned char address[sizeof(struct in6_addr)];
	X509_VERIFY_PARAM *p = SSL_get0_param(t->ssl);

	if (inet_pton(AF_INET, name, address) == 1 ||
	    inet_pton(AF_INET6, name, address) == 1) {
		/* RFC 6066 §3: an address is no host_name. */
		X509_VERIFY_PARAM_set1_ip_asc(p, name);
		return;
	}
	SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	SSL_set1_host(t->ssl, name);
	/* SSL_set_tlsext_host_name() casts const away. */
	SSL_ctrl(t->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
		 TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)name);
}

struct tls *
tls_client(struct tls_trust *trust, int fd, const struct tls_peer *peer)
{
	struct tls *t = session(trust->ctx, trust->wire, fd);
	size_t n = peer->name.n;

	if (n >= sizeof(t->name))
		n = sizeof(t->name) - 1;
	memcpy(t->name, peer->name.p, n);
	SSL_set_connect_state(t->ssl);
	expect_peer(t, t->name);
	if (peer->alpn.n)
		SSL_set_alpn_protos(t->ssl,
				    (const unsigned char *)peer->alpn.p,
				    (unsigned)peer->alpn.n);
	return t;
}

struct tls *
tls_server(struct tls_ca *ca, int fd, struct slice read)
{
	struct tls *t = session(tls_ca_context(ca), tls_ca_wire(ca), fd);

	t->ca = ca;
	t->listening = true;
	buf_add(&t->seen, read);
	SSL_set_accept_state(t->ssl);
	return t;
}

void
tls_destroy(struct tls *t)
{
	if (!t)
		return;
	SSL_free(t->ssl);
	buf_release(&t->seen);
	buf_release(&t->alpn);
	free(t);
}

/* ---- the handshake --------------------------------------------------------- */

static enum tls_step
step_failed(struct tls *t, int saved_errno)
{
	t->dead = true;
	tls_explain(t, saved_errno);
	return TLS_FAILED;
}

enum tls_step
tls_handshake(struct tls *t)
{
	int rc, saved;

	if (t->dead)
		return TLS_FAILED;
	ERR_clear_error();
	errno = 0;
	rc = SSL_do_handshake(t->ssl);
	saved = errno;
	if (rc == 1)
		return TLS_DONE;
	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return t->seen.full ? step_failed(t, EMSGSIZE) : TLS_WAIT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WAIT_WRITE;
	case SSL_ERROR_WANT_CLIENT_HELLO_CB:
		return TLS_HELLO;
	default:	/* of OpenSSL's numbers, not of ours */
		return step_failed(t, saved);
	}
}

struct slice
tls_hello_name(const struct tls *t)
{
	return slice_str(t->name);
}

struct slice
tls_hello_alpn(const struct tls *t)
{
	return buf_slice(&t->alpn);
}

struct slice
tls_hello_bytes(const struct tls *t)
{
	return buf_slice(&t->seen);
}

bool
tls_hello_is_plain(const struct tls *t)
{
	return t->listening && t->seen.n > 0 &&
	       t->seen.p[0] != HANDSHAKE_RECORD;
}

/* From here on it is ours: nothing of it is kept. */
static void
take_over(struct tls *t)
{
	t->listening = false;
	if (t->given < t->seen.n)
		return;
	buf_release(&t->seen);
	buf_init(&t->seen, HELLO_MAX);
	t->given = 0;
}

int
tls_answer(struct tls *t, struct slice name, struct slice alpn)
{
	char text[sizeof(t->name)];

	if (name.n >= sizeof(text) || alpn.n >= sizeof(t->chosen) - 1)
		return -1;
	memcpy(text, name.p ? name.p : "", name.n);
	text[name.n] = '\0';
	if (tls_ca_show(t->ca, t->ssl, text) < 0)
		return -1;
	t->chosen[0] = (char)(unsigned char)alpn.n;
	memcpy(t->chosen + 1, alpn.p ? alpn.p : "", alpn.n);
	t->answered = true;
	take_over(t);
	return 0;
}

void
tls_refuse(struct tls *t, int alert)
{
	t->refuse = alert;
	take_over(t);
}

struct slice
tls_alpn(const struct tls *t)
{
	const unsigned char *p;
	unsigned n;

	SSL_get0_alpn_selected(t->ssl, &p, &n);
	return slice_of(p, n);
}

const char *
tls_why(const struct tls *t)
{
	return t->why;
}

/* ---- bytes ------------------------------------------------------------------- */

/* -1 with errno for what just failed; 0 for an end. */
static int
ended(struct tls *t, int rc, int saved)
{
	int how = SSL_get_error(t->ssl, rc);
	unsigned long code = ERR_peek_last_error();

	if (how == SSL_ERROR_WANT_READ || how == SSL_ERROR_WANT_WRITE) {
		errno = EAGAIN;
		return -1;
	}
	if (how == SSL_ERROR_ZERO_RETURN)
		return 0;
	t->dead = true;
	if (how == SSL_ERROR_SSL && ERR_GET_LIB(code) == ERR_LIB_SSL &&
	    ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		t->truncated = true;
		return 0;
	}
	tls_explain(t, saved);
	errno = how == SSL_ERROR_SYSCALL && saved ? saved : EPROTO;
	return -1;
}

ssize_t
tls_recv(struct tls *t, void *to, size_t n)
{
	size_t got;
	int rc, saved;

	ERR_clear_error();
	errno = 0;
	rc = SSL_read_ex(t->ssl, to, n, &got);
	saved = errno;
	return rc == 1 ? (ssize_t)got : ended(t, rc, saved);
}

ssize_t
tls_send(struct tls *t, const void *from, size_t n)
{
	size_t sent;
	int rc, saved;

	if (n == 0)
		return 0;
	if (t->dead) {
		errno = EPIPE;
		return -1;
	}
	ERR_clear_error();
	errno = 0;
	rc = SSL_write_ex(t->ssl, from, n < TLS_SEND_MAX ? n : TLS_SEND_MAX,
			  &sent);
	saved = errno;
	if (rc == 1)
		return (ssize_t)sent;
	if (ended(t, rc, saved) == 0)
		errno = EPIPE;
	return -1;
}

bool
tls_truncated(const struct tls *t)
{
	return t->truncated;
}

int
tls_close_notify(struct tls *t)
{
	int rc, saved;

	if (t->dead || t->flushed)
		return 0;
	ERR_clear_error();
	errno = 0;
	rc = SSL_shutdown(t->ssl);
	saved = errno;
	if (rc < 0 && ended(t, rc, saved) < 0 && errno == EAGAIN)
		return -1;
	t->flushed = true;
	return 0;
}
