/* Content codings: what comes out, what is kept on a fault, what is refused. */
#include "coders.h"

#include <brotli/encode.h>
#include <check.h>
#include <dvr/base/mem.h>
#include <dvr/wire/coding.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

static const char text[] =
	"{\"cart\":\"c-17\",\"items\":[{\"sku\":\"a\",\"n\":1},"
	"{\"sku\":\"b\",\"n\":2},{\"sku\":\"c\",\"n\":3}],\"total\":\"1.10\"}";
#define TEXT slice_of(text, sizeof(text) - 1)

static void
gzip(struct slice in, struct buf *out)
{
	code_deflate(in, CODE_GZIP, out);
}

static void
deflate_zlib(struct slice in, struct buf *out)
{
	code_deflate(in, CODE_ZLIB, out);
}

static void
deflate_raw(struct slice in, struct buf *out)
{
	code_deflate(in, CODE_RAW, out);
}

static const struct {
	const char *name;
	void (*encode)(struct slice in, struct buf *out);
} coders[] = {
	{ "gzip", gzip },	    { "x-gzip", gzip },
	{ "deflate", deflate_zlib }, { "deflate", deflate_raw },
	{ "deflate", gzip },	    { "br", code_brotli },
	{ "zstd", code_zstd },
};

/* Something that compresses, and not to nothing. */
static void
long_text(struct buf *out, size_t bytes)
{
	uint32_t x = 1;

	while (out->n < bytes) {
		x = x * 1664525u + 1013904223u;
		buf_fmt(out, "{\"id\":%u,\"name\":\"item\"},", x >> 8);
	}
}

/* What is coded comes back, under one coding and under a list of them. */
START_TEST(a_body_is_coded_again)
{
	static const char *const lists[] = { "gzip", "deflate", "br", "zstd",
		"x-gzip", "identity", "gzip, br", "br, identity,zstd , gzip" };
	struct slice names = slice_str(lists[_i]);
	struct buf plain, coded, out;

	buf_init(&plain, 4 * MiB);
	buf_init(&coded, 4 * MiB);
	buf_init(&out, 4 * MiB);
	long_text(&plain, 300000);
	ck_assert_int_eq(coding_encode(names, buf_slice(&plain), &coded),
			 CODING_OK);
	if (!coding_identity(names))
		ck_assert_uint_lt(coded.n, plain.n / 2);
	ck_assert_int_eq(coding_decode(names, buf_slice(&coded), &out),
			 CODING_OK);
	ck_assert(slice_eq(buf_slice(&out), buf_slice(&plain)));
	buf_clear(&coded);
	buf_clear(&out);
	ck_assert_int_eq(coding_encode(names, SLICE(""), &coded), CODING_OK);
	ck_assert_int_eq(coding_decode(names, buf_slice(&coded), &out),
			 CODING_OK);
	ck_assert_uint_eq(out.n, 0);
	buf_release(&plain);
	buf_release(&coded);
	buf_release(&out);
}
END_TEST

/* A name that is not known codes nothing; a limit is kept. */
START_TEST(coding_has_its_bounds)
{
	struct buf out;

	buf_init(&out, 16);
	ck_assert_int_eq(coding_encode(SLICE("gzip, snappy"), TEXT, &out),
			 CODING_UNKNOWN);
	ck_assert_uint_eq(out.n, 0);
	ck_assert_int_eq(coding_encode(SLICE("gzip"), TEXT, &out),
			 CODING_LIMIT);
	buf_release(&out);
}
END_TEST

/* Every coding gives back a short and a long body, behind what `out` held. */
START_TEST(a_body_comes_back)
{
	struct slice name = slice_str(coders[_i].name);
	struct buf plain, coded, out;

	buf_init(&plain, 4 * MiB);
	buf_init(&coded, 4 * MiB);
	buf_init(&out, 4 * MiB);
	long_text(&plain, 600000);
	coders[_i].encode(TEXT, &coded);
	buf_adds(&out, "before:");
	ck_assert_int_eq(coding_decode(name, buf_slice(&coded), &out),
			 CODING_OK);
	ck_assert(slice_eq(slice_from(buf_slice(&out), 7), TEXT));
	buf_clear(&coded);
	buf_clear(&out);
	coders[_i].encode(buf_slice(&plain), &coded);
	ck_assert_int_eq(coding_decode(name, buf_slice(&coded), &out),
			 CODING_OK);
	ck_assert(slice_eq(buf_slice(&out), buf_slice(&plain)));
	buf_release(&plain);
	buf_release(&coded);
	buf_release(&out);
}
END_TEST

