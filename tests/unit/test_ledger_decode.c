/* Raw bytes in the ring become exchanges, with nothing repaired or lost. */
#include "ledger_driver.h"

#include "../../runner/ledger/decode.h"

#include <check.h>
#include <string.h>

static struct driver d;
static struct wire w;
static struct arena *arena;

static void
begin(void)
{
	driver_init(&d);
	driver_start(&d);
	wire_open(&w, &d, LANE_CLIENT, 4711);
	arena = arena_create();
}

static void
end(void)
{
	wire_close(&w);
	driver_stop(&d);
	arena_destroy(arena);
}

static struct exchange
decoded(void)
{
	struct decode_in in = {
		.ledger = d.l,
		.x = w.x,
		.t0_ns = w.x->at_ns[LX_REQUEST],
		.until_ns = UINT64_MAX,
	};
	struct exchange x;

	decode_exchange(arena, &in, &x);
	return x;
}

static void
assert_slice(struct slice s, const char *want)
{
	ck_assert_msg(slice_eq(s, slice_str(want)), "got '%.*s', want '%s'",
		      SLICE_ARG(s), want);
}

/* Sends a message in reads of n bytes, one a millisecond. */
static void
in_reads(enum lx_side side, struct slice bytes, size_t n)
{
	size_t i;

	for (i = 0; i < bytes.n; i += n) {
		if (side == LX_REQUEST)
			wire_request(&w, slice_range(bytes, i, i + n));
		else
			wire_response(&w, slice_range(bytes, i, i + n));
		d.now_ns += MS;
	}
}

/* The plain case: head, body, times, ends. */
START_TEST(a_plain_exchange)
{
	struct exchange x;

	wire_request(&w, SLICE("POST /a?b=1 HTTP/1.1\r\nHost: h\r\n"
			       "Content-Length: 3\r\n\r\nabc"));
	d.now_ns += 5 * MS;
	wire_response(&w, SLICE(BAD_500));
	x = decoded();
	ck_assert(x.request.present && x.response.present);
	assert_slice(x.request.line, "POST /a?b=1 HTTP/1.1");
	assert_slice(message_path(&x.request), "/a");
	ck_assert_uint_eq(x.request.headers.n, 2);
	assert_slice(x.request.headers.v[0].line, "Host: h");
	assert_slice(x.request.headers.v[1].value, "3");
	assert_slice(x.request.body, "abc");
	ck_assert_int_eq(x.request.framing, FRAMING_LENGTH);
	ck_assert_uint_eq(x.request.raw_head.n, 0);
	ck_assert_uint_eq(x.request.body_bytes, 3);
	ck_assert_ptr_null(x.request.segments);
	ck_assert_int_eq(x.request.at_us, 0);
	ck_assert_int_eq(x.response.at_us, 5000);
	ck_assert_int_eq(x.response.end, END_COMPLETE);
	assert_slice(x.response.body, "oops");
}
END_TEST

/* Chunk sizes, trailers and an interim answer, however the reads fell. */
START_TEST(chunks_trailers_and_interim_answers)
{
	static const char answer[] =
		"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n7\r\n, world\r\n0\r\nX-Sum: 1\r\n\r\n";
	struct exchange x;
	size_t n;

	for (n = 1; n <= sizeof(answer); n += 3) {
		wire_request(&w, SLICE(GET("/a")));
		in_reads(LX_RESPONSE, SLICE(answer), n);
		x = decoded();
		ck_assert_uint_eq(x.ninterim, 1);
		assert_slice(x.interim[0].line, "HTTP/1.1 103 Early Hints");
		assert_slice(x.response.line, "HTTP/1.1 200 OK");
		assert_slice(x.response.body, "hello, world");
		ck_assert_int_eq(x.response.framing, FRAMING_CHUNKED);
		ck_assert_uint_eq(x.response.nchunks, 2);
		ck_assert_uint_eq(x.response.chunks[0], 5);
		ck_assert_uint_eq(x.response.chunks[1], 7);
		ck_assert_uint_eq(x.response.raw_body.n, 0);
		ck_assert_uint_eq(x.response.trailers.n, 1);
		assert_slice(x.response.trailers.v[0].line, "X-Sum: 1");
		ck_assert_int_eq(x.response.end, END_COMPLETE);
		wire_done(&w);
	}
}
END_TEST

