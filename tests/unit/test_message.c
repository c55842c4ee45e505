/* A message's parts, its framing, and the wire bytes made from them again. */
#include "tape_samples.h"

#include <check.h>

/* The parts of start lines, and nothing where there is none. */
START_TEST(start_lines_have_parts)
{
	struct message m = { .line = SLICE("POST /a/b?c=1#d HTTP/1.1") };

	ck_assert(slice_eq(message_method(&m), SLICE("POST")));
	ck_assert(slice_eq(message_target(&m), SLICE("/a/b?c=1#d")));
	ck_assert(slice_eq(message_path(&m), SLICE("/a/b")));
	ck_assert_uint_eq(message_status(&m), 0);
	m.line = SLICE("GET /with space HTTP/1.1");
	ck_assert(slice_eq(message_target(&m), SLICE("/with space")));
	m.line = SLICE("GET /");
	ck_assert(slice_eq(message_target(&m), SLICE("/")));
	m.line = SLICE("garbage");
	ck_assert_uint_eq(message_method(&m).n, 0);
	ck_assert_uint_eq(message_path(&m).n, 0);
	m.line = SLICE("");
	ck_assert_uint_eq(message_method(&m).n, 0);
	m.line = SLICE("HTTP/1.1 503 Service Unavailable");
	ck_assert_uint_eq(message_status(&m), 503);
	m.line = SLICE("HTTP/1.1 204");
	ck_assert_uint_eq(message_status(&m), 204);
	m.line = SLICE("HTTP/1.1 20x OK");
	ck_assert_uint_eq(message_status(&m), 0);
}
END_TEST

/* Lookups by id work with gaps; headers are found in any case. */
START_TEST(lookups_find_what_is_there)
{
	const struct header *h;
	struct tape t;

	sample_tape(&t);
	ck_assert_ptr_eq(tape_exchange(&t, 2), &t.exchanges[1]);
	ck_assert_ptr_eq(tape_exchange(&t, 5), &t.exchanges[3]);
	ck_assert_ptr_null(tape_exchange(&t, 3));
	ck_assert_ptr_null(tape_exchange(&t, 0));
	h = headers_find(&t.exchanges[0].request.headers, "content-type");
	ck_assert_ptr_nonnull(h);
	ck_assert(slice_eq(h->value, SLICE("application/json")));
	ck_assert_ptr_null(headers_find(&t.exchanges[0].request.headers, "x"));
	tape_release(&t);
	tape_release(NULL);
}
END_TEST

static void
assert_wire(const struct message *m, const char *want)
{
	struct buf b;

	buf_init(&b, MiB);
	message_print(m, &b);
	ck_assert_str_eq(buf_cstr(&b), want);
	buf_release(&b);
}

/* Wire bytes come back from the parts, chunk frames and trailers included,
 * and stop where the message stopped. */
START_TEST(messages_print_their_wire_bytes)
{
	uint64_t chunks[] = { 3, 17 };
	struct header te = header_of_line(SLICE("Transfer-Encoding: chunked"));
	struct header sum = header_of_line(SLICE("X-Sum: 7"));
	struct message m = {
		.present = true,
		.line = SLICE("HTTP/1.1 200 OK"),
		.headers = { &te, 1 },
		.framing = FRAMING_CHUNKED,
		.body = SLICE("abc0123456789abcdefg"),
		.chunks = chunks,
		.nchunks = 2,
		.trailers = { &sum, 1 },
	};

	assert_wire(&m, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			"3\r\nabc\r\n11\r\n0123456789abcdefg\r\n0\r\n"
			"X-Sum: 7\r\n\r\n");
	m.end = END_FIN;
	m.body.n = 5;
	assert_wire(&m, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			"3\r\nabc\r\n11\r\n01");
	m.body.n = 3;
	m.nchunks = 1;
	assert_wire(&m, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			"3\r\nabc\r\n");
	m.raw_head = SLICE("HTTP/1.1 200 OK\n\n");
	m.raw_body = SLICE("03;x\nabc\n");
	assert_wire(&m, "HTTP/1.1 200 OK\n\n03;x\nabc\n");
	m.present = false;
	assert_wire(&m, "");
}
END_TEST

/* Framing follows from the headers by RFC 9112 §6.3. */
START_TEST(framing_follows_from_headers)
{
	struct header h = header_of_line(SLICE("transfer-encoding: gzip, "
					       "Chunked"));
	struct message m = { .present = true,
			     .line = SLICE("HTTP/1.1 200 OK") };

	ck_assert_int_eq(message_framing_told(&m, true), FRAMING_NONE);
	ck_assert_int_eq(message_framing_told(&m, false), FRAMING_CLOSE);
	m.headers = (struct headers){ &h, 1 };
	ck_assert_int_eq(message_framing_told(&m, false), FRAMING_CHUNKED);
	h = header_of_line(SLICE("Transfer-Encoding: chunked, gzip"));
	ck_assert_int_eq(message_framing_told(&m, false), FRAMING_CLOSE);
	h = header_of_line(SLICE("content-length: 3"));
	ck_assert_int_eq(message_framing_told(&m, true), FRAMING_LENGTH);
	m.line = SLICE("HTTP/1.1 304 Not Modified");
	ck_assert_int_eq(message_framing_told(&m, false), FRAMING_NONE);
}
END_TEST

Suite *suite_message(void);

Suite *
suite_message(void)
{
	Suite *s = suite_create("message");
	TCase *t = tcase_create("message");

	tcase_add_test(t, start_lines_have_parts);
	tcase_add_test(t, lookups_find_what_is_there);
	tcase_add_test(t, messages_print_their_wire_bytes);
	tcase_add_test(t, framing_follows_from_headers);
	suite_add_tcase(s, t);
	return s;
}
