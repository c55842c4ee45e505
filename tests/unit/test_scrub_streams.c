/* No message of a gRPC call or a WebSocket brings a secret onto the tape. */
#include "scrub_rig.h"

#include <check.h>
#include <string.h>
#include <zlib.h>

static const char grpc_head[] =
	"POST /kv.Kv/Put HTTP/2\n:authority: h\n"
	"content-type: application/grpc\ngrpc-encoding: gzip\n";

static struct exchange *
a_call(struct rig *r, const char *head, size_t n)
{
	struct exchange *x = rig_request(r, head, SLICE(""));

	rig_answer(r, x, "HTTP/2 200\ncontent-type: application/grpc\n",
		   SLICE(""));
	x->protocol = PROTOCOL_HTTP2;
	x->stream = 1;
	x->request.framing = x->response.framing = FRAMING_STREAM;
	x->messages = arena_array(r->arena, n, sizeof(*x->messages));
	return x;
}

static void
add(struct exchange *x, enum sender from, enum stream_kind kind,
    struct slice payload)
{
	x->messages[x->nmessages++] = (struct stream_message){
		.from = from, .kind = kind, .payload = payload,
		.bytes = payload.n,
	};
}

static void
join(struct rig *r, struct exchange *x, struct slice rest)
{
	exchange_join(r->arena, x, FROM_CLIENT, rest);
	exchange_join(r->arena, x, FROM_SERVER, SLICE(""));
	x->request.body_bytes = x->request.body.n;
	x->response.body_bytes = x->response.body.n;
}

/* A protobuf string field. */
static struct slice
field(struct rig *r, struct slice value)
{
	char *p = arena_alloc(r->arena, value.n + 2);

	ck_assert_uint_lt(value.n, 128);
	p[0] = 1 << 3 | 2;
	p[1] = (char)value.n;
	memcpy(p + 2, value.p, value.n);
	return slice_of(p, value.n + 2);
}

static struct slice
gzipped(struct rig *r, struct slice in)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.p,
		       .avail_in = (uInt)in.n };
	char *out = arena_alloc(r->arena, in.n + 100);

	ck_assert_int_eq(deflateInit2(&z, 0, Z_DEFLATED, 31, 8,
				      Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)in.n + 100;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return slice_of(out, z.total_out);
}

static struct slice
bearer(struct rig *r, const char *seed)
{
	return slice_str(rig_fmt(r, "Bearer %.*s",
				 SLICE_ARG(rig_secret(r, seed, 40))));
}

/* The same secret in a plain message, a compressed one, the tail that is no
 * message and the trailers: it is in none of them afterwards. */
START_TEST(every_message_is_scrubbed)
{
	struct rig r;
	struct slice secret;
	struct exchange *x;

	rig_init(&r, NULL, 0);
	secret = bearer(&r, "every");
	x = a_call(&r, grpc_head, 3);
	add(x, FROM_CLIENT, STREAM_PLAIN, field(&r, secret));
	add(x, FROM_CLIENT, STREAM_COMPRESSED,
	    gzipped(&r, field(&r, secret)));
	add(x, FROM_SERVER, STREAM_PLAIN, field(&r, secret));
	join(&r, x, secret);
	rig_scrub(&r);
	rig_assert_gone(&r, "call", slice_from(secret, 7));
	ck_assert_uint_eq(r.tape.exchanges[0].nmessages, 3);
	ck_assert_uint_eq(r.tape.nlosses, 0);
	ck_assert(slice_eq(r.tape.exchanges[0].messages[1].decoded,
			   SLICE("gzip")));
	rig_release(&r);
}
END_TEST

/* What holds nothing stays byte for byte, coded as it was, and the tape says
 * the same of times and numbers. */
START_TEST(clean_messages_stay_as_they_are)
{
	struct rig r;
	const struct exchange *out;
	struct exchange *x;
	struct slice z;

	rig_init(&r, NULL, 0);
	x = a_call(&r, grpc_head, 2);
	z = gzipped(&r, field(&r, SLICE("nothing to see")));
	add(x, FROM_CLIENT, STREAM_COMPRESSED, z);
	x->messages[0].at_us = 5;
	x->messages[0].end_us = 9;
	add(x, FROM_SERVER, STREAM_PLAIN, SLICE("\b\1"));
	join(&r, x, SLICE(""));
	rig_scrub(&r);
	out = &r.tape.exchanges[0];
	ck_assert(slice_eq(out->messages[0].payload, z));
	ck_assert_int_eq(out->messages[0].kind, STREAM_COMPRESSED);
	ck_assert_int_eq(out->messages[0].end_us, 9);
	ck_assert(slice_eq(out->request.body, x->request.body));
	ck_assert(slice_eq(out->response.body, x->response.body));
	ck_assert_int_eq(out->protocol, PROTOCOL_HTTP2);
	ck_assert_uint_eq(out->stream, 1);
	rig_release(&r);
}
END_TEST

/* A payload that cannot be read whole is kept when what can be read of it is
 * clean, and withheld when it holds a secret or is in a coding nobody knows. */
