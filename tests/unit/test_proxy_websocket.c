/* What the tap makes of WebSockets: messages, ends, and which are failures. */
#include "proxy_recorder.h"

#include <check.h>
#include <sys/socket.h>
#include <unistd.h>

Suite *suite_proxy_websocket(void);

#define UPGRADE "GET /chat HTTP/1.1\r\nHost: a\r\n" \
	"Connection: Upgrade\r\nUpgrade: websocket\r\n" \
	"Sec-WebSocket-Version: 13\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define AGREED "HTTP/1.1 101 Switching Protocols\r\n" \
	"Connection: Upgrade\r\nUpgrade: websocket\r\n" \
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
/* The mask is zero, so that they can be read here. */
#define CLIENT_HI "\x81\x82\0\0\0\0hi"
#define CLIENT_CLOSE "\x88\x82\0\0\0\0\x03\xe8"
#define CLIENT_CLOSE_1011 "\x88\x82\0\0\0\0\x03\xf3"
#define SERVER_HO "\x81\x02ho"
#define CLOSE_1000 "\x88\x02\x03\xe8"
#define CLOSE_1001 "\x88\x02\x03\xe9"
#define CLOSE_1011 "\x88\x06\x03\xf3oops"
#define BYTES(lit) { lit, sizeof(lit) - 1 }

enum ending { FIN, RST };

static const struct {
	const char *what;
	struct slice client, server;	/* after the greetings */
	bool server_ends;
	enum ending how;
	const char *trigger;		/* NULL: none */
} ends[] = {
	{ "1011", BYTES(""), BYTES(CLOSE_1011), true, FIN,
	  "close 1011 GET /chat" },
	{ "1000", BYTES(""), BYTES(CLOSE_1000), true, FIN, NULL },
	{ "1001", BYTES(""), BYTES(CLOSE_1001), true, RST, NULL },
	{ "no goodbye", BYTES(""), BYTES(""), true, FIN,
	  "connection reset GET /chat" },
	{ "a reset", BYTES(""), BYTES(""), true, RST,
	  "connection reset GET /chat" },
	{ "1011 of the client, echoed", BYTES(CLIENT_CLOSE_1011),
	  BYTES(CLOSE_1011), true, FIN, NULL },
	{ "the server does not say it back", BYTES(CLIENT_CLOSE), BYTES(""),
	  true, FIN, NULL },
	{ "the client leaves", BYTES(""), BYTES(""), false, FIN, NULL },
	{ "the client resets", BYTES(""), BYTES(""), false, RST, NULL },
	{ "what is no frame", BYTES(""), BYTES("\xf1\x01?"), true, FIN, NULL },
};

static void
end_one(struct recorder *r, bool server, enum ending how)
{
	int *fd = server ? &r->rig.upstream : &r->rig.client;
	int other = server ? r->rig.client : r->rig.upstream;

	if (how == RST) {
		rig_abort(fd);
	} else {
		close(*fd);
		*fd = -1;
	}
	rig_read_end(&r->rig, other, NULL);
}

static void
greet(struct recorder *r)
{
	struct buf seen;

	buf_init(&seen, 4096);
	rig_send(&r->rig, r->rig.client, SLICE(UPGRADE));
	rig_read_until(&r->rig, r->rig.upstream, SLICE("\r\n\r\n"), &seen);
	rig_send(&r->rig, r->rig.upstream, SLICE(AGREED));
	rig_expect(&r->rig, r->rig.client, SLICE(AGREED));
	rig_send(&r->rig, r->rig.client, SLICE(CLIENT_HI));
	rig_expect(&r->rig, r->rig.upstream, SLICE(CLIENT_HI));
	rig_send(&r->rig, r->rig.upstream, SLICE(SERVER_HO));
	rig_expect(&r->rig, r->rig.client, SLICE(SERVER_HO));
	buf_release(&seen);
}

/* A server that fails is a failure; one that says goodbye, and a client that
 * leaves as it likes, are none. */
