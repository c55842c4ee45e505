/* Keeps: what the user vouches for stays, is told, and never beats a secret. */
#include "scrub_rig.h"

#include <check.h>
#include <string.h>

#define OPEN "\xe2\x9f\xa6" "dvr:"
#define WHY "keep: public sandbox"
#define KEEP(place) { .keep = (place), .reason = "public sandbox", \
		      .file = "dvr.yaml", .line = 9, .column = 11 }

Suite *suite_keep(void);

static bool
has(struct slice text, const char *part)
{
	return slice_find(text, slice_str(part)) >= 0;
}

/* How often the tape's list names a rule at a place. */
static uint64_t
told(const struct tape *t, const char *rule, const char *field)
{
	size_t i;

	for (i = 0; i < t->nscrubbed; i++) {
		if (slice_eq(t->scrubbed[i].rule, slice_str(rule)) &&
		    slice_eq(t->scrubbed[i].field, slice_str(field)))
			return t->scrubbed[i].count;
	}
	return 0;
}

#define JSON "POST / HTTP/1.1\nContent-Type: application/json\n"
#define FORM "POST / HTTP/1.1\nContent-Type: " \
	     "application/x-www-form-urlencoded\n"

/* Each kind of place: `%s` in head or body is the value that would go. */
static const struct place_row {
	const char *keep, *head, *body, *field;
} places[] = {
	{ "*.req.header/authorization",
	  "GET / HTTP/1.1\nAuthorization: Bearer %s\n", "",
	  "1.req.header/Authorization" },
	{ "*.req.header/x-api-key", "GET / HTTP/1.1\nX-Api-Key: %s\n", "",
	  "1.req.header/X-Api-Key" },
	{ "*.req.cookie/sid", "GET / HTTP/1.1\nCookie: a=0; sid=%s\n", "",
	  "1.req.header/Cookie" },
	{ "*.req.query/token", "GET /x?token=%s&a=b HTTP/1.1\n", "",
	  "1.req.path" },
	{ "*.req.path/1", "GET /mail/%s%40example.org HTTP/1.1\n", "",
	  "1.req.path" },
	{ "*.req.body#/auth/password", JSON,
	  "{\"auth\": {\"password\": \"%s\"}}",
	  "1.req.body#/auth/password" },
	{ "*.req.body#/auth", JSON,
	  "{\"auth\": {\"password\": \"%s\", \"pin\": \"12345678\"}}",
	  "1.req.body#/auth" },
	{ "*.req.body#/password", FORM, "user=ann&password=%s",
	  "1.req.body#/password" },
	{ "*.req.body", JSON, "{\"password\":\"%s\"}", "1.req.body" },
};

static const char *
filled(struct rig *r, const char *text, struct slice value)
{
	const char *at = strstr(text, "%s");

	if (!at)
		return text;
	return rig_fmt(r, "%.*s%.*s%s", (int)(at - text), text,
		       SLICE_ARG(value), at + 2);
}

/* Without the keep the value goes; with it, it stays and the tape says so. */
START_TEST(kept_places_stay_and_are_told)
{
	const struct place_row *row = &places[_i];
	struct scrub_rule rule = KEEP(row->keep);

	for (size_t n = 0; n < 2; n++) {
		struct rig r;
		struct slice value, all;

		rig_init(&r, &rule, n);
		value = rig_secret(&r, row->keep, 24);
		rig_request(&r, filled(&r, row->head, value),
			    slice_str(filled(&r, row->body, value)));
		rig_scrub(&r);
		all = rig_everything(&r);
		ck_assert_int_eq(slice_find(all, value) >= 0, n == 1);
		ck_assert_int_eq(has(all, OPEN), n == 0);
		ck_assert_uint_eq(told(&r.tape, WHY, row->field), n);
		rig_release(&r);
	}
}
END_TEST

