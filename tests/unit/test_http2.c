/* The HTTP/2 decoder follows two peers, however their bytes are cut. */
#include "http2_peers.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

/* ---- beside nghttp2 ---------------------------------------------------------- */

struct two_traces {
	struct h2_trace whole, bytes;
};

static void
feed_both(void *arg, enum http2_side side, struct slice in)
{
	struct two_traces *t = arg;

	ck_assert_msg(h2_trace_feed(&t->whole, side, in), "%s",
		      http2_why(t->whole.h));
	for (size_t i = 0; i < in.n; i++)
		ck_assert_msg(h2_trace_feed(&t->bytes, side,
					    slice_range(in, i, i + 1)),
			      "%s", http2_why(t->bytes.h));
}

static void
assert_line(struct slice want, struct slice got)
{
	size_t at = 0, from;

	while (at < want.n && at < got.n && want.p[at] == got.p[at])
		at++;
	from = at > 100 ? at - 100 : 0;
	want = slice_range(want, from, from + 300);
	got = slice_range(got, from, from + 300);
	ck_assert_msg(slice_eq(want, got), "nghttp2: %.*s\nwe: %.*s",
		      SLICE_ARG(want), SLICE_ARG(got));
}

static void
assert_same(struct peers *p, struct h2_trace *t)
{
	size_t told = 0;

	for (size_t i = 0; i < TRACE_STREAMS; i++) {
		if (peers_was_reset(p, i))
			continue;
		for (unsigned s = 0; s < HTTP2_SIDES; s++) {
			struct slice want = peers_told(p, s, i);

			assert_line(want, buf_slice(&t->text[s][i]));
			told += want.n > 0;
		}
	}
	ck_assert_uint_gt(told, 4);
}

/* What nghttp2 was told and what the decoder tells is the same: paddings,
 * priorities, CONTINUATION, interim answers, trailers, resets, table sizes. */
START_TEST(it_hears_what_nghttp2_hears)
{
	struct two_traces *t = mem_alloc(sizeof(*t));
	struct peers *p = peers_create((uint32_t)_i + 1);

	h2_trace_init(&t->whole);
	h2_trace_init(&t->bytes);
	for (unsigned round = 0; round < 200; round++) {
		if (peers_roll(p, 4) == 0)
			peers_request(p);
		if (peers_roll(p, 12) == 0)
			peers_settings(p);
		if (peers_roll(p, 40) == 0)
			peers_reset(p);
		peers_move(p, (enum http2_side)peers_roll(p, 2), feed_both, t);
	}
	peers_goaway(p);
	while (peers_move(p, HTTP2_SERVER, feed_both, t) ||
	       peers_move(p, HTTP2_CLIENT, feed_both, t))
		;
	assert_same(p, &t->whole);
	assert_same(p, &t->bytes);
	peers_destroy(p);
	h2_trace_release(&t->whole);
	h2_trace_release(&t->bytes);
	free(t);
}
END_TEST

/* ---- by hand -------------------------------------------------------------- */

static void
add_frame(struct buf *b, unsigned type, unsigned flags, uint32_t stream,
	  struct slice payload)
{
	const char head[] = { (char)(payload.n >> 16 & 0xff),
			      (char)(payload.n >> 8 & 0xff),
			      (char)(payload.n & 0xff), (char)type,
			      (char)flags, (char)(stream >> 24 & 0x7f),
			      (char)(stream >> 16 & 0xff),
			      (char)(stream >> 8 & 0xff),
			      (char)(stream & 0xff) };

	buf_add(b, slice_of(head, sizeof(head)));
	buf_add(b, payload);
}

#define FRAME(type, flags, stream, text) \
	add_frame(&b, type, flags, stream, SLICE(text))
#define GET "\x82\x86\x84"	/* :method GET, :scheme http, :path / */

static void
begin(struct buf *b)
{
	buf_init(b, 64 * MiB);
	buf_adds(b, HTTP2_PREFACE);
	add_frame(b, 4, 0, 0, SLICE(""));
}

/* Feeds all of it whole, then cut at each place, and compares. */
static void
assert_client(struct buf *b, const char *want)
{
	struct slice all = buf_slice(b);

	for (size_t cut = 0; cut <= (all.n < 500 ? all.n : 0); cut++) {
		struct h2_trace t;
		struct buf got;

		h2_trace_init(&t);
		if (h2_trace_feed(&t, HTTP2_CLIENT, slice_range(all, 0, cut)))
			h2_trace_feed(&t, HTTP2_CLIENT, slice_from(all, cut));
		buf_init(&got, 64 * MiB);
		h2_trace_print(&t, &got);
		ck_assert_msg(strcmp(buf_cstr(&got), want) == 0,
			      "cut at %zu\nwant %s\ngot  %s", cut, want,
			      buf_cstr(&got));
		buf_release(&got);
		h2_trace_release(&t);
	}
	buf_release(b);
}

