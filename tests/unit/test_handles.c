/* Handles: their text, their expansions, and what equals them. */
#include <dvr/scrub/scrub.h>
#include <dvr/wire/coding.h>

#include <dvr/base/hash.h>
#include <dvr/field/field.h>

#include <check.h>
#include <string.h>

Suite *suite_handles(void);

#define OPEN "\xe2\x9f\xa6" "dvr:"
#define CLOSE "\xe2\x9f\xa7"
#define HEX "0123456789abcdef"

/* The expansion of the handle of that class and length. */
static struct slice
expand(struct arena *a, const char *class, size_t length)
{
	struct slice done;
	struct buf b;
	bool any;

	buf_init(&b, 4 * MiB);
	scrub_expand(arena_fmt(a, OPEN "%s:%zu:" HEX CLOSE, class, length),
		     &b, &any);
	ck_assert(any);
	done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

static const char *const classes[] = { "bearer", "password", "email", "jwt",
	"ssn", "pan-411111", "pan-411111-d", "basic", "base64", "cookie-hex",
	"session-uuid", "pin-digits", "ghp", "aws-key-id", "google-key",
	"mock_token", "private-key", "connection", "unheard-of", "ipv4",
	"ipv6", "name", "address" };

/* Every class, every length: the expansion has exactly that length, equals
 * the handle, and is the same each time. */
START_TEST(expansions_have_the_length)
{
	struct arena *a = arena_create();
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(classes); i++) {
		for (n = 0; n < 300; n++) {
			struct slice live = expand(a, classes[i], n);
			struct slice again = expand(a, classes[i], n);

			ck_assert_msg(live.n == n, "%s of %zu is %zu",
				      classes[i], n, live.n);
			ck_assert(slice_eq(live, again));
			ck_assert_msg(scrub_matches(arena_fmt(a, "<" OPEN
				"%s:%zu:" HEX CLOSE ">", classes[i], n),
				arena_fmt(a, "<%.*s>", SLICE_ARG(live))),
				"%s of %zu", classes[i], n);
		}
	}
	arena_destroy(a);
}
END_TEST

/* An expansion stands anywhere: no escape is needed in JSON, a header or
 * (but for '@' and '=') a URL. */
START_TEST(expansions_need_no_escapes)
{
	struct arena *a = arena_create();
	size_t i, n, k;

	for (i = 0; i < ARRAY_LEN(classes); i++) {
		for (n = 0; n < 100; n++) {
			struct slice v = expand(a, classes[i], n);

			for (k = 0; k < v.n; k++)
				ck_assert_msg(strchr("\"\\ %&#?;,\r\n\t<>",
					v.p[k]) == NULL, "%s: %.*s",
					classes[i], SLICE_ARG(v));
		}
	}
	arena_destroy(a);
}
END_TEST

static unsigned
luhn(struct slice digits)
{
	unsigned sum = 0, pos = 0;
	size_t i;

	for (i = digits.n; i > 0; i--) {
		unsigned d = (unsigned)(digits.p[i - 1] - '0');

		if (digits.p[i - 1] == '-')
			continue;
		if (pos++ % 2 == 1)
			d = d * 2 > 9 ? d * 2 - 9 : d * 2;
		sum += d;
	}
	return sum % 10;
}

/* The issuer stays, the check digit is wrong: nobody can be charged. */
START_TEST(mock_cards_fail_their_check)
{
	struct arena *a = arena_create();
	size_t n;

	for (n = 13; n <= 19; n++) {
		struct slice v = expand(a, "pan-411111", n);

		ck_assert(slice_starts(v, SLICE("411111")));
		ck_assert_uint_ne(luhn(v), 0);
	}
	ck_assert_uint_ne(luhn(expand(a, "pan-411111-d", 19)), 0);
	ck_assert_int_eq(expand(a, "pan-411111-d", 19).p[4], '-');
	ck_assert_int_eq(expand(a, "pan-378282-d", 17).p[11], '-');
	arena_destroy(a);
}
END_TEST

