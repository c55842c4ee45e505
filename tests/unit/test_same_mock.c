/* One secret has one mock, whatever it is coded in. */
#include "scrub_rig.h"

#include <dvr/base/hash.h>
#include <dvr/field/field.h>

#include <check.h>

Suite *suite_same_mock(void);

typedef void code_fn(struct slice s, struct buf *out);

static void
as_base64(struct slice s, struct buf *out)
{
	base64_encode(s, out);
}

static void
as_base64url(struct slice s, struct buf *out)
{
	base64url_encode(s, out);
}

static void
as_hex(struct slice s, struct buf *out)
{
	hex_encode(s, out);
}

static void
as_upper_hex(struct slice s, struct buf *out)
{
	size_t from = out->n;

	hex_encode(s, out);
	for (; from < out->n; from++) {
		if (out->p[from] >= 'a')
			out->p[from] = (char)(out->p[from] - 'a' + 'A');
	}
}

static void
as_percent(struct slice s, struct buf *out)
{
	percent_encode(s, true, out);
}

static void
as_json(struct slice s, struct buf *out)
{
	field_format_named("json")->encode(FIELD_STRING, s, out);
}

static code_fn *const codings[] = { as_base64, as_base64url, as_hex,
				    as_upper_hex, as_percent, as_json };

/* How the second request carries it: the head, then the body around it. */
static const struct carrier {
	const char *head, *before, *after;
} carriers[] = {
	{ "POST /x HTTP/1.1\nContent-Type: application/json\n",
	  "{\"password\":\"", "\"}" },
	{ "POST /x HTTP/1.1\nContent-Type: application/json\n",
	  "{\"note\":\"", "\"}" },
	{ "POST /x HTTP/1.1\nContent-Type: text/plain\n",
	  "hello ", " and bye" },
	{ "POST /x HTTP/1.1\nContent-Type: application/"
	  "x-www-form-urlencoded\n", "a=1&api_key=", "&b=2" },
};

static struct slice
live_body(struct rig *r, const struct message *m)
{
	struct message live;

	scrub_live(r->arena, NULL, m, &live);
	return live.body;
}

/* {"password":"…"} */
static struct slice
password_of(struct slice body)
{
	return slice_range(body, 13, body.n - 2);
}

static void
assert_same(code_fn *code, const struct carrier *c, struct slice secret)
{
	struct slice now, want;
	struct rig r;
	struct buf b;

	rig_init(&r, NULL, 0);
	buf_init(&b, 4096);
	buf_adds(&b, c->before);
	code(secret, &b);
	buf_adds(&b, c->after);
	rig_request(&r, "POST /login HTTP/1.1\nContent-Type: "
		    "application/json\n",
		    slice_str(rig_fmt(&r, "{\"password\":\"%.*s\"}",
				      SLICE_ARG(secret))));
	rig_request(&r, c->head, buf_slice(&b));
	rig_scrub(&r);
	rig_assert_gone(&r, c->before, secret);
	ck_assert_int_eq(scrub_check(r.scrub, &r.tape, NULL), 0);
	ck_assert_uint_eq(r.tape.nlosses, 0);
	now = password_of(live_body(&r, &r.tape.exchanges[0].request));
	ck_assert_uint_eq(now.n, secret.n);
	ck_assert(!slice_eq(now, secret));
	buf_clear(&b);
	buf_adds(&b, c->before);
	code(now, &b);
	buf_adds(&b, c->after);
	want = live_body(&r, &r.tape.exchanges[1].request);
	ck_assert_msg(slice_eq(want, buf_slice(&b)), "%s: %.*s is not %.*s",
		      c->head, SLICE_ARG(want), SLICE_ARG(buf_slice(&b)));
	buf_release(&b);
	rig_release(&r);
}

START_TEST(a_coded_secret_has_the_coded_mock)
{
	static const char *const secrets[] = { "correct-horse-9x",
		"Zk3v9QpL7xT1w", "s3cr3t.Kq72_zz" };
	size_t n = ARRAY_LEN(secrets);

	for (size_t i = 0; i < ARRAY_LEN(carriers); i++)
		assert_same(codings[(size_t)_i / n], &carriers[i],
			    slice_str(secrets[(size_t)_i % n]));
}
END_TEST

/* Another live value in the same coding is as good as it was without. */
START_TEST(coded_handles_equal_values_of_their_class)
{
	struct rig r;
	struct slice body;

	rig_init(&r, NULL, 0);
	rig_request(&r, "POST / HTTP/1.1\nContent-Type: application/json\n",
		    SLICE("{\"password\":\"Zk3v9QpL7xT1\"}"));
	rig_request(&r, "POST / HTTP/1.1\nContent-Type: application/json\n",
		    SLICE("{\"password\":\"WmszdjlRcEw3eFQx\"}"));
	rig_scrub(&r);
	body = password_of(r.tape.exchanges[1].request.body);
	ck_assert(scrub_has_handle(body));
	/* base64 of "another-tok1", and of a longer one */
	ck_assert(scrub_matches(body, SLICE("YW5vdGhlci10b2sx")));
	ck_assert(!scrub_matches(body, SLICE("YW5vdGhlci10b2sxMg==")));
	ck_assert(!scrub_matches(body, SLICE("not base64")));
	rig_release(&r);
}
END_TEST

Suite *
suite_same_mock(void)
{
	Suite *s = suite_create("same_mock");
	TCase *t = tcase_create("same_mock");

	tcase_add_loop_test(t, a_coded_secret_has_the_coded_mock, 0,
			    3 * (int)ARRAY_LEN(codings));
	tcase_add_test(t, coded_handles_equal_values_of_their_class);
	suite_add_tcase(s, t);
	return s;
}
