/* Hashes and encodings against published vectors. */
#include <dvr/base/hash.h>

#include <check.h>
#include <string.h>

/* FIPS 180-2's examples, whole and in parts. */
START_TEST(sha256_vectors)
{
	static const char abc[] = "ba7816bf8f01cfea414140de5dae2223"
				  "b00361a396177a9cb410ff61f20015ad";
	static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb924"
				    "27ae41e4649b934ca495991b7852b855";
	unsigned char whole[SHA256_BYTES], parts[SHA256_BYTES];
	struct sha256 *h = sha256_begin();
	char hex[SHA256_HEX];

	sha256_hex(SLICE("abc"), hex);
	ck_assert_str_eq(hex, abc);
	sha256_hex(slice_str(NULL), hex);
	ck_assert_str_eq(hex, empty);
	sha256_more(h, SLICE("a"));
	sha256_more(h, slice_str(NULL));
	sha256_more(h, SLICE("bc"));
	sha256_end(h, parts);
	sha256(SLICE("abc"), whole);
	ck_assert_mem_eq(whole, parts, SHA256_BYTES);
}
END_TEST

/* RFC 4231, test case 2, and an empty key. */
START_TEST(hmac_vector)
{
	unsigned char out[SHA256_BYTES];
	struct buf hex;

	buf_init(&hex, 1 * KiB);
	hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), out);
	hex_encode(slice_of(out, sizeof(out)), &hex);
	ck_assert_str_eq(buf_cstr(&hex), "5bdcc146bf60754e6a042426089575c7"
			 "5a003f089d2739839dec58b964ec3843");
	hmac_sha256(slice_str(NULL), slice_str(NULL), out);
	buf_clear(&hex);
	hex_encode(slice_of(out, sizeof(out)), &hex);
	ck_assert_str_eq(buf_cstr(&hex), "b613679a0814d9ec772f95d778c35fc5"
			 "ff1697c493715653c6c712144292c5ad");
	buf_release(&hex);
}
END_TEST

/* RFC 4648 §10, both ways. */
START_TEST(base64_vectors)
{
	static const struct { const char *raw, *text, *url; } rows[] = {
		{ "", "", "" }, { "f", "Zg==", "Zg" }, { "fo", "Zm8=", "Zm8" },
		{ "foo", "Zm9v", "Zm9v" }, { "foob", "Zm9vYg==", "Zm9vYg" },
		{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
		{ "\xfb\xff\xfe", "+//+", "-__-" },
	};
	struct buf b;

	buf_init(&b, 1 * KiB);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&b);
		base64_encode(slice_str(rows[i].raw), &b);
		ck_assert_str_eq(buf_cstr(&b), rows[i].text);
		buf_clear(&b);
		base64url_encode(slice_str(rows[i].raw), &b);
		ck_assert_str_eq(buf_cstr(&b), rows[i].url);
		buf_clear(&b);
		ck_assert_int_eq(base64_decode(slice_str(rows[i].text), &b), 0);
		ck_assert_int_eq(base64_decode(slice_str(rows[i].url), &b), 0);
		ck_assert_uint_eq(b.n, 2 * strlen(rows[i].raw));
	}
	buf_release(&b);
}
END_TEST

/* What is not base64, or not the only way to write it, adds nothing. */
START_TEST(bad_base64_is_refused)
{
	static const char *const bad[] = {
		"Z", "Zg=", "Zm8==", "Zg===", "=", "Zm 9v", "Zm9v\n", "Zh==",
		"Zm9=", "Z=g=", "====", "Zm9v*",
	};
	struct buf b;

	buf_init(&b, 1 * KiB);
	buf_adds(&b, "kept");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_msg(base64_decode(slice_str(bad[i]), &b) == -1,
			      "%s", bad[i]);
		ck_assert_str_eq(buf_cstr(&b), "kept");
	}
	buf_release(&b);
}
END_TEST

Suite *suite_hash(void);

Suite *
suite_hash(void)
{
	Suite *s = suite_create("hash");
	TCase *t = tcase_create("hash");

	tcase_add_test(t, sha256_vectors);
	tcase_add_test(t, hmac_vector);
	tcase_add_test(t, base64_vectors);
	tcase_add_test(t, bad_base64_is_refused);
	suite_add_tcase(s, t);
	return s;
}