/* Area 9xx was never issued, the address is nobody's. */
START_TEST(mock_people_do_not_exist)
{
	struct arena *a = arena_create();
	struct slice v = expand(a, "ssn", 11);

	ck_assert(v.p[0] == '9' && v.p[3] == '-' && v.p[6] == '-' &&
		  v.p[4] < '5');
	ck_assert(slice_ends(expand(a, "email", 20), SLICE("@example.com")));
	ck_assert_int_eq(expand(a, "email", 14).p[0], 'u');
	arena_destroy(a);
}
END_TEST

/* Three parts, the first a JOSE header, the second a JSON object. */
START_TEST(mock_jwts_parse)
{
	struct arena *a = arena_create();
	size_t n;

	for (n = 60; n < 400; n++) {
		struct slice rest = expand(a, "jwt", n);
		struct slice head = slice_cut(&rest, '.');
		struct slice claims = slice_cut(&rest, '.');
		struct buf b;

		buf_init(&b, KiB);
		ck_assert_int_eq(base64_decode(head, &b), 0);
		ck_assert_str_eq(buf_cstr(&b), "{\"alg\":\"HS256\"}");
		buf_clear(&b);
		ck_assert_msg(base64_decode(claims, &b) == 0, "%zu", n);
		ck_assert_msg(slice_starts(buf_slice(&b), SLICE("{\"m\":\"")) &&
			      slice_ends(buf_slice(&b), SLICE("\"}")),
			      "%zu: %s", n, buf_cstr(&b));
		ck_assert_uint_gt(rest.n, 0);
		buf_release(&b);
	}
	arena_destroy(a);
}
END_TEST

/* Issuers' prefixes stay, so that a client's own checks pass. */
START_TEST(prefixes_stay)
{
	struct arena *a = arena_create();

	ck_assert(slice_starts(expand(a, "ghp", 40), SLICE("ghp_")));
	ck_assert(slice_starts(expand(a, "aws-key-id", 20), SLICE("AKIA")));
	ck_assert_int_eq(expand(a, "pin-digits", 4).p[0] > '0', 1);
	arena_destroy(a);
}
END_TEST

/* Basic decodes to user:password. */
START_TEST(mock_basic_decodes)
{
	struct arena *a = arena_create();
	struct buf b;

	buf_init(&b, KiB);
	ck_assert_int_eq(base64_decode(expand(a, "basic", 24), &b), 0);
	ck_assert_int_gt((int)slice_chr(buf_slice(&b), ':'), 0);
	buf_release(&b);
	arena_destroy(a);
}
END_TEST

/* Text without handles passes; what only looks like one is text. */
START_TEST(malformed_handles_are_text)
{
	static const char *const text[] = { "", "plain", OPEN, OPEN "x",
		OPEN "x:1:" HEX, OPEN "X:1:" HEX CLOSE, OPEN ":1:" HEX CLOSE,
		OPEN "x:-1:" HEX CLOSE, OPEN "x:1:0123" CLOSE,
		OPEN "x:99999999999:" HEX CLOSE,
		OPEN "x:1:0123456789abcdeg" CLOSE, OPEN "x:1" CLOSE, CLOSE };
	struct buf b;
	size_t i;
	bool any;

	buf_init(&b, 64 * KiB);
	for (i = 0; i < ARRAY_LEN(text); i++) {
		buf_clear(&b);
		scrub_expand(slice_str(text[i]), &b, &any);
		ck_assert_str_eq(buf_cstr(&b), text[i]);
		ck_assert(!any && !scrub_has_handle(slice_str(text[i])));
		ck_assert(scrub_matches(slice_str(text[i]),
					slice_str(text[i])));
	}
	buf_release(&b);
}
END_TEST

static bool
matches(const char *recorded, const char *live)
{
	return scrub_matches(slice_str(recorded), slice_str(live));
}

