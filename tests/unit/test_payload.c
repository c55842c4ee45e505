/* Bodies without the codings around them, and back. */
#include <dvr/tape/payload.h>
#include <dvr/wire/coding.h>

#include <check.h>

Suite *suite_payload(void);

#define MAX (1u * MiB)

static struct arena *a;

static void
setup(void)
{
	a = arena_create();
}

static void
teardown(void)
{
	arena_destroy(a);
}

static struct slice
coded(struct slice names, struct slice plain)
{
	struct slice done;
	struct buf b;

	buf_init(&b, MAX);
	ck_assert_int_eq(coding_encode(names, plain, &b), CODING_OK);
	done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

static struct message
message(struct slice body, const char *const *lines, size_t n)
{
	struct message m = { .present = true, .body = body,
			     .headers = { arena_array(a, n + 1,
					  sizeof(struct header)), n } };

	for (size_t i = 0; i < n; i++)
		m.headers.v[i] = header_of_line(slice_str(lines[i]));
	return m;
}

static void
put_frame(struct buf *b, bool compressed, struct slice payload)
{
	buf_addc(b, compressed);
	buf_add(b, SLICE("\0\0\0"));
	buf_addc(b, (char)payload.n);
	buf_add(b, payload);
}

/* Fields of one name are one list. */
START_TEST(repeated_codings_are_a_list)
{
	static const char *const lines[] = { "content-encoding: deflate",
		"Content-Type: text/plain", "Content-Encoding: gzip, br" };
	struct message m = message(coded(SLICE("deflate, gzip, br"),
					 SLICE("hello")), lines, 3);
	struct slice out;

	ck_assert(slice_eq(message_coding(a, &m),
			   SLICE("deflate, gzip, br")));
	ck_assert(message_plain(a, &m, MAX, &out));
	ck_assert(slice_eq(out, SLICE("hello")));
	ck_assert(message_code(a, &m, SLICE("hello!"), &out));
	m.body = out;
	ck_assert(message_plain(a, &m, MAX, &out));
	ck_assert(slice_eq(out, SLICE("hello!")));
	/* what was undone for the tape is not undone again */
	m.decoded = SLICE("deflate, gzip, br");
	m.body = SLICE("plain");
	ck_assert(message_plain(a, &m, MAX, &out));
	ck_assert(slice_eq(out, SLICE("plain")));
}
END_TEST

/* Too large, broken or unknown: the body as it stands. */
START_TEST(what_cannot_be_undone_stays)
{
	static const char *const lines[][1] = {
		{ "Content-Encoding: gzip" }, { "Content-Encoding: snappy" } };
	struct message m = message(SLICE("no gzip"), lines[0], 1);
	struct slice out;

	ck_assert(!message_plain(a, &m, MAX, &out));
	ck_assert(slice_eq(out, SLICE("no gzip")));
	m.body = coded(SLICE("gzip"), SLICE("hello"));
	ck_assert(!message_plain(a, &m, 4, &out));
	ck_assert_ptr_eq(out.p, m.body.p);
	m = message(SLICE("hello"), lines[1], 1);
	ck_assert(!message_plain(a, &m, MAX, &out));
	ck_assert(!message_code(a, &m, SLICE("x"), &out));
}
END_TEST

/* Each message of a call by its flag; the rest of one that was cut stays. */
START_TEST(calls_lose_their_compression)
{
	static const char *const lines[] = { "content-type: application/grpc",
					     "grpc-encoding: deflate" };
	struct slice out, again;
	struct message m;
	struct buf b;

	buf_init(&b, MAX);
	put_frame(&b, true, coded(SLICE("deflate"), SLICE("one")));
	put_frame(&b, false, SLICE("two"));
	buf_add(&b, slice_of("\1\0\0", 3));
	m = message(arena_copy(a, buf_slice(&b)), lines, 2);
	ck_assert(message_plain(a, &m, MAX, &out));
	ck_assert(slice_eq(out, slice_of("\0\0\0\0\3one\0\0\0\0\3two\1\0\0",
					 19)));
	ck_assert(message_code(a, &m, out, &again));
	ck_assert(slice_eq(again, m.body));
	m.headers.n = 1;
	ck_assert(message_plain(a, &m, MAX, &out));
	ck_assert_ptr_eq(out.p, m.body.p);
	buf_release(&b);
}
END_TEST

/* curl -d sends JSON under a form's type. */
START_TEST(json_is_read_as_json)
{
	static const char *const form[] = {
		"Content-Type: application/x-www-form-urlencoded" };
	struct message m = message(SLICE("a=1"), form, 1);

	ck_assert_ptr_eq(message_format(&m, SLICE("a=1")),
			 field_format_named("form"));
	ck_assert_ptr_eq(message_format(&m, SLICE(" {\"a\":1}")),
			 field_format_named("json"));
	m.headers.n = 0;
	ck_assert_ptr_eq(message_format(&m, SLICE("[1]")),
			 field_format_named("json"));
	ck_assert_ptr_null(message_format(&m, SLICE("text")));
}
END_TEST

Suite *
suite_payload(void)
{
	Suite *s = suite_create("payload");
	TCase *t = tcase_create("payload");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, repeated_codings_are_a_list);
	tcase_add_test(t, what_cannot_be_undone_stays);
	tcase_add_test(t, calls_lose_their_compression);
	tcase_add_test(t, json_is_read_as_json);
	suite_add_tcase(s, t);
	return s;
}
