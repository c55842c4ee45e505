/* The HTTP/1.1 decoder: what it says of a head, what it holds, what it costs. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "http1_trace.h"

/* Every kind of framing in one stream that holds no mistake. */
static const char good[] =
	"\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n"
	"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
	"PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	"5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nX-T: 1\r\n\r\n"
	"GET /d HTTP/1.0\r\nHost: x\r\n\r\n";
static const char good_trace[] =
	"(GET /a none).(POST /b =5)hello."
	"(PUT /c chunked){5}hello{1}!{0}[X-T: 1].(GET /d none -).";

/* No prefix of a good stream is bad: it only wants more. */
START_TEST(every_prefix_of_a_good_stream_asks_for_more)
{
	size_t n = sizeof(good) - 1;

	for (size_t i = 0; i <= n; i++) {
		struct trace t;

		trace_init(&t, HTTP1_REQUEST, NULL);
		trace_feed(&t, slice_of(good, i));
		ck_assert(!t.ended);
		ck_assert(slice_starts(slice_str(good_trace),
				       buf_slice(&t.text)));
		trace_release(&t);
	}
}
END_TEST

/* Where the bytes are handed over: at the end of a page, behind which nothing
 * may be touched; overwritten after each piece, as a read buffer is. */
struct guard {
	char *page;
	size_t bytes;
};

