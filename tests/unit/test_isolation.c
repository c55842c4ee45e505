/* Isolation: name answers, passed descriptors, a network of its own. */
#include "../../runner/service/isolation_ask.h"
#include "../../runner/service/isolation_dns.h"

#include <dvr/base/arena.h>
#include <dvr/service/isolation.h>
#include <dvr/service/reach.h>

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *suite_isolation(void);

/* ---- names ------------------------------------------------------------ */

/* A query for the A record of api.test (RFC 1035 §4.1). */
static const char query[] =
	"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
	"\x03" "api" "\x04" "test" "\x00" "\x00\x01\x00\x01";
#define QUERY slice_of(query, sizeof(query) - 1)

/* An unknown name does not exist, and is remembered once. */
START_TEST(unknown_names_do_not_exist)
{
	static struct dns d;
	char out[DNS_PACKET_MAX];
	size_t n;

	d = (struct dns){ .nknown = 0 };
	n = dns_answer(&d, QUERY, out);
	ck_assert_uint_eq(n, QUERY.n);
	ck_assert(memcmp(out, query, 2) == 0);
	ck_assert_uint_eq((unsigned char)out[2], 0x81);
	ck_assert_uint_eq((unsigned char)out[3] & 15, 3);
	dns_answer(&d, QUERY, out);
	ck_assert_uint_eq(d.nmissed_bytes, strlen("api.test\n"));
	ck_assert(memcmp(d.missed, "api.test\n", d.nmissed_bytes) == 0);
}
END_TEST

/* A known one, in any case, is 127.0.0.1. */
START_TEST(known_names_are_loopback)
{
	static struct dns d;
	char out[DNS_PACKET_MAX];
	size_t n;

	d = (struct dns){ .nknown = 0 };
	ck_assert_int_eq(dns_add(&d, "API.test"), 0);
	n = dns_answer(&d, QUERY, out);
	ck_assert_uint_eq(n, QUERY.n + 16);
	ck_assert_uint_eq((unsigned char)out[3] & 15, 0);
	ck_assert_uint_eq((unsigned char)out[7], 1);
	ck_assert(memcmp(out + n - 4, "\x7f\x00\x00\x01", 4) == 0);
	ck_assert_uint_eq(d.nmissed_bytes, 0);
}
END_TEST

/* Every cut of a query, an answer, and two questions get no answer. */
START_TEST(bad_queries_get_no_answer)
{
	static struct dns d;
	char out[DNS_PACKET_MAX], bad[sizeof(query)];

	d = (struct dns){ .nknown = 0 };
	for (size_t n = 0; n < QUERY.n; n++) {
		/* On the heap: a read behind its end is found. */
		char *cut = malloc(n + 1);

		memcpy(cut, query, n);
		ck_assert_uint_eq(dns_answer(&d, slice_of(cut, n), out), 0);
		free(cut);
	}
	memcpy(bad, query, sizeof(query));
	bad[2] = (char)0x81;
	ck_assert_uint_eq(dns_answer(&d, slice_of(bad, QUERY.n), out), 0);
	memcpy(bad, query, sizeof(query));
	bad[5] = 2;
	ck_assert_uint_eq(dns_answer(&d, slice_of(bad, QUERY.n), out), 0);
	ck_assert_uint_eq(d.nmissed_bytes, 0);
}
END_TEST

/* ---- descriptors ------------------------------------------------------ */

/* A message brings its descriptors along, close-on-exec. */
START_TEST(descriptors_are_passed)
{
	int pair[2], pipe_fd[2], got[START_FDS];
	char text[8];
	size_t n;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert_int_eq(pipe(pipe_fd), 0);
	ck_assert_int_eq(pass_send(pair[0], "hello", 5, pipe_fd, 2), 0);
	ck_assert_int_eq(pass_recv(pair[1], text, sizeof(text), got,
				   START_FDS, &n), 5);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(write(got[1], "x", 1), 1);
	ck_assert_int_eq(read(pipe_fd[0], text, sizeof(text)), 1);
	close(pair[0]);
	ck_assert_int_eq(pass_recv(pair[1], text, sizeof(text), got,
				   START_FDS, &n), 0);
	close(pair[1]);
	for (int i = 0; i < 2; i++) {
		close(pipe_fd[i]);
		close(got[i]);
	}
}
END_TEST

/* ---- a network of its own --------------------------------------------- */

/* NULL where the system refuses: then there is nothing to test. */
static struct isolation *
isolate(void)
{
	struct isolation *in = NULL;
	struct err e;

	if (isolation_create(&in, &e) != 0)
		return NULL;
	return in;
}

