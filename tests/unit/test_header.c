/* The walker of header values: what is a part, and what only looks like one. */
#include <dvr/base/attr.h>
#include <dvr/base/buf.h>
#include <dvr/field/header.h>

#include <check.h>

Suite *suite_header(void);

/* "0.1 name=value" a part; '!' when it is odd, no '=' when there is none. */
static void
assert_parts(enum header_grammar g, struct slice value, const char *want)
{
	struct header_walk w = header_walk(g, value);
	struct header_part p;
	struct buf b;

	buf_init(&b, 1 * MiB);
	while (header_next(&w, &p)) {
		buf_fmt(&b, "%zu.%zu %.*s", p.item, p.nth, SLICE_ARG(p.name));
		if (p.value.p)
			buf_fmt(&b, "=%.*s", SLICE_ARG(p.value));
		buf_adds(&b, p.odd ? "!\n" : "\n");
	}
	ck_assert_str_eq(buf_cstr(&b), want);
	buf_release(&b);
}

static const struct {
	enum header_grammar grammar;
	const char *value, *want;
} rows[] = {
	/* cookies: quotes hold nothing, '=' is a character of values */
	{ HEADER_COOKIE, "a=1;b=2; c=x=y==", "0.0 a=1\n0.1 b=2\n0.2 c=x=y==\n" },
	{ HEADER_COOKIE, "q=\"a;b\"; r=\"c\"; s=\"",
	  "0.0 q=\"a\n0.1 b\"\n0.2 r=c\n0.3 s=\"\n" },
	{ HEADER_COOKIE, ";; a = 1 ;\t;b=;Secure",
	  "0.2 a=1\n0.4 b=\n0.5 Secure\n" },
	{ HEADER_COOKIE, "=v; =", "0.0 =v\n0.1 =\n" },
	{ HEADER_COOKIE, "a=1, b=2", "0.0 a=1, b=2\n" },
	{ HEADER_COOKIE, "", "" },
	{ HEADER_COOKIE, " \t;;", "" },
	/* one value and its parameters */
	{ HEADER_VALUE, "text/html;charset=utf-8",
	  "0.0 text/html\n0.1 charset=utf-8\n" },
	{ HEADER_VALUE, "a/b ;\tx = \"1;2\" ; y", "0.0 a/b\n0.1 x=1;2\n0.2 y\n" },
	{ HEADER_VALUE, "form-data; name=\"a\\\"b;c\"; filename*=UTF-8''n%20m",
	  "0.0 form-data\n0.1 name=a\\\"b;c\n0.2 filename*=UTF-8''n%20m\n" },
	{ HEADER_VALUE, "a;\r\n name=\"b\"\r", "0.0 a\n0.1 name=b\n" },
	{ HEADER_VALUE, ";x=1", "0.1 x=1\n" },
	{ HEADER_VALUE, "a, b;c", "0.0 a, b\n0.1 c\n" },
	/* a quote without an end, or with more behind it, is told */
	{ HEADER_VALUE, "a; x=\"1; y=2", "0.0 a\n0.1 x=\"1!\n0.2 y=2\n" },
	{ HEADER_VALUE, "a; x=\"1\\\"; y=2", "0.0 a\n0.1 x=\"1\\\"!\n0.2 y=2\n" },
	{ HEADER_VALUE, "a; x=\"1\"2; y=3", "0.0 a\n0.1 x=\"1\"2!\n0.2 y=3\n" },
	{ HEADER_VALUE, "a; x=\"; y=\"z; w", "0.0 a\n0.1 x=\"; y=\"z!\n0.2 w\n" },
	{ HEADER_VALUE, "a; x=1\"2;3\"", "0.0 a\n0.1 x=1\"2\n0.2 3\"\n" },
	{ HEADER_VALUE, "a; x=\"", "0.0 a\n0.1 x=\"!\n" },
	/* lists */
	{ HEADER_LIST, "gzip;q=0.5, br , ,identity;q=0",
	  "0.0 gzip\n0.1 q=0.5\n1.0 br\n2.0 identity\n2.1 q=0\n" },
	{ HEADER_LIST, "for=192.0.2.43;proto=http, for=\"[2001:db8::1]:443\";"
	  "by=_x", "0.0 for=192.0.2.43\n0.1 proto=http\n"
	  "1.0 for=[2001:db8::1]:443\n1.1 by=_x\n" },
	{ HEADER_LIST, "81.2.69.142,2001:db8::7", "0.0 81.2.69.142\n"
	  "1.0 2001:db8::7\n" },
	{ HEADER_LIST, "<http://h/?a=1;b,c>; rel=\"next, last\", </x>;rel=a",
	  "0.0 =http://h/?a=1;b,c\n0.1 rel=next, last\n1.0 =/x\n1.1 rel=a\n" },
	{ HEADER_LIST, "<a, <b, c", "0.0 =<a!\n1.0 =<b!\n2.0 c\n" },
	{ HEADER_LIST, "\"a,b\", \"c", "0.0 =a,b\n1.0 =\"c!\n" },
	{ HEADER_LIST, "sig1=(\"@method\" \"a;)b\" \"x\";req);created=1;"
	  "keyid=\"k,1\", sig2=()", "0.0 sig1=(\"@method\" \"a;)b\" \"x\";req)\n"
	  "0.1 created=1\n0.2 keyid=k,1\n1.0 sig2=()\n" },
	{ HEADER_LIST, "sig1=:YWJj==:, sig2=:ZA:;x", "0.0 sig1=:YWJj==:\n"
	  "1.0 sig2=:ZA:\n1.1 x\n" },
	{ HEADER_LIST, "a=(b, c", "0.0 a=(b\n1.0 c\n" },
	{ HEADER_LIST, "t=1,v1=ab,v1=cd", "0.0 t=1\n1.0 v1=ab\n2.0 v1=cd\n" },
	/* credentials and challenges */
	{ HEADER_CREDENTIALS, "Bearer abc==", "0.0 Bearer\n0.1 =abc==\n" },
	{ HEADER_CREDENTIALS, "Digest username=\"a, b\",realm=\"r\" , nc=1",
	  "0.0 Digest\n0.1 username=a, b\n0.2 realm=r\n0.3 nc=1\n" },
	{ HEADER_CREDENTIALS, "Basic realm=\"x, Digest y\", Digest nonce=\"n\", "
	  "qop=auth, NTLM, Negotiate YQ==",
	  "0.0 Basic\n0.1 realm=x, Digest y\n1.0 Digest\n1.1 nonce=n\n"
	  "1.2 qop=auth\n2.0 NTLM\n3.0 Negotiate\n3.1 =YQ==\n" },
	{ HEADER_CREDENTIALS, "Digest a = 1, b =\t\"2\"",
	  "0.0 Digest\n0.1 a=1\n0.2 b=2\n" },
	{ HEADER_CREDENTIALS, "AWS4-HMAC-SHA256 Credential=K/d/r/s, "
	  "SignedHeaders=a;b,Signature=f", "0.0 AWS4-HMAC-SHA256\n"
	  "0.1 Credential=K/d/r/s\n0.2 SignedHeaders=a;b\n0.3 Signature=f\n" },
	{ HEADER_CREDENTIALS, "Negotiate", "0.0 Negotiate\n" },
	{ HEADER_CREDENTIALS, ", ,", "" },
	/* queries: nothing is trimmed, quotes are characters */
	{ HEADER_QUERY, "a=1&b= 2 &&c&=d&e==\"", "0.0 a=1\n0.1 b= 2 \n0.3 c\n"
	  "0.4 =d\n0.5 e==\"\n" },
};

