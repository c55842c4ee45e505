/* The control endpoint: sessions, a restart and numbers over HTTP. */
#include "proxy_rig.h"

#include <dvr/base/fs.h>

#include <check.h>
#include <string.h>
#include <unistd.h>

struct bench {
	struct rig rig;
	struct loop *loop;
	struct ledger *ledger;
	struct scrub *scrub;
	struct control *control;
	uint16_t port;
	int restarts;
	char fixtures[FS_PATH_MAX];
};

static int
restart(void *arg, struct err *e)
{
	struct bench *b = arg;

	/* A real one waits for the service, and runs the loop meanwhile. */
	rig_turn(&b->rig);
	if (++b->restarts == 2)
		return err_set(e, ERR_TARGET, "it \"died\"");
	return 0;
}

static void
bench_open(struct bench *b)
{
	static const struct ledger_lane lanes[] = {
		{ "client", LANE_INGRESS },
	};
	struct ledger_config cfg = {
		.max_memory_bytes = 4 * MiB, .max_body_bytes = MiB,
		.window_ns = 300 * NS_PER_S, .payloads = true,
		.namespace = "test", .fixtures = b->fixtures,
		.vcs_commit = "", .settle_ns = NS_PER_S, .max_variants = 3,
	};
	struct err e = { .msg = "" };
	struct slice host;

	b->restarts = 0;
	ck_assert_int_eq(fs_temp_dir("dvr-control", b->fixtures, &e), 0);
	b->loop = loop_create(&clock_system, &e);
	b->scrub = scrub_create(NULL, 0, &clock_system, &e);
	b->ledger = ledger_create(&cfg, lanes, 1, b->loop, b->scrub, &e);
	ck_assert_msg(b->ledger != NULL, "%s", e.msg);
	rig_open_recording(&b->rig, NULL, b->loop, b->ledger);
	ck_assert_int_eq(control_create(b->rig.proxy, b->loop, b->ledger,
					restart, b, &b->control, &e), 0);
	ck_assert_int_eq(address_split(slice_from(slice_str(
		control_url(b->control)), strlen("http://")), &host, &b->port,
		&e), 0);
}

static void
bench_close(struct bench *b)
{
	struct err e;

	control_destroy(b->control);
	rig_close(&b->rig);
	ledger_destroy(b->ledger);
	scrub_destroy(b->scrub);
	loop_destroy(b->loop);
	ck_assert_int_eq(fs_remove_tree(b->fixtures, &e), 0);
}

/* One request; the whole answer is written to `out`. */
static void
ask(struct bench *b, const char *line, const char *body, struct buf *out)
{
	int fd = rig_client(b->port);
	struct buf request;

	buf_init(&request, MiB);
	buf_fmt(&request, "%s HTTP/1.1\r\nHost: dvr\r\n"
		"Content-Length: %zu\r\n\r\n%s", line, strlen(body), body);
	rig_send(&b->rig, fd, buf_slice(&request));
	buf_clear(out);
	ck_assert_int_eq(rig_read_end(&b->rig, fd, out), RIG_FIN);
	close(fd);
	buf_release(&request);
}

static void
expect(struct bench *b, const char *line, const char *body,
       const char *status, const char *holds)
{
	struct buf out;

	buf_init(&out, 65536);
	ask(b, line, body, &out);
	ck_assert_msg(strncmp(buf_cstr(&out) + strlen("HTTP/1.1 "), status,
			      strlen(status)) == 0 &&
		      strstr(buf_cstr(&out), holds) != NULL,
		      "%s %s: %s", line, body, buf_cstr(&out));
	buf_release(&out);
}

/* A session has a port of its own, whose traffic carries its name; when it
 * has ended the port is closed and the id unknown. */
START_TEST(a_session_from_start_to_end)
{
	struct bench b;
	struct buf out, seen;
	struct slice at;
	uint64_t port;
	size_t n = 0;

	bench_open(&b);
	buf_init(&out, 65536);
	buf_init(&seen, 65536);
	ask(&b, "POST /session", "{\"name\": \"t.py::test_\\u00e4\\\"\"}", &out);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "HTTP/1.1 201 "));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "\"id\":\"s1\""));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "\"headers\":{}"));
	at = slice_from(buf_slice(&out), (size_t)slice_find(buf_slice(&out),
		SLICE("http://127.0.0.1:")) + strlen("http://127.0.0.1:"));
	while (n < at.n && at.p[n] != '"')
		n++;
	ck_assert_int_eq(slice_uint(slice_range(at, 0, n), 65535, &port), 0);
	b.rig.client = rig_client((uint16_t)port);
	b.rig.upstream = rig_accept(&b.rig);
	rig_send(&b.rig, b.rig.client, SLICE("GET / HTTP/1.1\r\n\r\n"));
	rig_read_until(&b.rig, b.rig.upstream, SLICE("\r\n\r\n"), &seen);
	expect(&b, "POST /session/s1/end", "{\"result\": \"failed\"}", "200",
	       "\"ended\":true");
	expect(&b, "POST /session/s1/end", "{\"result\": \"failed\"}", "404",
	       "no such session");
	close(b.rig.client);
	b.rig.client = rig_client((uint16_t)port);
	ck_assert_int_ne(sock_connect_result(b.rig.client), 0);
	buf_release(&out);
	buf_release(&seen);
	bench_close(&b);
}
END_TEST

