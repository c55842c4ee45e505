/* A stream of the service to a mock: a call, matched, and its answer in time. */
#include "mock_stream.h"

#include "correlate.h"
#include "h2_fields.h"
#include "mock_call.h"

#include <dvr/base/mem.h>
#include <dvr/scrub/scrub.h>
#include <dvr/wire/grpc.h>

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
	collect_release(&s->collect);
	free(s);
}

/* ---- answering ---------------------------------------------------------- */

/* Body bytes that are due by now, as they were on the tape; sets the timer for
 * the rest. */
static size_t
due_bytes(struct mock_stream *s)
{
	struct mocks *m = mocks_of(s);
	const struct exchange *x = &m->tape->exchanges[s->index];
	struct slice rest = s->answer.body;
	uint64_t now = loop_now_ns(m->loop);
	struct grpc_message msg;

	for (size_t i = 0; s->recorded && m->run && i < x->nmessages; i++) {
		int64_t after = x->messages[i].at_us - x->response.at_us;
		uint64_t at = s->begun_ns +
			      schedule_scaled_ns(m->run->timing, after);

		if (x->messages[i].from != FROM_SERVER)
			continue;
		if (at > now) {
			loop_timer_set(m->loop, &s->pace, at);
			return s->answer.body.n - rest.n;
		}
		if (!grpc_next(&rest, &msg))
			break;
	}
	return s->answer.body.n;
}

static ssize_t
read_answer(nghttp2_session *session, int32_t id, uint8_t *to, size_t n,
	    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct mock_stream *s = source->ptr;
	const struct message *a = &s->answer;
	size_t due = due_bytes(s);

	(void)arg;
	if (n > due - s->sent)
		n = due - s->sent;
	if (n > 0)
		memcpy(to, a->body.p + s->sent, n);
	s->sent += n;
	if (s->sent < a->body.n)
		return n > 0 ? (ssize_t)n : NGHTTP2_ERR_DEFERRED;
	if (a->end == END_OPEN || a->end == END_TIMEOUT)
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
		    m->end == END_COMPLETE;
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

static void
piece_due(struct loop_timer *t)
{
	struct mock_stream *s = t->owner;

	nghttp2_session_resume_data(s->h->session, s->id);
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
not_recorded(struct mock_stream *s, const struct live_call *call)
{
	struct mocks *m = mocks_of(s);
	const struct plan_stub *stub = match_stub(m->plan, call);
	const struct exchange *x = NULL;
	char q1[QUOTE_MAX], q2[QUOTE_MAX];

	if (stub == NULL && m->on_miss == ON_MISS_NEAREST)
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
	loop_timer_set(m->loop, &s->latency, loop_now_ns(m->loop));
}

void
mock_stream_came(struct mock_stream *s)
{
	struct mocks *m = mocks_of(s);
	struct live_call call = { .lane = s->h->conn->lane->name,
		.message = &s->call };
	struct found_call found;
	uint64_t at_ns;

	collect_end(&s->collect, &s->call);
	if (s->h->conn->lane->forward)
		call.host = match_host(&s->call);
	call.cause = correlate_cause(m->tape, m->prefix, &s->call);
	s->recorded = match_find(&m->match, &call, &found);
	if (!s->recorded) {
		not_recorded(s, &call);
		return;
	}
	s->index = (uint32_t)found.index;
	at_ns = mock_call_seen(m, s->index, &s->call);
	answer_as(s, &m->tape->exchanges[s->index]);
	loop_timer_set(m->loop, &s->latency, at_ns);
	if (m->run != NULL)
		gate_happened(m->run->gate, HOLD_ARRIVED, s->index);
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
