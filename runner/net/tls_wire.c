/* OpenSSL's way to our sockets: what a hello brought is kept, not lost. */
#include "tls_session.h"

#include <errno.h>
#include <openssl/bio.h>
#include <sys/socket.h>

static bool
would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int
wire_read(BIO *b, char *to, int n)
{
	struct tls *t = BIO_get_data(b);
	ssize_t got;

	BIO_clear_retry_flags(b);
	if (n <= 0)
		return 0;
	if (t->given < t->seen.n) {
		struct slice have = slice_range(buf_slice(&t->seen), t->given,
						t->given + (size_t)n);

		memcpy(to, have.p, have.n);
		t->given += have.n;
		return (int)have.n;
	}
	got = recv(t->fd, to, (size_t)n, 0);
	t->fin |= got == 0;
	if (got < 0 && would_block())
		BIO_set_retry_read(b);
	if (got > 0 && t->listening) {
		buf_add(&t->seen, slice_of(to, (size_t)got));
		t->given = t->seen.n;
	}
	return (int)got;
}

static int
wire_write(BIO *b, const char *from, int n)
{
	struct tls *t = BIO_get_data(b);
	ssize_t sent;

	BIO_clear_retry_flags(b);
	/* It may turn out that it is not ours to answer. */
	if (t->listening)
		return n;
	sent = send(t->fd, from, (size_t)n, MSG_NOSIGNAL);
	if (sent < 0 && would_block())
		BIO_set_retry_write(b);
	return (int)sent;
}

static long
wire_ctrl(BIO *b, int command, long number, void *p)
{
	const struct tls *t = BIO_get_data(b);

	(void)number;
	(void)p;
	if (command == BIO_CTRL_EOF)
		return t->fin;
	return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *
tls_wire_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
				     "dvr socket");

	if (!m)
		return NULL;
	BIO_meth_set_read(m, wire_read);
	BIO_meth_set_write(m, wire_write);
	BIO_meth_set_ctrl(m, wire_ctrl);
	return m;
}

int
tls_wire_attach(struct tls *t, const BIO_METHOD *m)
{
	BIO *b = BIO_new(m);

	if (!b)
		return -1;
	BIO_set_data(b, t);
	BIO_set_init(b, 1);
	SSL_set_bio(t->ssl, b, b);
	return 0;
}
