/* How exchanges end. */
#include "judge_scene.h"

static struct exchange
answered(struct arena *a, unsigned status, const char *body)
{
	struct exchange x = { .id = 1 };

	scene_answer(a, &x, status, body);
	return x;
}

static void
assert_text(const struct exchange *x, const char *want, bool failed)
{
	struct outcome o = outcome_of(x);
	char text[48];

	ck_assert_str_eq(outcome_text(&o, text), want);
	ck_assert_int_eq(outcome_failed(&o), failed);
}

/* Each way to end has its word, and 5xx, cuts and silence are failures. */
START_TEST(every_ending_has_its_word)
{
	static const struct {
		enum message_end end;
		const char *text;
		bool failed;
	} rows[] = {
		{ END_FIN, "connection reset", true },
		{ END_RST, "connection reset", true },
		{ END_REFUSED, "connection refused", true },
		{ END_TIMEOUT, "time-out", true },
		{ END_OPEN, "no answer", false },
		{ END_COMPLETE, "no answer", false },
	};
	struct arena *a = arena_create();
	struct exchange x = answered(a, 200, NULL);

	assert_text(&x, "200", false);
	x = answered(a, 499, NULL);
	assert_text(&x, "499", false);
	x = answered(a, 500, NULL);
	assert_text(&x, "500", true);
	x = answered(a, 599, NULL);
	assert_text(&x, "599", true);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		x = (struct exchange){ .response = { .end = rows[i].end } };
		assert_text(&x, rows[i].text, rows[i].failed);
	}
	arena_destroy(a);
}
END_TEST

/* A call ends with a status of its own, in the trailers or, where there is
 * nothing else, in the head; some of them are the service's failures. */
START_TEST(calls_have_a_status)
{
	static const struct { const char *status, *text; bool failed; } rows[] = {
		{ "0", "200 OK", false },
		{ "2", "200 UNKNOWN", true },
		{ "4", "200 DEADLINE_EXCEEDED", true },
		{ "5", "200 NOT_FOUND", false },
		{ "13", "200 INTERNAL", true },
		{ "14", "200 UNAVAILABLE", true },
		{ "15", "200 DATA_LOSS", true },
		{ "99", "200 grpc-status 99", false },
		{ "x", "200", false },
	};
	struct arena *a = arena_create();
	struct outcome ok, other;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct exchange x = answered(a, 200, NULL);
		struct header *f;

		x.protocol = PROTOCOL_HTTP2;
		f = scene_header(a, &x.response, "grpc-status",
				 rows[i].status);
		assert_text(&x, rows[i].text, rows[i].failed);
		if (i % 2 == 0) {
			x.response.headers.n--;
			x.response.trailers = (struct headers){ f, 1 };
			assert_text(&x, rows[i].text, rows[i].failed);
		}
		other = outcome_of(&x);
		if (i == 0)
			ok = other;
		ck_assert_int_eq(outcome_eq(&ok, &other), i == 0);
		ck_assert_int_eq(outcome_dubious(&other), i == 3);
	}
	arena_destroy(a);
}
END_TEST

/* A cut answer keeps the status it began with, but counts as a reset. */
START_TEST(a_cut_answer_is_a_reset)
{
	struct arena *a = arena_create();
	struct exchange x = answered(a, 200, "{");
	struct exchange y = answered(a, 206, "{");
	struct outcome o, p;

	x.response.end = END_FIN;
	y.response.end = END_RST;
	assert_text(&x, "connection reset in a 200", true);
	o = outcome_of(&x);
	p = outcome_of(&y);
	ck_assert(outcome_eq(&o, &p));
	arena_destroy(a);
}
END_TEST

/* Who hangs up first is to blame: a client's abort is no failure. */
START_TEST(a_clients_abort_is_no_failure)
{
	struct exchange x = { .request = { .present = true, .end = END_RST },
			      .response = { .end = END_RST } };

	assert_text(&x, "aborted by the client", false);
	x.response.end = END_OPEN;
	assert_text(&x, "aborted by the client", false);
}
END_TEST

/* GraphQL answers 200 with errors; an empty list and other words do not. */
START_TEST(errors_in_a_200_are_seen)
{
	struct arena *a = arena_create();
	struct exchange x = answered(a, 200, "{\"errors\":[{\"message\":1}]}");
	struct exchange y = answered(a, 200, "{\"errors\":[]}");
	struct exchange z = answered(a, 200, "{\"a\":{\"errors\":[1]}}");
	struct exchange text = answered(a, 200, NULL);
	struct outcome o = outcome_of(&x), p = outcome_of(&y);

	assert_text(&x, "200 with errors", false);
	assert_text(&y, "200", false);
	assert_text(&z, "200", false);
	ck_assert(!outcome_eq(&o, &p));
	text.response.body = SLICE("{\"errors\":[1]}");
	assert_text(&text, "200", false);
	arena_destroy(a);
}
END_TEST

Suite *suite_outcome(void);

Suite *
suite_outcome(void)
{
	Suite *s = suite_create("outcome");
	TCase *c = tcase_create("outcome");

	tcase_add_test(c, every_ending_has_its_word);
	tcase_add_test(c, calls_have_a_status);
	tcase_add_test(c, a_cut_answer_is_a_reset);
	tcase_add_test(c, a_clients_abort_is_no_failure);
	tcase_add_test(c, errors_in_a_200_are_seen);
	suite_add_tcase(s, c);
	return s;
}