/* Only the place that is named: its neighbours go as ever. */
START_TEST(neighbours_are_scrubbed)
{
	struct scrub_rule rule = KEEP("*.req.body#/test/token");
	struct slice mine, other;
	struct rig r;

	rig_init(&r, &rule, 1);
	mine = rig_secret(&r, "mine", 20);
	other = rig_secret(&r, "other", 20);
	rig_request(&r, JSON, slice_str(rig_fmt(&r, "{\"test\":{\"token\":"
		"\"%s\"},\"live\":{\"token\":\"%s\"}}", mine.p, other.p)));
	rig_request(&r, rig_fmt(&r, "GET / HTTP/1.1\nReferer: "
				"http://h/?token=%s1\n", other.p), SLICE(""));
	rig_scrub(&r);
	ck_assert(slice_find(rig_everything(&r), mine) >= 0);
	rig_assert_gone(&r, "other", other);
	rig_release(&r);
}
END_TEST

/* A value that is a secret in one place is one in the kept place too, long or
 * short, and is not told as kept. */
START_TEST(secrets_win)
{
	static const size_t lengths[] = { 4, 24 };
	struct scrub_rule rule = KEEP("*.req.body#/token");

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct slice secret;
		struct rig r;

		rig_init(&r, &rule, 1);
		secret = rig_secret(&r, "twice", lengths[i]);
		rig_request(&r, JSON, slice_str(rig_fmt(&r, "{\"token\":"
			"\"%.*s\"}", SLICE_ARG(secret))));
		rig_request(&r, rig_fmt(&r, "GET / HTTP/1.1\nCookie: sid="
					"%.*s\n", SLICE_ARG(secret)),
			    SLICE(""));
		rig_scrub(&r);
		ck_assert_int_lt(slice_find(rig_everything(&r), secret), 0);
		ck_assert_uint_eq(told(&r.tape, WHY, "1.req.body#/token"), 0);
		ck_assert_uint_eq(told(&r.tape, "cookie",
				       "1.req.body#/token") +
				  told(&r.tape, "cookie", "1.req.body"), 1);
		rig_release(&r);
	}
}
END_TEST

/* What the user scrubs by a rule of his own is scrubbed. */
START_TEST(other_rules_win)
{
	struct scrub_rule rules[] = {
		KEEP("*.req.header/authorization"),
		{ .regex = "Authorization: Bearer .*",
		  .replace = "Authorization: Bearer [MOCK_TOKEN]" },
		KEEP("*.req.body#/token"),
		{ .field = "*.req.body#/token", .replace = "token" },
	};
	struct slice secret;
	struct rig r;

	rig_init(&r, rules, ARRAY_LEN(rules));
	secret = rig_secret(&r, "rules", 24);
	rig_request(&r, rig_fmt(&r, JSON "Authorization: Bearer %s\n",
				secret.p),
		    slice_str(rig_fmt(&r, "{\"token\":\"%s\"}", secret.p)));
	rig_scrub(&r);
	rig_assert_gone(&r, "rules", secret);
	ck_assert_uint_eq(told(&r.tape, WHY, "1.req.body#/token"), 0);
	rig_release(&r);
}
END_TEST

/* Traffic that looks like a handle would expand in a replay: never kept. */
START_TEST(handles_in_kept_places_are_made_inert)
{
	struct scrub_rule rule = KEEP("*.req.body#/note");
	struct rig r;

	rig_init(&r, &rule, 1);
	rig_request(&r, JSON, SLICE("{\"note\":\"" OPEN "bearer:36:0011223344"
				    "556677\xe2\x9f\xa7\"}"));
	rig_scrub(&r);
	ck_assert(has(rig_everything(&r), OPEN "literal:"));
	rig_release(&r);
}
END_TEST

/* Bytes of the wire are not kept beside a kept field: nobody could tell it
 * from a secret there. */
