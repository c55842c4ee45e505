/* A stream of the service to a mock: a call, matched, and its answer in time. */
#include "mock_talk.h"

#include "correlate.h"
#include "h2_fields.h"
#include "mock_call.h"
#include "mock_out.h"
#include "passthrough_http2.h"

#include <dvr/base/mem.h>
#include <dvr/scrub/scrub.h>

#include <stdlib.h>
#include <string.h>

static struct mocks *
mocks_of(const struct mock_stream *s)
{
	return s->h->conn->lane->mocks;
}

void
mock_stream_destroy(struct mock_stream *s)
{
	struct mocks *m = mocks_of(s);

	for (struct mock_stream **p = &s->h->streams; *p; p = &(*p)->next)
		if (*p == s) {
			*p = s->next;
			break;
		}
	if (s->hold.waiting)
		gate_leave(s->hold.gate, &s->hold);
	loop_timer_cancel(m->loop, &s->latency);
	loop_timer_cancel(m->loop, &s->pace);
	mock_talk_release(s);
	passthrough_h2_cancel(s->away);
	collect_release(&s->collect);
	free(s);
}

/* ---- answering ---------------------------------------------------------- */

static ssize_t
read_answer(nghttp2_session *session, int32_t id, uint8_t *to, size_t n,
	    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct mock_stream *s = source->ptr;
	const struct message *a = &s->answer;
	size_t due = mock_talk_due(s);

	(void)arg;
	/* Another recorded call may have become its answer. */
	if (due < s->sent)
		due = s->sent;
	if (n > due - s->sent)
		n = due - s->sent;
	if (n > 0)
		memcpy(to, a->body.p + s->sent, n);
	s->sent += n;
	if (s->sent < a->body.n)
		return n > 0 ? (ssize_t)n : NGHTTP2_ERR_DEFERRED;
	if (a->end == END_OPEN || a->end == END_TIMEOUT ||
	    !mock_talk_may_end(s))
		return n > 0 ? (ssize_t)n : NGHTTP2_ERR_DEFERRED;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (a->end == END_COMPLETE && a->trailers.n == 0)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
	if (a->end == END_COMPLETE)
		return h2_submit_trailers(session, id, &a->trailers) == 0 ?
			(ssize_t)n : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (a->end == END_RESET || a->end == END_GOAWAY)
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id,
					  a->error);
	else
		s->h->then = a->end == END_FIN ? THEN_CLOSE : THEN_RESET;
	return (ssize_t)n;
}

/* ":status" before the others; lives in `a`. */
static struct headers
answer_fields(struct arena *a, const struct message *m)
{
	struct headers out = { .n = 1 };

	out.v = arena_array(a, m->headers.n + 1, sizeof(*out.v));
	out.v[0] = (struct header){ .name = SLICE(":status"),
		.value = arena_fmt(a, "%03u", message_status(m)) };
	for (size_t i = 0; i < m->headers.n; i++)
		out.v[out.n++] = m->headers.v[i];
	return out;
}

static void
submit_head(struct mock_stream *s, const struct message *m, bool final)
{
	const nghttp2_data_provider body = { .source = { .ptr = s },
		.read_callback = read_answer };
	struct headers fields = answer_fields(mocks_of(s)->arena, m);
	bool bare = m->body.n == 0 && m->trailers.n == 0 &&
		    m->end == END_COMPLETE && mock_talk_may_end(s);
	nghttp2_nv *nv = h2_fields(&fields);

	if (final)
		nghttp2_submit_response(s->h->session, s->id, nv, fields.n,
					bare ? NULL : &body);
	else
		nghttp2_submit_headers(s->h->session, NGHTTP2_FLAG_NONE, s->id,
				       NULL, nv, fields.n, NULL);
	free(nv);
}

/* The recorded answer had no head: how it ended is all there is. */
static void
submit_end(struct mock_stream *s)
{
	const struct message *a = &s->answer;

	if (a->end == END_RESET || a->end == END_GOAWAY)
		nghttp2_submit_rst_stream(s->h->session, NGHTTP2_FLAG_NONE,
					  s->id, a->error);
	else if (a->end != END_OPEN && a->end != END_TIMEOUT)
		s->h->then = a->end == END_FIN ? THEN_CLOSE : THEN_RESET;
}