static struct guard
guard_open(void)
{
	size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
	struct guard g = { .bytes = bytes };

	g.page = mmap(NULL, 2 * bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(g.page, MAP_FAILED);
	ck_assert_int_eq(mprotect(g.page + bytes, bytes, PROT_NONE), 0);
	return g;
}

static void
guard_feed(struct guard *g, struct trace *t, struct slice in)
{
	char *at = g->page + g->bytes - in.n;

	ck_assert_uint_le(in.n, g->bytes);
	memcpy(at, in.p, in.n);
	trace_feed(t, slice_of(at, in.n));
	memset(g->page, 0xa5, g->bytes);
}

/* All cuts in three pieces give the trace that the whole gives. */
START_TEST(every_split_gives_the_same_events)
{
	size_t n = sizeof(good) - 1;
	struct guard g = guard_open();

	for (size_t i = 0; i <= n; i++) {
		for (size_t k = i; k <= n; k += 3) {
			struct trace t;

			trace_init(&t, HTTP1_REQUEST, NULL);
			guard_feed(&g, &t, slice_of(good, i));
			guard_feed(&g, &t, slice_of(good + i, k - i));
			guard_feed(&g, &t, slice_of(good + k, n - k));
			ck_assert_str_eq(buf_cstr(&t.text), good_trace);
			trace_release(&t);
		}
	}
	munmap(g.page, 2 * g.bytes);
}
END_TEST

static enum http1_event
next(struct http1_decoder *d, struct slice *in)
{
	struct slice span;
	size_t used;
	enum http1_event ev = http1_next(d, *in, &used, &span);

	*in = slice_from(*in, used);
	return ev;
}

/* A head that is whole in the input is not copied. */
START_TEST(a_whole_head_points_into_the_input)
{
	struct slice in = SLICE("GET /a HTTP/1.1\r\nHost: x\r\nX-A:\r\n\r\nmore");
	struct slice rest = in;
	struct http1_decoder d;

	http1_init(&d, HTTP1_REQUEST);
	ck_assert_int_eq(next(&d, &rest), HTTP1_HEAD);
	ck_assert_ptr_eq(d.head.raw.p, in.p);
	ck_assert_uint_eq(d.head.raw.n, in.n - 4);
	ck_assert_ptr_null(d.held.p);
	ck_assert(slice_eq(d.head.line, SLICE("GET /a HTTP/1.1")));
	ck_assert_uint_eq(d.head.nheaders, 2);
	ck_assert(slice_eq(d.head.headers[0].name, SLICE("Host")));
	ck_assert(slice_eq(d.head.headers[0].value, SLICE("x")));
	ck_assert(slice_eq(d.head.headers[1].line, SLICE("X-A:")));
	ck_assert_uint_eq(d.head.headers[1].value.n, 0);
	ck_assert(d.head.crlf_only);
	ck_assert_ptr_null(d.head.ambiguous);
	http1_release(&d);
}
END_TEST

/* A head whose lines end in LF says that it cannot be rebuilt. */
START_TEST(bare_line_feeds_are_flagged)
{
	struct slice in = SLICE("GET /a HTTP/1.1\r\nA: b\n\r\n");
	struct http1_decoder d;

	http1_init(&d, HTTP1_REQUEST);
	ck_assert_int_eq(next(&d, &in), HTTP1_HEAD);
	ck_assert(!d.head.crlf_only);
	ck_assert_ptr_nonnull(d.head.ambiguous);
	ck_assert(slice_eq(d.head.headers[0].line, SLICE("A: b")));
	http1_release(&d);
}
END_TEST

/* A line without a colon has no name, and its bytes are still a value. */
START_TEST(a_line_without_a_colon_is_all_value)
{
	struct slice in = SLICE("GET /a HTTP/1.1\r\nabc\r\n\r\n");
	struct http1_decoder d;

	http1_init(&d, HTTP1_REQUEST);
	ck_assert_int_eq(next(&d, &in), HTTP1_HEAD);
	ck_assert_uint_eq(d.head.headers[0].name.n, 0);
	ck_assert(slice_eq(d.head.headers[0].value, SLICE("abc")));
	http1_release(&d);
}
END_TEST

/* Flags that the relay acts on: Expect and Upgrade, in any case of letters. */
START_TEST(expect_and_upgrade_are_told)
{
	struct slice in = SLICE("POST /a HTTP/1.1\r\nexpect: 100-Continue\r\n"
				"Content-Length: 0\r\n\r\n"
				"GET /b HTTP/1.1\r\nUpgrade: websocket\r\n"
				"Connection: keep-alive, Upgrade\r\n\r\n"
				"GET /c HTTP/1.1\r\nUpgrade: h2c\r\n\r\n");
	struct http1_decoder d;

	http1_init(&d, HTTP1_REQUEST);
	ck_assert_int_eq(next(&d, &in), HTTP1_HEAD);
	ck_assert(d.head.expect_continue && !d.head.upgrade);
	ck_assert_int_eq(next(&d, &in), HTTP1_END);
	ck_assert_int_eq(next(&d, &in), HTTP1_HEAD);
	ck_assert(!d.head.expect_continue && d.head.upgrade);
	ck_assert(http1_has_token(&d.head, "connection", "UPGRADE"));
	ck_assert(!http1_has_token(&d.head, "connection", "up"));
	ck_assert(slice_eq(http1_field(&d.head, "upgrade")->value,
			   SLICE("websocket")));
	ck_assert_ptr_null(http1_field(&d.head, "host"));
	ck_assert_int_eq(next(&d, &in), HTTP1_END);
	ck_assert_int_eq(next(&d, &in), HTTP1_HEAD);
	ck_assert(!d.head.upgrade);
	http1_release(&d);
}
END_TEST

static bool
odd_chunks(const char *chunks)
{
	struct trace t;
	bool odd;

	trace_init(&t, HTTP1_REQUEST, NULL);
	trace_feed(&t, SLICE("GET / HTTP/1.1\r\n"
			     "Transfer-Encoding: chunked\r\n\r\n"));
	trace_feed(&t, slice_str(chunks));
	ck_assert(slice_ends(buf_slice(&t.text), SLICE(".")));
	odd = t.d.chunks_odd;
	trace_release(&t);
	return odd;
}

/* Chunks are odd exactly when sizes in lower-case hex cannot give the bytes
 * back. */
START_TEST(odd_chunks_are_told)
{
	ck_assert(!odd_chunks("4\r\nabcd\r\na\r\n0123456789\r\n0\r\n\r\n"));
	ck_assert(!odd_chunks("10\r\n0123456789abcdef\r\n0\r\nX: 1\r\n\r\n"));
	ck_assert(odd_chunks("4;a\r\nabcd\r\n0\r\n\r\n"));
	ck_assert(odd_chunks("04\r\nabcd\r\n0\r\n\r\n"));
	ck_assert(odd_chunks("A\r\n0123456789\r\n0\r\n\r\n"));
	ck_assert(odd_chunks("4 \r\nabcd\r\n0\r\n\r\n"));
	ck_assert(odd_chunks("4\nabcd\r\n0\r\n\r\n"));
	ck_assert(odd_chunks("4\r\nabcd\n0\r\n\r\n"));
	ck_assert(odd_chunks("4\r\nabcd\r\n00\r\n\r\n"));
	ck_assert(odd_chunks("4\r\nabcd\r\n0\r\n\n"));
}
END_TEST

/* A framing field among the trailers changes nothing and is marked. */
START_TEST(framing_fields_among_trailers_are_marked)
{
	struct slice in = SLICE("GET / HTTP/1.1\r\nTransfer-Encoding: chunked"
				"\r\n\r\n0\r\nContent-Length: 3\r\n\r\n");
	struct http1_decoder d;

	http1_init(&d, HTTP1_REQUEST);
	ck_assert_int_eq(next(&d, &in), HTTP1_HEAD);
	ck_assert_int_eq(next(&d, &in), HTTP1_CHUNK);
	ck_assert_int_eq(next(&d, &in), HTTP1_TRAILERS);
	ck_assert_ptr_nonnull(d.head.ambiguous);
	ck_assert(slice_eq(d.head.raw, SLICE("Content-Length: 3\r\n\r\n")));
	ck_assert_int_eq(next(&d, &in), HTTP1_END);
	http1_release(&d);
}
END_TEST

/* After the other side agreed to an upgrade, the request side is opaque: in
 * between messages at once, else from the message's end. */
START_TEST(a_tunnel_begins_behind_the_message)
{
	struct trace t;

	trace_init(&t, HTTP1_REQUEST, NULL);
	trace_feed(&t, SLICE("CONNECT h:1 HTTP/1.1\r\n\r\n"));
	http1_tunnel(&t.d);
	trace_feed(&t, SLICE("GET / HTTP/1.1\r\n\r\n"));
	ck_assert_str_eq(trace_eof(&t), "(CONNECT h:1 none)."
					"~GET / HTTP/1.1\r\n\r\n$");
	trace_release(&t);

	trace_init(&t, HTTP1_REQUEST, NULL);
	trace_feed(&t, SLICE("GET /a HTTP/1.1\r\nContent-Length: 2\r\n\r\na"));
	http1_tunnel(&t.d);
	trace_feed(&t, SLICE("b\r\nxy"));
	ck_assert_str_eq(trace_eof(&t), "(GET /a =2)ab.~\r\nxy$");
	trace_release(&t);
}
END_TEST

/* The response side knows nothing of the request's progress. */
START_TEST(an_answer_before_the_request_ended_is_an_answer)
{
	struct trace up, down;

	trace_init(&up, HTTP1_REQUEST, NULL);
	trace_init(&down, HTTP1_RESPONSE, "POST");
	trace_feed(&up, SLICE("POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nab"));
	trace_feed(&down, SLICE("HTTP/1.1 413 L\r\nContent-Length: 1\r\n"
				"Connection: close\r\n\r\nx"));
	ck_assert(http1_in_message(&up.d));
	ck_assert(!http1_in_message(&down.d));
	ck_assert_str_eq(trace_eof(&down), "(413 =1 -)x.$");
	ck_assert_str_eq(trace_eof(&up), "(POST /a =4)ab!");
	trace_release(&up);
	trace_release(&down);
}
END_TEST

/* In a message: from the first byte of its head to the byte that ends it. */
START_TEST(in_message_spans_head_and_body)
{
	struct trace t;

	trace_init(&t, HTTP1_REQUEST, NULL);
	ck_assert(!http1_in_message(&t.d));
	trace_feed(&t, SLICE("\r\n"));
	ck_assert(!http1_in_message(&t.d));
	trace_feed(&t, SLICE("G"));
	ck_assert(http1_in_message(&t.d));
	trace_feed(&t, SLICE("ET / HTTP/1.1\r\nContent-Length: 1\r\n\r\n"));
	ck_assert(http1_in_message(&t.d));
	trace_feed(&t, SLICE("x"));
	ck_assert(!http1_in_message(&t.d));
	trace_release(&t);
}
END_TEST

/* A trace of a head of `bytes` bytes, handed over in pieces. */
static void
check_big_head(size_t bytes, size_t piece, const char *want)
{
	struct buf head;
	struct trace t;

	buf_init(&head, MiB);
	buf_adds(&head, "GET / HTTP/1.1\r\nX: ");
	while (head.n < bytes - 4)
		buf_addc(&head, 'a');
	buf_adds(&head, "\r\n\r\n");
	trace_init(&t, HTTP1_REQUEST, NULL);
	for (size_t i = 0; i < head.n; i += piece)
		trace_feed(&t, slice_range(buf_slice(&head), i, i + piece));
	ck_assert_str_eq(trace_eof(&t), want);
	trace_release(&t);
	buf_release(&head);
}

/* 256 KiB of head are read, one byte more is refused, whole or in pieces. */
START_TEST(the_largest_head_is_exact)
{
	static const size_t pieces[] = { MiB, 4096, 1 };

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		check_big_head(HTTP1_HEAD_MAX, pieces[i], "(GET / none).$");
		check_big_head(HTTP1_HEAD_MAX + 1, pieces[i], "!");
	}
}
END_TEST