/* A body cut at any byte is broken; what came out is the text's beginning, and
 * no shorter than a shorter cut gave. */
START_TEST(a_cut_at_every_byte_keeps_the_beginning)
{
	struct slice name = slice_str(coders[_i].name);
	struct buf coded, out;
	size_t most = 0;

	buf_init(&coded, MiB);
	buf_init(&out, MiB);
	coders[_i].encode(TEXT, &coded);
	for (size_t n = 1; n < coded.n; n++) {
		/* Memory of its own: a read behind the end is seen. */
		char *cut = mem_alloc(n);

		memcpy(cut, coded.p, n);
		buf_clear(&out);
		ck_assert_int_eq(coding_decode(name, slice_of(cut, n), &out),
				 CODING_BROKEN);
		ck_assert(slice_starts(TEXT, buf_slice(&out)));
		ck_assert_uint_ge(out.n, most);
		most = out.n;
		free(cut);
	}
	buf_release(&coded);
	buf_release(&out);
}
END_TEST

/* Bytes behind the end are a fault, and the body is kept. */
START_TEST(bytes_behind_the_end_are_broken)
{
	struct slice name = slice_str(coders[_i].name);
	struct buf coded, out;

	buf_init(&coded, MiB);
	buf_init(&out, MiB);
	coders[_i].encode(TEXT, &coded);
	buf_adds(&coded, "garbage behind");
	ck_assert_int_eq(coding_decode(name, buf_slice(&coded), &out),
			 CODING_BROKEN);
	ck_assert(slice_eq(buf_slice(&out), TEXT));
	buf_release(&coded);
	buf_release(&out);
}
END_TEST

/* A fault in the middle of a long body keeps most of what stands before it
 * (deflate, br and zstd hold back a block at most). */
START_TEST(a_fault_in_the_middle_keeps_what_came_before)
{
	struct slice name = slice_str(coders[_i].name);
	struct buf plain, coded, out;
	size_t same = 0;

	buf_init(&plain, 8 * MiB);
	buf_init(&coded, 8 * MiB);
	buf_init(&out, 8 * MiB);
	long_text(&plain, 2000000);
	coders[_i].encode(buf_slice(&plain), &coded);
	memset(coded.p + coded.n / 2, 0xff, 64);
	/* Without a checksum (raw deflate, br) 64 bytes may be other data. */
	if (coding_decode(name, buf_slice(&coded), &out) != CODING_BROKEN)
		ck_assert(coders[_i].encode == deflate_raw ||
			  coders[_i].encode == code_brotli);
	while (same < out.n && out.p[same] == plain.p[same])
		same++;
	ck_assert_uint_ge(same, plain.n / 2 - 300000);
	buf_release(&plain);
	buf_release(&coded);
	buf_release(&out);
}
END_TEST

/* The output limit is exact: a body that fits it is whole, one byte less of
 * room is over the limit, and what fits is kept. */
START_TEST(the_output_limit_is_exact)
{
	struct slice name = slice_str(coders[_i].name);
	struct buf coded, out;

	buf_init(&coded, MiB);
	coders[_i].encode(TEXT, &coded);
	buf_init(&out, sizeof(text) - 1);
	ck_assert_int_eq(coding_decode(name, buf_slice(&coded), &out),
			 CODING_OK);
	buf_release(&out);
	buf_init(&out, sizeof(text) - 2);
	ck_assert_int_eq(coding_decode(name, buf_slice(&coded), &out),
			 CODING_LIMIT);
	ck_assert(slice_eq(buf_slice(&out),
			   slice_range(TEXT, 0, sizeof(text) - 2)));
	ck_assert(!out.full);
	buf_release(&out);
	buf_release(&coded);
}
END_TEST

/* 64 MiB of zeros in br or zstd take a few hundred bytes: the ratio stops them
 * long before the output limit does. */
START_TEST(a_bomb_stops_at_the_ratio)
{
	size_t n = 64 * MiB;
	char *zeros = mem_alloc(n);
	struct buf coded, out;

	buf_init(&coded, 128 * MiB);
	buf_init(&out, 128 * MiB);
	code_brotli(slice_of(zeros, n), &coded);
	ck_assert_uint_lt(coded.n, 1000);
	ck_assert_int_eq(coding_decode(SLICE("br"), buf_slice(&coded), &out),
			 CODING_LIMIT);
	ck_assert_uint_le(out.n, MiB + 2000 * coded.n);
	buf_clear(&coded);
	buf_clear(&out);
	code_zstd(slice_of(zeros, n), &coded);
	ck_assert_int_eq(coding_decode(SLICE("zstd"), buf_slice(&coded), &out),
			 CODING_LIMIT);
	ck_assert_uint_le(out.n, MiB + 2000 * coded.n);
	free(zeros);
	buf_release(&coded);
	buf_release(&out);
}
END_TEST

