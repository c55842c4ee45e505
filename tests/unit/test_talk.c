/* gRPC calls that were answered while they were still being said. */
#include "../../runner/replay/talk.h"

#include <check.h>

Suite *suite_talk(void);

#define SAID(us) { .from = FROM_CLIENT, .at_us = (us), .end_us = (us) }
#define HEARD(us) { .from = FROM_SERVER, .at_us = (us), .end_us = (us) }

/* Three words of one letter. */
static struct exchange
call(struct stream_message *messages, size_t n, int64_t end_us)
{
	struct exchange x = { .protocol = PROTOCOL_HTTP2,
		.messages = messages, .nmessages = n };

	x.request = (struct message){ .present = true, .end_us = end_us,
		.body = SLICE("\0\0\0\0\1a" "\0\0\0\0\1b" "\0\0\0\0\1c") };
	x.response = (struct message){ .present = true, .at_us = 15,
		.end_us = 90 };
	return x;
}

START_TEST(an_answer_in_the_middle_is_found_by_what_stood_before_it)
{
	struct stream_message v[] = { SAID(1), SAID(10), HEARD(20), SAID(30) };
	struct exchange x = call(v, 4, 40);

	ck_assert(!talk_answered(&x, 0));
	ck_assert(!talk_answered(&x, 1));
	ck_assert(talk_answered(&x, 2));
	ck_assert(talk_answered(&x, 3));
	ck_assert_uint_eq(talk_before_end(&x), 3);
	ck_assert(talk_ended_last(&x));
	ck_assert_int_eq(talk_think_us(&x), 5);
}
END_TEST

START_TEST(an_answer_to_the_whole_call_waits_for_it)
{
	struct stream_message v[] = { SAID(1), SAID(2), SAID(3), HEARD(20) };
	struct exchange x = call(v, 4, 10);

	ck_assert(!talk_answered(&x, 3));
	ck_assert(talk_ended_last(&x));
	/* Who was told at the end that this was enough did not end it before. */
	x.request.end_us = x.response.end_us;
	ck_assert(!talk_ended_last(&x));
	x.request.end_us = 10;
	/* But who never ended the call got it all the same. */
	x.request.end = END_RESET;
	ck_assert(talk_answered(&x, 3));
	ck_assert(!talk_ended_last(&x));
}
END_TEST

START_TEST(a_prefix_has_as_many_words_as_were_said)
{
	struct stream_message v[] = { SAID(1), HEARD(2) };
	struct exchange x = call(v, 2, 9), part;

	ck_assert(talk_prefix(&x, 2, &part));
	ck_assert(slice_eq(part.request.body,
			   SLICE("\0\0\0\0\1a" "\0\0\0\0\1b")));
	ck_assert_uint_eq(part.request.body_bytes, 12);
	ck_assert(!talk_prefix(&x, 4, &part));
}
END_TEST

Suite *
suite_talk(void)
{
	Suite *s = suite_create("talk");
	TCase *t = tcase_create("recorded");

	tcase_add_test(t,
		       an_answer_in_the_middle_is_found_by_what_stood_before_it);
	tcase_add_test(t, an_answer_to_the_whole_call_waits_for_it);
	tcase_add_test(t, a_prefix_has_as_many_words_as_were_said);
	suite_add_tcase(s, t);
	return s;
}