void
mock_stream_answer(struct mock_stream *s)
{
	struct mocks *m = mocks_of(s);
	struct mock_http2 *h = s->h;
	const struct mock_run *run = m->run;
	const struct exchange *x = &m->tape->exchanges[s->index];
	uint32_t index = s->index;
	bool recorded = s->recorded;

	s->answered = true;
	s->begun_ns = loop_now_ns(m->loop);
	for (size_t i = 0; recorded && i < x->ninterim; i++)
		submit_head(s, &x->interim[i], false);
	if (s->answer.present)
		submit_head(s, &s->answer, true);
	else
		submit_end(s);
	mock_http2_flush(h);
	/* The connection may be gone. */
	if (recorded && run != NULL)
		gate_happened(run->gate, HOLD_ANSWER, index);
}

static void
hold_over(struct gate_wait *w)
{
	mock_stream_answer(w->owner);
}

static void
latency_over(struct loop_timer *t)
{
	struct mock_stream *s = t->owner;
	const struct mock_run *run = mocks_of(s)->run;

	s->hold = (struct gate_wait){ .kind = HOLD_ANSWER, .index = s->index,
		.fn = hold_over, .owner = s };
	if (run == NULL || !s->recorded || gate_ask(run->gate, &s->hold))
		mock_stream_answer(s);
}

void
mock_stream_resume(struct mock_stream *s)
{
	if (s->answered)
		nghttp2_session_resume_data(s->h->session, s->id);
}

static void
piece_due(struct loop_timer *t)
{
	struct mock_stream *s = t->owner;

	mock_stream_resume(s);
	mock_http2_flush(s->h);
}

/* ---- a call has come ------------------------------------------------------ */

static void
answer_as(struct mock_stream *s, const struct exchange *x)
{
	struct mocks *m = mocks_of(s);

	scrub_live_side(m->arena, m->match.values, x, FROM_SERVER, &s->answer);
}

/* UNIMPLEMENTED, or what is nearest to it in HTTP. */
static void
refuse(struct mock_stream *s)
{
	static struct header grpc[] = {
		{ .name = { "content-type", 12 },
		  .value = { "application/grpc", 16 } },
		{ .name = { "grpc-status", 11 }, .value = { "12", 2 } },
		{ .name = { "grpc-message", 12 },
		  .value = { "not recorded", 12 } },
	};
	const struct header *type = headers_find(&s->call.headers,
						 "content-type");

	if (s->answered) {
		/* It ends behind what was said already. */
		s->answer.body.n = s->sent;
		s->answer.end = END_COMPLETE;
		s->answer.trailers = (struct headers){ grpc + 1,
			ARRAY_LEN(grpc) - 1 };
		return;
	}
	s->answer = (struct message){ .present = true,
		.line = SLICE("HTTP/2 501") };
	if (type == NULL || !grpc_type(type->value))
		return;
	s->answer.line = SLICE("HTTP/2 200");
	s->answer.headers = (struct headers){ grpc, ARRAY_LEN(grpc) };
}

/* Of a call that is gRPC its status goes behind the messages. */
static bool
is_trailer(struct slice name)
{
	return slice_ieq(name, SLICE("grpc-status")) ||
	       slice_ieq(name, SLICE("grpc-message"));
}

static void
answer_stub_as(struct mock_stream *s, const struct plan_stub *stub)
{
	struct arena *a = mocks_of(s)->arena;
	const struct header *type = headers_find(&s->call.headers,
						 "content-type");
	struct message *m = &s->answer;
	bool grpc = type != NULL && grpc_type(type->value), told = false;

	*m = (struct message){ .present = true, .body = stub->body };
	m->line = arena_fmt(a, "HTTP/2 %u", stub->status ? stub->status : 200);
	m->headers.v = arena_array(a, stub->nheaders + 1,
				   sizeof(struct header));
	m->trailers.v = arena_array(a, stub->nheaders + 1,
				    sizeof(struct header));
	for (size_t i = 0; i < stub->nheaders; i++) {
		struct header h = header_of_line(stub->headers[i]);
		bool last = grpc && is_trailer(h.name);
		struct headers *to = last ? &m->trailers : &m->headers;

		told |= last;
		if (!slice_ieq(h.name, SLICE("content-length")) &&
		    !slice_ieq(h.name, SLICE("transfer-encoding")))
			to->v[to->n++] = h;
	}
	if (grpc && !told)
		m->trailers.v[m->trailers.n++] = (struct header){
			.name = SLICE("grpc-status"), .value = SLICE("0") };
}