/* A bomb in a bomb (gzip of gzip) costs what the limit says, at every layer. */
START_TEST(nested_bombs_stop_at_the_limit)
{
	size_t n = 64 * MiB;
	char *zeros = mem_alloc(n);
	struct buf once, twice, out;

	buf_init(&once, 8 * MiB);
	buf_init(&twice, 8 * MiB);
	buf_init(&out, 2 * MiB);
	code_deflate(slice_of(zeros, 4 * MiB), CODE_GZIP, &once);
	code_deflate(buf_slice(&once), CODE_GZIP, &twice);
	ck_assert_int_eq(coding_decode(SLICE("gzip, gzip"), buf_slice(&twice),
				       &out), CODING_LIMIT);
	ck_assert_uint_eq(out.n, 2 * MiB);
	free(zeros);
	buf_release(&once);
	buf_release(&twice);
	buf_release(&out);
}
END_TEST

/* gzip may come in members, zstd in frames; both are one body. */
START_TEST(members_and_frames_are_joined)
{
	struct buf coded, out;

	buf_init(&coded, MiB);
	buf_init(&out, MiB);
	gzip(SLICE("one "), &coded);
	gzip(SLICE(""), &coded);
	gzip(SLICE("two"), &coded);
	ck_assert_int_eq(coding_decode(SLICE("gzip"), buf_slice(&coded), &out),
			 CODING_OK);
	ck_assert_str_eq(buf_cstr(&out), "one two");
	buf_clear(&coded);
	buf_clear(&out);
	code_zstd(SLICE("one "), &coded);
	code_zstd(SLICE("two"), &coded);
	ck_assert_int_eq(coding_decode(SLICE("zstd"), buf_slice(&coded), &out),
			 CODING_OK);
	ck_assert_str_eq(buf_cstr(&out), "one two");
	buf_release(&coded);
	buf_release(&out);
}
END_TEST

/* A list is undone from its end; identity and empty items count for nothing. */
START_TEST(a_list_is_undone_from_its_end)
{
	struct buf first, second, third, out;

	buf_init(&first, MiB);
	buf_init(&second, MiB);
	buf_init(&third, MiB);
	buf_init(&out, MiB);
	gzip(TEXT, &first);
	code_brotli(buf_slice(&first), &second);
	code_zstd(buf_slice(&second), &third);
	ck_assert_int_eq(coding_decode(SLICE("GZip ,, br,\tidentity, ZSTD"),
				       buf_slice(&third), &out), CODING_OK);
	ck_assert(slice_eq(buf_slice(&out), TEXT));
	/* A fault in an outer layer: the inner ones give what they can. */
	buf_clear(&out);
	buf_adds(&third, "x");
	ck_assert_int_eq(coding_decode(SLICE("gzip, br, zstd"),
				       buf_slice(&third), &out),
			 CODING_BROKEN);
	ck_assert(slice_eq(buf_slice(&out), TEXT));
	buf_release(&first);
	buf_release(&second);
	buf_release(&third);
	buf_release(&out);
}
END_TEST

/* An unknown name anywhere: nothing is decoded. */
START_TEST(unknown_names_decode_nothing)
{
	struct buf coded, out;

	buf_init(&coded, MiB);
	buf_init(&out, MiB);
	gzip(TEXT, &coded);
	ck_assert_int_eq(coding_decode(SLICE("compress, gzip"),
				       buf_slice(&coded), &out),
			 CODING_UNKNOWN);
	ck_assert_uint_eq(out.n, 0);
	ck_assert(!coding_known(SLICE("gzip, compress")));
	ck_assert(!coding_known(SLICE("gzip;q=1")));
	ck_assert(coding_known(SLICE("gzip, deflate,br , zstd")));
	ck_assert(coding_known(SLICE("identity")));
	ck_assert(coding_identity(SLICE("")));
	ck_assert(coding_identity(SLICE("Identity, identity")));
	ck_assert(!coding_identity(SLICE("identity, br")));
	ck_assert(!coding_identity(SLICE("other")));
	buf_release(&coded);
	buf_release(&out);
}
END_TEST

/* Nine layers are an attack, eight are only silly. */
START_TEST(the_number_of_layers_is_bounded)
{
	struct buf out;

	buf_init(&out, MiB);
	ck_assert_int_eq(coding_decode(SLICE("br,br,br,br,br,br,br,br"),
				       SLICE(""), &out), CODING_OK);
	ck_assert_int_eq(coding_decode(SLICE("br,br,br,br,br,br,br,br,br"),
				       SLICE(""), &out), CODING_LIMIT);
	buf_release(&out);
}
END_TEST

