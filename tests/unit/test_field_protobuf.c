/* Protobuf and gRPC: places by number and by name, lengths made right. */
#include "field_trace.h"

#include <dvr/field/protobuf.h>

#include <check.h>

Suite *suite_field_protobuf(void);

/* {1: {1: 150, 3: "maria"}, 2: "a", 2: "b", 4: fixed32, 5: bytes} */
#define ORDER "\x0a\x0a\x08\x96\x01\x1a\x05" "maria" \
	"\x12\x01" "a" "\x12\x01" "b" "\x25\x01\x00\x00\x00" \
	"\x2a\x02\xff\x00"

START_TEST(members_have_their_numbers)
{
	assert_trace(field_walk, field_format_named("protobuf"),
		     SLICE(ORDER),
		     "/1 { \n/1/1 n 150\n/1/3 s maria\n/2 s a\n/2:1 s b\n"
		     "/4 n 0x00000001\n/5 y \xff\n");
}
END_TEST

/* Longer than 127 within and without: both lengths take another byte. */
START_TEST(lengths_around_an_edit_are_made_right)
{
	const struct field_format *f = field_format_named("protobuf");
	char text[200];
	struct buf b, want;

	memset(text, 'x', sizeof(text));
	buf_init(&b, 4096);
	buf_init(&want, 4096);
	put_field(f, SLICE(ORDER), "/1/3", slice_of(text, 200), &b);
	buf_add(&want, SLICE("\x0a\xce\x01\x08\x96\x01\x1a\xc8\x01"));
	buf_add(&want, slice_of(text, 200));
	buf_add(&want, slice_from(SLICE(ORDER), 12));
	ck_assert(slice_eq(buf_slice(&b), buf_slice(&want)));
	buf_clear(&b);
	put_field(f, SLICE(ORDER), "/1/1", SLICE("1"), &b);
	ck_assert(slice_starts(buf_slice(&b), SLICE("\x0a\x09\x08\x01\x1a")));
	buf_clear(&b);
	put_field(f, SLICE(ORDER), "/4", SLICE("0x0000ff02"), &b);
	ck_assert(slice_ends(buf_slice(&b),
			     SLICE("\x25\x02\xff\x00\x00\x2a\x02\xff\x00")));
	buf_release(&b);
	buf_release(&want);
}
END_TEST

/* A handle makes its length a letter: the message around must not become
 * text by that. */
START_TEST(a_handle_leaves_a_message_one)
{
	const struct field_format *f = field_format_named("protobuf");
	struct buf b;

	buf_init(&b, 4096);
	put_field(f, SLICE("\x0a\x07(A\"\x03" "abc"), "/1/4",
		  SLICE("\xe2\x9f\xa6" "dvr:token:3:0123456789abcdef"
			"\xe2\x9f\xa7"), &b);
	assert_trace(field_walk, f, buf_slice(&b),
		     "/1 { \n/1/5 n 65\n/1/4 s \xe2\x9f\xa6"
		     "dvr:token:3:0123456789abcdef\xe2\x9f\xa7\n");
	buf_release(&b);
}
END_TEST

START_TEST(calls_have_their_messages)
{
	struct slice body = SLICE("\0\0\0\0\x04\x0a\x02hi"
				  "\x01\0\0\0\x02\xff\xff"
				  "\0\0\0\0\0");
	const struct field_format *f = field_format_named("grpc");
	struct buf b;

	assert_trace(field_walk, f, body,
		     "/0 { \n/0/1 s hi\n/1 y \xff\xff\n/2 { \n");
	buf_init(&b, 4096);
	put_field(f, body, "/0/1", SLICE("hello"), &b);
	ck_assert(slice_eq(buf_slice(&b), SLICE(
		"\0\0\0\0\x07\x0a\x05hello\x01\0\0\0\x02\xff\xff"
		"\0\0\0\0\0")));
	buf_release(&b);
}
END_TEST

static void
put_text(struct buf *b, unsigned number, const char *text)
{
	buf_addc(b, (char)(number << 3 | 2));
	buf_addc(b, (char)strlen(text));
	buf_adds(b, text);
}

static void
put_member(struct buf *message, const char *name, char number, char label,
	   char type, const char *type_name)
{
	struct buf b;

	buf_init(&b, 256);
	put_text(&b, 1, name);
	buf_addc(&b, 3 << 3);
	buf_addc(&b, number);
	buf_addc(&b, 4 << 3);
	buf_addc(&b, label);
	buf_addc(&b, 5 << 3);
	buf_addc(&b, type);
	if (type_name)
		put_text(&b, 6, type_name);
	buf_addc(message, 2 << 3 | 2);
	buf_addc(message, (char)b.n);
	buf_add(message, buf_slice(&b));
	buf_release(&b);
}

static void
put_within(struct buf *out, unsigned number, const struct buf *b)
{
	buf_addc(out, (char)(number << 3 | 2));
	buf_addc(out, (char)(b->n | 128));
	buf_addc(out, (char)(b->n >> 7));
	buf_add(out, buf_slice(b));
}