START_TEST(parts_are_told_as_the_grammar_says)
{
	assert_parts(rows[_i].grammar, slice_str(rows[_i].value),
		     rows[_i].want);
}
END_TEST

/* Bytes are data: NUL ends nothing, and is no separator. */
START_TEST(nul_is_a_character)
{
	struct slice v = SLICE("a\0b;c=\0");
	struct header_walk w = header_walk(HEADER_COOKIE, v);
	struct header_part p;

	ck_assert(header_next(&w, &p));
	ck_assert_uint_eq(p.name.n, 3);
	ck_assert(header_next(&w, &p));
	ck_assert_uint_eq(p.value.n, 1);
	ck_assert(!header_next(&w, &p));
	ck_assert(!header_next(&w, &p));
}
END_TEST

static size_t
count(enum header_grammar g, struct slice v)
{
	struct header_walk w = header_walk(g, v);
	struct header_part p;
	size_t n = 0, outside = 0;

	for (; header_next(&w, &p); n++)
		outside += p.text.p < v.p || p.text.p + p.text.n > v.p + v.n;
	ck_assert_uint_eq(outside, 0);
	return n;
}

/* What never closes is not looked for again: a megabyte takes no minute. */
START_TEST(overlong_values_stay_linear)
{
	static const char *const bits[] = { "\"", "<", "(", "a=\"\\\"", "a=(\"",
		"(\"a\"", ";a=\"", ",<", "a=1;", ",", "\\\"" };
	struct buf b;

	buf_init(&b, 2 * MiB);
	for (size_t i = 0; i < ARRAY_LEN(bits); i++) {
		buf_clear(&b);
		while (b.n < 1 * MiB)
			buf_adds(&b, bits[i]);
		for (int g = HEADER_COOKIE; g <= HEADER_QUERY; g++)
			count((enum header_grammar)g, buf_slice(&b));
	}
	buf_clear(&b);
	for (size_t i = 0; i < 100000; i++)
		buf_adds(&b, "a=1;");
	ck_assert_uint_eq(count(HEADER_COOKIE, buf_slice(&b)), 100000);
	buf_release(&b);
}
END_TEST

