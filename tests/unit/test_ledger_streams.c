/* HTTP/2 streams in the ring become exchanges with their messages. */
#include "ledger_driver.h"

#include "../../runner/ledger/decode.h"

#include <check.h>
#include <string.h>

static struct driver d;
static struct arena *arena;
static struct lx *x;

static const char *const call_lines[] = {
	"POST /kv.Kv/Put HTTP/2", ":authority: h",
	"content-type: application/grpc", NULL
};
static const char *const answer_lines[] = { "HTTP/2 200", NULL };
static const char *const status_lines[] = { "", "grpc-status: 13", NULL };

static struct http1_header fields[4];

/* A head from its lines, the start line first. */
static struct http1_head
head(const char *const *lines)
{
	struct http1_head h = { .line = slice_str(lines[0]),
				.headers = fields };
	struct slice rest = h.line;

	h.raw = slice_of(lines[0], 100);	/* only its size counts */
	if (slice_starts(rest, SLICE("HTTP/2 ")))
		h.status = 200;
	else if (rest.n > 0) {
		h.method = slice_cut(&rest, ' ');
		h.target = slice_cut(&rest, ' ');
	}
	for (size_t i = 1; lines[i]; i++) {
		struct header f = header_of_line(slice_str(lines[i]));

		fields[h.nheaders++] = (struct http1_header){
			.line = f.line, .name = f.name, .value = f.value,
		};
	}
	return h;
}

static void
begin(void (*change)(struct ledger_config *))
{
	struct http1_head h;

	driver_init(&d);
	d.config.on_grpc = LEDGER_GRPC_DEFAULT;
	if (change)
		change(&d.config);
	driver_start(&d);
	arena = arena_create();
	x = ledger_begin(d.l, LANE_CLIENT, 7, d.now_ns);
	ledger_stream(d.l, x, 5);
	h = head(call_lines);
	ledger_stream_head(d.l, x, LX_REQUEST, &h, d.now_ns);
	ledger_request_head(d.l, x, &h, NULL);
}

static void
end(void)
{
	driver_stop(&d);
	arena_destroy(arena);
}

static void
data(enum lx_side side, struct slice bytes)
{
	d.now_ns += MS;
	ledger_stream_data(d.l, x, side, bytes, d.now_ns);
}

static void
answer(void)
{
	struct http1_head h = head(answer_lines);

	d.now_ns += MS;
	ledger_stream_head(d.l, x, LX_RESPONSE, &h, d.now_ns);
	ledger_response_head(d.l, x, &h, d.now_ns);
}

static void
trailers(void)
{
	struct http1_head h = head(status_lines);

	d.now_ns += MS;
	ledger_stream_trailers(d.l, x, LX_RESPONSE, &h, d.now_ns);
	ledger_end(d.l, x, LX_RESPONSE, LX_COMPLETE, d.now_ns);
}

static struct exchange
decoded(void)
{
	struct decode_in in = {
		.ledger = d.l, .x = x, .t0_ns = x->at_ns[LX_REQUEST],
		.until_ns = UINT64_MAX,
	};
	struct exchange out;

	decode_exchange(arena, &in, &out);
	return out;
}

static void
assert_message(const struct stream_message *m, enum sender from,
	       const char *text, int64_t at_ms, int64_t end_ms)
{
	ck_assert_int_eq(m->from, from);
	ck_assert_msg(slice_eq(m->payload, slice_str(text)), "%.*s",
		      SLICE_ARG(m->payload));
	ck_assert_int_eq(m->at_us, at_ms * 1000);
	ck_assert_int_eq(m->end_us, end_ms * 1000);
}

/* Messages in the order in which they came, each with its times, also one that
 * came in pieces; what is cut off stays behind them. */
START_TEST(a_call_with_its_messages)
{
	struct exchange o;

	begin(NULL);
	data(LX_REQUEST, SLICE("\0\0\0\0\3one"));
	answer();
	data(LX_REQUEST, SLICE("\1\0\0\0\3"));
	data(LX_RESPONSE, SLICE("\0\0\0\0\1a\0\0\0\0\1b\0\0\0"));
	data(LX_REQUEST, SLICE("two"));
	ledger_end(d.l, x, LX_REQUEST, LX_COMPLETE, d.now_ns);
	trailers();
	o = decoded();
	ck_assert_int_eq(o.protocol, PROTOCOL_HTTP2);
	ck_assert_uint_eq(o.stream, 5);
	ck_assert_uint_eq(o.nmessages, 4);
	assert_message(&o.messages[0], FROM_CLIENT, "one", 1, 1);
	assert_message(&o.messages[1], FROM_CLIENT, "two", 3, 5);
	ck_assert_int_eq(o.messages[1].kind, STREAM_COMPRESSED);
	assert_message(&o.messages[2], FROM_SERVER, "a", 4, 4);
	assert_message(&o.messages[3], FROM_SERVER, "b", 4, 4);
	ck_assert(exchange_is_joined(&o, FROM_CLIENT));
	ck_assert(exchange_is_joined(&o, FROM_SERVER));
	ck_assert_uint_eq(o.response.body.n - exchange_joined(&o, FROM_SERVER),
			  3);
	ck_assert_int_eq(o.request.framing, FRAMING_STREAM);
	ck_assert(slice_eq(o.request.headers.v[0].name, SLICE(":authority")));
	ck_assert(slice_eq(o.response.trailers.v[0].line,
			   SLICE("grpc-status: 13")));
	ck_assert_int_eq(o.response.end, END_COMPLETE);
	ck_assert_int_eq(o.response.at_us, 2000);
	ck_assert_int_eq(o.response.end_us, 6000);
	ck_assert_uint_eq(d.l->triggers, 1);
	ledger_done(d.l, x, d.now_ns);
	end();
}
END_TEST