/* What protoc -o writes for shop.proto: Order {User user = 1; repeated string
 * tags = 2; repeated int32 counts = 3; double price = 4; bool paid = 5; int64
 * delta = 6}, User {int32 id = 1; string email = 3}, Cart.Add. */
static void
put_descriptors(struct buf *out)
{
	struct buf file, m, user, service, method;

	buf_init(&file, 4096);
	buf_init(&m, 4096);
	buf_init(&user, 4096);
	buf_init(&service, 4096);
	buf_init(&method, 4096);
	put_text(&file, 1, "shop.proto");
	put_text(&file, 2, "shop.v1");
	put_text(&m, 1, "Order");
	put_member(&m, "user", 1, 1, 11, ".shop.v1.User");
	put_member(&m, "tags", 2, 3, 9, NULL);
	put_member(&m, "counts", 3, 3, 5, NULL);
	put_member(&m, "price", 4, 1, 1, NULL);
	put_member(&m, "paid", 5, 1, 8, NULL);
	put_member(&m, "delta", 6, 1, 3, NULL);
	put_within(&file, 4, &m);
	put_text(&user, 1, "User");
	put_member(&user, "id", 1, 1, 5, NULL);
	put_member(&user, "email", 3, 1, 9, NULL);
	put_within(&file, 4, &user);
	put_text(&service, 1, "Cart");
	put_text(&method, 1, "Add");
	put_text(&method, 2, ".shop.v1.Order");
	put_text(&method, 3, ".shop.v1.User");
	put_within(&service, 2, &method);
	put_within(&file, 6, &service);
	put_within(out, 1, &file);
	buf_release(&file);
	buf_release(&m);
	buf_release(&user);
	buf_release(&service);
	buf_release(&method);
}

START_TEST(descriptors_give_names)
{
	static const char order[] = "\x0a\x0a\x08\x96\x01\x1a\x05" "maria"
		"\x12\x01" "a" "\x12\x01" "b" "\x1a\x03\x01\x96\x01"
		"\x21\0\0\0\0\0\0\xf8\x3f" "\x28\x01"
		"\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" "\x38\x05";
	struct arena *a = arena_create();
	struct proto_schema *s = proto_schema_create(a);
	const struct field_format *f;
	struct err e;
	struct buf b;

	buf_init(&b, 4096);
	put_descriptors(&b);
	ck_assert_int_eq(proto_schema_add(s, "shop.pb", buf_slice(&b), &e), 0);
	f = proto_format(s, a, SLICE("shop.v1.Order"), false);
	ck_assert_ptr_nonnull(f);
	assert_trace(field_walk, f, slice_of(order, sizeof(order) - 1),
		     "/user { \n/user/id n 150\n/user/email s maria\n"
		     "/tags/0 s a\n/tags/1 s b\n"
		     "/counts/0/0 n 1\n/counts/0/1 n 150\n/price n 1.5\n"
		     "/paid b true\n/delta n -1\n/7 n 5\n");
	f = proto_method_format(s, a, SLICE("/shop.v1.Cart/Add"),
				PLACE_RESPONSE);
	ck_assert_ptr_nonnull(f);
	assert_trace(field_walk, f, SLICE("\0\0\0\0\x04\x1a\x02hi"),
		     "/0 { \n/0/email s hi\n");
	ck_assert_ptr_null(proto_method_format(s, a, SLICE("/x/Y"),
					       PLACE_REQUEST));
	ck_assert_int_eq(proto_schema_add(s, "x.pb", SLICE("hello"), &e), -1);
	ck_assert_msg(strstr(e.msg, "x.pb: not a descriptor set") != NULL,
		      "%s", e.msg);
	buf_release(&b);
	arena_destroy(a);
}
END_TEST

START_TEST(numbers_are_written_as_they_were)
{
	static const struct { const char *text; struct slice want; } rows[] = {
		{ "300", { "\xac\x02", 2 } },
		{ "-1", { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 } },
		{ "0x00000102", { "\x02\x01\0\0", 4 } },
		{ "0x0000000000000102", { "\x02\x01\0\0\0\0\0\0", 8 } },
		{ "1.5", { "\0\0\0\0\0\0\xf8\x3f", 8 } },
		{ "1.5f", { "\0\0\xc0\x3f", 4 } },
	};
	struct buf b;
	size_t i;

	buf_init(&b, 64);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&b);
		field_format_named("protobuf")->encode(FIELD_NUMBER,
			slice_str(rows[i].text), &b);
		ck_assert_msg(slice_eq(buf_slice(&b), rows[i].want), "%s",
			      rows[i].text);
	}
	buf_release(&b);
}
END_TEST

Suite *
suite_field_protobuf(void)
{
	Suite *s = suite_create("field_protobuf");
	TCase *t = tcase_create("protobuf");

	tcase_add_test(t, members_have_their_numbers);
	tcase_add_test(t, lengths_around_an_edit_are_made_right);
	tcase_add_test(t, a_handle_leaves_a_message_one);
	tcase_add_test(t, calls_have_their_messages);
	tcase_add_test(t, descriptors_give_names);
	tcase_add_test(t, numbers_are_written_as_they_were);
	suite_add_tcase(s, t);
	return s;
}
