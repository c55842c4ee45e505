/* The authority of a run and sessions between two ends of a socket pair. */
#include <dvr/base/fs.h>
#include <dvr/base/process.h>
#include <dvr/net/stream.h>
#include <dvr/net/tls_ca.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

/* Both ends in this process: a step of one, a step of the other. */
struct pair {
	struct tls_ca *ca;
	struct tls_trust *trust;
	char dir[FS_PATH_MAX], ca_file[FS_PATH_MAX];
	int fd[2];
	struct tls *client, *server;
};

static void
open_pair(struct pair *p, bool insecure)
{
	struct tls_trust_config c = { .insecure = insecure };
	struct err e;

	*p = (struct pair){ .ca = tls_ca_create(&e) };
	ck_assert_ptr_nonnull(p->ca);
	ck_assert_int_eq(fs_temp_dir("dvr-tls-", p->dir, &e), 0);
	ck_assert_int_eq(fs_join(p->ca_file, p->dir, "ca.pem", &e), 0);
	ck_assert_int_eq(fs_write_atomic(p->ca_file, 0600, tls_ca_pem(p->ca),
					 &e), 0);
	c.ca = insecure ? NULL : p->ca_file;
	p->trust = tls_trust_create(&c, &e);
	ck_assert_msg(p->trust != NULL, "%s", e.msg);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
				    SOCK_CLOEXEC, 0, p->fd), 0);
}

static void
close_pair(struct pair *p)
{
	struct err e;

	tls_destroy(p->client);
	tls_destroy(p->server);
	tls_trust_destroy(p->trust);
	tls_ca_destroy(p->ca);
	for (int i = 0; i < 2; i++)
		if (p->fd[i] >= 0)
			close(p->fd[i]);
	ck_assert_int_eq(fs_remove_tree(p->dir, &e), 0);
}

/* The server answers as `leaf` and with `alpn`; how the client's end is. */
static enum tls_step
shake(struct pair *p, const char *name, const char *leaf, const char *alpn)
{
	struct tls_peer peer = { .name = slice_str(name),
				 .alpn = SLICE("\x02h2\x08http/1.1") };
	enum tls_step c = TLS_WAIT_READ, s = TLS_WAIT_READ;

	p->client = tls_client(p->trust, p->fd[0], &peer);
	p->server = tls_server(p->ca, p->fd[1], SLICE(""));
	for (int i = 0; i < 20 && c != TLS_FAILED && s != TLS_FAILED; i++) {
		c = tls_handshake(p->client);
		s = tls_handshake(p->server);
		if (s == TLS_HELLO)
			ck_assert_int_eq(tls_answer(p->server, slice_str(leaf),
						    slice_str(alpn)), 0);
		if (c == TLS_DONE && s == TLS_DONE)
			break;
	}
	if (s == TLS_FAILED)
		tls_handshake(p->client);
	return c;
}

static bool
is(struct slice s, const char *text)
{
	return slice_eq(s, slice_str(text));
}

/* A name, an address and no name at all: each verified as it was asked for. */
START_TEST(a_client_believes_the_leaf_for_the_name_it_asked_for)
{
	static const struct { const char *ask, *leaf, *alpn; } v[] = {
		{ "api.example.com", "api.example.com", "h2" },
		{ "localhost", "", "http/1.1" },
		{ "127.0.0.1", "", "" },
		{ "10.1.2.3", "10.1.2.3", "" },
		{ "::1", "", "" },
	};
	struct pair p;

	open_pair(&p, false);
	ck_assert_msg(shake(&p, v[_i].ask, v[_i].leaf, v[_i].alpn) == TLS_DONE,
		      "%s: %s", v[_i].ask, tls_why(p.client));
	ck_assert(is(tls_alpn(p.client), v[_i].alpn));
	if (_i == 0)
		ck_assert(is(tls_hello_name(p.server), "api.example.com"));
	else if (_i > 1)
		ck_assert_uint_eq(tls_hello_name(p.server).n, 0);
	ck_assert(is(tls_hello_alpn(p.server), "\x02h2\x08http/1.1"));
	close_pair(&p);
}
END_TEST

START_TEST(another_name_is_refused_with_the_reason)
{
	struct pair p;

	open_pair(&p, false);
	ck_assert_int_eq(shake(&p, "api.example.com", "other.example.com", ""),
			 TLS_FAILED);
	ck_assert_str_eq(tls_why(p.client),
			 "the server's certificate: hostname mismatch");
	ck_assert_int_eq(tls_alert_of(p.client), SSL_AD_BAD_CERTIFICATE);
	close_pair(&p);
}
END_TEST

START_TEST(an_authority_that_nobody_knows_is_refused_by_both)
{
	struct tls_trust_config system = { .ca = NULL };
	struct pair p;
	struct err e;

	open_pair(&p, true);
	tls_trust_destroy(p.trust);
	p.trust = tls_trust_create(&system, &e);
	ck_assert_int_eq(shake(&p, "localhost", "", ""), TLS_FAILED);
	ck_assert_msg(strstr(tls_why(p.client), "self-signed") != NULL ||
		      strstr(tls_why(p.client), "issuer") != NULL, "%s",
		      tls_why(p.client));
	ck_assert_int_eq(tls_handshake(p.server), TLS_FAILED);
	ck_assert_str_eq(tls_why(p.server), "the peer does not trust our "
			 "certificate (alert: unknown CA)");
	close_pair(&p);
}
END_TEST

