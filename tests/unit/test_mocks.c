/* Egress lanes answered from a tape, asked over real sockets. */
#include "replay_fixture.h"

#include "../../runner/replay/match.h"
#include "../../runner/replay/mocks.h"

#include <check.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_NS (10 * NS_PER_S)

static struct fixture f;
static struct mocks *m;
static struct buf got;

static void
setup(void)
{
	fixture_init(&f);
	m = NULL;
	buf_init(&got, 32 * MiB);
}

static void
teardown(void)
{
	mocks_destroy(m);
	buf_release(&got);
	fixture_release(&f);
}

static void
up(void)
{
	struct err e = { 0 };

	ck_assert_msg(mocks_create(f.loop, &f.tape, &f.plan, &m, &e) == 0,
		      "%s", e.msg);
}

static struct exchange *
call(const char *lane, const char *request, const char *response)
{
	struct fixture_exchange x = { .lane = lane, .conn = 1, .at_us = 0,
		.end_us = 1000, .request = request, .response = response };

	return fixture_add(&f, &x);
}

/* ---- a client in the same loop ------------------------------------------ */

struct caller {
	struct loop_io io;
	struct http1_decoder in;
	int over;		/* errno, or -1 at EOF, 1 answered */
};

static void
caller_ready(struct loop_io *io, unsigned ready)
{
	struct caller *c = io->owner;
	char bytes[4096];
	struct slice in, span;
	ssize_t n = recv(io->fd, bytes, sizeof(bytes), 0);

	(void)ready;
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		c->over = n == 0 ? -1 : errno;
		return;
	}
	in = slice_of(bytes, (size_t)n);
	buf_add(&got, in);
	for (;;) {
		size_t used = 0;
		enum http1_event ev = http1_next(&c->in, in, &used, &span);

		in = slice_from(in, used);
		if (ev == HTTP1_END && c->in.head.status >= 200)
			c->over = 1;
		if (ev == HTTP1_MORE || ev == HTTP1_BAD || c->over)
			return;
	}
}

static void
caller_open(struct caller *c, const char *url)
{
	struct err e = { 0 };
	struct address to;
	struct url u;

	ck_assert(url_parse(slice_str(url), &u, &e) == 0);
	ck_assert(address_literal(u.host, u.port, &to) == 0);
	*c = (struct caller){ .io = { .fn = caller_ready } };
	c->io.owner = c;
	ck_assert(sock_connect(&to, &c->io.fd) == 0);
	http1_init(&c->in, HTTP1_RESPONSE);
	ck_assert(loop_add(f.loop, &c->io, LOOP_READ, &e) == 0);
}

static void
caller_close(struct caller *c)
{
	loop_del(f.loop, &c->io);
	close(c->io.fd);
	http1_release(&c->in);
}

static void
caller_send(struct caller *c, struct slice bytes)
{
	while (bytes.n > 0) {
		ssize_t n = send(c->io.fd, bytes.p, bytes.n, MSG_NOSIGNAL);

		if (n > 0)
			bytes = slice_from(bytes, (size_t)n);
		else
			ck_assert(loop_once(f.loop, loop_now_ns(f.loop) +
					    NS_PER_MS, NULL) == 0);
	}
}

static int
caller_wait(struct caller *c)
{
	uint64_t end = loop_now_ns(f.loop) + PATIENCE_NS;

	while (!c->over && loop_now_ns(f.loop) < end)
		ck_assert(loop_once(f.loop, end, NULL) == 0);
	return c->over;
}

/* One call on a connection of its own; the answer's bytes are in `got`. */
static int
ask(const char *lane, const char *request)
{
	struct caller c;
	int how;

	buf_clear(&got);
	caller_open(&c, mocks_url(m, lane));
	caller_send(&c, slice_str(request));
	how = caller_wait(&c);
	caller_close(&c);
	return how;
}

static bool
got_has(const char *text)
{
	return slice_find(buf_slice(&got), slice_str(text)) >= 0;
}