START_TEST(only_failing_ends_trigger)
{
	struct ledger_stats s;
	struct recorder r;

	recorder_open(&r, false);
	greet(&r);
	if (ends[_i].client.n) {
		rig_send(&r.rig, r.rig.client, ends[_i].client);
		rig_expect(&r.rig, r.rig.upstream, ends[_i].client);
	}
	if (ends[_i].server.n) {
		rig_send(&r.rig, r.rig.upstream, ends[_i].server);
		rig_expect(&r.rig, r.rig.client, ends[_i].server);
	}
	end_one(&r, ends[_i].server_ends, ends[_i].how);
	ledger_drain(r.ledger, 10 * NS_PER_S);
	ledger_stats(r.ledger, &s);
	ck_assert_msg(s.ntapes == (ends[_i].trigger ? 1 : 0), "%s: %zu tapes",
		      ends[_i].what, s.ntapes);
	if (ends[_i].trigger)
		ck_assert_str_eq(s.tapes[0].trigger, ends[_i].trigger);
	recorder_close(&r);
}
END_TEST

static void
assert_message(const struct exchange *x, size_t i,
	       const struct stream_message *want)
{
	const struct stream_message *m = &x->messages[i];

	ck_assert_uint_gt(x->nmessages, i);
	ck_assert_int_eq(m->from, want->from);
	ck_assert_int_eq(m->kind, want->kind);
	ck_assert_uint_eq(m->code, want->code);
	ck_assert_msg(slice_eq(m->payload, want->payload), "%.*s",
		      SLICE_ARG(m->payload));
	if (i > 0)
		ck_assert_int_ge(m->end_us, m[-1].end_us);
}

START_TEST(messages_are_on_the_tape_as_they_came)
{
	struct recorder r;
	struct tape t;
	const struct exchange *x;

	recorder_open(&r, false);
	greet(&r);
	/* in pieces that do not keep to frames */
	rig_send(&r.rig, r.rig.client, SLICE("\x01\x81\0\0\0\0a\x89"));
	rig_expect(&r.rig, r.rig.upstream, SLICE("\x01\x81\0\0\0\0a\x89"));
	rig_send(&r.rig, r.rig.client, SLICE("\x80\0\0\0\0\x80\x81\0\0\0\0b"));
	rig_expect(&r.rig, r.rig.upstream,
		   SLICE("\x80\0\0\0\0\x80\x81\0\0\0\0b"));
	rig_send(&r.rig, r.rig.upstream, SLICE(CLOSE_1011));
	rig_expect(&r.rig, r.rig.client, SLICE(CLOSE_1011));
	end_one(&r, true, FIN);
	recorder_tape(&r, &t);
	ck_assert_uint_eq(t.nexchanges, 1);
	x = &t.exchanges[0];
	ck_assert_int_eq(x->protocol, PROTOCOL_WEBSOCKET);
	ck_assert_int_eq(x->response.end, END_COMPLETE);
	ck_assert_uint_eq(x->nmessages, 5);
	assert_message(x, 0, &(struct stream_message){ .from = FROM_CLIENT,
		.kind = STREAM_TEXT, .payload = SLICE("hi") });
	assert_message(x, 1, &(struct stream_message){ .from = FROM_SERVER,
		.kind = STREAM_TEXT, .payload = SLICE("ho") });
	assert_message(x, 2, &(struct stream_message){ .from = FROM_CLIENT,
		.kind = STREAM_PING });
	assert_message(x, 3, &(struct stream_message){ .from = FROM_CLIENT,
		.kind = STREAM_TEXT, .payload = SLICE("ab") });
	assert_message(x, 4, &(struct stream_message){ .from = FROM_SERVER,
		.kind = STREAM_CLOSE, .code = 1011, .payload = SLICE("oops") });
	ck_assert_int_eq(t.trigger.kind, TRIGGER_CLOSE);
	ck_assert_int_eq(t.trigger.value, 1011);
	ck_assert_uint_eq(t.nlosses, 0);
	ck_assert_uint_eq(t.not_replayable.n, 0);
	tape_release(&t);
	recorder_close(&r);
}
END_TEST

Suite *
suite_proxy_websocket(void)
{
	Suite *s = suite_create("proxy_websocket");
	TCase *t = tcase_create("websocket");

	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, only_failing_ends_trigger, 0,
			    (int)ARRAY_LEN(ends));
	tcase_add_test(t, messages_are_on_the_tape_as_they_came);
	suite_add_tcase(s, t);
	return s;
}
