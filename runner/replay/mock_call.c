/* What mocks do about a call, whatever it came over. */
#include "mock_call.h"

#define EXPLAIN_MAX (16u * KiB)

static struct exchange *
observe(struct mocks *m, uint32_t index, const struct message *call)
{
	struct observed_exchange *o = arena_alloc(m->arena, sizeof(*o));
	uint64_t now = loop_now_ns(m->loop);

	o->sent = true;
	o->x = m->tape->exchanges[index];
	o->x.request = *call;
	if (m->run != NULL && now > m->run->t0_ns) {
		int64_t us = (int64_t)((now - m->run->t0_ns) / NS_PER_US);

		o->x.request.at_us = o->x.request.end_us = us;
	}
	m->seen[index] = o;
	return &o->x;
}

/* When the mock means to answer; a hold may let it wait. */
static void
answer_at(struct exchange *x, uint64_t wait_ns)
{
	struct message *m = &x->response;
	int64_t length = m->end_us - m->at_us;

	m->at_us = x->request.end_us + (int64_t)(wait_ns / NS_PER_US);
	m->end_us = m->at_us + (length > 0 ? length : 0);
}

int64_t
answer_think_us(const struct exchange *x)
{
	int64_t at_us = x->response.present ? x->response.at_us
					    : x->response.end_us;

	return at_us - x->request.end_us;
}

uint64_t
mock_call_seen(struct mocks *m, uint32_t index, const struct message *call,
	       int64_t think_us)
{
	const struct mock_run *run = m->run;
	struct exchange *live = observe(m, index, call);
	uint64_t wait = 0;

	if (run != NULL && run->timing != TIMING_FAST)
		wait = schedule_scaled_ns(run->timing, think_us);
	answer_at(live, wait);
	return loop_now_ns(m->loop) + wait;
}

void
mock_call_missed(struct mocks *m, const struct live_call *call)
{
	struct buf text, stub;

	buf_init(&text, EXPLAIN_MAX);
	buf_init(&stub, EXPLAIN_MAX);
	match_explain(&m->match, call, &text);
	notes_add(&m->misses, buf_slice(&text));
	match_offer(&m->match, call, &stub);
	/* A stub answers as often as it is asked. */
	if (!stub.full && slice_find(buf_slice(&m->stubs),
				     buf_slice(&stub)) < 0)
		buf_add(&m->stubs, buf_slice(&stub));
	buf_release(&text);
	buf_release(&stub);
}
