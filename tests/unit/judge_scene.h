/*
 * A tape, a plan and a replay for the judge's tests: a checkout of four calls
 * with one call to the inventory; the last one (exchange 5) answered 500.
 * scene_init() leaves a replay of a build in which it answers 200.
 */
#ifndef DVR_TESTS_JUDGE_SCENE_H
#define DVR_TESTS_JUDGE_SCENE_H

#include <dvr/judge/judge.h>

#include <check.h>
#include <string.h>

#define SCENE_EXCHANGES 5

struct scene {
	struct arena *a;
	struct tape t;
	struct plan p;
	struct observed o;
	struct judge_input in;
	struct exchange x[SCENE_EXCHANGES];
	struct observed_exchange live[SCENE_EXCHANGES];
	struct tape_lane lanes[2];
};

static inline void
scene_clean(void *arg UNUSED, struct slice raw, struct buf *out)
{
	buf_add(out, raw);
}

static inline struct header *
scene_header(struct arena *a, struct message *m, const char *name,
	     const char *value)
{
	struct header *v = arena_array(a, m->headers.n + 1, sizeof(*v));

	if (m->headers.n)
		memcpy(v, m->headers.v, m->headers.n * sizeof(*v));
	v[m->headers.n] = (struct header){
		.line = arena_fmt(a, "%s: %s", name, value),
		.name = slice_str(name),
		.value = slice_str(value),
	};
	m->headers.v = v;
	return &v[m->headers.n++];
}

/* An answer with a JSON body; `body` may be NULL. */
static inline void
scene_answer(struct arena *a, struct exchange *x, unsigned status,
	     const char *body)
{
	struct message *m = &x->response;

	m->present = true;
	m->end = END_COMPLETE;
	m->line = arena_fmt(a, "HTTP/1.1 %u Reason", status);
	m->headers = (struct headers){ 0 };
	m->framing = FRAMING_LENGTH;
	m->body = slice_str(body);
	m->body_bytes = m->body.n;
	if (body)
		scene_header(a, m, "Content-Type", "application/json");
}

/* No answer at all, for this reason. */
static inline void
scene_broken(struct exchange *x, enum message_end end)
{
	x->response = (struct message){ .end = end };
}

static inline void
scene_request(struct scene *s, size_t i, uint32_t lane, const char *line,
	      int64_t at_us)
{
	struct exchange *x = &s->x[i];

	x->id = (uint32_t)i + 1;
	x->lane = lane;
	x->conn = 1;
	x->request = (struct message){ .present = true, .at_us = at_us,
				       .end_us = at_us + 10,
				       .line = slice_str(line) };
	scene_answer(s->a, x, 200, "{\"ok\":true}");
}

static inline void
scene_times(struct exchange *x, int64_t sent, int64_t answered)
{
	x->request.at_us = sent;
	x->response.at_us = answered;
	x->response.end_us = answered + 100;
}

static inline void
scene_init(struct scene *s)
{
	static const int64_t answered[SCENE_EXCHANGES] = { 5000, 80000, 70000,
							   65000, 95000 };

	memset(s, 0, sizeof(*s));
	s->a = arena_create();
	s->lanes[0] = (struct tape_lane){ SLICE("client"), LANE_INGRESS };
	s->lanes[1] = (struct tape_lane){ SLICE("inventory"), LANE_EGRESS };
	scene_request(s, 0, 0, "POST /init HTTP/1.1", 1000);
	scene_request(s, 1, 0, "POST /add_item HTTP/1.1", 10000);
	scene_request(s, 2, 1, "POST /reserve HTTP/1.1", 11000);
	scene_request(s, 3, 0, "POST /apply HTTP/1.1", 60000);
	scene_request(s, 4, 0, "POST /pay?x=1 HTTP/1.1", 90000);
	for (size_t i = 0; i < SCENE_EXCHANGES; i++) {
		scene_times(&s->x[i], s->x[i].request.at_us, answered[i]);
		s->live[i].sent = true;
		s->live[i].x = s->x[i];
	}
	s->x[4].response.line = SLICE("HTTP/1.1 500 Internal Server Error");
	s->t = (struct tape){
		.id = SLICE("post-pay-500-1"),
		.lanes = s->lanes, .nlanes = 2,
		.exchanges = s->x, .nexchanges = SCENE_EXCHANGES,
		.trigger = { .kind = TRIGGER_STATUS, .exchange = 5,
			     .value = 500 },
	};
	s->p = (struct plan){ .expect = EXPECT_FIXED, .hits = 3, .of = 3 };
	s->o = (struct observed){ .arena = s->a, .v = s->live,
				  .n = SCENE_EXCHANGES, .settled = true };
	s->in = (struct judge_input){ .tape = &s->t, .plan = &s->p,
				      .seen = &s->o, .clean = scene_clean };
}

static inline struct replay_result
scene_judge(struct scene *s)
{
	struct replay_result r = { 0 };

	judge_replay(&s->in, s->a, &r);
	return r;
}

static inline void
scene_release(struct scene *s)
{
	arena_destroy(s->a);
}

static inline bool
scene_says(struct slice text, const char *part)
{
	return slice_find(text, slice_str(part)) >= 0;
}

/* One replay judged; asserts verdict, `reproduced` and a part of the reason. */
static inline void
assert_replay(struct scene *s, enum verdict v, bool reproduced,
	      const char *reason)
{
	struct replay_result r = scene_judge(s);

	ck_assert_msg(r.verdict == v && r.reproduced == reproduced &&
			      scene_says(r.reason, reason),
		      "%s, %d: %.*s", verdict_name(r.verdict), r.reproduced,
		      SLICE_ARG(r.reason));
	scene_release(s);
}

static inline void
die(struct scene *s, uint32_t during)
{
	s->o.service_died = true;
	s->o.settled = false;
	s->o.death = SLICE("signal 11");
	s->o.died_during = during;
}

static inline void
make_crash(struct scene *s)
{
	s->t.trigger.kind = TRIGGER_SIGNAL;
	s->t.trigger.value = 11;
	scene_broken(&s->x[4], END_RST);
}

#endif