/* A client that listens to the answer's end before it ends its own side. */
START_TEST(an_end_without_bytes_has_its_time)
{
	struct exchange o;

	begin(NULL);
	data(LX_REQUEST, SLICE("\0\0\0\0\3one"));
	answer();
	trailers();
	d.now_ns += MS;
	ledger_end(d.l, x, LX_REQUEST, LX_COMPLETE, d.now_ns);
	o = decoded();
	ck_assert_int_eq(o.request.end, END_COMPLETE);
	ck_assert_int_eq(o.response.end_us, 3000);
	ck_assert_int_eq(o.request.end_us, 4000);
	end();
}
END_TEST

/* A reset is told with its code, by the side that sent it. */
START_TEST(resets_have_their_code)
{
	const struct stream_error why = { .code = 8 };
	struct exchange o;

	begin(NULL);
	ledger_stream_error(d.l, x, LX_REQUEST, &why, d.now_ns);
	ledger_end(d.l, x, LX_REQUEST, LX_RST, d.now_ns);
	o = decoded();
	ck_assert_int_eq(o.request.end, END_RESET);
	ck_assert_uint_eq(o.request.error, 8);
	ck_assert_int_eq(o.response.end, END_OPEN);
	ck_assert(!o.response.present);
	ledger_done(d.l, x, d.now_ns);
	ck_assert_uint_eq(d.l->triggers, 0);
	end();
}
END_TEST

static void
small_bodies(struct ledger_config *c)
{
	c->max_body_bytes = 1000;
}

/* A body over its cap is cut exactly there, and the trailers are kept. */
START_TEST(a_cap_cuts_bodies_not_statuses)
{
	char big[3000] = { 0 };
	struct exchange o;

	begin(small_bodies);
	ledger_end(d.l, x, LX_REQUEST, LX_COMPLETE, d.now_ns);
	answer();
	data(LX_RESPONSE, slice_of(big, sizeof(big)));
	data(LX_RESPONSE, slice_of(big, sizeof(big)));
	trailers();
	o = decoded();
	ck_assert_uint_eq(o.response.body_bytes, 6000);
	ck_assert_uint_eq(o.response.body.n + o.response.cut_bytes, 6000);
	ck_assert_uint_gt(o.response.body.n, 900);
	ck_assert_uint_lt(o.response.body.n, 1200);
	ck_assert_uint_eq(o.response.trailers.n, 1);
	ledger_done(d.l, x, d.now_ns);
	end();
}
END_TEST

static void
no_payloads(struct ledger_config *c)
{
	c->payloads = false;
}

/* Without payloads there are heads, sizes and statuses. */
START_TEST(payloads_may_be_left_out)
{
	struct exchange o;

	begin(no_payloads);
	data(LX_REQUEST, SLICE("\0\0\0\0\3one"));
	answer();
	trailers();
	o = decoded();
	ck_assert_uint_eq(o.nmessages, 0);
	ck_assert_uint_eq(o.request.body.n, 0);
	ck_assert_uint_eq(o.request.body_bytes, 8);
	ck_assert_uint_eq(o.request.cut_bytes, 8);
	ck_assert_uint_eq(o.response.trailers.n, 1);
	ledger_done(d.l, x, d.now_ns);
	end();
}
END_TEST

static void
ignoring(struct ledger_config *c)
{
	static const struct ledger_ignore rule = {
		.method = "POST", .route = "/kv.Kv/*", .reason = "known",
	};

	c->ignore = &rule;
	c->nignore = 1;
}

/* A rule's route is that of the stream's request. */
START_TEST(rules_ignore_calls)
{
	begin(ignoring);
	answer();
	trailers();
	ck_assert_uint_eq(d.l->stats.ignored_rules, 1);
	ck_assert_uint_eq(d.l->triggers, 0);
	ledger_done(d.l, x, d.now_ns);
	end();
}
END_TEST

Suite *suite_ledger_streams(void);

Suite *
suite_ledger_streams(void)
{
	Suite *s = suite_create("ledger_streams");
	TCase *t = tcase_create("ledger_streams");

	tcase_add_test(t, a_call_with_its_messages);
	tcase_add_test(t, an_end_without_bytes_has_its_time);
	tcase_add_test(t, resets_have_their_code);
	tcase_add_test(t, a_cap_cuts_bodies_not_statuses);
	tcase_add_test(t, payloads_may_be_left_out);
	tcase_add_test(t, rules_ignore_calls);
	suite_add_tcase(s, t);
	return s;
}
