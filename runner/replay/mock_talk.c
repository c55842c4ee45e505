/* Answers a gRPC call while it is being said (see mock_talk.h). */
#include "mock_talk.h"

#include "correlate.h"
#include "mock_call.h"
#include "talk.h"

#include <dvr/base/mem.h>

#include <stdlib.h>

/* No recorded call begins like this one: how long its next word is waited for
 * before that is said.  A client that waits for an answer says no more. */
#define PATIENCE_NS NS_PER_S
/* A talk of more messages is compared only now and then, and at its end. */
#define COMPARED_ALWAYS 32u

static struct mocks *
mocks_of(const struct mock_stream *s)
{
	return s->h->conn->lane->mocks;
}

/* The call as far as it was said in whole messages; borrows the body that is
 * collected. */
static struct live_call
call_so_far(struct mock_stream *s, struct message *said)
{
	struct live_call call;

	*said = s->call;
	if (s->collect.body.n > 0)
		said->body = buf_slice(&s->collect.body);
	if (!s->talk.whole) {
		said->body = slice_range(said->body, 0, s->talk.said_bytes);
		said->body_bytes = said->body.n;
	}
	call = mock_stream_call(s, said);
	call.talking = !s->talk.whole;
	call.said = s->talk.said;
	return call;
}

/* ---- which one it is ------------------------------------------------------ */

static void
found(struct mock_stream *s, struct live_call *call, size_t index)
{
	struct mocks *m = mocks_of(s);
	struct message said = *call->message;

	/* The whole of it is known when it ends. */
	said.body = slice_of(NULL, 0);
	mock_stream_found(s, (uint32_t)index, &said,
			  talk_think_us(&m->tape->exchanges[index]));
}

static void
look_for_it(struct mock_stream *s)
{
	struct mocks *m = mocks_of(s);
	struct message said;
	struct live_call call = call_so_far(s, &said);
	struct found_call it;

	loop_timer_cancel(m->loop, &s->talk.patience);
	if (match_find(&m->match, &call, &it))
		found(s, &call, it.index);
	else if (s->talk.said > 0)
		loop_timer_set(m->loop, &s->talk.patience,
			       loop_now_ns(m->loop) + PATIENCE_NS);
}

static void
patience_over(struct loop_timer *t)
{
	struct mock_stream *s = t->owner;
	struct message said;
	struct live_call call = call_so_far(s, &said);

	/* Asked for each message this would cost a long upload its square. */
	if (!match_may_become(&mocks_of(s)->match, &call))
		mock_stream_not_recorded(s, &call);
}

/* ---- does it go on like that? -------------------------------------------------- */

static bool
is_compared_now(size_t said)
{
	return said <= COMPARED_ALWAYS || (said & (said - 1)) == 0;
}

/* What was answered already would have been the same. */
static bool
answers_alike(const struct mock_stream *s, size_t index)
{
	const struct tape *t = mocks_of(s)->tape;
	const struct message *was = &t->exchanges[s->index].response;
	const struct message *now = &t->exchanges[index].response;
	size_t n = s->sent;

	return !s->answered ||
	       (message_status(was) == message_status(now) &&
		n <= was->body.n && n <= now->body.n &&
		slice_eq(slice_range(was->body, 0, n),
			 slice_range(now->body, 0, n)));
}

/* Another recorded call begins alike, and goes on like this one. */
static bool
becomes_another(struct mock_stream *s, struct live_call *call)
{
	struct mocks *m = mocks_of(s);
	uint32_t old = s->index;
	struct found_call it;

	if (!match_find(&m->match, call, &it))
		return false;
	if (!answers_alike(s, it.index)) {
		m->match.used[it.index] = false;
		return false;
	}
	m->match.used[old] = false;
	m->seen[old] = NULL;
	if (s->hold.waiting)
		gate_leave(s->hold.gate, &s->hold);
	if (s->answered)
		mock_stream_answers_as(s, (uint32_t)it.index);
	found(s, call, it.index);
	return true;
}

static bool
is_still_that(struct mock_stream *s, const struct live_call *call)
{
	struct mocks *m = mocks_of(s);
	const struct exchange *x = &m->tape->exchanges[s->index];
	struct exchange part;

	if (s->talk.whole)
		return match_agrees(&m->match, x, call->message);
	return talk_prefix(x, s->talk.said, &part) &&
	       match_agrees(&m->match, &part, call->message);
}

static void
compare(struct mock_stream *s)
{
	struct message said;
	struct live_call call = call_so_far(s, &said);

	if (!is_still_that(s, &call) && !becomes_another(s, &call))
		mock_stream_not_recorded(s, &call);
}

