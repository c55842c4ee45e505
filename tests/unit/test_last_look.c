/* The last look before a tape is written: a scrubber that missed something. */
#include "scrub_rig.h"

#include <check.h>
#include <string.h>

Suite *suite_last_look(void);

#define JSON "POST /a?page=2 HTTP/1.1\nContent-Type: application/json\n"

static void
look(struct rig *r, bool written)
{
	struct err e = { 0 };

	ck_assert_msg((scrub_check(r->scrub, &r->tape, &e) == 0) == written,
		      "%s", e.msg);
}

static void
begin(struct rig *r)
{
	rig_init(r, NULL, 0);
	rig_request(r, JSON "X-Api-Key: 9f8e7d6c5b4a39281706\n",
		    SLICE("{\"password\":\"Tr0ub4dor&3\",\"n\":1}"));
	rig_scrub(r);
}

/* What was scrubbed stays as it is, handles and all. */
START_TEST(a_clean_tape_is_not_touched)
{
	struct slice before;
	struct rig r;

	begin(&r);
	before = rig_everything(&r);
	look(&r, true);
	ck_assert(slice_eq(before, rig_everything(&r)));
	ck_assert_uint_eq(r.tape.not_replayable.n, 0);
	rig_release(&r);
}
END_TEST

/* Wherever a secret was left it is taken out, and the tape says so. */
START_TEST(what_was_missed_is_withheld)
{
	struct message *m;
	struct slice secret;
	struct rig r;

	begin(&r);
	secret = rig_secret(&r, "missed", 22);
	m = &r.tape.exchanges[0].request;
	switch (_i) {
	case 0:
		m->body = slice_str(rig_fmt(&r, "{\"token\":\"%s\"}",
					    secret.p));
		break;
	case 1:
		m->headers.v[0] = header_of_line(slice_str(rig_fmt(&r,
			"Authorization: Bearer %s", secret.p)));
		break;
	case 2:
		m->line = slice_str(rig_fmt(&r, "GET /x?api_key=%s HTTP/1.1",
					    secret.p));
		break;
	case 3:
		r.tape.log_tail = slice_str(rig_fmt(&r, "login password=%s\n",
						    secret.p));
		break;
	case 4:
		r.tape.exchanges[0].note = slice_str(rig_fmt(&r,
			"odd: token=%s", secret.p));
		break;
	}
	look(&r, true);
	rig_assert_gone(&r, "missed", secret);
	ck_assert_uint_gt(r.tape.not_replayable.n, 0);
	ck_assert(slice_find(r.tape.losses[0], SLICE("a last look")) > 0);
	rig_release(&r);
}
END_TEST

/* A body that held nothing is read again when it is another one, or is said to
 * be. */
START_TEST(a_clean_body_that_changed_is_looked_at)
{
	struct slice secret;
	struct message *m;
	struct rig r;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, "late", 22);
	rig_request(&r, JSON, slice_str(rig_fmt(&r, "{\"colour\":\"%s\"}",
						secret.p)));
	rig_scrub(&r);
	look(&r, true);
	m = &r.tape.exchanges[0].request;
	ck_assert_int_gt(slice_find(m->body, secret), 0);
	if (_i == 0)
		m->body = slice_str(rig_fmt(&r, "{\"secret\":\"%s\"}",
					    secret.p));
	else if (_i == 1)
		m->body = slice_str(rig_fmt(&r, "{\"colour\":1,\"token\":"
					    "\"%s\"}", secret.p));
	else
		m->body = slice_str(rig_fmt(&r, "token=%s", secret.p));
	look(&r, true);
	ck_assert_uint_eq(m->body.n, 0);
	ck_assert_uint_gt(r.tape.not_replayable.n, 0);
	rig_release(&r);
}
END_TEST

/* Of several in one text the first one takes all of it. */
START_TEST(two_in_one_text_are_withheld)
{
	struct slice one, two;
	struct rig r;

	begin(&r);
	one = rig_secret(&r, "one", 22);
	two = rig_secret(&r, "two", 24);
	if (_i == 0)
		r.tape.exchanges[0].request.body = slice_str(rig_fmt(&r,
			"{\"token\":\"%s\",\"secret\":\"%s\"}", one.p,
			two.p));
	else if (_i == 1)
		r.tape.log_tail = slice_str(rig_fmt(&r,
			"password=%s\ntoken=%s\n", one.p, two.p));
	else
		r.tape.exchanges[0].request.headers.v[0] = header_of_line(
			slice_str(rig_fmt(&r, "Cookie: a=%s; b=%s", one.p,
					  two.p)));
	look(&r, true);
	rig_assert_gone(&r, "one", one);
	rig_assert_gone(&r, "two", two);
	ck_assert_uint_gt(r.tape.not_replayable.n, 0);
	rig_release(&r);
}
END_TEST

