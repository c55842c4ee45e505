/* What the taps make of traffic: exchanges with exactly the bytes that were
 * sent, while the other end sees the added headers and nothing else. */
#include "proxy_recorder.h"

#include <dvr/base/fs.h>
#include <dvr/tape/yaml.h>

#include <check.h>
#include <string.h>
#include <unistd.h>

#define STEPS_MAX 6
#define EXCHANGES_MAX 4

enum who { NOBODY, CLIENT, SERVER };

struct conversation {
	const char *what;
	struct { enum who who; const char *bytes; } steps[STEPS_MAX];
	/* What the tape holds; an answer with its interim ones before it. */
	struct { const char *request, *answer; } tape[EXCHANGES_MAX];
	unsigned undecoded;
};

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define FAIL "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops"
#define EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

/* Every conversation ends in a 500, which commits it. */
static const struct conversation conversations[] = {
	{ "keep-alive",
	  { { CLIENT, GET("/1") }, { SERVER, EMPTY },
	    { CLIENT, GET("/2") }, { SERVER, FAIL } },
	  { { GET("/1"), EMPTY }, { GET("/2"), FAIL } }, 0 },
	{ "pipelined, the answers in one piece",
	  { { CLIENT, "HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n" GET("/2")
	      GET("/3") },
	    { SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
	      "HTTP/1.1 204 No Content\r\n\r\n" FAIL } },
	  { { "HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n",
	      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" },
	    { GET("/2"), "HTTP/1.1 204 No Content\r\n\r\n" },
	    { GET("/3"), FAIL } }, 0 },
	{ "chunked with trailers, both ways",
	  { { CLIENT, "POST /c HTTP/1.1\r\nHost: a\r\n"
	      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" },
	    { CLIENT, "0\r\nX-Sum: 1\r\n\r\n" },
	    { SERVER, "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n"
	      "2\r\nno\r\n0\r\nX-Why: 2\r\n\r\n" } },
	  { { "POST /c HTTP/1.1\r\nHost: a\r\n"
	      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
	      "0\r\nX-Sum: 1\r\n\r\n",
	      "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n"
	      "2\r\nno\r\n0\r\nX-Why: 2\r\n\r\n" } }, 0 },
	{ "Expect: 100-continue",
	  { { CLIENT, "POST /e HTTP/1.1\r\nHost: a\r\n"
	      "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n" },
	    { SERVER, "HTTP/1.1 100 Continue\r\n\r\n" },
	    { CLIENT, "abc" }, { SERVER, FAIL } },
	  { { "POST /e HTTP/1.1\r\nHost: a\r\n"
	      "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
	      "HTTP/1.1 100 Continue\r\n\r\n" FAIL } }, 0 },
	{ "an answer before the request ended",
	  { { CLIENT, "POST /early HTTP/1.1\r\nHost: a\r\n"
	      "Content-Length: 6\r\n\r\nabc" },
	    { SERVER, FAIL }, { CLIENT, "def" },
	    { CLIENT, GET("/next") }, { SERVER, EMPTY } },
	  { { "POST /early HTTP/1.1\r\nHost: a\r\n"
	      "Content-Length: 6\r\n\r\nabcdef", FAIL } }, 0 },
	{ "a head in three pieces",
	  { { CLIENT, "GET /split HT" }, { CLIENT, "TP/1.1\r\nHost: a\r" },
	    { CLIENT, "\n\r\n" }, { SERVER, FAIL } },
	  { { GET("/split"), FAIL } }, 0 },
	{ "an upgrade that is declined, then more",
	  { { CLIENT, "GET /u HTTP/1.1\r\nHost: a\r\n"
	      "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" },
	    { SERVER, EMPTY }, { CLIENT, GET("/2") }, { SERVER, FAIL } },
	  { { "GET /u HTTP/1.1\r\nHost: a\r\n"
	      "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", EMPTY },
	    { GET("/2"), FAIL } }, 0 },
};

/* Without the lines that dvr adds. */
static void
strip_added(struct slice rest, struct buf *out)
{
	while (rest.n) {
		ssize_t lf = slice_chr(rest, '\n');
		size_t n = lf < 0 ? rest.n : (size_t)lf + 1;
		struct slice line = slice_range(rest, 0, n);

		if (!slice_starts(line, SLICE("X-DVR-Correlation-Id: ")) &&
		    !slice_starts(line, SLICE("traceparent: ")))
			buf_add(out, line);
		rest = slice_from(rest, n);
	}
}

/* The upstream sees what the client sent, but for the added lines. */
static void
expect_upstream(struct recorder *r, struct buf *seen, const char *sent)
{
	struct buf plain, all;

	buf_init(&plain, MiB);
	buf_init(&all, MiB);
	do {
		char got[4096];
		ssize_t n;

		rig_turn(&r->rig);
		n = recv(r->rig.upstream, got, sizeof(got), 0);
		if (n > 0)
			buf_add(&all, slice_of(got, (size_t)n));
		buf_clear(&plain);
		strip_added(buf_slice(&all), &plain);
	} while (plain.n < strlen(sent));
	ck_assert_str_eq(buf_cstr(&plain), sent);
	buf_add(seen, buf_slice(&all));
	buf_release(&plain);
	buf_release(&all);
}

static void
converse(struct recorder *r, const struct conversation *c, struct buf *seen)
{
	for (size_t i = 0; i < STEPS_MAX && c->steps[i].who; i++) {
		struct slice bytes = slice_str(c->steps[i].bytes);

		if (c->steps[i].who == CLIENT) {
			rig_send(&r->rig, r->rig.client, bytes);
			expect_upstream(r, seen, bytes.p);
		} else {
			rig_send(&r->rig, r->rig.upstream, bytes);
			rig_expect(&r->rig, r->rig.client, bytes);
		}
	}
}

static void
check_exchange(const struct exchange *x, const char *request,
	       const char *answer)
{
	struct buf b;

	buf_init(&b, MiB);
	message_print(&x->request, &b);
	ck_assert_str_eq(buf_cstr(&b), request);
	buf_clear(&b);
	for (size_t i = 0; i < x->ninterim; i++)
		message_print(&x->interim[i], &b);
	message_print(&x->response, &b);
	ck_assert_str_eq(buf_cstr(&b), answer);
	buf_release(&b);
}

/* Bytes stay with their exchange, also pipelined and interleaved; what is
 * recorded is what was sent. */
START_TEST(bytes_belong_to_their_exchange)
{
	const struct conversation *c = &conversations[_i];
	struct recorder r;
	struct tape t;
	struct buf seen;
	size_t i;

	recorder_open(&r, false);
	buf_init(&seen, MiB);
	converse(&r, c, &seen);
	recorder_tape(&r, &t);
	for (i = 0; i < EXCHANGES_MAX && c->tape[i].request; i++) {
		ck_assert_uint_lt(i, t.nexchanges);
		check_exchange(&t.exchanges[i], c->tape[i].request,
			       c->tape[i].answer);
	}
	ck_assert_uint_eq(t.nexchanges, i);
	tape_release(&t);
	buf_release(&seen);
	recorder_close(&r);
}
END_TEST

/* Java asks for HTTP/2 in its first request.  Nobody answers that, the client
 * goes on in HTTP/1.1, and the tape holds what it had asked. */
START_TEST(an_upgrade_to_h2c_is_declined)
{
	static const char asked[] =
		"POST /x HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\n"
		"Content-Length: 2\r\nHost: a\r\nHTTP2-Settings: AAEAAEAA\r\n"
		"Upgrade: h2c\r\nUser-Agent: Java\r\n\r\n{}";
	struct recorder r;
	struct buf seen;
	struct tape t;

	recorder_open(&r, false);
	buf_init(&seen, MiB);
	rig_send(&r.rig, r.rig.client, SLICE(asked));
	expect_upstream(&r, &seen, "POST /x HTTP/1.1\r\nContent-Length: 2\r\n"
			"Host: a\r\nUser-Agent: Java\r\n\r\n{}");
	rig_send(&r.rig, r.rig.upstream, SLICE(EMPTY));
	rig_expect(&r.rig, r.rig.client, SLICE(EMPTY));
	rig_send(&r.rig, r.rig.client,
		 SLICE("GET /y HTTP/1.1\r\nHTTP2-Settings: A\r\nUpgrade: h2c"
		       "\r\nConnection: upgrade, keep-alive\r\n\r\n"));
	expect_upstream(&r, &seen,
			"GET /y HTTP/1.1\r\nConnection: keep-alive\r\n\r\n");
	rig_send(&r.rig, r.rig.upstream, SLICE(FAIL));
	rig_expect(&r.rig, r.rig.client, SLICE(FAIL));
	recorder_tape(&r, &t);
	ck_assert_uint_eq(t.nexchanges, 2);
	check_exchange(&t.exchanges[0], asked, EMPTY);
	ck_assert(slice_eq(t.exchanges[0].note,
			   SLICE("Upgrade: h2c was not passed on")));
	tape_release(&t);
	buf_release(&seen);
	recorder_close(&r);
}
END_TEST

/* A client's own correlation id and traceparent are left alone. */
START_TEST(own_ids_are_kept)
{
	static const char own[] =
		"GET / HTTP/1.1\r\nHost: a\r\nx-dvr-correlation-id: mine\r\n"
		"Traceparent: 00-0af7651916cd43dd8448eb211c80319c-"
		"b7ad6b7169203331-01\r\n\r\n";
	struct recorder r;

	recorder_open(&r, false);
	rig_send(&r.rig, r.rig.client, SLICE(own));
	rig_expect(&r.rig, r.rig.upstream, SLICE(own));
	recorder_close(&r);
}
END_TEST

/* The id names namespace, session and number, and stands at the head's end. */
START_TEST(the_id_stands_at_the_end_of_the_head)
{
	struct recorder r;
	struct buf seen;

	recorder_open(&r, false);
	buf_init(&seen, 4096);
	rig_send(&r.rig, r.rig.client, SLICE(GET("/")));
	rig_read_until(&r.rig, r.rig.upstream, SLICE("\r\n\r\n"), &seen);
	ck_assert(slice_starts(buf_slice(&seen), SLICE(
		"GET / HTTP/1.1\r\nHost: a\r\nX-DVR-Correlation-Id: "
		"test/run/1\r\ntraceparent: 00-")));
	buf_release(&seen);
	recorder_close(&r);
}
END_TEST

/* A head whose last line end came alone went out already: it is counted. */
START_TEST(a_head_that_went_out_is_not_edited)
{
	struct proxy_stats s;
	struct recorder r;

	recorder_open(&r, false);
	rig_send(&r.rig, r.rig.client, SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r"));
	rig_expect(&r.rig, r.rig.upstream,
		   SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r"));
	rig_send(&r.rig, r.rig.client, SLICE("\n"));
	rig_expect(&r.rig, r.rig.upstream, SLICE("\n"));
	proxy_stats(r.rig.proxy, &s);
	ck_assert_uint_eq(s.not_injected, 1);
	recorder_close(&r);
}
END_TEST

/* Heads that two parsers could read differently are forwarded unedited. */
START_TEST(doubtful_heads_are_not_edited)
{
	static const char *const doubtful[] = {
		"GET / HTTP/1.1\nHost: a\n\n",
		"GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: a\x01z\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n",
		("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	};
	struct slice bytes = slice_str(doubtful[_i]);
	struct proxy_stats s;
	struct recorder r;

	recorder_open(&r, false);
	rig_send(&r.rig, r.rig.client, bytes);
	rig_expect(&r.rig, r.rig.upstream, bytes);
	proxy_stats(r.rig.proxy, &s);
	ck_assert_uint_eq(s.not_injected + s.undecoded, 1);
	recorder_close(&r);
}
END_TEST

/* A lane that rewrites Host does so however the head was cut. */
START_TEST(host_is_rewritten_in_pieces_too)
{
	struct recorder r;
	struct buf seen, host;

	recorder_open(&r, true);
	buf_init(&seen, 4096);
	buf_init(&host, 64);
	buf_fmt(&host, "GET / HTTP/1.1\r\nA: b\r\nHost: 127.0.0.1:%u\r\n",
		r.rig.port);
	rig_send(&r.rig, r.rig.client, SLICE("GET / HTTP/1.1\r\nA: b\r\nHos"));
	rig_send(&r.rig, r.rig.client, SLICE("t: shop.example\r\n\r"));
	rig_send(&r.rig, r.rig.client, SLICE("\n"));
	rig_read_until(&r.rig, r.rig.upstream, SLICE("\r\n\r\n"), &seen);
	ck_assert(slice_starts(buf_slice(&seen), buf_slice(&host)));
	buf_release(&seen);
	buf_release(&host);
	recorder_close(&r);
}
END_TEST

/* A head that was held back and never ended is sent as it came. */
START_TEST(a_held_head_is_not_lost)
{
	struct recorder r;
	struct buf seen;

	recorder_open(&r, true);
	buf_init(&seen, 4096);
	rig_send(&r.rig, r.rig.client, SLICE("GET / HTTP/1.1\r\nHost"));
	shutdown(r.rig.client, SHUT_WR);
	ck_assert_int_eq(rig_read_end(&r.rig, r.rig.upstream, &seen), RIG_FIN);
	ck_assert_str_eq(buf_cstr(&seen), "GET / HTTP/1.1\r\nHost");
	buf_release(&seen);
	recorder_close(&r);
}
END_TEST

/* After a 101 both directions are a tunnel: nothing in it is edited, even
 * when it looks like a request. */
START_TEST(an_upgrade_is_a_tunnel)
{
	static const char sw[] = "HTTP/1.1 101 Switching Protocols\r\n"
		"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello";
	struct ledger_stats s;
	struct recorder r;
	struct buf seen;

	recorder_open(&r, false);
	buf_init(&seen, 4096);
	rig_send(&r.rig, r.rig.client,
		 SLICE("GET /ws HTTP/1.1\r\nHost: a\r\n"
		       "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
	rig_read_until(&r.rig, r.rig.upstream, SLICE("\r\n\r\n"), &seen);
	rig_send(&r.rig, r.rig.upstream, SLICE(sw));
	rig_expect(&r.rig, r.rig.client, SLICE(sw));
	rig_send(&r.rig, r.rig.client, SLICE(GET("/in-the-tunnel")));
	rig_expect(&r.rig, r.rig.upstream, SLICE(GET("/in-the-tunnel")));
	rig_send(&r.rig, r.rig.upstream, SLICE(FAIL));
	rig_expect(&r.rig, r.rig.client, SLICE(FAIL));
	ledger_stats(r.ledger, &s);
	ck_assert_uint_eq(s.exchanges, 1);
	buf_release(&seen);
	recorder_close(&r);
}
END_TEST

/* A service that resets in the middle of its answer commits a tape; a client
 * that leaves does not. */
START_TEST(only_the_service_is_to_blame)
{
	struct ledger_stats s;
	struct recorder r;
	struct buf seen;

	recorder_open(&r, false);
	buf_init(&seen, 4096);
	rig_send(&r.rig, r.rig.client, SLICE(GET("/")));
	rig_read_until(&r.rig, r.rig.upstream, SLICE("\r\n\r\n"), &seen);
	rig_send(&r.rig, r.rig.upstream,
		 SLICE("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"));
	if (_i)
		rig_abort(&r.rig.upstream);
	else
		rig_abort(&r.rig.client);
	rig_read_end(&r.rig, _i ? r.rig.client : r.rig.upstream, NULL);
	ledger_drain(r.ledger, 10 * NS_PER_S);
	ledger_stats(r.ledger, &s);
	ck_assert_uint_eq(s.ntapes, (unsigned)_i);
	buf_release(&seen);
	recorder_close(&r);
}
END_TEST

/* A refused target is told to the ledger, which knows that it is no trigger
 * of its own. */
START_TEST(a_refusal_is_recorded_as_one)
{
	struct ledger_stats s;
	struct recorder r;
	int fd;

	recorder_open(&r, false);
	close(r.rig.listen_fd);
	r.rig.listen_fd = -1;
	fd = rig_client(proxy_port(r.rig.proxy, 0));
	rig_send(&r.rig, fd, SLICE(GET("/ready")));
	ck_assert_int_eq(rig_read_end(&r.rig, fd, NULL), RIG_RST);
	close(fd);
	ledger_stats(r.ledger, &s);
	ck_assert_uint_eq(s.exchanges, 1);
	ck_assert_uint_eq(s.ignored_refused, 1);
	recorder_close(&r);
}
END_TEST

Suite *suite_proxy_record(void);

Suite *
suite_proxy_record(void)
{
	Suite *s = suite_create("proxy_record");
	TCase *t = tcase_create("taps");

	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, bytes_belong_to_their_exchange, 0,
			    (int)ARRAY_LEN(conversations));
	tcase_add_test(t, an_upgrade_to_h2c_is_declined);
	tcase_add_test(t, own_ids_are_kept);
	tcase_add_test(t, the_id_stands_at_the_end_of_the_head);
	tcase_add_test(t, a_head_that_went_out_is_not_edited);
	tcase_add_loop_test(t, doubtful_heads_are_not_edited, 0, 5);
	tcase_add_test(t, host_is_rewritten_in_pieces_too);
	tcase_add_test(t, a_held_head_is_not_lost);
	tcase_add_test(t, an_upgrade_is_a_tunnel);
	tcase_add_loop_test(t, only_the_service_is_to_blame, 0, 2);
	tcase_add_test(t, a_refusal_is_recorded_as_one);
	suite_add_tcase(s, t);
	return s;
}