START_TEST(what_cannot_be_read_is_withheld)
{
	struct slice secret, z;
	struct exchange *x;
	struct rig r;

	rig_init(&r, NULL, 0);
	secret = bearer(&r, "broken");
	x = a_call(&r, grpc_head, 2);
	z = gzipped(&r, field(&r, secret));
	add(x, FROM_CLIENT, STREAM_COMPRESSED, slice_range(z, 0, z.n - 8));
	z = gzipped(&r, SLICE("good"));
	add(x, FROM_CLIENT, STREAM_COMPRESSED, slice_range(z, 0, z.n - 8));
	join(&r, x, SLICE(""));
	x = a_call(&r, "POST /kv.Kv/Put HTTP/2\n"
		   "content-type: application/grpc\ngrpc-encoding: snappy\n",
		   1);
	add(x, FROM_CLIENT, STREAM_COMPRESSED, SLICE("\x10 whatever"));
	join(&r, x, SLICE(""));
	rig_scrub(&r);
	rig_assert_gone(&r, "broken", slice_from(secret, 7));
	ck_assert_uint_gt(r.tape.exchanges[0].messages[0].withheld.n, 0);
	ck_assert_uint_eq(r.tape.exchanges[0].messages[0].payload.n, 0);
	ck_assert_uint_eq(r.tape.exchanges[0].messages[1].withheld.n, 0);
	ck_assert_uint_gt(r.tape.exchanges[1].messages[0].withheld.n, 0);
	ck_assert_uint_eq(r.tape.nlosses, 2);
	ck_assert(slice_starts(r.tape.losses[0],
			       SLICE("1.req.message/1 withheld: ")));
	ck_assert_uint_gt(r.tape.not_replayable.n, 0);
	rig_release(&r);
}
END_TEST

/* A WebSocket's text messages are documents. */
START_TEST(websocket_messages_are_scrubbed)
{
	struct slice secret;
	struct exchange *x;
	struct rig r;

	rig_init(&r, NULL, 0);
	secret = rig_secret(&r, "ws", 20);
	x = rig_request(&r, "GET /ws HTTP/1.1\nUpgrade: websocket\n",
			SLICE(""));
	rig_answer(&r, x, "HTTP/1.1 101 Switching Protocols\n", SLICE(""));
	x->protocol = PROTOCOL_WEBSOCKET;
	x->messages = arena_array(r.arena, 2, sizeof(*x->messages));
	add(x, FROM_CLIENT, STREAM_TEXT, slice_str(rig_fmt(&r,
		"{\"password\": \"%.*s\"}", SLICE_ARG(secret))));
	add(x, FROM_SERVER, STREAM_CLOSE, secret);
	rig_scrub(&r);
	rig_assert_gone(&r, "socket", secret);
	ck_assert_uint_eq(r.tape.exchanges[0].nmessages, 2);
	rig_release(&r);
}
END_TEST

/* A rule names a field by the message's number and its place in it. */
START_TEST(rules_reach_into_messages)
{
	static const struct scrub_rule rule = {
		.field = "*.req.body#/1/1", .replace = "[person]",
	};
	const struct exchange *out;
	struct exchange *x;
	struct rig r;

	rig_init(&r, &rule, 1);
	x = a_call(&r, grpc_head, 2);
	add(x, FROM_CLIENT, STREAM_PLAIN, field(&r, SLICE("first one")));
	add(x, FROM_CLIENT, STREAM_PLAIN, field(&r, SLICE("second one")));
	join(&r, x, SLICE(""));
	rig_scrub(&r);
	out = &r.tape.exchanges[0];
	ck_assert(slice_find(out->messages[0].payload, SLICE("first one")) > 0);
	ck_assert(slice_find(out->messages[1].payload, SLICE("second")) < 0);
	ck_assert(scrub_has_handle(out->messages[1].payload));
	rig_release(&r);
}
END_TEST

/* Alive again, every message has its length and so has its prefix. */
START_TEST(live_messages_have_their_lengths)
{
	struct exchange live, *x;
	struct slice secret;
	struct rig r;

	rig_init(&r, NULL, 0);
	secret = bearer(&r, "live");
	x = a_call(&r, grpc_head, 2);
	add(x, FROM_CLIENT, STREAM_PLAIN, field(&r, secret));
	add(x, FROM_CLIENT, STREAM_PLAIN, SLICE("\b\1"));
	join(&r, x, SLICE("\0\0"));
	rig_scrub(&r);
	scrub_live_exchange(r.arena, NULL, &r.tape.exchanges[0], &live);
	ck_assert_uint_eq(live.request.body.n, x->request.body.n);
	ck_assert_uint_eq(live.messages[0].payload.n,
			  x->messages[0].payload.n);
	ck_assert(exchange_is_joined(&live, FROM_CLIENT));
	ck_assert(!slice_eq(live.request.body, x->request.body));
	rig_release(&r);
}
END_TEST

Suite *suite_scrub_streams(void);

Suite *
suite_scrub_streams(void)
{
	Suite *s = suite_create("scrub_streams");
	TCase *t = tcase_create("scrub_streams");

	tcase_add_test(t, every_message_is_scrubbed);
	tcase_add_test(t, clean_messages_stay_as_they_are);
	tcase_add_test(t, what_cannot_be_read_is_withheld);
	tcase_add_test(t, websocket_messages_are_scrubbed);
	tcase_add_test(t, rules_reach_into_messages);
	tcase_add_test(t, live_messages_have_their_lengths);
	suite_add_tcase(s, t);
	return s;
}
