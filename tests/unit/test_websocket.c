/* WebSocket frames become messages; broken ones are told. */
#include "websocket_trace.h"

#include <check.h>

Suite *suite_websocket(void);

#define LIMIT (64u * KiB)

static const struct websocket_terms client = { .sender = WEBSOCKET_CLIENT };
static const struct websocket_terms server = { .sender = WEBSOCKET_SERVER };
static const struct websocket_terms deflated = {
	.sender = WEBSOCKET_SERVER, .deflate = true };
static const struct websocket_terms deflated_alone = {
	.sender = WEBSOCKET_SERVER, .deflate = true, .no_context = true };

/* Whatever the pieces, that is what it decodes to. */
static void
decodes_within(const struct websocket_terms *t, size_t limit, struct slice in,
	       const char *want)
{
	struct buf out;

	for (size_t step = 1; step <= in.n; step++) {
		buf_init(&out, MiB);
		websocket_trace(t, limit, in, step, &out);
		ck_assert_str_eq(buf_cstr(&out), want);
		buf_release(&out);
	}
}

static void
decodes(const struct websocket_terms *t, struct slice in, const char *want)
{
	decodes_within(t, LIMIT, in, want);
}

/* RFC 6455 §5.7: the examples. */
START_TEST(frames_of_the_standard_are_read)
{
	decodes(&server, SLICE("\x81\x05Hello"), "1 [0,7) Hello\n");
	decodes(&client, SLICE("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
		"1 [0,11) Hello\n");
	decodes(&server, SLICE("\x01\x03Hel\x80\x02lo"), "1 [0,9) Hello\n");
	decodes(&server, SLICE("\x89\x05Hello\x8a\x05Hello"),
		"9 [0,7) Hello\n10 [7,14) Hello\n");
}
END_TEST

START_TEST(a_ping_may_stand_between_pieces)
{
	decodes(&server, SLICE("\x01\x03Hel\x89\x01p\x00\x01l\x80\x01o"),
		"9 [5,8) p\n1 [0,14) Hello\n");
}
END_TEST

START_TEST(a_close_has_a_code_and_a_reason)
{
	decodes(&server, SLICE("\x88\x05\x03\xf3" "bad"), "8 [0,7) 1011 bad\n");
	decodes(&server, SLICE("\x88\x00"), "8 [0,2) \n");
}
END_TEST

/* RFC 7692 §7.2.3: the examples, the second one upon the first's window. */
START_TEST(compressed_messages_are_inflated)
{
	decodes(&deflated, SLICE("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"
				 "\xc1\x05\xf2\x00\x11\x00\x00"),
		"1 [0,9) Hello\n1 [9,16) Hello\n");
	/* in pieces, and with a final block */
	decodes(&deflated, SLICE("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00"),
		"1 [0,11) Hello\n");
	decodes(&deflated, SLICE("\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00"
				 "\x81\x02no"),
		"1 [0,10) Hello\n1 [10,14) no\n");
	decodes(&deflated_alone, SLICE("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"
				       "\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"),
		"1 [0,9) Hello\n1 [9,18) Hello\n");
}
END_TEST

/* What refers to a window that is lost cannot be read, and is not guessed. */
START_TEST(large_messages_are_withheld_and_what_leans_on_them)
{
	decodes_within(&server, 4, SLICE("\x81\x05Hello\x81\x02lo"),
		       "1 [0,7) larger than what is kept of a message\n"
		       "1 [7,11) lo\n");
	decodes_within(&deflated, 6,
		       SLICE("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"
			     "\xc1\x05\xf2\x00\x11\x00\x00"),
		       "1 [0,9) larger than what is kept of a message\n"
		       "1 [9,16) compressed upon a message that was not "
		       "kept\n");
	decodes_within(&deflated_alone, 5,
		       SLICE("\xc1\x05\xf2\x00\x11\x00\x00"),
		       "1 [0,7) not compressed as it says\n");
}
END_TEST

static const struct {
	const struct websocket_terms *terms;
	struct slice in;
	const char *why;
} bad[] = {
	{ &server, { "\xa1\x00", 2 }, "reserved bits" },
	{ &server, { "\xc1\x00", 2 }, "reserved bits" },
	{ &deflated, { "\xc9\x00", 2 }, "reserved bits" },
	{ &server, { "\x83\x00", 2 }, "unknown kind" },
	{ &server, { "\x8b\x00", 2 }, "unknown kind" },
	{ &server, { "\x80\x00", 2 }, "continuation of nothing" },
	{ &server, { "\x01\x00\x81\x00", 4 }, "inside another" },
	{ &server, { "\x09\x00", 2 }, "in pieces" },
	{ &server, { "\x89\x7e\x00\x7e", 4 }, "too long" },
	{ &server, { "\x88\x01\x03", 3 }, "half a code" },
	{ &server, { "\x81\x80" "abcd", 6 }, "masked frame of the server" },
	{ &client, { "\x81\x00", 2 }, "without a mask" },
	{ &server, { "\x81\x7f\x80\0\0\0\0\0\0\0", 10 }, "cannot be" },
};

START_TEST(broken_frames_are_told)
{
	struct buf out;

	for (size_t step = 1; step <= bad[_i].in.n; step++) {
		buf_init(&out, MiB);
		websocket_trace(bad[_i].terms, LIMIT, bad[_i].in, step, &out);
		ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "bad: "));
		ck_assert_ptr_nonnull(strstr(buf_cstr(&out), bad[_i].why));
		buf_release(&out);
	}
}
END_TEST