START_TEST(raw_bodies_do_not_take_a_kept_value)
{
	struct scrub_rule rule = KEEP("*.req.body#/token");
	uint64_t sizes[] = { 20, 18 };
	struct slice token;
	struct exchange *x;
	struct rig r;

	rig_init(&r, &rule, 1);
	token = rig_secret(&r, "chunked", 24);
	x = rig_request(&r, JSON "Transfer-Encoding: chunked\n",
			slice_str(rig_fmt(&r, "{\"token\" : \"%s\"}",
					  token.p)));
	x->request.framing = FRAMING_CHUNKED;
	x->request.chunks = sizes;
	x->request.nchunks = 2;
	x->request.raw_body = slice_str(rig_fmt(&r, "26;token=%s\r\n%s\r\n0"
		"\r\n\r\n", token.p, x->request.body.p));
	rig_scrub(&r);
	ck_assert(slice_find(r.tape.exchanges[0].request.body, token) >= 0);
	ck_assert_uint_eq(r.tape.exchanges[0].request.raw_body.n, 0);
	rig_release(&r);
}
END_TEST

/* The storage emulator's key is public: its signatures stay, and are told;
 * those of other accounts and schemes go. */
START_TEST(the_emulators_signature_stays)
{
	static const struct {
		const char *head;
		bool kept;
	} rows[] = {
		{ "SharedKey devstoreaccount1", true },
		{ "SharedKeyLite devstoreaccount1", true },
		{ "sharedkeylite devstoreaccount1", true },
		{ "SharedKey devstoreaccount12", false },
		{ "SharedKey DEVSTOREACCOUNT1", false },
		{ "SharedKeyHeavy devstoreaccount1", false },
		{ "SharedKey shopaccount7", false },
		{ "AWS devstoreaccount1", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice sum;
		struct rig r;

		rig_init(&r, NULL, 0);
		sum = rig_secret(&r, "signature", 43);
		rig_request(&r, rig_fmt(&r, "GET /devstoreaccount1 HTTP/1.1\n"
					"Authorization: %s:%s=\n",
					rows[i].head, sum.p), SLICE(""));
		rig_scrub(&r);
		ck_assert_msg((slice_find(rig_everything(&r), sum) >= 0) ==
			      rows[i].kept, "%s", rows[i].head);
		ck_assert_uint_eq(told(&r.tape, "keep: signed with the storage "
				       "emulator's documented key",
				       "1.req.header/Authorization"),
				  rows[i].kept);
		rig_release(&r);
	}
}
END_TEST

/* A keep that cannot work says where and why. */
START_TEST(bad_keeps_are_told)
{
	struct scrub_rule rules[] = {
		KEEP("authorization"),
		KEEP("*.req.body#/x"),
	};
	struct err e = { 0 };

	ck_assert_ptr_null(scrub_create(&rules[0], 1, &clock_system, &e));
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert(strstr(e.msg, "dvr.yaml:9:11: bad keep 'authorization'"));
	rules[1].reason = " ";
	ck_assert_ptr_null(scrub_create(&rules[1], 1, &clock_system, &e));
	ck_assert(strstr(e.msg, "dvr.yaml:9:11: a keep needs a reason"));
}
END_TEST

Suite *
suite_keep(void)
{
	Suite *s = suite_create("keep");
	TCase *t = tcase_create("keep");

	tcase_add_loop_test(t, kept_places_stay_and_are_told, 0,
			    (int)ARRAY_LEN(places));
	tcase_add_test(t, neighbours_are_scrubbed);
	tcase_add_test(t, secrets_win);
	tcase_add_test(t, other_rules_win);
	tcase_add_test(t, handles_in_kept_places_are_made_inert);
	tcase_add_test(t, raw_bodies_do_not_take_a_kept_value);
	tcase_add_test(t, the_emulators_signature_stays);
	tcase_add_test(t, bad_keeps_are_told);
	suite_add_tcase(s, t);
	return s;
}