/* Any value of the class and length equals a handle, others do not. */
START_TEST(handles_equal_values_of_their_class)
{
	ck_assert(matches("a" OPEN "bearer:3:" HEX CLOSE "b", "axyzb"));
	ck_assert(!matches("a" OPEN "bearer:3:" HEX CLOSE "b", "axyz"));
	ck_assert(!matches("a" OPEN "bearer:3:" HEX CLOSE "b", "axyzbc"));
	ck_assert(!matches("a" OPEN "bearer:3:" HEX CLOSE, "ax"));
	ck_assert(!matches(OPEN "pin-digits:4:" HEX CLOSE, "12a4"));
	ck_assert(matches(OPEN "pin-digits:4:" HEX CLOSE, "1234"));
	ck_assert(!matches(OPEN "ghp:6:" HEX CLOSE, "xxp_aa"));
	ck_assert(!matches(OPEN "email:6:" HEX CLOSE, "abcdef"));
	ck_assert(matches(OPEN "a:1:" HEX CLOSE OPEN "b-hex:2:" HEX CLOSE,
			  "zff"));
	ck_assert(!matches(OPEN "a:1:" HEX CLOSE OPEN "b-hex:2:" HEX CLOSE,
			   "zfg"));
}
END_TEST

/* A tape from elsewhere cannot make an expansion eat the machine. */
START_TEST(lengths_are_bounded)
{
	ck_assert(scrub_has_handle(SLICE(OPEN "x:1048576:" HEX CLOSE)));
	ck_assert(!scrub_has_handle(SLICE(OPEN "x:1048577:" HEX CLOSE)));
}
END_TEST

/* ---- what a replay sends ------------------------------------------- */

static struct header
line(const char *text)
{
	struct slice s = slice_str(text), rest = s;
	struct slice name = slice_cut(&rest, ':');

	return (struct header){ .line = s, .name = name,
				.value = slice_trim(rest) };
}

static void
assert_live(const struct message *m, const char *want)
{
	struct buf b;

	buf_init(&b, 64 * KiB);
	scrub_print_live(NULL, m, &b);
	ck_assert_str_eq(buf_cstr(&b), want);
	buf_release(&b);
}

/* Untouched messages go out byte for byte. */
START_TEST(live_messages_without_handles_are_exact)
{
	struct header h[] = { line("content-LENGTH:  3") };
	struct message m = { .present = true, .line = SLICE("POST / HTTP/1.1"),
			     .headers = { h, 1 }, .body = SLICE("abc"),
			     .body_bytes = 3, .framing = FRAMING_LENGTH };

	assert_live(&m, "POST / HTTP/1.1\r\ncontent-LENGTH:  3\r\n\r\nabc");
	m.raw_head = SLICE("POST / HTTP/1.1\ncontent-LENGTH:  3\n\n");
	assert_live(&m, "POST / HTTP/1.1\ncontent-LENGTH:  3\n\nabc");
}
END_TEST

/* Decoded for the tape: coded again, with the length of what goes out. */
START_TEST(live_lengths_are_right)
{
	struct header h[] = { line("Content-Encoding: gzip"),
			      line("Content-Length: 300") };
	struct message m = { .present = true, .line = SLICE("POST / HTTP/1.1"),
			     .headers = { h, 2 }, .decoded = SLICE("gzip"),
			     .body = SLICE("{\"pin\":" OPEN "pin-digits:4:"
					   HEX CLOSE "}"),
			     .body_bytes = 300, .framing = FRAMING_LENGTH };
	struct buf b, body, coded;

	buf_init(&b, KiB);
	buf_init(&body, KiB);
	buf_init(&coded, KiB);
	scrub_expand(m.body, &body, NULL);
	ck_assert_uint_eq(body.n, 12);
	coding_encode(SLICE("gzip"), buf_slice(&body), &coded);
	scrub_print_live(NULL, &m, &b);
	buf_clear(&body);
	buf_fmt(&body, "POST / HTTP/1.1\r\nContent-Encoding: gzip\r\n"
		"Content-Length: %zu\r\n\r\n", coded.n);
	buf_add(&body, buf_slice(&coded));
	ck_assert(slice_eq(buf_slice(&b), buf_slice(&body)));
	buf_release(&b);
	buf_release(&body);
	buf_release(&coded);
}
END_TEST