static const char *
first_miss(void)
{
	ck_assert_uint_eq(mocks_misses(m)->n, 1);
	return mocks_misses(m)->v[0].p;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: s\r\n\r\n"
#define OK(n, body) "HTTP/1.1 200 OK\r\nContent-Length: " n "\r\n\r\n" body

/* ---- tests ------------------------------------------------------------------ */

/* The recorded bytes come back as they were. */
START_TEST(the_recorded_answer_comes_back)
{
	call("stock", GET("/stock/7?a=1"), OK("5", "seven"));
	up();
	ck_assert_int_eq(ask("stock", GET("/stock/7?a=1")), 1);
	ck_assert_str_eq(buf_cstr(&got), OK("5", "seven"));
	ck_assert_uint_eq(mocks_misses(m)->n, 0);
	ck_assert_ptr_nonnull(mocks_seen(m, 0));
}
END_TEST

/* The same call twice gets the two recorded answers in their order, and a
 * third one is a miss that says so. */
START_TEST(repeated_calls_get_their_own_answers)
{
	call("stock", GET("/n"), OK("1", "1"));
	call("stock", GET("/n"), OK("1", "2"));
	up();
	ck_assert_int_eq(ask("stock", GET("/n")), 1);
	ck_assert(got_has("\r\n\r\n1"));
	ck_assert_int_eq(ask("stock", GET("/n")), 1);
	ck_assert(got_has("\r\n\r\n2"));
	ck_assert_int_ne(ask("stock", GET("/n")), 1);
	ck_assert_ptr_nonnull(strstr(first_miss(), "used up"));
}
END_TEST

/* Where several recorded calls are left, the body decides. */
START_TEST(the_body_decides_between_equals)
{
	call("stock", "POST /n HTTP/1.1\r\nContent-Length: 1\r\n\r\na",
	     OK("2", "=a"));
	call("stock", "POST /n HTTP/1.1\r\nContent-Length: 1\r\n\r\nb",
	     OK("2", "=b"));
	up();
	ck_assert_int_eq(ask("stock", "POST /n HTTP/1.1\r\n"
			     "Transfer-Encoding: chunked\r\n\r\n"
			     "1\r\nb\r\n0\r\n\r\n"), 1);
	ck_assert(got_has("=b"));
	ck_assert_int_ne(ask("stock", "POST /n HTTP/1.1\r\n"
			     "Content-Length: 1\r\n\r\nz"), 1);
	ck_assert_ptr_nonnull(strstr(first_miss(), "the body is 'z', "
				     "recorded 'a'"));
}
END_TEST

/* Nobody recorded it: reset, and the closest call, the difference and a stub
 * are named. */
START_TEST(a_miss_names_the_closest_call)
{
	call("stock", GET("/stock/7/level"), OK("2", "ok"));
	call("stock", GET("/prices"), OK("2", "ok"));
	up();
	ck_assert_int_eq(ask("stock", GET("/stock/9/level")), ECONNRESET);
	ck_assert_ptr_nonnull(strstr(first_miss(), "GET /stock/9/level"));
	ck_assert_ptr_nonnull(strstr(first_miss(), "exchange 1"));
	ck_assert_ptr_nonnull(strstr(first_miss(),
				     "path segment 1 is '9', recorded '7'"));
}
END_TEST

/* Where a secret was recorded one is now; a new field may be anything. */
START_TEST(a_miss_does_not_tell_secrets)
{
	call("stock", GET("/s?k=\xe2\x9f\xa6" "dvr:pin:4:0123456789abcdef"
			  "\xe2\x9f\xa7&z=1"), OK("2", "ok"));
	up();
	ck_assert_int_eq(ask("stock", GET("/s?k=wrong7&z=2&new=other9")),
			 ECONNRESET);
	ck_assert_ptr_nonnull(strstr(first_miss(),
			      "the query's k has another value of 6 bytes"));
	ck_assert_ptr_nonnull(strstr(first_miss(),
			      "the query's new has another value of 6 bytes, "
			      "not on the tape"));
	ck_assert_ptr_nonnull(strstr(first_miss(),
				     "the query's z is '2', recorded '1'"));
}
END_TEST

/* The stub that a miss offers is YAML that replay.yaml takes. */
START_TEST(the_offered_stub_can_be_pasted)
{
	struct plan p;
	struct err e = { 0 };
	const char *stub;

	call("stock", GET("/stock/7"), "HTTP/1.1 200 OK\r\nContent-Type: "
	     "text/plain\r\nContent-Length: 4\r\n\r\na: b");
	up();
	ask("stock", GET("/stock/9?x=[1]"));
	stub = mocks_offer(m, f.tape.arena).p;
	ck_assert_ptr_nonnull(stub);
	ck_assert_msg(plan_read(f.tape.arena, "replay.yaml", slice_str(stub),
				&p, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(p.nstubs, 1);
	ck_assert_uint_eq(p.stubs[0].status, 200);
	ck_assert(slice_eq(p.stubs[0].path, SLICE("/stock/9?x=[1]")));
	ck_assert(slice_eq(p.stubs[0].body, SLICE("a: b")));
}
END_TEST

/* What is offered is not the answer that the failure may come from, or says
 * so. */
START_TEST(the_offered_stub_is_not_the_bug)
{
	struct exchange *bad, *good;
	const char *stub;

	bad = call("stock", GET("/stock/7"), OK("3", "nil"));
	good = call("stock", GET("/other/8"), OK("4", "good"));
	bad->cause = 77;
	good->cause = 76;
	f.tape.trigger.exchange = 77;
	up();
	ask("stock", GET("/stock/9"));
	stub = mocks_offer(m, f.tape.arena).p;
	ck_assert_msg(strstr(stub, "body: good") != NULL, "%s", stub);
	ck_assert_ptr_nonnull(strstr(stub, "# the answer of exchange 2\n"));
	good->cause = 77;
	ask("stock", GET("/stock/6"));
	stub = mocks_offer(m, f.tape.arena).p;
	ck_assert_msg(strstr(stub, "body: nil") != NULL, "%s", stub);
	ck_assert_ptr_nonnull(strstr(stub, "exchange 1, which may be what the "
				     "failure comes from"));
}
END_TEST

/* A stub answers what the tape cannot, as often as it is asked. */
START_TEST(a_stub_answers_new_calls)
{
	struct slice headers[] = { SLICE("X-A: b"),
		SLICE("Content-Length: 99") };
	struct plan_stub stub = { .lane = SLICE("stock"),
		.method = SLICE("GET"), .path = SLICE("/new"), .status = 201,
		.headers = headers, .nheaders = 2, .body = SLICE("fresh") };

	call("stock", GET("/old"), OK("1", "1"));
	f.plan.stubs = &stub;
	f.plan.nstubs = 1;
	up();
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(ask("stock", GET("/new?q=1")), 1);
		ck_assert(got_has("HTTP/1.1 201 "));
		ck_assert(got_has("Content-Length: 5\r\n\r\nfresh"));
		ck_assert(got_has("X-A: b\r\n"));
	}
	ck_assert_uint_eq(mocks_misses(m)->n, 0);
}
END_TEST

/* What the dependency did to the service is done again. */
START_TEST(recorded_faults_come_back)
{
	call("stock", GET("/reset"), NULL)->response.end = END_RST;
	call("stock", GET("/fin"), NULL)->response.end = END_FIN;
	call("stock", GET("/refused"), NULL)->response.end = END_REFUSED;
	call("stock", GET("/503"), "HTTP/1.1 503 No\r\n"
	     "Content-Length: 0\r\n\r\n");
	call("stock", GET("/cut"), OK("10", "12345"))->response.end = END_FIN;
	up();
	ck_assert_int_eq(ask("stock", GET("/reset")), ECONNRESET);
	ck_assert_int_eq(ask("stock", GET("/fin")), -1);
	ck_assert_int_eq(ask("stock", GET("/refused")), ECONNRESET);
	ck_assert_int_eq(ask("stock", GET("/503")), 1);
	ck_assert(got_has("HTTP/1.1 503 No"));
	ck_assert_int_eq(ask("stock", GET("/cut")), -1);
	ck_assert(got_has("12345"));
	ck_assert_uint_eq(mocks_misses(m)->n, 0);
}
END_TEST

/* Pipelined calls are answered one after the other on one connection. */
START_TEST(pipelined_calls_are_answered_in_turn)
{
	struct caller c;

	call("stock", GET("/1"), OK("3", "one"));
	call("stock", GET("/2"), OK("3", "two"));
	up();
	caller_open(&c, mocks_url(m, "stock"));
	caller_send(&c, SLICE(GET("/1") GET("/2")));
	caller_wait(&c);
	while (!got_has("two"))
		ck_assert(loop_once(f.loop, UINT64_MAX, NULL) == 0);
	ck_assert_str_eq(buf_cstr(&got), OK("3", "one") OK("3", "two"));
	caller_close(&c);
}
END_TEST

/* A client that waits for 100 gets it, then sends, then is answered. */
START_TEST(expect_continue_is_answered)
{
	struct caller c;

	call("stock", "PUT /x HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
	     OK("4", "done"));
	up();
	caller_open(&c, mocks_url(m, "stock"));
	caller_send(&c, SLICE("PUT /x HTTP/1.1\r\nContent-Length: 2\r\n"
			      "Expect: 100-continue\r\n\r\n"));
	while (!got_has("100 Continue\r\n\r\n"))
		ck_assert(loop_once(f.loop, UINT64_MAX, NULL) == 0);
	caller_send(&c, SLICE("hi"));
	ck_assert_int_eq(caller_wait(&c), 1);
	ck_assert(got_has("done"));
	caller_close(&c);
}
END_TEST

/* 6 MiB in, 6 MiB out: sockets full on both sides. */
START_TEST(large_bodies_pass_whole)
{
	size_t n = 6 * MiB;
	struct buf request, response;
	struct caller c;
	char *body;

	buf_init(&request, 8 * MiB);
	buf_init(&response, 8 * MiB);
	buf_fmt(&request, "PUT /x HTTP/1.1\r\nContent-Length: %zu\r\n\r\n",
		n);
	buf_fmt(&response, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
		n);
	body = buf_room(&request, n);
	memset(body, 'q', n);
	buf_grew(&request, n);
	body = buf_room(&response, n);
	memset(body, 'a', n);
	buf_grew(&response, n);
	call("stock", buf_cstr(&request), buf_cstr(&response));
	up();
	caller_open(&c, mocks_url(m, "stock"));
	caller_send(&c, buf_slice(&request));
	ck_assert_int_eq(caller_wait(&c), 1);
	ck_assert(slice_eq(buf_slice(&got), buf_slice(&response)));
	ck_assert_uint_eq(mocks_seen(m, 0)->x.request.body_bytes, n);
	caller_close(&c);
	buf_release(&request);
	buf_release(&response);
}
END_TEST

/* A lane that the tape does not know has a mock, too, and only misses. */
START_TEST(an_unknown_lane_only_misses)
{
	struct err e;

	call("stock", GET("/1"), OK("3", "one"));
	up();
	ck_assert_ptr_null(mocks_url(m, "mail"));
	ck_assert_int_eq(mocks_add_lane(m, "mail", &e), 0);
	ck_assert_int_eq(ask("mail", GET("/1")), ECONNRESET);
	ck_assert_ptr_nonnull(strstr(first_miss(), "no call on this lane"));
}
END_TEST

/* A forward proxy's client sends the absolute form: the same call. */
START_TEST(absolute_targets_match)
{
	call("stock", GET("/1"), OK("3", "one"));
	up();
	ck_assert_int_eq(ask("stock", GET("http://stock.local:80/1")), 1);
}
END_TEST

Suite *suite_mocks(void);

Suite *
suite_mocks(void)
{
	Suite *suite = suite_create("mocks");
	TCase *tc = tcase_create("mocks");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, the_recorded_answer_comes_back);
	tcase_add_test(tc, repeated_calls_get_their_own_answers);
	tcase_add_test(tc, the_body_decides_between_equals);
	tcase_add_test(tc, a_miss_names_the_closest_call);
	tcase_add_test(tc, a_miss_does_not_tell_secrets);
	tcase_add_test(tc, the_offered_stub_can_be_pasted);
	tcase_add_test(tc, the_offered_stub_is_not_the_bug);
	tcase_add_test(tc, a_stub_answers_new_calls);
	tcase_add_test(tc, recorded_faults_come_back);
	tcase_add_test(tc, pipelined_calls_are_answered_in_turn);
	tcase_add_test(tc, expect_continue_is_answered);
	tcase_add_test(tc, large_bodies_pass_whole);
	tcase_add_test(tc, an_unknown_lane_only_misses);
	tcase_add_test(tc, absolute_targets_match);
	suite_add_tcase(suite, tc);
	return suite;
}