static const char *
many_fields(struct trace *t, size_t n)
{
	trace_init(t, HTTP1_REQUEST, NULL);
	trace_feed(t, SLICE("GET / HTTP/1.1\r\n"));
	for (size_t i = 0; i < n; i++)
		trace_feed(t, SLICE("A: b\r\n"));
	trace_feed(t, SLICE("\r\n"));
	return trace_eof(t);
}

/* 512 fields are read, one more is refused. */
START_TEST(the_number_of_fields_is_bounded)
{
	struct trace t;

	ck_assert_str_eq(many_fields(&t, HTTP1_HEADERS_MAX), "(GET / none).$");
	trace_release(&t);
	ck_assert_str_eq(many_fields(&t, HTTP1_HEADERS_MAX + 1), "!");
	trace_release(&t);
}
END_TEST

/* A chunk extension that never ends is refused at 16 KiB. */
START_TEST(a_chunk_header_is_bounded)
{
	struct trace t;
	size_t fed = 0;

	trace_init(&t, HTTP1_REQUEST, NULL);
	trace_feed(&t, SLICE("GET / HTTP/1.1\r\n"
			     "Transfer-Encoding: chunked\r\n\r\n4;"));
	while (!t.ended && fed++ < MiB)
		trace_feed(&t, SLICE("a"));
	ck_assert_uint_le(fed, 17 * KiB);
	ck_assert(slice_ends(buf_slice(&t.text), SLICE("!")));
	trace_release(&t);
}
END_TEST