/* Without a coding the body is copied, up to the limit; no body is no fault. */
START_TEST(identity_copies_and_empty_is_fine)
{
	struct buf out;

	buf_init(&out, 4);
	ck_assert_int_eq(coding_decode(SLICE(""), SLICE("abcd"), &out),
			 CODING_OK);
	ck_assert_str_eq(buf_cstr(&out), "abcd");
	buf_clear(&out);
	ck_assert_int_eq(coding_decode(SLICE("identity"), SLICE("abcde"),
				       &out), CODING_LIMIT);
	ck_assert_str_eq(buf_cstr(&out), "abcd");
	ck_assert_int_eq(coding_decode(SLICE("gzip"), SLICE(""), &out),
			 CODING_OK);
	ck_assert_int_eq(coding_decode(SLICE("gzip"), SLICE("plain"), &out),
			 CODING_BROKEN);
	buf_release(&out);
}
END_TEST

/* A block before a faulty block is kept, though the library sees both in one
 * call; formats from before zstd 1.0 are no zstd. */
START_TEST(a_zstd_block_before_a_fault_is_kept)
{
	struct slice faulty = SLICE("\x28\xb5\x2f\xfd\0\x58"
				    "\x28\0\0hello"	/* a raw block */
				    "\x06\0\0");	/* a reserved one */
	struct slice old = SLICE("\x25\xb5\x2f\xfd\x58\0\0\0\0\0\0");
	struct buf out;

	buf_init(&out, MiB);
	ck_assert_int_eq(coding_decode(SLICE("zstd"), faulty, &out),
			 CODING_BROKEN);
	ck_assert_str_eq(buf_cstr(&out), "hello");
	ck_assert_int_eq(coding_decode(SLICE("zstd"), old, &out),
			 CODING_BROKEN);
	ck_assert_str_eq(buf_cstr(&out), "hello");
	buf_release(&out);
}
END_TEST

/* A zstd frame may not ask for more window than HTTP allows (8 MiB). */
START_TEST(a_zstd_window_is_bounded)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t n = 20 * MiB, room = ZSTD_compressBound(n);
	char *zeros = mem_alloc(n), *coded = mem_alloc(room);
	ZSTD_inBuffer in = { zeros, n, 0 };
	ZSTD_outBuffer to = { coded, room, 0 };
	struct buf out;

	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 24);
	/* As a stream of unknown length: the window stands in the frame. */
	while (in.pos < in.size)
		ZSTD_compressStream2(c, &to, &in, ZSTD_e_continue);
	while (ZSTD_compressStream2(c, &to, &in, ZSTD_e_end) != 0)
		;
	buf_init(&out, 64 * MiB);
	ck_assert_int_eq(coding_decode(SLICE("zstd"), slice_of(coded, to.pos),
				       &out), CODING_LIMIT);
	ck_assert_uint_eq(out.n, 0);
	buf_release(&out);
	ZSTD_freeCCtx(c);
	free(zeros);
	free(coded);
}
END_TEST

Suite *suite_coding(void);

Suite *
suite_coding(void)
{
	Suite *s = suite_create("coding");
	TCase *tc = tcase_create("decode");
	int n = (int)ARRAY_LEN(coders);

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_body_is_coded_again, 0, 8);
	tcase_add_test(tc, coding_has_its_bounds);
	tcase_add_loop_test(tc, a_body_comes_back, 0, n);
	tcase_add_loop_test(tc, a_cut_at_every_byte_keeps_the_beginning, 0, n);
	tcase_add_loop_test(tc, bytes_behind_the_end_are_broken, 0, n);
	tcase_add_loop_test(tc, a_fault_in_the_middle_keeps_what_came_before,
			    0, n);
	tcase_add_loop_test(tc, the_output_limit_is_exact, 0, n);
	tcase_add_test(tc, a_bomb_stops_at_the_ratio);
	tcase_add_test(tc, nested_bombs_stop_at_the_limit);
	tcase_add_test(tc, members_and_frames_are_joined);
	tcase_add_test(tc, a_list_is_undone_from_its_end);
	tcase_add_test(tc, unknown_names_decode_nothing);
	tcase_add_test(tc, the_number_of_layers_is_bounded);
	tcase_add_test(tc, identity_copies_and_empty_is_fine);
	tcase_add_test(tc, a_zstd_block_before_a_fault_is_kept);
	tcase_add_test(tc, a_zstd_window_is_bounded);
	suite_add_tcase(s, tc);
	return s;
}