#define HEAD "c1 (GET / HTTP/2|:scheme: http)"

/* Each thing that frames may do, by its bytes. */
START_TEST(frames_are_read)
{
	struct buf b;

	begin(&b);
	FRAME(1, 0x5, 1, GET);
	assert_client(&b, HEAD ".\n");
	begin(&b);	/* a block in pieces, one of them empty */
	FRAME(1, 0x1, 1, "\x82");
	FRAME(9, 0, 1, "");
	FRAME(9, 0x4, 1, "\x86\x84");
	assert_client(&b, HEAD ".\n");
	begin(&b);	/* padded, with a priority */
	FRAME(1, 0x2c, 1, "\2\0\0\0\0\x10" GET "\0\0");
	FRAME(0, 0x8, 1, "\4abc\0\0\0\0");
	FRAME(0, 0x9, 1, "\2\0\0");
	assert_client(&b, HEAD "abc.\n");
	begin(&b);	/* what says nothing to us: PING, WINDOW_UPDATE, news */
	FRAME(6, 0, 0, "12345678");
	FRAME(1, 0x4, 1, GET);
	FRAME(8, 0, 1, "\0\0\0\1");
	FRAME(2, 0, 1, "\0\0\0\3\1");
	FRAME(0x77, 0xff, 9, "what");
	FRAME(0, 0, 1, "");
	FRAME(3, 0, 1, "\0\0\0\x8");
	FRAME(7, 0, 0, "\0\0\0\0\0\0\0\x2words");
	assert_client(&b, "c0 ~2\n" HEAD "!8\n");
	begin(&b);	/* odd bytes end no line */
	FRAME(1, 0x5, 1, GET "\0\1a\3b\r\n");
	assert_client(&b, "c1 (GET / HTTP/2|:scheme: http|a: b\r\n).\n");
}
END_TEST

/* A push is a request that the server tells. */
START_TEST(promises_are_requests)
{
	struct h2_trace t;
	struct buf b, got;

	buf_init(&b, MiB);
	FRAME(5, 0x0, 1, "\0\0\0\2\x82");
	FRAME(9, 0x4, 1, "\x86\x84");
	FRAME(1, 0x5, 2, "\x88");
	h2_trace_init(&t);
	ck_assert(h2_trace_feed(&t, HTTP2_SERVER, buf_slice(&b)));
	buf_init(&got, MiB);
	h2_trace_print(&t, &got);
	ck_assert_str_eq(buf_cstr(&got),
		"s2 {GET / HTTP/2|:scheme: http}(HTTP/2 200).\n");
	buf_release(&got);
	buf_release(&b);
	h2_trace_release(&t);
}
END_TEST

static const struct {
	const char *bytes;
	size_t n;
	const char *why;
} faults[] = {
#define FAULT(bytes, why) { bytes, sizeof(bytes) - 1, why }
	FAULT("\0\0\1\x9\0\0\0\0\1x", "an HTTP/2 CONTINUATION of nothing"),
	FAULT("\0\0\1\1\0\0\0\0\1\x82\0\0\0\0\0\0\0\0\1",
	      "an HTTP/2 header block that was broken off"),
	FAULT("\0\0\1\1\0\0\0\0\1\x82\0\0\1\x9\4\0\0\0\3\x86",
	      "an HTTP/2 header block that was broken off"),
	FAULT("\0\0\1\1\4\0\0\0\1\x80",
	      "an HTTP/2 header block that cannot be inflated"),
	FAULT("\0\0\1\1\4\0\0\0\1\xff",
	      "an HTTP/2 header block that cannot be inflated"),
	FAULT("\0\0\0\0\0\0\0\0\0", "an HTTP/2 frame without its stream"),
	FAULT("\0\0\1\0\x8\0\0\0\1\1",
	      "HTTP/2 padding longer than its frame"),
	FAULT("\0\0\0\0\x8\0\0\0\1",
	      "an HTTP/2 frame without its padding's length"),
	FAULT("\0\0\4\1\x24\0\0\0\1\0\0\0\0",
	      "an HTTP/2 frame that is too short"),
	FAULT("\0\0\5\4\0\0\0\0\0", "HTTP/2 SETTINGS of the wrong form"),
	FAULT("\0\0\3\3\0\0\0\0\1",
	      "an HTTP/2 RST_STREAM of the wrong size"),
	FAULT("\0\0\7\7\0\0\0\0\0", "an HTTP/2 GOAWAY of the wrong size"),
};