/* What an idle connection's two decoders hold is small, even after a head of
 * 100 KiB came in pieces. */
START_TEST(an_idle_decoder_is_small)
{
	struct trace t;
	size_t bytes;

	trace_init(&t, HTTP1_REQUEST, NULL);
	trace_feed(&t, SLICE("GET / HTTP/1.1\r\nX: "));
	for (size_t i = 0; i < 100 * KiB; i++)
		trace_feed(&t, SLICE("a"));
	trace_feed(&t, SLICE("\r\n\r\n"));
	bytes = sizeof(t.d) + t.d.held.cap +
		t.d.fields_cap * sizeof(*t.d.fields);
	ck_assert_uint_le(bytes, 4 * KiB);
	trace_release(&t);
}
END_TEST

/* Bytes that cannot begin a message are refused at once, not at 256 KiB. */
START_TEST(another_protocol_is_seen_at_its_first_bytes)
{
	struct slice tls = SLICE("\x16\x03"), ssh = SLICE("SSH-2.0");
	struct http1_decoder d;

	http1_init(&d, HTTP1_REQUEST);
	ck_assert_int_eq(next(&d, &tls), HTTP1_BAD);
	ck_assert_ptr_nonnull(d.why);
	ck_assert_int_eq(next(&d, &tls), HTTP1_BAD);
	http1_release(&d);
	http1_init(&d, HTTP1_RESPONSE);
	ck_assert_int_eq(next(&d, &ssh), HTTP1_BAD);
	http1_release(&d);
}
END_TEST

Suite *suite_http1(void);

Suite *
suite_http1(void)
{
	Suite *s = suite_create("http1");
	TCase *tc = tcase_create("decoder");

	tcase_add_test(tc, every_prefix_of_a_good_stream_asks_for_more);
	tcase_add_test(tc, every_split_gives_the_same_events);
	tcase_add_test(tc, a_whole_head_points_into_the_input);
	tcase_add_test(tc, bare_line_feeds_are_flagged);
	tcase_add_test(tc, a_line_without_a_colon_is_all_value);
	tcase_add_test(tc, expect_and_upgrade_are_told);
	tcase_add_test(tc, odd_chunks_are_told);
	tcase_add_test(tc, framing_fields_among_trailers_are_marked);
	tcase_add_test(tc, a_tunnel_begins_behind_the_message);
	tcase_add_test(tc, an_answer_before_the_request_ended_is_an_answer);
	tcase_add_test(tc, in_message_spans_head_and_body);
	tcase_add_test(tc, the_largest_head_is_exact);
	tcase_add_test(tc, the_number_of_fields_is_bounded);
	tcase_add_test(tc, a_chunk_header_is_bounded);
	tcase_add_test(tc, an_idle_decoder_is_small);
	tcase_add_test(tc, another_protocol_is_seen_at_its_first_bytes);
	suite_add_tcase(s, tc);
	return s;
}
