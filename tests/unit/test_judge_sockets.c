/* What a WebSocket's server said, compared; how it closed, judged. */
#include "judge_scene.h"

#include "../../runner/judge/compare.h"

Suite *suite_judge_sockets(void);

static const struct stream_message hi = {
	.from = FROM_CLIENT, .kind = STREAM_TEXT, .payload = { "hi", 2 } };

static struct stream_message
server(enum stream_kind kind, const char *payload)
{
	return (struct stream_message){ .from = FROM_SERVER, .kind = kind,
		.payload = slice_str(payload),
		.code = kind == STREAM_CLOSE ? 1011 : 0 };
}

static void
assert_messages(struct stream_message *want, size_t nwant,
		struct stream_message *got, size_t ngot, const char *told)
{
	struct exchange a = { .protocol = PROTOCOL_WEBSOCKET,
		.messages = want, .nmessages = nwant };
	struct exchange b = { .protocol = PROTOCOL_WEBSOCKET,
		.messages = got, .nmessages = ngot };
	struct comparison c = { .exchange = 1 };
	struct scene s;
	struct buf out;

	scene_init(&s);
	c.in = &s.in;
	c.a = s.a;
	compare_messages(&c, &a, &b);
	compare_sort(&c);
	buf_init(&out, MiB);
	for (size_t i = 0; i < c.n; i++)
		buf_fmt(&out, "%.*s: %.*s -> %.*s\n", SLICE_ARG(c.v[i].place),
			SLICE_ARG(c.v[i].want), SLICE_ARG(c.v[i].got));
	ck_assert_str_eq(buf_cstr(&out), told);
	buf_release(&out);
	scene_release(&s);
}

/* Text that is JSON is compared by its fields, under the message's number;
 * what the client said, and pings, are not. */
START_TEST(messages_are_compared_by_their_fields)
{
	struct stream_message want[] = { hi, server(STREAM_TEXT, "{\"n\":1}"),
		server(STREAM_TEXT, "{\"n\":2,\"a\":[1]}") };
	struct stream_message got[] = { server(STREAM_TEXT, "{ \"n\": 1 }"),
		server(STREAM_TEXT, "{\"n\":3,\"a\":[1]}"), hi };

	assert_messages(want, 3, got, 3, "1.resp.body#/1/n: 2 -> 3\n");
}
END_TEST

START_TEST(a_message_more_or_less_is_told)
{
	struct stream_message v[] = { server(STREAM_TEXT, "1"),
		server(STREAM_TEXT, "2") };

	assert_messages(v, 2, v, 1,
			"1.resp.body#/1: (a message of 1 bytes) -> (none)\n");
	assert_messages(v, 1, v, 2,
			"1.resp.body#/1: (none) -> (a message of 1 bytes)\n");
	assert_messages(v, 2, v, 2, "");
}
END_TEST

/* Half a document may hold what its fields would have given away. */
START_TEST(text_is_shown_unless_one_side_is_json)
{
	struct stream_message a = server(STREAM_TEXT, "ho");
	struct stream_message b = server(STREAM_TEXT, "hum");
	struct stream_message c = server(STREAM_TEXT, "{\"password\":\"x");
	struct stream_message d = server(STREAM_TEXT, "{\"ok\":1}");

	assert_messages(&a, 1, &b, 1, "1.resp.body#/0: ho -> hum\n");
	assert_messages(&d, 1, &c, 1, "1.resp.body#/0: 8 bytes -> 14 bytes, "
			"first difference at 2\n");
}
END_TEST

static const struct {
	enum message_end end;
	bool client_first, server_closes;
	unsigned code;
	const char *text;
	bool failed;
} closes[] = {
	{ END_COMPLETE, false, true, 1011, "101 closed with 1011", true },
	{ END_OPEN, false, true, 1011, "101 closed with 1011", true },
	{ END_COMPLETE, false, true, 1000, "101 closed with 1000", false },
	{ END_COMPLETE, false, true, 0, "101 closed with 1005", false },
	{ END_COMPLETE, true, true, 1011, "101", false },
	{ END_FIN, false, false, 0, "connection reset in a 101", true },
	{ END_OPEN, false, false, 0, "no answer", false },
};

/* Only the server's own goodbye counts, and a lack of any. */
START_TEST(a_close_is_the_outcome)
{
	struct stream_message v[2];
	struct exchange x = { .protocol = PROTOCOL_WEBSOCKET, .messages = v,
		.response = { .present = true, .end = closes[_i].end,
			.line = SLICE("HTTP/1.1 101 Switching Protocols") } };
	struct outcome o;
	char text[48];

	if (closes[_i].client_first)
		v[x.nmessages++] = (struct stream_message){
			.from = FROM_CLIENT, .kind = STREAM_CLOSE,
			.code = 1011 };
	if (closes[_i].server_closes)
		v[x.nmessages++] = (struct stream_message){
			.from = FROM_SERVER, .kind = STREAM_CLOSE,
			.code = closes[_i].code };
	o = outcome_of(&x);
	ck_assert_str_eq(outcome_text(&o, text), closes[_i].text);
	ck_assert_int_eq(outcome_failed(&o), closes[_i].failed);
	ck_assert(!outcome_dubious(&o));
}
END_TEST

Suite *
suite_judge_sockets(void)
{
	Suite *s = suite_create("judge_sockets");
	TCase *t = tcase_create("sockets");

	tcase_add_test(t, messages_are_compared_by_their_fields);
	tcase_add_test(t, a_message_more_or_less_is_told);
	tcase_add_test(t, text_is_shown_unless_one_side_is_json);
	tcase_add_loop_test(t, a_close_is_the_outcome, 0,
			    (int)ARRAY_LEN(closes));
	suite_add_tcase(s, t);
	return s;
}