/* Who asked nothing to be verified gets through. */
START_TEST(insecure_verifies_nothing)
{
	struct pair p;

	open_pair(&p, true);
	ck_assert_int_eq(shake(&p, "api.example.com", "other.example.com", ""),
			 TLS_DONE);
	close_pair(&p);
}
END_TEST

START_TEST(bytes_go_both_ways_and_the_end_is_told_apart_from_a_cut)
{
	static const char text[] = "fourteen bytes";
	char got[TLS_READ_MIN];
	struct pair p;

	open_pair(&p, false);
	ck_assert_int_eq(shake(&p, "localhost", "", ""), TLS_DONE);
	ck_assert_int_eq(tls_recv(p.client, got, sizeof(got)), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(tls_send(p.client, text, 14), 14);
	ck_assert_int_eq(tls_recv(p.server, got, sizeof(got)), 14);
	ck_assert_mem_eq(got, text, 14);
	ck_assert_int_eq(tls_send(p.server, text, 14), 14);
	if (_i)
		ck_assert_int_eq(tls_close_notify(p.server), 0);
	shutdown(p.fd[1], SHUT_WR);
	ck_assert_int_eq(tls_recv(p.client, got, sizeof(got)), 14);
	ck_assert_int_eq(tls_recv(p.client, got, sizeof(got)), 0);
	ck_assert(tls_truncated(p.client) == !_i);
	close_pair(&p);
}
END_TEST

/* A peer that reads nothing: sends end in EAGAIN and go on where they were. */
START_TEST(a_send_that_had_to_wait_goes_on_with_the_same_bytes)
{
	static char big[1 << 20], got[TLS_READ_MIN];
	size_t sent = 0, seen = 0;
	bool waited = false;
	struct pair p;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 + (i >> 9));
	open_pair(&p, false);
	ck_assert_int_eq(shake(&p, "localhost", "", ""), TLS_DONE);
	while (seen < sizeof(big)) {
		ssize_t n = tls_send(p.server, big + sent, sizeof(big) - sent);

		if (n > 0)
			sent += (size_t)n;
		if (n > 0)
			continue;
		waited |= sent < sizeof(big);
		while ((n = tls_recv(p.client, got, sizeof(got))) > 0) {
			ck_assert_mem_eq(got, big + seen, (size_t)n);
			seen += (size_t)n;
		}
	}
	ck_assert(waited);
	close_pair(&p);
}
END_TEST

/* Until it is answered a hello is somebody else's: kept byte for byte. */
START_TEST(a_hello_that_is_not_answered_can_be_given_on)
{
	char raw[4096], nothing[16];
	struct tls_peer peer = { .name = SLICE("pinned.example.com") };
	struct pair p;
	ssize_t n;

	open_pair(&p, false);
	p.client = tls_client(p.trust, p.fd[0], &peer);
	ck_assert_int_eq(tls_handshake(p.client), TLS_WAIT_READ);
	n = recv(p.fd[1], raw, sizeof(raw), MSG_PEEK);
	p.server = tls_server(p.ca, p.fd[1], SLICE(""));
	ck_assert_int_eq(tls_handshake(p.server), TLS_HELLO);
	ck_assert(is(tls_hello_name(p.server), "pinned.example.com"));
	ck_assert(slice_eq(tls_hello_bytes(p.server),
			   slice_of(raw, (size_t)n)));
	ck_assert(!tls_hello_is_plain(p.server));
	ck_assert_int_lt(recv(p.fd[0], nothing, sizeof(nothing), 0), 0);
	close_pair(&p);
}
END_TEST

START_TEST(plain_bytes_are_no_hello_and_get_no_answer)
{
	static const char *const text[] = { "GET / HTTP/1.1\r\n\r\n", "x",
		"\x80\x2e\x01\x03\x01 garbage" };
	char nothing[16];
	struct pair p;

	open_pair(&p, false);
	ck_assert_int_gt(send(p.fd[0], text[_i], strlen(text[_i]), 0), 0);
	p.server = tls_server(p.ca, p.fd[1], SLICE(""));
	tls_handshake(p.server);
	ck_assert(tls_hello_is_plain(p.server));
	ck_assert_int_lt(recv(p.fd[0], nothing, sizeof(nothing), 0), 0);
	close_pair(&p);
}
END_TEST