static int
connect_result(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	ck_assert_int_eq(poll(&p, 1, 10000), 1);
	return sock_connect_result(fd);
}

/* One port twice, in two networks; each is met in its own only. */
START_TEST(ports_do_not_meet)
{
	struct isolation *a = isolate(), *b = isolate();
	struct address at;
	int in_a, in_b, fd;
	struct err e;

	if (!a || !b)
		return;
	address_literal(SLICE("127.0.0.1"), 8080, &at);
	ck_assert_int_eq(isolation_listen(a, &at, &in_a, NULL, &e), 0);
	ck_assert_int_eq(isolation_connect(a, &at, &fd), 0);
	ck_assert_int_eq(connect_result(fd), 0);
	close(fd);
	ck_assert_int_eq(isolation_connect(b, &at, &fd), 0);
	ck_assert_int_eq(connect_result(fd), ECONNREFUSED);
	close(fd);
	ck_assert_int_eq(isolation_listen(b, &at, &in_b, NULL, &e), 0);
	ck_assert_int_eq(isolation_listen(b, &at, &fd, NULL, &e), -1);
	close(in_a);
	close(in_b);
	isolation_destroy(a);
	isolation_destroy(b);
}
END_TEST

/* Whoever is tried in vain is told of, once. */
START_TEST(refused_addresses_are_told)
{
	struct isolation *in = isolate();
	struct arena *a = arena_create();
	struct isolation_wanted w;
	struct address at;
	int fd;

	if (!in) {
		arena_destroy(a);
		return;
	}
	address_literal(SLICE("192.0.2.7"), 5432, &at);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(isolation_connect(in, &at, &fd), 0);
		ck_assert_int_eq(connect_result(fd), ECONNREFUSED);
		close(fd);
	}
	isolation_wanted(in, a, &w);
	ck_assert_uint_eq(w.naddresses, 1);
	ck_assert(slice_eq(w.addresses[0], SLICE("192.0.2.7:5432")));
	ck_assert_uint_eq(w.nnames, 0);
	arena_destroy(a);
	isolation_destroy(in);
}
END_TEST

/* A child inside is reaped out here with its own end, and a sweep ends it. */
START_TEST(children_inside_are_ours)
{
	const char *const argv[] = { "sh", "-c", "exit 7", NULL };
	const char *const missing[] = { "no-such-command-here", NULL };
	const char *const sleeper[] = { "sleep", "600", NULL };
	struct isolation *in = isolate();
	struct process_spec spec = { .argv = argv, .in_fd = -1, .out_fd = -1,
		.err_fd = -1, .new_group = true };
	struct process_end end;
	struct process p;
	struct err e;

	if (!in)
		return;
	spec.space = isolation_space(in);
	ck_assert_msg(process_start(&spec, &p, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(process_wait(&p, 10000, &end), 1);
	ck_assert(!end.signalled && end.code == 7);
	spec.argv = missing;
	ck_assert_int_eq(process_start(&spec, &p, &e), -1);
	ck_assert(strstr(e.msg, "command not found"));
	spec.argv = sleeper;
	ck_assert_int_eq(process_start(&spec, &p, &e), 0);
	isolation_sweep(in);
	ck_assert_int_eq(process_wait(&p, 10000, &end), 1);
	ck_assert(end.signalled && end.code == SIGKILL);
	isolation_destroy(in);
}
END_TEST

/* An entry is host and port; IPv6 and leftovers are refused. */
START_TEST(reach_entries_are_checked)
{
	struct err e;

	ck_assert_int_eq(reach_check("127.0.0.1:5432", &e), 0);
	ck_assert_int_eq(reach_check("db.internal:5432", &e), 0);
	ck_assert_int_eq(reach_check("db.internal", &e), -1);
	ck_assert_int_eq(reach_check("db.internal:0", &e), -1);
	ck_assert_int_eq(reach_check("[::1]:5432", &e), -1);
	ck_assert(strstr(e.msg, "host:port"));
}
END_TEST

Suite *
suite_isolation(void)
{
	Suite *s = suite_create("isolation");
	TCase *t = tcase_create("isolation");

	tcase_add_test(t, unknown_names_do_not_exist);
	tcase_add_test(t, known_names_are_loopback);
	tcase_add_test(t, bad_queries_get_no_answer);
	tcase_add_test(t, descriptors_are_passed);
	tcase_add_test(t, ports_do_not_meet);
	tcase_add_test(t, refused_addresses_are_told);
	tcase_add_test(t, children_inside_are_ours);
	tcase_add_test(t, reach_entries_are_checked);
	suite_add_tcase(s, t);
	return s;
}