/* ---- what is said ------------------------------------------------------------- */

static void
heard(struct mock_stream *s)
{
	struct talk *k = &s->talk;

	if (k->said == k->cap) {
		k->cap = k->cap ? 2 * k->cap : 8;
		k->said_ns = mem_grow(k->said_ns, k->cap,
				      sizeof(*k->said_ns));
	}
	k->said_ns[k->said++] = loop_now_ns(mocks_of(s)->loop);
}

void
mock_talk_begins(struct mock_stream *s)
{
	const struct header *type = headers_find(&s->call.headers,
						 "content-type");

	s->talk.grpc = type != NULL && grpc_type(type->value);
	s->talk.patience = (struct loop_timer){ .fn = patience_over,
		.owner = s };
	if (s->talk.grpc)
		look_for_it(s);
}

void
mock_talk_goes_on(struct mock_stream *s, struct slice in)
{
	size_t before = s->talk.said;
	const char *begin = in.p;
	size_t length = s->call.body_bytes - in.n;
	enum grpc_step step;

	if (!s->talk.grpc)
		return;
	while ((step = grpc_follow(&s->talk.cursor, &in)) != GRPC_MORE) {
		if (step != GRPC_ENDS)
			continue;
		heard(s);
		s->talk.said_bytes = length + (size_t)(in.p - begin);
	}
	if (s->talk.said == before || s->refused)
		return;
	if (!s->recorded)
		look_for_it(s);
	else if (is_compared_now(s->talk.said))
		compare(s);
	mock_stream_resume(s);
}

bool
mock_talk_ends(struct mock_stream *s)
{
	struct mocks *m = mocks_of(s);

	s->talk.whole = true;
	loop_timer_cancel(m->loop, &s->talk.patience);
	if (s->refused)
		return true;
	if (!s->recorded)
		return false;
	compare(s);
	if (s->recorded)
		m->seen[s->index]->x.request.body = s->call.body;
	mock_stream_resume(s);
	return true;
}

void
mock_talk_left(struct mock_stream *s)
{
	struct message said;
	struct live_call call;

	if (s->talk.said == 0 || s->talk.whole || s->recorded || s->refused)
		return;
	call = call_so_far(s, &said);
	mock_call_missed(mocks_of(s), &call);
}

void
mock_talk_release(struct mock_stream *s)
{
	loop_timer_cancel(mocks_of(s)->loop, &s->talk.patience);
	free(s->talk.said_ns);
}

/* ---- the answer --------------------------------------------------------------- */

/* By the answer's begin, and by the last word before it. */
static uint64_t
due_ns(const struct mock_stream *s, int64_t at_us,
       const struct stream_message *word, size_t nwords)
{
	const struct mocks *m = mocks_of(s);
	const struct exchange *x = &m->tape->exchanges[s->index];
	enum replay_timing timing;
	uint64_t at, then;

	if (m->run == NULL)
		return 0;
	timing = m->run->timing;
	at = s->begun_ns + schedule_scaled_ns(timing,
					      at_us - x->response.at_us);
	if (word == NULL || nwords > s->talk.said)
		return at;
	then = s->talk.said_ns[nwords - 1] +
	       schedule_scaled_ns(timing, at_us - word->end_us);
	return then > at ? then : at;
}

size_t
mock_talk_due(struct mock_stream *s)
{
	struct mocks *m = mocks_of(s);
	const struct exchange *x = &m->tape->exchanges[s->index];
	const struct stream_message *word = NULL;
	struct slice rest = s->answer.body;
	size_t nwords = 0;
	struct grpc_message msg;

	for (size_t i = 0; s->recorded && i < x->nmessages; i++) {
		uint64_t at;

		if (x->messages[i].from == FROM_CLIENT) {
			word = &x->messages[i];
			nwords++;
			continue;
		}
		if (nwords > s->talk.said && !s->talk.whole)
			return s->answer.body.n - rest.n;
		at = due_ns(s, x->messages[i].at_us, word, nwords);
		if (at > loop_now_ns(m->loop)) {
			loop_timer_set(m->loop, &s->pace, at);
			return s->answer.body.n - rest.n;
		}
		if (!grpc_next(&rest, &msg))
			break;
	}
	return s->answer.body.n;
}

bool
mock_talk_may_end(const struct mock_stream *s)
{
	const struct exchange *x =
		&mocks_of(s)->tape->exchanges[s->index];

	if (!s->recorded || s->talk.whole)
		return true;
	return !talk_ended_last(x) && s->talk.said >= talk_before_end(x);
}