/* The same name twice at a time is refused; a session without a name has
 * its id for one. */
START_TEST(names_of_sessions)
{
	struct bench b;

	bench_open(&b);
	expect(&b, "POST /session", "{\"name\": \"a\"}", "201", "\"s1\"");
	expect(&b, "POST /session", "{\"name\": \"a\"}", "409", "error");
	expect(&b, "POST /session", "", "201", "\"name\":\"s3\"");
	expect(&b, "POST /session", "{\"name\": \"a\\u0000b\"}", "400", "NUL");
	bench_close(&b);
}
END_TEST

/* Whatever is wrong with a request is answered with a JSON error. */
START_TEST(wrong_requests_are_answered)
{
	static const struct { const char *line, *body, *status, *holds; }
	wrong[] = {
		{ "GET /nowhere", "", "404", "{\"error\":\"unknown path" },
		{ "GET /session", "", "405", "{\"error\":\"use POST" },
		{ "POST /status", "", "405", "{\"error\":\"use GET" },
		{ "POST /session", "{", "400", "not a JSON object" },
		{ "POST /session", "[]", "400", "not a JSON object" },
		{ "POST /session", "{\"name\": 7}", "400", "strings" },
		{ "POST /session/s9/end", "{\"result\":\"passed\"}", "404",
		  "no such session" },
		{ "POST  /session :", "", "400", "error" },
	};
	struct bench b;

	bench_open(&b);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		expect(&b, wrong[i].line, wrong[i].body, wrong[i].status,
		       wrong[i].holds);
	expect(&b, "POST /session", "", "201", "s1");
	expect(&b, "POST /session/s1/end", "", "400", "passed or failed");
	expect(&b, "POST /session/s1/end", "{\"result\":\"passed\"}", "200",
	       "ended");
	bench_close(&b);
}
END_TEST

/* A body above the limit is refused with 413, not kept. */
START_TEST(a_huge_body_is_refused)
{
	enum { HUGE_BODY = 300 * 1024 };
	static char body[HUGE_BODY + 1];
	struct bench b;

	bench_open(&b);
	memset(body, 'x', HUGE_BODY);
	expect(&b, "POST /session", body, "413", "too large");
	bench_close(&b);
}
END_TEST

/* A restart calls back, and its failure is told. */
START_TEST(a_restart_calls_back)
{
	struct bench b;

	bench_open(&b);
	expect(&b, "POST /service/restart", "", "200", "\"restarted\":true");
	expect(&b, "POST /service/restart", "", "500",
	       "{\"error\":\"it \\\"died\\\"\"}");
	ck_assert_int_eq(b.restarts, 2);
	bench_close(&b);
}
END_TEST

/* The numbers of proxy and ledger. */
START_TEST(status_tells_the_counters)
{
	struct bench b;
	struct buf seen;

	bench_open(&b);
	buf_init(&seen, 4096);
	rig_connect(&b.rig);
	rig_send(&b.rig, b.rig.client, SLICE("GET / HTTP/1.1\r\n\r\n"));
	rig_read_until(&b.rig, b.rig.upstream, SLICE("\r\n\r\n"), &seen);
	expect(&b, "GET /status?x=1", "", "200",
	       "\"accepted\":1,\"open\":1,\"peak\":1,\"refused\":0");
	expect(&b, "GET /status", "", "200", "\"up\":18");
	expect(&b, "GET /status", "", "200", "\"exchanges\":1");
	buf_release(&seen);
	bench_close(&b);
}
END_TEST

Suite *suite_control(void);

Suite *
suite_control(void)
{
	Suite *s = suite_create("control");
	TCase *t = tcase_create("endpoint");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_session_from_start_to_end);
	tcase_add_test(t, names_of_sessions);
	tcase_add_test(t, wrong_requests_are_answered);
	tcase_add_test(t, a_huge_body_is_refused);
	tcase_add_test(t, a_restart_calls_back);
	tcase_add_test(t, status_tells_the_counters);
	suite_add_tcase(s, t);
	return s;
}
