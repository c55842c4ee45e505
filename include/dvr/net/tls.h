/*
 * TLS on non-blocking sockets (OpenSSL, TLS 1.2 and later, no renegotiation).
 * A session never owns its socket.  Reads and writes look like recv() and
 * send(); what a peer said in the clear or refused is told as a reason.
 *
 * A server's handshake stops once the client's hello was read: its name and
 * its protocols are known then, nothing was answered yet, and its exact bytes
 * can still be given to somebody else.
 */
#ifndef DVR_NET_TLS_H
#define DVR_NET_TLS_H

#include <dvr/base/err.h>
#include <dvr/base/slice.h>

#include <stdbool.h>

/* What one tls_send() takes at most: nearly a record (RFC 8446 §5.1). */
#define TLS_SEND_MAX (16u * 1024u - 32u)
/* A read is given at least this much room, so that nothing that was decrypted
 * waits unseen inside while the socket is silent. */
#define TLS_READ_MIN (16u * 1024u)

struct tls;
struct tls_ca;		/* <dvr/net/tls_ca.h> */
struct tls_trust;	/* whom we believe, and who we are, as a client */

struct tls_trust_config {
	const char *ca;		/* PEM file instead of the system's; or NULL */
	const char *cert, *key;	/* PEM files of a client certificate; or NULL */
	bool insecure;		/* nothing is verified */
};

struct tls_trust *tls_trust_create(const struct tls_trust_config *c,
				   struct err *e);
void tls_trust_destroy(struct tls_trust *t);

struct tls_peer {
	struct slice name;	/* for SNI and verification; may be an address */
	struct slice alpn;	/* list in wire form (RFC 7301 §3.1), or "" */
};

/* Client on a connected socket. */
struct tls *tls_client(struct tls_trust *trust, int fd,
		       const struct tls_peer *peer);
/* Server; `read` are bytes that were already read from the socket. */
struct tls *tls_server(struct tls_ca *ca, int fd, struct slice read);
/* NULL is fine. */
void tls_destroy(struct tls *t);

enum tls_step {
	TLS_WAIT_READ, TLS_WAIT_WRITE,	/* again when the socket is ready */
	TLS_HELLO,	/* server: tls_answer(), tls_refuse(), or neither */
	TLS_DONE,
	TLS_FAILED	/* tls_why() */
};
enum tls_step tls_handshake(struct tls *t);

/* The client's hello: its name ("" without one) and its protocols (wire form,
 * "" none); and every byte that was read from the client so far. */
struct slice tls_hello_name(const struct tls *t);
struct slice tls_hello_alpn(const struct tls *t);
struct slice tls_hello_bytes(const struct tls *t);
/* It did not begin with a handshake record: no TLS at all.  Nothing was
 * written to it. */
bool tls_hello_is_plain(const struct tls *t);
/* Goes on with a leaf for `name` ("": for loopback) and this protocol (""
 * none).  -1: no certificate can be made for such a name. */
int tls_answer(struct tls *t, struct slice name, struct slice alpn);
/* The next step fails, and the client gets this alert (RFC 8446 §6). */
void tls_refuse(struct tls *t, int alert);

/* The protocol that both chose, or "". */
struct slice tls_alpn(const struct tls *t);
/* Why it failed, a few clean words: "certificate has expired". */
const char *tls_why(const struct tls *t);
/* The alert that tells somebody else of the same failure. */
int tls_alert_of(const struct tls *t);

/* As recv() and send().  0 is the end: by close_notify, or by a FIN without
 * (tls_truncated()).  -1 with errno: EAGAIN, ECONNRESET, or EPROTO and
 * tls_why().  After EAGAIN a send must be repeated with at least the same
 * bytes.  A send takes TLS_SEND_MAX at most. */
ssize_t tls_recv(struct tls *t, void *to, size_t n);
ssize_t tls_send(struct tls *t, const void *from, size_t n);
bool tls_truncated(const struct tls *t);
/* Says close_notify: 0, or -1 with errno as tls_send(). */
int tls_close_notify(struct tls *t);

#endif