static void
came_back(void *arg, const struct message *answer, const char *why)
{
	struct mock_stream *s = arg;
	struct mock_conn *c = s->h->conn;
	struct live_call call;

	s->away = NULL;
	if (why != NULL) {
		mock_out_failed(c, mock_out(c, &s->call), why);
		call = mock_stream_call(s, &s->call);
		mock_call_missed(mocks_of(s), &call);
		refuse(s);
	} else {
		s->answer = *answer;
	}
	mock_stream_answer(s);
}

/* False: there is nowhere to go.  Who talks in turns does not say it all. */
static bool
pass_through(struct mock_stream *s)
{
	struct mock_conn *c = s->h->conn;
	struct mocks *m = mocks_of(s);
	struct mock_out *to;

	if (m->on_miss != ON_MISS_PASSTHROUGH || s->answered ||
	    !s->talk.whole || s->call.cut_bytes > 0)
		return false;
	to = mock_out(c, &s->call);
	if (to == NULL)
		return false;
	mock_out_tell(c, &s->call, to);
	s->away = passthrough_h2_start(&(struct passthrough_h2_request){
		.loop = m->loop, .to = to->connector, .arena = m->arena,
		.call = &s->call, .timeout_ns = m->timeout_ns,
		.fn = came_back, .arg = s });
	return true;
}

void
mock_stream_not_recorded(struct mock_stream *s, const struct live_call *call)
{
	struct mocks *m = mocks_of(s);
	const struct plan_stub *stub = NULL;
	const struct exchange *x = NULL;
	char q1[QUOTE_MAX], q2[QUOTE_MAX];

	s->refused = true;
	s->recorded = false;
	if (!s->answered)
		stub = match_stub(m->plan, call);
	if (stub == NULL && pass_through(s))
		return;
	if (!s->answered && stub == NULL && m->on_miss == ON_MISS_NEAREST)
		x = match_nearest(&m->match, call);
	if (stub != NULL) {
		answer_stub_as(s, stub);
	} else if (x != NULL) {
		notes_fmt(&m->notes, "NEAREST: %.*s: %s was answered as "
			  "exchange %u, %s: nobody recorded it",
			  SLICE_ARG(call->lane), quote(s->call.line, q1), x->id,
			  quote(x->request.line, q2));
		answer_as(s, x);
	} else {
		mock_call_missed(m, call);
		refuse(s);
	}
	if (s->answered)
		mock_stream_resume(s);
	else
		loop_timer_set(m->loop, &s->latency, loop_now_ns(m->loop));
}

struct live_call
mock_stream_call(const struct mock_stream *s, const struct message *call)
{
	const struct mock_lane *lane = s->h->conn->lane;
	struct mocks *m = lane->mocks;

	return (struct live_call){ .lane = lane->name, .message = call,
		.host = lane->forward ? match_host(call) : slice_of(NULL, 0),
		.cause = correlate_cause(m->tape, m->prefix, call) };
}

void
mock_stream_answers_as(struct mock_stream *s, uint32_t index)
{
	answer_as(s, &mocks_of(s)->tape->exchanges[index]);
}

void
mock_stream_found(struct mock_stream *s, uint32_t index,
		  const struct message *call, int64_t think_us)
{
	struct mocks *m = mocks_of(s);
	uint64_t at_ns = mock_call_seen(m, index, call, think_us);

	s->recorded = true;
	s->index = index;
	if (!s->answered) {
		mock_stream_answers_as(s, index);
		loop_timer_set(m->loop, &s->latency, at_ns);
	}
	if (m->run != NULL)
		gate_happened(m->run->gate, HOLD_ARRIVED, index);
}

void
mock_stream_came(struct mock_stream *s)
{
	struct mocks *m = mocks_of(s);
	const struct exchange *x;
	struct live_call call;
	struct found_call found;

	collect_end(&s->collect, &s->call);
	if (mock_talk_ends(s))
		return;
	call = mock_stream_call(s, &s->call);
	if (!match_find(&m->match, &call, &found)) {
		mock_stream_not_recorded(s, &call);
		return;
	}
	x = &m->tape->exchanges[found.index];
	mock_stream_found(s, (uint32_t)found.index, &s->call,
			  answer_think_us(x));
}

void
mock_stream_create(struct mock_http2 *h, int32_t id)
{
	struct mock_stream *s = mem_alloc(sizeof(*s));

	s->h = h;
	s->id = id;
	s->latency = (struct loop_timer){ .fn = latency_over, .owner = s };
	s->pace = (struct loop_timer){ .fn = piece_due, .owner = s };
	collect_init(&s->collect, h->conn->lane->mocks->arena, NULL);
	s->next = h->streams;
	h->streams = s;
	nghttp2_session_set_stream_user_data(h->session, id, s);
}
