/* Personal data in the tape's handles: written as it was, and nobody's. */
#include "scrub_rig.h"

#include "../../runner/scrub/pii.h"

#include <check.h>
#include <string.h>

Suite *suite_shapes(void);

/* What a replay sends for `value` under `key` of a JSON body. */
static struct slice
mock_of(struct rig *r, const char *key, const char *value)
{
	struct slice body, done;
	struct buf b;

	rig_init(r, NULL, 0);
	rig_request(r, "POST / HTTP/1.1\nContent-Type: application/json\n",
		    slice_str(rig_fmt(r, "{\"%s\":\"%s\"}", key, value)));
	rig_scrub(r);
	body = r->tape.exchanges[0].request.body;
	ck_assert_msg(slice_find(body, slice_str(value)) < 0, "%s: %s is there",
		      key, value);
	buf_init(&b, 64 * KiB);
	scrub_expand(body, &b, NULL);
	ck_assert(scrub_matches(body, buf_slice(&b)));
	done = arena_copy(r->arena, slice_range(buf_slice(&b),
			  strlen(key) + 5, b.n - 2));
	buf_release(&b);
	ck_assert_uint_eq(done.n, strlen(value));
	return done;
}

/* '9' a digit, 'a' a lower-case letter, 'A' an upper-case one, 'x' any of these
 * or a colon, else itself. */
static const struct shape_row {
	const char *key, *value, *shape;
} rows[] = {
	{ "phone", "(312) 867-2234", "(299) 555-0199" },
	{ "phone", "312-867-2234", "299-555-0199" },
	{ "phone", "+1 312 867 2234", "+1 299 555 0199" },
	{ "phone", "+49 30 901820", "+99 99 999999" },
	{ "dob", "1980-02-29", "1999-09-09" },
	{ "dob", "29.02.1980", "09.09.1999" },
	{ "dob", "19800229", "19990909" },
	{ "dob", "1980-02-29T10:11:12Z", "1999-09-09T00:00:00Z" },
	{ "mac", "3c:22:FB:01:9e:aa", "02:xx:xx:xx:xx:xx" },
	{ "passport", "C01X00T47", "A99A99A99" },
	{ "imei", "356938035643809", "009999999999999" },
	{ "account_number", "12-345678", "99-999999" },
	{ "first_name", "Zebulon", "Aaaaaaa" },
};

static bool
fits(struct slice v, const char *shape)
{
	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];
		bool digit = c >= '0' && c <= '9';
		bool lower = c >= 'a' && c <= 'z';
		bool upper = c >= 'A' && c <= 'Z';

		if (shape[i] == '9' ? !digit : shape[i] == 'x' ?
		    !digit && !lower && !upper && c != ':' :
		    shape[i] == 'a' ? !lower : shape[i] == 'A' ? !upper :
		    c != shape[i])
			return false;
	}
	return v.n == strlen(shape);
}

START_TEST(mocks_are_written_as_the_value_was)
{
	const struct shape_row *row = &rows[_i];
	struct rig r;
	struct slice mock = mock_of(&r, row->key, row->value);

	ck_assert_msg(fits(mock, row->shape), "%s: %.*s for %s", row->key,
		      SLICE_ARG(mock), row->value);
	rig_release(&r);
}
END_TEST

/* An address of every length stays one, and is nobody's. */
START_TEST(addresses_are_reserved_ones)
{
	static const char *const v4[] = { "9.8.7.60", "41.2.3.4", "41.22.3.4",
		"41.22.33.4", "41.22.33.44", "141.22.33.44", "141.122.33.44",
		"141.122.133.44", "141.122.133.144" };
	static const char *const v6[] = { "2a02:1::1", "2a02:26f7:1::1",
		"2a02:26f7:c0::17:12:3", "2a02:26f7:c0:a:b:c:17:1",
		"2a02:26f7:00c0:000a:00b0:000c:0017:0001" };
	struct rig r;

	for (size_t i = 0; i < ARRAY_LEN(v4); i++) {
		struct slice mock = mock_of(&r, "ip_address", v4[i]);

		ck_assert_msg(slice_starts(mock, SLICE("198.1")) ||
			      slice_starts(mock, SLICE("10.")),
			      "%.*s for %s", SLICE_ARG(mock), v4[i]);
		ck_assert(!ipv4_is_public(mock));
		rig_release(&r);
	}
	for (size_t i = 0; i < ARRAY_LEN(v6); i++) {
		struct slice mock = mock_of(&r, "client", v6[i]);

		ck_assert_msg(slice_starts(mock, SLICE("2001:")) ||
			      slice_starts(mock, SLICE("fd00:")),
			      "%.*s for %s", SLICE_ARG(mock), v6[i]);
		ck_assert(!ipv6_is_public(mock));
		rig_release(&r);
	}
}
END_TEST

/* An IBAN's mock has its country's form and wrong check digits. */
START_TEST(ibans_fail_their_check)
{
	struct rig r;
	struct slice mock = mock_of(&r, "iban", "DE89370400440532013000");

	ck_assert_uint_eq(iban_at(mock, 0), 0);
	ck_assert(mock.p[2] == '0' && mock.p[3] == '0');
	rig_release(&r);
}
END_TEST

Suite *
suite_shapes(void)
{
	Suite *s = suite_create("shapes");
	TCase *tc = tcase_create("shapes");

	tcase_add_loop_test(tc, mocks_are_written_as_the_value_was, 0,
			    (int)ARRAY_LEN(rows));
	tcase_add_test(tc, addresses_are_reserved_ones);
	tcase_add_test(tc, ibans_fail_their_check);
	suite_add_tcase(s, tc);
	return s;
}