/* A coding that is not known stays undone: its field goes. */
START_TEST(unknown_codings_stay_undone)
{
	struct header h[] = { line("Content-Encoding: snappy"),
			      line("Content-Length: 300") };
	struct message m = { .present = true, .line = SLICE("POST / HTTP/1.1"),
			     .headers = { h, 2 }, .decoded = SLICE("snappy"),
			     .body = SLICE("abc"), .body_bytes = 300,
			     .framing = FRAMING_LENGTH };

	assert_live(&m, "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
}
END_TEST

/* Cut short in the recording, cut short by as much in the replay. */
START_TEST(live_cuts_stay_cut)
{
	struct header h[] = { line("Content-Length: 50") };
	struct message m = { .present = true, .line = SLICE("POST / HTTP/1.1"),
			     .headers = { h, 1 }, .end = END_FIN,
			     .body = SLICE("a=" OPEN "email:5:" HEX CLOSE),
			     .body_bytes = 7, .framing = FRAMING_LENGTH };
	struct buf b, body;

	buf_init(&b, KiB);
	buf_init(&body, KiB);
	scrub_expand(m.body, &body, NULL);
	ck_assert_uint_eq(body.n, 7);
	buf_fmt(&b, "POST / HTTP/1.1\r\nContent-Length: 50\r\n\r\n%s",
		buf_cstr(&body));
	assert_live(&m, buf_cstr(&b));
	buf_release(&b);
	buf_release(&body);
}
END_TEST

/* Recorded chunk sizes while they fit, the last one takes the rest. */
START_TEST(live_chunks_fit)
{
	uint64_t sizes[] = { 4, 6 };
	struct header h[] = { line("Transfer-Encoding: chunked") };
	struct message m = { .present = true, .line = SLICE("POST / HTTP/1.1"),
			     .headers = { h, 1 }, .chunks = sizes,
			     .nchunks = 2, .body_bytes = 10,
			     .body = SLICE("abcd" OPEN "literal:7:" HEX CLOSE),
			     .framing = FRAMING_CHUNKED };

	/* a literal handle expands to 7 bytes: one more than recorded */
	assert_live(&m, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
		    "\r\n4\r\nabcd\r\n7\r\n" OPEN "\r\n0\r\n\r\n");
	m.body = SLICE(OPEN "literal:7:" HEX CLOSE "h");
	m.nchunks = 1;		/* fewer sizes than bytes */
	m.body_bytes = 4;
	assert_live(&m, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
		    "\r\n8\r\n" OPEN "h\r\n0\r\n\r\n");
	sizes[0] = 32;		/* cut in the middle of its only chunk */
	m.body_bytes = 8;
	m.end = END_RST;
	assert_live(&m, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
		    "\r\n20\r\n" OPEN "h");
}
END_TEST

Suite *
suite_handles(void)
{
	Suite *s = suite_create("handles");
	TCase *tc = tcase_create("handles");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, expansions_have_the_length);
	tcase_add_test(tc, expansions_need_no_escapes);
	tcase_add_test(tc, mock_cards_fail_their_check);
	tcase_add_test(tc, mock_people_do_not_exist);
	tcase_add_test(tc, mock_jwts_parse);
	tcase_add_test(tc, prefixes_stay);
	tcase_add_test(tc, mock_basic_decodes);
	tcase_add_test(tc, malformed_handles_are_text);
	tcase_add_test(tc, handles_equal_values_of_their_class);
	tcase_add_test(tc, lengths_are_bounded);
	tcase_add_test(tc, live_messages_without_handles_are_exact);
	tcase_add_test(tc, live_lengths_are_right);
	tcase_add_test(tc, unknown_codings_stay_undone);
	tcase_add_test(tc, live_cuts_stay_cut);
	tcase_add_test(tc, live_chunks_fit);
	suite_add_tcase(s, tc);
	return s;
}