/* What cannot be followed is bad, and stays so. */
START_TEST(faults_end_the_following)
{
	struct buf b;
	char want[200];

	begin(&b);
	buf_add(&b, slice_of(faults[_i].bytes, faults[_i].n));
	snprintf(want, sizeof(want), "bad: %s\n", faults[_i].why);
	assert_client(&b, want);
}
END_TEST

/* The preface is known by its first bytes. */
START_TEST(the_preface_is_known)
{
	ck_assert_int_eq(http2_preface(SLICE("")), 0);
	ck_assert_int_eq(http2_preface(SLICE("P")), 0);
	ck_assert_int_eq(http2_preface(SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n")),
			 0);
	ck_assert_int_eq(http2_preface(SLICE(HTTP2_PREFACE "x")), 1);
	ck_assert_int_eq(http2_preface(SLICE("PO")), -1);
	ck_assert_int_eq(http2_preface(SLICE("PRI * HTTP/1.1\r\n")), -1);
}
END_TEST

/* A bomb: one field in the table, named tens of thousands of times.  A head
 * keeps what is within the limits, the tables stay right, and the next head is
 * read as if nothing had been. */
START_TEST(bombs_cost_their_limit)
{
	enum { TIMES = 16000, VALUE = 3500 };
	struct h2_trace t;
	struct buf b, block;
	struct slice head;

	buf_init(&block, MiB);
	buf_adds(&block, GET "\x40\1a\x7f\xad\x1a");	/* 127 + 3373 */
	for (unsigned i = 0; i < VALUE; i++)
		buf_addc(&block, 'v');
	begin(&b);
	add_frame(&b, 1, 0, 1, buf_slice(&block));
	buf_clear(&block);
	for (unsigned i = 0; i < TIMES; i++)
		buf_addc(&block, (char)0xbe);	/* the newest of the table */
	for (unsigned i = 0; i < 20; i++)	/* and a flood of these */
		add_frame(&b, 9, 0, 1, buf_slice(&block));
	FRAME(9, 4, 1, "");
	FRAME(1, 0x5, 3, GET "\xbe");
	h2_trace_init(&t);
	ck_assert(h2_trace_feed(&t, HTTP2_CLIENT, buf_slice(&b)));
	head = buf_slice(&t.text[HTTP2_CLIENT][1]);
	ck_assert_uint_gt(head.n, 200 * KiB);
	ck_assert_uint_lt(head.n, 260 * KiB);
	head = buf_slice(&t.text[HTTP2_CLIENT][3]);
	ck_assert(slice_starts(head, SLICE("(GET / HTTP/2|:scheme: http|a: vv")));
	ck_assert_uint_gt(head.n, VALUE);
	buf_release(&b);
	buf_release(&block);
	h2_trace_release(&t);
}
END_TEST

/* SETTINGS that nobody answers are not gathered for ever. */
START_TEST(unanswered_settings_are_bounded)
{
	struct h2_trace t;
	struct buf b;

	begin(&b);
	for (unsigned i = 0; i <= HTTP2_SETTINGS_MAX; i++)
		FRAME(4, 0, 0, "\0\1\0\0\0\0");
	h2_trace_init(&t);
	ck_assert(!h2_trace_feed(&t, HTTP2_CLIENT, buf_slice(&b)));
	ck_assert_str_eq(http2_why(t.h),
			 "more HTTP/2 SETTINGS than are answered");
	buf_release(&b);
	h2_trace_release(&t);
}
END_TEST

Suite *suite_http2(void);

Suite *
suite_http2(void)
{
	Suite *s = suite_create("http2");
	TCase *t = tcase_create("http2");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, it_hears_what_nghttp2_hears, 0, 25);
	tcase_add_test(t, frames_are_read);
	tcase_add_test(t, promises_are_requests);
	tcase_add_loop_test(t, faults_end_the_following, 0, ARRAY_LEN(faults));
	tcase_add_test(t, the_preface_is_known);
	tcase_add_test(t, bombs_cost_their_limit);
	tcase_add_test(t, unanswered_settings_are_bounded);
	suite_add_tcase(s, t);
	return s;
}