/* A name in the list of what was scrubbed is no traffic: nothing is lost. */
START_TEST(a_secret_in_the_list_of_places_is_gone)
{
	struct slice secret;
	struct rig r;

	begin(&r);
	secret = rig_secret(&r, "name", 36);
	ck_assert_uint_gt(r.tape.nscrubbed, 0);
	r.tape.scrubbed[0].field = slice_str(rig_fmt(&r,
		"1.req.body#/%s%s%s", "gh", "p_",
		secret.p));
	look(&r, true);
	rig_assert_gone(&r, "name", secret);
	ck_assert(slice_eq(r.tape.scrubbed[0].field, SLICE("1.req.body")));
	ck_assert_uint_eq(r.tape.not_replayable.n, 0);
	rig_release(&r);
}
END_TEST

/* A known secret where it cannot be taken out: the tape is not written. */
START_TEST(what_cannot_be_taken_out_is_not_written)
{
	struct rig r;

	begin(&r);
	r.tape.origin.build = SLICE("9f8e7d6c5b4a39281706");
	look(&r, false);
	rig_release(&r);
}
END_TEST

/* Lines that are no text stand on the disk in base64: what is no secret as it
 * was sent (cut short, or a number's middle) is none there. */
START_TEST(what_is_no_secret_is_none_in_base64)
{
	struct slice secret;
	struct rig r;

	rig_init(&r, NULL, 0);
	secret = _i < 3 ? rig_secret(&r, "cut", (size_t)_i * 3 + 20) :
		SLICE("40718263");
	rig_answer(&r, rig_request(&r, rig_fmt(&r, "GET / HTTP/1.1\n"
		"Authorization: Bearer %s\n", arena_str(r.arena, secret)),
		SLICE("")), _i < 3 ? rig_fmt(&r, "HTTP/1.1 200 \xff %.*s\n", _i * 3 + 18,
		arena_str(r.arena, secret)) :
		rig_fmt(&r, "HTTP/1.1 200 \xff 99%s77\n",
			arena_str(r.arena, secret)), SLICE(""));
	rig_scrub(&r);
	look(&r, true);
	ck_assert_uint_eq(r.tape.not_replayable.n, 0);
	rig_release(&r);
}
END_TEST

/* And what is one is one. */
START_TEST(a_secret_in_a_line_that_is_no_text_is_gone)
{
	struct slice secret;
	struct rig r;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, "whole", (size_t)_i + 20);
	rig_answer(&r, rig_request(&r, rig_fmt(&r, "GET / HTTP/1.1\n"
		"Authorization: Bearer %s\n", arena_str(r.arena, secret)),
		SLICE("")), rig_fmt(&r, "HTTP/1.1 200 \xff%s\n",
		arena_str(r.arena, secret)), SLICE(""));
	rig_scrub(&r);
	look(&r, true);
	rig_assert_gone(&r, "whole", secret);
	rig_release(&r);
}
END_TEST

Suite *
suite_last_look(void)
{
	Suite *s = suite_create("last_look");
	TCase *tc = tcase_create("last_look");

	tcase_add_test(tc, a_clean_tape_is_not_touched);
	tcase_add_loop_test(tc, what_was_missed_is_withheld, 0, 5);
	tcase_add_loop_test(tc, a_clean_body_that_changed_is_looked_at, 0, 3);
	tcase_add_loop_test(tc, two_in_one_text_are_withheld, 0, 3);
	tcase_add_test(tc, a_secret_in_the_list_of_places_is_gone);
	tcase_add_test(tc, what_cannot_be_taken_out_is_not_written);
	tcase_add_loop_test(tc, what_is_no_secret_is_none_in_base64, 0, 4);
	tcase_add_loop_test(tc, a_secret_in_a_line_that_is_no_text_is_gone, 0,
			    3);
	suite_add_tcase(s, tc);
	return s;
}
