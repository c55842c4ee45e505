/* What is kept of a live answer beside the recorded one. */
#include "../../runner/replay/collect.h"

#include <check.h>
#include <string.h>

#define RECORDED "HTTP/1.1 200 OK\r\nDate: Mon\r\nX:  a b \r\n" \
		 "Content-Length: 4\r\n\r\nbody"

static struct arena *arena;
static struct message recorded, live;

static void
setup(void)
{
	arena = arena_create();
}

static void
teardown(void)
{
	arena_destroy(arena);
}

static enum http1_event
step(struct collect *c, struct http1_decoder *d, struct slice *in,
     struct message *m)
{
	struct slice span;
	size_t used = 0;
	enum http1_event ev = http1_next(d, *in, &used, &span);

	*in = slice_from(*in, used);
	if (ev == HTTP1_HEAD)
		collect_head(c, &d->head, m);
	if (ev == HTTP1_BODY)
		collect_body(c, span, m);
	if (ev == HTTP1_CHUNK)
		collect_chunk(c, d->chunk_size, m);
	return ev;
}

/* The text in two reads; *m is what was collected of it. */
static void
collect(const char *text, size_t first_read, const struct message *like,
	struct message *m)
{
	struct slice all = slice_str(text);
	/* A read's bytes are gone after it. */
	char *copy = arena_str(arena, all);
	struct slice in = slice_of(copy, first_read);
	enum http1_event ev = HTTP1_MORE;
	struct http1_decoder d;
	struct collect c;
	int reads = 1;

	*m = (struct message){ 0 };
	http1_init(&d, HTTP1_RESPONSE);
	collect_init(&c, arena, like);
	while (ev != HTTP1_END) {
		ev = step(&c, &d, &in, m);
		ck_assert_int_ne(ev, HTTP1_BAD);
		if (ev != HTTP1_MORE)
			continue;
		ck_assert_int_eq(reads++, 1);
		in = slice_of(copy + first_read, all.n - first_read);
	}
	collect_end(&c, m);
	collect_release(&c);
	http1_release(&d);
	memset(copy, '#', all.n);
}

static void
collect_both(const char *answer, size_t first_read)
{
	collect(RECORDED, sizeof(RECORDED) - 1, NULL, &recorded);
	collect(answer, first_read, &recorded, &live);
}

static bool
shared(struct slice a, struct slice b)
{
	return a.p == b.p && a.n == b.n;
}

/* The recorded answer again, whole or in pieces, takes no memory. */
START_TEST(the_recorded_answer_is_not_copied)
{
	for (size_t i = 1; i < sizeof(RECORDED); i++) {
		collect_both(RECORDED, i);
		ck_assert(shared(live.line, recorded.line));
		ck_assert_ptr_eq(live.headers.v, recorded.headers.v);
		ck_assert_uint_eq(live.headers.n, 3);
		ck_assert(shared(live.body, recorded.body));
		ck_assert(slice_eq(live.body, SLICE("body")));
		ck_assert_uint_eq(live.body_bytes, 4);
	}
}
END_TEST

/* One line and the body differ: they are kept, the rest is the tape's. */
START_TEST(what_differs_is_kept)
{
	static const char other[] =
		"HTTP/1.1 200 OK\r\nDate: Tue\r\nX:  a b \r\n"
		"Content-Length: 4\r\n\r\nBODY";

	for (size_t i = 1; i < sizeof(other); i++) {
		collect_both(other, i);
		ck_assert_uint_eq(live.headers.n, 3);
		ck_assert(slice_eq(live.headers.v[0].line,
				   SLICE("Date: Tue")));
		ck_assert(slice_eq(live.headers.v[0].name, SLICE("Date")));
		ck_assert(slice_eq(live.headers.v[0].value, SLICE("Tue")));
		ck_assert(shared(live.headers.v[1].line,
				 recorded.headers.v[1].line));
		ck_assert(slice_eq(live.headers.v[1].value, SLICE("a b")));
		ck_assert(slice_eq(live.body, SLICE("BODY")));
		ck_assert(slice_eq(recorded.body, SLICE("body")));
		ck_assert(slice_eq(recorded.headers.v[0].value,
				   SLICE("Mon")));
	}
}
END_TEST

/* Fewer fields than recorded, or more, or without a value. */
START_TEST(other_fields_are_kept)
{
	collect_both("HTTP/1.1 304 OK\r\nDate: Mon\r\n\r\n", 10);
	ck_assert_uint_eq(live.headers.n, 1);
	ck_assert(slice_eq(live.headers.v[0].line, SLICE("Date: Mon")));
	collect_both("HTTP/1.1 200 None\r\nDate: Mon\r\nX:  a b \r\n"
		     "Content-Length: 0\r\nY:\r\n\r\n", 10);
	ck_assert(slice_eq(live.line, SLICE("HTTP/1.1 200 None")));
	ck_assert_uint_eq(live.headers.n, 4);
	ck_assert(slice_eq(live.headers.v[3].name, SLICE("Y")));
	ck_assert_uint_eq(live.headers.v[3].value.n, 0);
	ck_assert(slice_eq(recorded.line, SLICE("HTTP/1.1 200 OK")));
}
END_TEST

/* A chunked body that is the recorded one comes in pieces. */
START_TEST(chunks_are_told)
{
	collect_both("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n", 60);
	ck_assert(shared(live.body, recorded.body));
	ck_assert_uint_eq(live.nchunks, 2);
	ck_assert_uint_eq(live.body_bytes, 4);
}
END_TEST

Suite *suite_collect(void);

Suite *
suite_collect(void)
{
	Suite *s = suite_create("collect");
	TCase *tc = tcase_create("collect");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_recorded_answer_is_not_copied);
	tcase_add_test(tc, what_differs_is_kept);
	tcase_add_test(tc, other_fields_are_kept);
	tcase_add_test(tc, chunks_are_told);
	suite_add_tcase(s, tc);
	return s;
}
