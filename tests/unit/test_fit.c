/* Tapes that are cut to capture.max_tape. */
#include "../../runner/ledger/fit.h"

#include <check.h>

#define OUTCOME "{\"errors\": [\"x\"], \"pad\": \""

Suite *suite_fit(void);

static struct tape_lane lane = { .name = { "api", 3 }, .role = LANE_INGRESS };

struct tape_of_three {
	struct tape t;
	struct exchange x[3];
	struct header json;
};

/* Answers of as many KiB; the first fails in its body alone, the second is the
 * trigger's. */
static void
three(struct tape_of_three *v, size_t failing, size_t trigger, size_t other)
{
	const size_t sizes[] = { failing * KiB, trigger * KiB, other * KiB };

	*v = (struct tape_of_three){
		.json = header_of_line(SLICE("Content-Type: application/json")),
	};
	tape_init(&v->t);
	v->t.lanes = &lane;
	v->t.nlanes = 1;
	v->t.exchanges = v->x;
	v->t.nexchanges = 3;
	v->t.trigger.exchange = 2;
	for (uint32_t i = 0; i < 3; i++) {
		char *body = arena_alloc(v->t.arena, sizes[i]);

		memset(body, 'a', sizes[i]);
		if (i == 0) {
			memcpy(body, OUTCOME, sizeof(OUTCOME) - 1);
			memcpy(body + sizes[i] - 2, "\"}", 2);
		}
		v->x[i] = (struct exchange){ .id = i + 1, .response = {
			.present = true, .line = SLICE("HTTP/1.1 200 OK"),
			.headers = { &v->json, 1 },
			.body = slice_of(body, sizes[i]),
			.body_bytes = sizes[i] } };
	}
}

/* What a verdict is made of is needed. */
START_TEST(answers_that_failed_are_not_left_out)
{
	struct tape_of_three v;
	struct err e;

	three(&v, 30, 20, 10);
	ck_assert_int_eq(fit_tape(&v.t, 55 * KiB, &e), 0);
	ck_assert_uint_eq(v.x[0].response.withheld.n, 0);
	ck_assert_uint_eq(v.x[0].response.body.n, 30 * KiB);
	ck_assert_uint_eq(v.x[1].response.withheld.n, 0);
	ck_assert_uint_gt(v.x[2].response.withheld.n, 0);
	ck_assert_uint_eq(v.t.nlosses, 1);
	tape_release(&v.t);

	three(&v, 30, 20, 10);
	ck_assert_int_eq(fit_tape(&v.t, 40 * KiB, &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	tape_release(&v.t);
}
END_TEST

Suite *
suite_fit(void)
{
	Suite *s = suite_create("fit");
	TCase *tc = tcase_create("fit");

	tcase_add_test(tc, answers_that_failed_are_not_left_out);
	suite_add_tcase(s, tc);
	return s;
}