/* Lengths on both sides of where their form changes. */
START_TEST(what_is_written_is_read_again)
{
	static const size_t sizes[] = { 0, 1, 125, 126, 65535, 65536, 100000 };
	struct websocket_message m = { .payload = { NULL, 0 } };
	struct websocket w;
	struct buf wire;
	size_t used;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char *p = mem_alloc(sizes[i] + 1);
		struct websocket_frame f = {
			.kind = WEBSOCKET_BINARY, .masked = true,
			.mask = { 1, 200, 3, 77 },
			.payload = slice_of(p, sizes[i]),
		};

		memset(p, 'x', sizes[i]);
		buf_init(&wire, MiB);
		websocket_put(&f, &wire);
		websocket_init(&w, &client, MiB);
		ck_assert_int_eq(websocket_next(&w, buf_slice(&wire), &used,
						&m), WEBSOCKET_MESSAGE);
		ck_assert_uint_eq(used, wire.n);
		ck_assert(slice_eq(m.payload, f.payload));
		websocket_release(&w);
		buf_release(&wire);
		free(p);
	}
}
END_TEST

START_TEST(a_close_is_written_with_its_code)
{
	struct websocket_frame f = { .kind = WEBSOCKET_CLOSE, .code = 1011,
				     .payload = SLICE("bad") };
	struct buf wire;

	buf_init(&wire, MiB);
	websocket_put(&f, &wire);
	decodes(&server, buf_slice(&wire), "8 [0,7) 1011 bad\n");
	buf_release(&wire);
}
END_TEST

/* RFC 6455 §1.3 */
START_TEST(the_handshake_is_answered)
{
	char out[WEBSOCKET_ACCEPT];

	websocket_accept(SLICE("dGhlIHNhbXBsZSBub25jZQ=="), out);
	ck_assert_str_eq(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
END_TEST

START_TEST(extensions_are_agreed_on_by_direction)
{
	struct slice both = SLICE("permessage-deflate; "
				  "client_no_context_takeover; "
				  "server_max_window_bits=10");
	struct websocket_terms t;

	ck_assert_int_eq(websocket_agree(both, WEBSOCKET_CLIENT, &t), 0);
	ck_assert(t.deflate && t.no_context);
	ck_assert_int_eq(websocket_agree(both, WEBSOCKET_SERVER, &t), 0);
	ck_assert(t.deflate && !t.no_context);
	ck_assert_int_eq(websocket_agree(SLICE(""), WEBSOCKET_SERVER, &t), 0);
	ck_assert(!t.deflate);
	ck_assert_int_eq(websocket_agree(SLICE("x-brotli"), WEBSOCKET_SERVER,
					 &t), -1);
}
END_TEST

Suite *
suite_websocket(void)
{
	Suite *s = suite_create("websocket");
	TCase *t = tcase_create("websocket");

	tcase_add_test(t, frames_of_the_standard_are_read);
	tcase_add_test(t, a_ping_may_stand_between_pieces);
	tcase_add_test(t, a_close_has_a_code_and_a_reason);
	tcase_add_test(t, compressed_messages_are_inflated);
	tcase_add_test(t, large_messages_are_withheld_and_what_leans_on_them);
	tcase_add_loop_test(t, broken_frames_are_told, 0,
			    (int)ARRAY_LEN(bad));
	tcase_add_test(t, what_is_written_is_read_again);
	tcase_add_test(t, a_close_is_written_with_its_code);
	tcase_add_test(t, the_handshake_is_answered);
	tcase_add_test(t, extensions_are_agreed_on_by_direction);
	suite_add_tcase(s, t);
	return s;
}