/* An alert in the place of an answer. */
START_TEST(a_refusal_reaches_the_client_as_its_alert)
{
	struct tls_peer peer = { .name = SLICE("localhost") };
	struct pair p;

	open_pair(&p, false);
	p.client = tls_client(p.trust, p.fd[0], &peer);
	tls_handshake(p.client);
	p.server = tls_server(p.ca, p.fd[1], SLICE(""));
	ck_assert_int_eq(tls_handshake(p.server), TLS_HELLO);
	tls_refuse(p.server, SSL_AD_CERTIFICATE_EXPIRED);
	ck_assert_int_eq(tls_handshake(p.server), TLS_FAILED);
	ck_assert_int_eq(tls_handshake(p.client), TLS_FAILED);
	ck_assert_str_eq(tls_why(p.client), "the peer refused our certificate "
			 "(alert: certificate expired)");
	ck_assert_int_eq(tls_alert_of(p.client), SSL_AD_CERTIFICATE_EXPIRED);
	close_pair(&p);
}
END_TEST

/* ---- what other tools say of it ---------------------------------------- */

static void
fetch_leaf(struct pair *p, const char *leaf, const char *file)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	FILE *f = fopen(file, "w");
	X509 *x;

	SSL_set_fd(ssl, p->fd[0]);
	p->server = tls_server(p->ca, p->fd[1], SLICE(""));
	for (int i = 0; i < 20 && SSL_connect(ssl) != 1; i++)
		if (tls_handshake(p->server) == TLS_HELLO)
			ck_assert_int_eq(tls_answer(p->server, slice_str(leaf),
						    SLICE("")), 0);
	x = SSL_get1_peer_certificate(ssl);
	ck_assert_ptr_nonnull(x);
	ck_assert_int_eq(PEM_write_X509(f, x), 1);
	fclose(f);
	X509_free(x);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

START_TEST(openssl_verifies_a_leaf_strictly)
{
	static const struct { const char *leaf, *flag, *value; } v[] = {
		{ "api.example.com", "-verify_hostname", "api.example.com" },
		{ "", "-verify_ip", "127.0.0.1" },
		{ "", "-verify_hostname", "localhost" },
		{ "127.0.0.1", "-verify_ip", "127.0.0.1" },
		{ "127.0.0.1", "-verify_hostname", "localhost" },
		{ "10.0.0.7", "-verify_ip", "10.0.0.7" },
		{ "a-name-that-is-longer-than-a-common-name-may-be."
		  "department.example.com", "-purpose", "sslserver" },
	};
	char file[FS_PATH_MAX];
	struct pair p;
	const char *argv[] = { "openssl", "verify", "-x509_strict", "-CAfile",
			       p.ca_file, v[_i].flag, v[_i].value, file,
			       NULL };
	int sink = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct process_spec how = { .argv = argv, .in_fd = -1,
				    .out_fd = sink, .err_fd = -1 };
	struct process_end end;
	struct process run;
	struct err e;

	open_pair(&p, false);
	ck_assert_int_eq(fs_join(file, p.dir, "leaf.pem", &e), 0);
	fetch_leaf(&p, v[_i].leaf, file);
	ck_assert_int_eq(process_start(&how, &run, &e), 0);
	ck_assert_int_eq(process_wait(&run, -1, &end), 1);
	ck_assert(!end.signalled && end.code == 0);
	close(sink);
	close_pair(&p);
}
END_TEST

START_TEST(files_that_are_wrong_are_told_with_their_key)
{
	static const struct { struct tls_trust_config c; const char *says; }
	v[] = {
		{ { .ca = "/nowhere/ca.pem" }, "ca: /nowhere/ca.pem" },
		{ { .cert = "/nowhere/c.pem" }, "cert: /nowhere/c.pem" },
		{ { .ca = "/dev/null" }, "ca: /dev/null" },
	};
	struct err e;

	ck_assert_ptr_null(tls_trust_create(&v[_i].c, &e));
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_msg(strstr(e.msg, v[_i].says) != NULL, "%s", e.msg);
}
END_TEST

Suite *suite_tls(void);

Suite *
suite_tls(void)
{
	Suite *s = suite_create("tls");
	TCase *t = tcase_create("sessions");

	tcase_add_loop_test(t,
		a_client_believes_the_leaf_for_the_name_it_asked_for, 0, 5);
	tcase_add_test(t, another_name_is_refused_with_the_reason);
	tcase_add_test(t, an_authority_that_nobody_knows_is_refused_by_both);
	tcase_add_test(t, insecure_verifies_nothing);
	tcase_add_loop_test(t,
		bytes_go_both_ways_and_the_end_is_told_apart_from_a_cut, 0, 2);
	tcase_add_test(t, a_send_that_had_to_wait_goes_on_with_the_same_bytes);
	tcase_add_test(t, a_hello_that_is_not_answered_can_be_given_on);
	tcase_add_loop_test(t, plain_bytes_are_no_hello_and_get_no_answer, 0,
			    3);
	tcase_add_test(t, a_refusal_reaches_the_client_as_its_alert);
	suite_add_tcase(s, t);
	t = tcase_create("authority");
	tcase_add_loop_test(t, openssl_verifies_a_leaf_strictly, 0, 7);
	tcase_add_loop_test(t, files_that_are_wrong_are_told_with_their_key, 0,
			    3);
	suite_add_tcase(s, t);
	return s;
}
