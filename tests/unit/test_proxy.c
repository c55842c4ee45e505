/* The relay: what one side sends is what the other side gets. */
#include "proxy_rig.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct odd {
	const char *what;
	struct slice request, response;
};

/* A constant slice, which SLICE() is not. */
#define BYTES(lit) { .p = (lit), .n = sizeof(lit) - 1 }
#define OK BYTES("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
#define HOST "Host: a\r\n"

/* Traffic that parsers quarrel about; a relay must not care. */
static const struct odd odds[] = {
	{ "Content-Length with Transfer-Encoding",
	  BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), OK },
	{ "two Content-Lengths",
	  BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n"
		"Content-Length: 3\r\n\r\nabc"), OK },
	{ "signed and hexadecimal lengths",
	  BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nabcde"
		"POST / HTTP/1.1\r\nContent-Length: 0x2\r\n\r\nab"), OK },
	{ "chunked not last",
	  BYTES("POST / HTTP/1.1\r\n" HOST
		"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"), OK },
	{ "space before a colon",
	  BYTES("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), OK },
	{ "a folded header",
	  BYTES("GET / HTTP/1.1\r\n" HOST "X-A: b\r\n c\r\n\r\n"), OK },
	{ "NUL, bare CR, bare LF",
	  BYTES("GET / HTTP/1.1\n" HOST "X: a\0b\r\nY: a\rb\n\n"), OK },
	{ "chunk extensions, an overflowing size, trailers",
	  BYTES("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
		"2;a=b\r\nhi\r\n0\r\nX-T: 1\r\n\r\n"
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
		"fffffffffffffffff\r\nx"), OK },
	{ "no HTTP at all", BYTES("\x16\x03\x01\x02\x00\x01"),
	  BYTES("\x15\x03\x01\x00\x02\x02\x46") },
	{ "an HTTP/2 preface", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	  BYTES("\x00\x00\x00\x04\x00\x00\x00\x00\x00") },
	{ "HTTP/0.9", BYTES("GET /\r\n"), BYTES("<html>") },
	{ "absolute form and CONNECT",
	  BYTES("GET http://b/ HTTP/1.1\r\n" HOST "\r\n"
		"CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"), OK },
	{ "interim answers",
	  BYTES("POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
		"Content-Length: 2\r\n\r\nhi"),
	  BYTES("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
		"HTTP/1.1 100 Continue\r\n\r\n"
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") },
	{ "an answer to HEAD, 204 and 304",
	  BYTES("HEAD / HTTP/1.1\r\n" HOST "\r\n"
		"GET / HTTP/1.1\r\n" HOST "\r\n"
		"GET / HTTP/1.1\r\n" HOST "\r\n"),
	  BYTES("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
		"HTTP/1.1 204 No Content\r\n\r\n"
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n") },
	{ "a broken answer", BYTES("GET / HTTP/1.1\r\n" HOST "\r\n"),
	  BYTES("HTTP/1.1 2x0 OK\r\nContent-Length: -1\r\n\r\n") },
};

/* Every odd message arrives byte for byte, in both directions. */
START_TEST(bytes_are_forwarded_untouched)
{
	const struct odd *o = &odds[_i];
	struct rig r;

	rig_open(&r, NULL);
	rig_connect(&r);
	rig_send(&r, r.client, o->request);
	rig_expect(&r, r.upstream, o->request);
	rig_send(&r, r.upstream, o->response);
	rig_expect(&r, r.client, o->response);
	rig_close(&r);
}
END_TEST

/* A server that speaks first is heard although the client said nothing. */
START_TEST(the_server_may_speak_first)
{
	struct rig r;

	rig_open(&r, NULL);
	rig_connect(&r);
	rig_send(&r, r.upstream, SLICE("220 ready\r\n"));
	rig_expect(&r, r.client, SLICE("220 ready\r\n"));
	rig_close(&r);
}
END_TEST

/* A client that closes its sending half still gets the answer. */
START_TEST(a_half_close_is_passed_on)
{
	struct rig r;

	rig_open(&r, NULL);
	rig_connect(&r);
	rig_send(&r, r.client, SLICE("ask"));
	shutdown(r.client, SHUT_WR);
	rig_expect(&r, r.upstream, SLICE("ask"));
	ck_assert_int_eq(rig_read_end(&r, r.upstream, NULL), RIG_FIN);
	rig_send(&r, r.upstream, SLICE("answer"));
	rig_expect(&r, r.client, SLICE("answer"));
	shutdown(r.upstream, SHUT_WR);
	ck_assert_int_eq(rig_read_end(&r, r.client, NULL), RIG_FIN);
	rig_close(&r);
}
END_TEST

/* A server's half-close reaches the client, which may go on sending. */
START_TEST(a_half_close_of_the_server_is_passed_on)
{
	struct proxy_stats s;
	struct rig r;

	rig_open(&r, NULL);
	rig_connect(&r);
	shutdown(r.upstream, SHUT_WR);
	ck_assert_int_eq(rig_read_end(&r, r.client, NULL), RIG_FIN);
	rig_send(&r, r.client, SLICE("more"));
	rig_expect(&r, r.upstream, SLICE("more"));
	shutdown(r.client, SHUT_WR);
	ck_assert_int_eq(rig_read_end(&r, r.upstream, NULL), RIG_FIN);
	do {
		rig_turn(&r);
		proxy_stats(r.proxy, &s);
	} while (s.open_now);
	rig_close(&r);
}
END_TEST

/* A RST stays a RST, from either side. */
START_TEST(a_reset_is_passed_on)
{
	struct rig r;

	rig_open(&r, NULL);
	rig_connect(&r);
	rig_send(&r, r.client, SLICE("POST / HTTP/1.1\r\nContent-Length: 9\r\n"
				     "\r\nhal"));
	rig_abort(_i ? &r.client : &r.upstream);
	ck_assert_int_eq(rig_read_end(&r, _i ? r.upstream : r.client, NULL),
			 RIG_RST);
	rig_close(&r);
}
END_TEST

/* What a server said before it reset the connection is not lost. */
START_TEST(an_early_answer_survives_the_reset_behind_it)
{
	static char body[256 * 1024];
	struct rig r;
	struct buf got;

	rig_open(&r, NULL);
	rig_connect(&r);
	rig_send(&r, r.client, SLICE("POST / HTTP/1.1\r\n\r\n"));
	rig_send(&r, r.upstream, SLICE("HTTP/1.1 413 Too Large\r\n\r\n"));
	/* Unread request bytes turn this close into a RST. */
	close(r.upstream);
	r.upstream = -1;
	while (send(r.client, body, sizeof(body), MSG_NOSIGNAL) > 0)
		;
	buf_init(&got, 4096);
	ck_assert_int_eq(rig_read_end(&r, r.client, &got), RIG_RST);
	ck_assert_str_eq(buf_cstr(&got), "HTTP/1.1 413 Too Large\r\n\r\n");
	buf_release(&got);
	rig_close(&r);
}
END_TEST

/* Nobody listens: the client sees its connection reset, and it is counted. */
START_TEST(a_refused_target_resets_the_client)
{
	struct proxy_stats s;
	struct rig r;

	rig_open(&r, NULL);
	close(r.listen_fd);
	r.listen_fd = -1;
	r.client = rig_client(proxy_port(r.proxy, 0));
	ck_assert_int_eq(rig_read_end(&r, r.client, NULL), RIG_RST);
	proxy_stats(r.proxy, &s);
	ck_assert_uint_eq(s.connect_refused, 1);
	ck_assert_uint_eq(s.open_now, 0);
	ck_assert_ptr_nonnull(strstr(s.last_refusal, "client: http://"));
	rig_close(&r);
}
END_TEST

/* "localhost" is 127.0.0.1 and ::1: the next address is tried. */
START_TEST(every_address_of_a_name_is_tried)
{
	struct address a, bound;
	struct rig r;
	struct buf url;
	struct err e;

	rig_open(&r, NULL);
	ck_assert_int_eq(address_literal(SLICE("::1"), 0, &a), 0);
	close(r.listen_fd);
	if (sock_listen(&a, &r.listen_fd, &bound, &e) < 0) {
		r.listen_fd = -1;	/* a machine without IPv6 */
		rig_close(&r);
		return;
	}
	buf_init(&url, 64);
	buf_fmt(&url, "http://localhost:%u", address_port(&bound));
	ck_assert_int_eq(proxy_target(r.proxy, 0, buf_cstr(&url), &e), 0);
	buf_release(&url);
	rig_connect(&r);
	rig_send(&r, r.client, SLICE("hello"));
	rig_expect(&r, r.upstream, SLICE("hello"));
	rig_close(&r);
}
END_TEST

static long
peak_rss_kib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static char
pattern(size_t i)
{
	return (char)(i * 31 + (i >> 8));
}

/* 64 MiB to a reader that takes little at a time: all of it comes, in order,
 * and memory does not grow with it. */
START_TEST(a_slow_reader_costs_no_memory)
{
	enum { TOTAL = 64 * 1024 * 1024, PIECE = 65536 };
	static char piece[PIECE], got[PIECE];
	size_t sent = 0, seen = 0;
	struct rig r;
	long before;

	rig_open(&r, NULL);
	rig_connect(&r);
	before = peak_rss_kib();
	while (seen < TOTAL) {
		ssize_t n;

		for (size_t i = 0; i < PIECE; i++)
			piece[i] = pattern(sent + i);
		n = sent < TOTAL ? send(r.upstream, piece, PIECE,
					MSG_NOSIGNAL) : 0;
		if (n > 0)
			sent += (size_t)n;
		rig_turn(&r);
		if (sent < TOTAL && n > 0)
			continue;	/* read only when all is full */
		n = recv(r.client, got, sizeof(got), 0);
		for (ssize_t i = 0; i < n; i++)
			if (got[i] != pattern(seen + (size_t)i))
				ck_abort_msg("byte %zu differs",
					     seen + (size_t)i);
		if (n > 0)
			seen += (size_t)n;
	}
	ck_assert_int_lt(peak_rss_kib() - before, 4096);
	rig_close(&r);
}
END_TEST

/* Without a free descriptor the loop does not spin, and the client that
 * waited is served once one is free. */
START_TEST(running_out_of_descriptors_is_survived)
{
	struct proxy_stats s;
	struct rlimit old, low;
	struct rig r;
	int turns = 0, top;

	rig_open(&r, NULL);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	r.client = rig_client(proxy_port(r.proxy, 0));
	top = dup(0);
	close(top);
	low = old;
	low.rlim_cur = (rlim_t)top;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	do {
		rig_turn(&r);
		proxy_stats(r.proxy, &s);
	} while (!s.accept_starved && ++turns < 100);
	ck_assert_uint_eq(s.accept_starved, 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	r.upstream = rig_accept(&r);
	rig_send(&r, r.client, SLICE("late"));
	rig_expect(&r, r.upstream, SLICE("late"));
	rig_close(&r);
}
END_TEST

/* Closed listeners refuse; a connection that is open goes on; draining ends
 * what is left. */
START_TEST(closing_and_draining)
{
	struct proxy_stats s;
	struct rig r;
	int fd;

	rig_open(&r, NULL);
	rig_connect(&r);
	proxy_close_listeners(r.proxy);
	fd = rig_client(proxy_port(r.proxy, 0));
	ck_assert_int_eq(sock_connect_result(fd), ECONNREFUSED);
	close(fd);
	rig_send(&r, r.client, SLICE("still"));
	rig_expect(&r, r.upstream, SLICE("still"));
	proxy_drain(r.proxy, 5 * NS_PER_MS);
	proxy_stats(r.proxy, &s);
	ck_assert_uint_eq(s.open_now, 0);
	ck_assert_int_eq(rig_read_end(&r, r.client, NULL), RIG_RST);
	rig_close(&r);
}
END_TEST

/* Lanes that cannot work are refused with a reason, and nothing stays open. */
START_TEST(a_lane_that_cannot_work_is_an_error)
{
	static const struct { const char *listen, *target, *says; } bad[] = {
		{ "127.0.0.1:0", "ftp://example.org", "http://" },
		{ "127.0.0.1:0", "nonsense", "nonsense" },
		{ "example.org:80", "http://127.0.0.1:1", "numeric" },
		{ "127.0.0.1", "http://127.0.0.1:1", "lane odd" },
	};
	char name[] = "odd", listen_text[32], target[64];
	struct lane_config l = { .name = name, .listen = listen_text,
				 .target = target };
	struct proxy_config cfg = { .lanes = &l, .nlanes = 1 };
	struct loop *loop;
	struct err e;

	memcpy(listen_text, bad[_i].listen, strlen(bad[_i].listen) + 1);
	memcpy(target, bad[_i].target, strlen(bad[_i].target) + 1);
	loop = loop_create(&clock_system, &e);
	ck_assert_ptr_null(proxy_create(&cfg, loop, NULL, &e));
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_msg(strstr(e.msg, bad[_i].says) != NULL, "%s", e.msg);
	loop_destroy(loop);
}
END_TEST

Suite *suite_proxy(void);

Suite *
suite_proxy(void)
{
	Suite *s = suite_create("proxy");
	TCase *t = tcase_create("relay");

	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, bytes_are_forwarded_untouched, 0,
			    (int)ARRAY_LEN(odds));
	tcase_add_test(t, the_server_may_speak_first);
	tcase_add_test(t, a_half_close_is_passed_on);
	tcase_add_test(t, a_half_close_of_the_server_is_passed_on);
	tcase_add_loop_test(t, a_reset_is_passed_on, 0, 2);
	tcase_add_test(t, an_early_answer_survives_the_reset_behind_it);
	tcase_add_test(t, a_refused_target_resets_the_client);
	tcase_add_test(t, every_address_of_a_name_is_tried);
	tcase_add_test(t, a_slow_reader_costs_no_memory);
	tcase_add_test(t, running_out_of_descriptors_is_survived);
	tcase_add_test(t, closing_and_draining);
	tcase_add_loop_test(t, a_lane_that_cannot_work_is_an_error, 0, 4);
	suite_add_tcase(s, t);
	return s;
}
