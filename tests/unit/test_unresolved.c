/* Credentials that a replay can only mock are told, once and where. */
#include "../../runner/ledger/unresolved.h"
#include "scrub_rig.h"

#include <check.h>

Suite *suite_unresolved(void);

static struct unresolved
look(struct rig *r, const struct plan *p, const struct secrets_config *s)
{
	struct unresolved u = { .arena = r->arena };

	if (!r->scrubbed)
		rig_scrub(r);
	unresolved_find(&r->tape, p, s, &u);
	return u;
}

static void
two_calls(struct rig *r)
{
	rig_init(r, NULL, 0);
	for (int i = 0; i < 2; i++)
		rig_request(r, "GET /x HTTP/1.1\nX-Api-Key: 9f8e7d6c5b4a39281706"
			    "\nX-Request-Id: abc", SLICE(""));
}

/* One sentence for one secret, wherever it stands again. */
START_TEST(a_secret_is_told_once)
{
	struct plan none = { .nbindings = 0 };
	struct unresolved u;
	struct rig r;

	two_calls(&r);
	u = look(&r, &none, NULL);
	ck_assert_uint_eq(u.n, 1);
	ck_assert_msg(slice_starts(u.v[0], SLICE("a header of exchange 1 and "
		"of 1 more will be a mock in replays")), "%.*s",
		SLICE_ARG(u.v[0]));
	rig_release(&r);
}
END_TEST

/* Named by place or by class, bound, or signed: nothing is to be said. */
START_TEST(what_is_resolved_is_not_told)
{
	struct secret_rule by_field = { .field = (char[]){
		"*.req.header/x-api-key" } };
	struct secret_rule by_class = { .class = (char[]){ "api-key" } };
	struct resign_rule by_sign = { .kind = RESIGN_HMAC,
		.header = (char[]){ "x-api-key" } };
	struct secrets_config cfg[] = {
		{ .v = &by_field, .n = 1 }, { .v = &by_class, .n = 1 },
		{ .resign = &by_sign, .nresign = 1 },
	};
	struct plan_binding b[] = {
		{ .from = SLICE("1.resp.body#/key"),
		  .to = SLICE("1.req.header/x-api-key") },
		{ .from = SLICE("1.resp.body#/key"),
		  .to = SLICE("2.req.header/x-api-key") },
	};
	struct plan none = { .nbindings = 0 };
	struct plan bound = { .bindings = b, .nbindings = 2 };
	struct rig r;

	two_calls(&r);
	for (size_t i = 0; i < ARRAY_LEN(cfg); i++)
		ck_assert_uint_eq(look(&r, &none, &cfg[i]).n, 0);
	ck_assert_uint_eq(look(&r, &bound, NULL).n, 0);
	bound.nbindings = 1;	/* the second exchange's is left */
	ck_assert_uint_eq(look(&r, &bound, NULL).n, 1);
	rig_release(&r);
}
END_TEST

/* Who somebody is, is no credential. */
START_TEST(personal_data_are_no_credentials)
{
	struct plan none = { .nbindings = 0 };
	struct rig r;

	rig_init(&r, NULL, 0);
	rig_request(&r, "POST /x HTTP/1.1\nContent-Type: application/json",
		    SLICE("{\"email\":\"jo@corp.example\"}"));
	ck_assert_uint_eq(look(&r, &none, NULL).n, 0);
	rig_release(&r);
}
END_TEST

Suite *
suite_unresolved(void)
{
	Suite *s = suite_create("unresolved");
	TCase *t = tcase_create("unresolved");

	tcase_add_test(t, a_secret_is_told_once);
	tcase_add_test(t, what_is_resolved_is_not_told);
	tcase_add_test(t, personal_data_are_no_credentials);
	suite_add_tcase(s, t);
	return s;
}