/* The model prints the very bytes that were on the wire. */
START_TEST(what_is_decoded_prints_as_it_was)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0003;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n",
		"HTTP/1.1 200 OK\nServer:x\nContent-Length:  2 \n\nok",
		"HTTP/1.1 204 No Content\r\n\r\n",
	};
	struct exchange x;
	struct buf out;
	size_t i;

	for (i = 0; i < ARRAY_LEN(answers); i++) {
		wire_request(&w, SLICE(GET("/a")));
		in_reads(LX_RESPONSE, slice_str(answers[i]), 7);
		x = decoded();
		buf_init(&out, 64 * KiB);
		message_print(&x.response, &out);
		assert_slice(buf_slice(&out), answers[i]);
		buf_release(&out);
		wire_done(&w);
	}
}
END_TEST

/* Each read of a slow message is a segment with its time and size. */
START_TEST(reads_are_segments)
{
	struct exchange x;

	wire_request(&w, SLICE(GET("/a")));
	d.now_ns += 10 * MS;
	in_reads(LX_RESPONSE, SLICE("HTTP/1.1 200 OK\r\n"
		"Content-Length: 20\r\n\r\n01234567890123456789"), 20);
	x = decoded();
	ck_assert_uint_eq(x.response.nsegments, 3);
	ck_assert_int_eq(x.response.segments[0].at_us, 10000);
	ck_assert_uint_eq(x.response.segments[0].bytes, 20);
	ck_assert_int_eq(x.response.segments[2].at_us, 12000);
	ck_assert_uint_eq(x.response.segments[2].bytes, 19);
	ck_assert_int_eq(x.response.end_us, 12000);
}
END_TEST

/* A body over the cap keeps its start and says what is missing. */
START_TEST(a_body_over_the_cap_is_cut)
{
	struct ledger_stats s;
	struct exchange x;
	size_t i;
	char block[4096];

	memset(block, 'x', sizeof(block));
	wire_request(&w, SLICE(GET("/a")));
	wire_response(&w, SLICE("HTTP/1.1 200 OK\r\n"
				"Content-Length: 4194304\r\n\r\n"));
	for (i = 0; i < 1024; i++)
		wire_response(&w, slice_of(block, sizeof(block)));
	x = decoded();
	ck_assert_uint_eq(x.response.body.n, 1 * MiB);
	ck_assert_uint_eq(x.response.body_bytes, 4 * MiB);
	ck_assert_uint_eq(x.response.cut_bytes, 3 * MiB);
	ck_assert_int_eq(x.response.end, END_COMPLETE);
	ledger_stats(d.l, &s);
	ck_assert_uint_eq(s.cut_bodies, 1);
	ck_assert_uint_eq(s.lost_bytes, 0);
}
END_TEST

/* payloads: false keeps heads and sizes, no bodies. */
START_TEST(without_payloads_only_heads_are_kept)
{
	struct exchange x;

	d.l->config.payloads = false;
	wire_request(&w, SLICE("POST /a HTTP/1.1\r\nHost: h\r\n"
			       "Content-Length: 6\r\n\r\nsecret"));
	wire_response(&w, SLICE(BAD_500));
	ck_assert_uint_lt(w.x->stored[LX_REQUEST], w.x->wire[LX_REQUEST]);
	x = decoded();
	ck_assert_uint_eq(x.request.body.n, 0);
	ck_assert_uint_eq(x.request.body_bytes, 6);
	ck_assert_uint_eq(x.request.cut_bytes, 6);
	assert_slice(x.response.line,
		     "HTTP/1.1 500 Internal Server Error");
	ck_assert_uint_eq(x.response.body.n, 0);
}
END_TEST