START_TEST(a_value_is_known_without_its_parameters)
{
	ck_assert(slice_eq(header_bare(SLICE(" text/html ; x=\"a;b\"")),
			   SLICE("text/html")));
	ck_assert(slice_eq(header_bare(SLICE("text/html")),
			   SLICE("text/html")));
	ck_assert_uint_eq(header_bare(SLICE(";charset=x")).n, 0);
	ck_assert_uint_eq(header_bare(SLICE("")).n, 0);
	ck_assert_uint_eq(header_bare((struct slice){ 0 }).n, 0);
}
END_TEST

START_TEST(a_cookie_is_told_from_its_attributes)
{
	struct header_part p;

	ck_assert(header_cookie(SLICE(" sid = \"a=b\" ; Path=/; Secure"), &p));
	ck_assert(slice_eq(p.name, SLICE("sid")));
	ck_assert(slice_eq(p.value, SLICE("a=b")));
	ck_assert(slice_eq(p.text, SLICE("sid = \"a=b\"")));
	ck_assert(header_cookie(SLICE("alone; Path=/"), &p));
	ck_assert(slice_eq(p.name, SLICE("alone")) && !p.value.p);
	ck_assert(!header_cookie(SLICE("; Path=/"), &p));
	ck_assert(!header_cookie(SLICE(""), &p));
}
END_TEST

START_TEST(a_parameter_is_found_by_its_name)
{
	struct slice v = SLICE("form-data; filename=\"name=x\"; NAME=\"a\\\"b\"");
	struct arena *a = arena_create();
	struct header_part p;

	ck_assert(header_param(v, SLICE("name"), &p));
	ck_assert(slice_eq(p.value, SLICE("a\\\"b")));
	ck_assert(slice_eq(header_text(a, &p), SLICE("a\"b")));
	ck_assert(header_param(v, SLICE("filename"), &p));
	ck_assert_ptr_eq(header_text(a, &p).p, p.value.p);
	ck_assert(!header_param(v, SLICE("form-data"), &p));
	ck_assert(!header_param(v, SLICE("filename*"), &p));
	arena_destroy(a);
}
END_TEST

static void
assert_scheme(const char *value, const char *scheme, const char *rest)
{
	struct header_walk w = header_walk(HEADER_CREDENTIALS,
					   slice_str(value));

	ck_assert(slice_eq(header_scheme(&w), slice_str(scheme)));
	ck_assert(slice_eq(w.rest, slice_str(rest)));
}

/* Whatever the first word is, what stands behind it is its credential. */
START_TEST(the_scheme_is_the_first_word)
{
	assert_scheme("Bearer  abc ", "Bearer", "abc");
	assert_scheme("Bearer\tabc", "Bearer", "abc");
	assert_scheme("Bearer: abc", "Bearer:", "abc");
	assert_scheme("abc", "", "abc");
	assert_scheme("abc ", "", "abc ");
	assert_scheme("", "", "");
}
END_TEST

/* Parameters behind a scheme that is no token are parameters all the same. */
START_TEST(parameters_go_on_behind_the_scheme)
{
	struct header_walk w = header_walk(HEADER_CREDENTIALS,
		SLICE("Odd: one=1, two=\"2, 3\""));
	struct header_part p;

	header_scheme(&w);
	ck_assert(header_next(&w, &p));
	ck_assert(slice_eq(p.name, SLICE("one")));
	ck_assert(header_next(&w, &p));
	ck_assert(slice_eq(p.value, SLICE("2, 3")));
	ck_assert(!header_next(&w, &p));
}
END_TEST

Suite *
suite_header(void)
{
	Suite *s = suite_create("header");
	TCase *tc = tcase_create("header");

	tcase_add_loop_test(tc, parts_are_told_as_the_grammar_says, 0,
			    ARRAY_LEN(rows));
	tcase_add_test(tc, nul_is_a_character);
	tcase_add_test(tc, overlong_values_stay_linear);
	tcase_add_test(tc, a_value_is_known_without_its_parameters);
	tcase_add_test(tc, a_cookie_is_told_from_its_attributes);
	tcase_add_test(tc, a_parameter_is_found_by_its_name);
	tcase_add_test(tc, the_scheme_is_the_first_word);
	tcase_add_test(tc, parameters_go_on_behind_the_scheme);
	suite_add_tcase(s, tc);
	return s;
}
