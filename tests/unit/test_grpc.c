/* gRPC's messages in a body that comes in pieces. */
#include <dvr/base/buf.h>
#include <dvr/wire/grpc.h>

#include <check.h>

Suite *suite_grpc(void);

/* Steps, and the length that each beginning tells. */
static void
follow(struct grpc_cursor *c, struct slice in, struct buf *out)
{
	enum grpc_step step;

	while ((step = grpc_follow(c, &in)) != GRPC_MORE)
		if (step == GRPC_BEGINS)
			buf_fmt(out, "<%u", (unsigned)c->left);
		else
			buf_adds(out, ">");
	ck_assert_uint_eq(in.n, 0);
}

START_TEST(every_split_finds_the_same_messages)
{
	struct slice body = SLICE("\0\0\0\0\3abc" "\0\0\0\0\0" "\1\0\0\0\1z"
				  "\0\0\0\1\0not all of it");

	for (size_t at = 0; at <= body.n; at++) {
		struct grpc_cursor c = { .nprefix = 0 };
		struct buf out;

		buf_init(&out, 1024);
		follow(&c, slice_range(body, 0, at), &out);
		follow(&c, slice_from(body, at), &out);
		ck_assert_str_eq(buf_cstr(&out), "<3><0><1><256");
		buf_release(&out);
	}
}
END_TEST

START_TEST(byte_by_byte_the_steps_are_the_same)
{
	struct slice body = SLICE("\0\0\0\0\0" "\0\0\0\0\2ab" "\0\0\0\0\0");
	struct grpc_cursor c = { .nprefix = 0 };
	struct buf out;

	buf_init(&out, 1024);
	for (size_t i = 0; i < body.n; i++)
		follow(&c, slice_range(body, i, i + 1), &out);
	ck_assert_str_eq(buf_cstr(&out), "<0><2><0>");
	buf_release(&out);
}
END_TEST

Suite *
suite_grpc(void)
{
	Suite *s = suite_create("grpc");
	TCase *t = tcase_create("pieces");

	tcase_add_test(t, every_split_finds_the_same_messages);
	tcase_add_test(t, byte_by_byte_the_steps_are_the_same);
	suite_add_tcase(s, t);
	return s;
}
