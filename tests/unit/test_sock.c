/* Addresses, URLs and the sockets' promises. */
#include <dvr/base/attr.h>
#include <dvr/net/sock.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static struct err err;

/* Literals of both families, localhost, and no names. */
START_TEST(literals)
{
	char text[ADDRESS_TEXT_MAX];
	struct address a;

	ck_assert_int_eq(address_literal(SLICE("10.1.2.3"), 80, &a), 0);
	ck_assert_str_eq(address_text(&a, text), "10.1.2.3:80");
	ck_assert_int_eq(address_literal(SLICE("LocalHost"), 1, &a), 0);
	ck_assert_str_eq(address_text(&a, text), "127.0.0.1:1");
	ck_assert_int_eq(address_literal(SLICE("::1"), 65535, &a), 0);
	ck_assert_str_eq(address_text(&a, text), "[::1]:65535");
	ck_assert_uint_eq(address_port(&a), 65535);
	ck_assert_int_eq(address_literal(SLICE("example"), 1, &a), -1);
	ck_assert_int_eq(address_literal(SLICE(""), 1, &a), -1);
	ck_assert_int_eq(address_literal(SLICE("1.2.3"), 1, &a), -1);
	ck_assert_int_eq(address_literal(SLICE("1.2.3.4\0x"), 1, &a), -1);
}
END_TEST

/* host:port in all its forms, and what is none. */
START_TEST(splitting_addresses)
{
	static const char *const bad[] = {
		"", ":80", "host", "host:", "host:65536", "host:-1", "::1:80",
		"[::1]", "[::1]80", "[::1:80", "[]:80", "a b:80", "[host]:80",
		"u@h:80", "h/x:80", "h:8 0",
	};
	struct slice host;
	uint16_t port;

	ck_assert_int_eq(address_split(SLICE("db.local:5432"), &host, &port,
				       &err), 0);
	ck_assert(slice_eq(host, SLICE("db.local")));
	ck_assert_uint_eq(port, 5432);
	ck_assert_int_eq(address_split(SLICE("[fe80::1]:0"), &host, &port,
				       &err), 0);
	ck_assert(slice_eq(host, SLICE("fe80::1")));
	ck_assert_uint_eq(port, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(address_split(slice_str(bad[i]), &host, &port,
					    &err) == -1, "%s", bad[i]);
	ck_assert_int_eq(err.code, ERR_USAGE);
}
END_TEST

/* URLs: scheme, host, port with its default, path with its query. */
START_TEST(reading_urls)
{
	static const struct {
		const char *text, *host, *path;
		uint16_t port;
		bool tls;
	} rows[] = {
		{ "http://h", "h", "/", 80, false },
		{ "HTTPS://h/", "h", "/", 443, true },
		{ "http://h:8080/a?b=c:d@e", "h", "/a?b=c:d@e", 8080, false },
		{ "http://[::1]:9/x", "::1", "/x", 9, false },
		{ "http://h:/x", "h", "/x", 80, false },
	};
	static const char *const bad[] = {
		"", "h", "ftp://h", "http://", "http:///x", "http://h:0",
		"http://h:99999", "http://u:p@h/", "http://h/a b",
		"http://h/a#b", "http://h/\n", "http://h?x", "http://h#x",
		"http://::1/", "http://[::1/",
	};
	struct url u;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ck_assert_msg(url_parse(slice_str(rows[i].text), &u, &err) ==
			      0, "%s: %s", rows[i].text, err.msg);
		ck_assert(slice_eq(u.host, slice_str(rows[i].host)));
		ck_assert(slice_eq(u.path, slice_str(rows[i].path)));
		ck_assert_uint_eq(u.port, rows[i].port);
		ck_assert_int_eq(u.tls, rows[i].tls);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(url_parse(slice_str(bad[i]), &u, &err) == -1,
			      "%s", bad[i]);
}
END_TEST

static void
wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	ck_assert_int_eq(poll(&pfd, 1, 10000), 1);
}

static void
expect_options(int fd)
{
	socklen_t len = sizeof(int);
	int value = 0;

	ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value,
				    &len), 0);
	ck_assert_int_ne(value, 0);
}

/* Listen, connect, accept: with the options that the header promises; a taken
 * port is named so. */
START_TEST(a_connection_is_made)
{
	struct address any, bound, peer;
	int server, client, other;
	char byte;

	address_literal(SLICE("127.0.0.1"), 0, &any);
	ck_assert_int_eq(sock_listen(&any, &server, &bound, &err), 0);
	ck_assert_uint_ne(address_port(&bound), 0);
	ck_assert_int_eq(sock_accept(server, NULL), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(sock_connect(&bound, &client), 0);
	wait_for(client, POLLOUT);
	ck_assert_int_eq(sock_connect_result(client), 0);
	wait_for(server, POLLIN);
	other = sock_accept(server, &peer);
	ck_assert_int_ge(other, 0);
	ck_assert_uint_ne(address_port(&peer), 0);
	expect_options(client);
	expect_options(other);
	/* A reset instead of an orderly end. */
	sock_reset_on_close(other);
	close(other);
	wait_for(client, POLLIN);
	ck_assert_int_eq(read(client, &byte, 1), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	ck_assert_int_eq(sock_listen(&bound, &other, NULL, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "already in use"));
	close(client);
	close(server);
}
END_TEST

/* Nobody there: the connect fails at once or later, and says so. */
START_TEST(a_refused_connect_is_told)
{
	struct address a;
	uint16_t port;
	int fd, error;

	ck_assert_int_eq(sock_free_port(&port, &err), 0);
	address_literal(SLICE("127.0.0.1"), port, &a);
	if (sock_connect(&a, &fd) < 0) {
		ck_assert_int_eq(errno, ECONNREFUSED);
		return;
	}
	wait_for(fd, POLLOUT);
	error = sock_connect_result(fd);
	ck_assert_int_eq(error, ECONNREFUSED);
	close(fd);
}
END_TEST

/* A socket that met itself (same port on both ends) has met nobody. */
START_TEST(meeting_oneself_is_a_refusal)
{
	struct address any, self = { .len = sizeof(self.sa) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address_literal(SLICE("127.0.0.1"), 0, &any);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&any.sa, any.len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&self.sa,
				     &self.len), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&self.sa, self.len),
			 0);
	ck_assert_int_eq(sock_connect_result(fd), ECONNREFUSED);
	close(fd);
}
END_TEST

Suite *suite_sock(void);

Suite *
suite_sock(void)
{
	Suite *s = suite_create("sock");
	TCase *t = tcase_create("sock");

	tcase_add_test(t, literals);
	tcase_add_test(t, splitting_addresses);
	tcase_add_test(t, reading_urls);
	tcase_add_test(t, a_connection_is_made);
	tcase_add_test(t, a_refused_connect_is_told);
	tcase_add_test(t, meeting_oneself_is_a_refusal);
	suite_add_tcase(s, t);
	return s;
}