/* A request that ends early, answered by a reset. */
START_TEST(broken_ends_are_told)
{
	struct exchange x;

	wire_request(&w, SLICE("POST /a HTTP/1.1\r\nHost: h\r\n"
			       "Content-Length: 60\r\n\r\nhalf"));
	d.now_ns += MS;
	wire_end(&w, LX_REQUEST, LX_FIN);
	d.now_ns += MS;
	wire_end(&w, LX_RESPONSE, LX_RST);
	x = decoded();
	ck_assert_int_eq(x.request.end, END_FIN);
	ck_assert_int_eq(x.request.end_us, 1000);
	assert_slice(x.request.body, "half");
	ck_assert_uint_eq(x.request.body_bytes, 4);
	ck_assert(!x.response.present);
	ck_assert_int_eq(x.response.end, END_RST);
	ck_assert_int_eq(x.response.end_us, 2000);
}
END_TEST

/* A head that never became one stands for itself. */
START_TEST(half_a_head_is_kept_raw)
{
	struct exchange x;

	wire_request(&w, SLICE("GET /a HTTP/1.1\r\nHos"));
	x = decoded();
	ck_assert(x.request.present);
	assert_slice(x.request.raw_head, "GET /a HTTP/1.1\r\nHos");
	assert_slice(x.request.line, "GET /a HTTP/1.1");
	ck_assert_int_eq(x.request.end, END_OPEN);
}
END_TEST

/* What no decoder understands is kept byte for byte, with the reason. */
START_TEST(bytes_that_are_no_http_are_kept_raw)
{
	struct exchange x;

	wire_request(&w, SLICE("\x16\x03\x01\x02 not http\r\n\r\n"));
	x = decoded();
	ck_assert(x.request.present);
	assert_slice(x.request.raw_head, "\x16\x03\x01\x02 not http\r\n\r\n");
	ck_assert_uint_gt(x.note.n, 0);
}
END_TEST

/* Behind a 101 both sides are a tunnel. */
START_TEST(an_upgrade_is_a_tunnel)
{
	struct exchange x;

	w.x = ledger_begin(d.l, LANE_CLIENT, 1, d.now_ns);
	ledger_bytes(d.l, w.x, LX_REQUEST, SLICE("GET /ws HTTP/1.1\r\n"
		"Host: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
		"\r\n"), d.now_ns);
	wire_response(&w, SLICE("HTTP/1.1 101 Switching Protocols\r\n"
		"Connection: upgrade\r\nUpgrade: websocket\r\n\r\nhello"));
	ledger_bytes(d.l, w.x, LX_REQUEST, SLICE("hi"), d.now_ns + MS);
	x = decoded();
	ck_assert_int_eq(x.request.framing, FRAMING_TUNNEL);
	assert_slice(x.request.body, "hi");
	assert_slice(x.response.line, "HTTP/1.1 101 Switching Protocols");
	ck_assert_int_eq(x.response.framing, FRAMING_TUNNEL);
	assert_slice(x.response.body, "hello");
}
END_TEST

Suite *suite_ledger_decode(void);

Suite *
suite_ledger_decode(void)
{
	Suite *s = suite_create("ledger_decode");
	TCase *t = tcase_create("decode");

	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, a_plain_exchange);
	tcase_add_test(t, chunks_trailers_and_interim_answers);
	tcase_add_test(t, what_is_decoded_prints_as_it_was);
	tcase_add_test(t, reads_are_segments);
	tcase_add_test(t, a_body_over_the_cap_is_cut);
	tcase_add_test(t, without_payloads_only_heads_are_kept);
	tcase_add_test(t, broken_ends_are_told);
	tcase_add_test(t, half_a_head_is_kept_raw);
	tcase_add_test(t, bytes_that_are_no_http_are_kept_raw);
	tcase_add_test(t, an_upgrade_is_a_tunnel);
	suite_add_tcase(s, t);
	return s;
}
