/*
 * A replay against a scripted service, both in the test's own loop: what the
 * tests of the engine share.
 */
#ifndef TEST_REPLAY_SCENE_H
#define TEST_REPLAY_SCENE_H

#include "replay_fixture.h"

#include <check.h>

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct fixture f;
static struct peer *peer;
static struct replay *r;
static struct mocks *m;
static struct observed seen;
static struct replay_options o;

static const struct peer_script always_ok[] = {
	{ "*", OK, PEER_KEEP, 0 }, { NULL, NULL, PEER_KEEP, 0 }
};

static void
setup(void)
{
	fixture_init(&f);
	peer = NULL;
	r = NULL;
	m = NULL;
	seen = (struct observed){ .arena = arena_create() };
	o = (struct replay_options){ .timing = TIMING_RECORDED, .holds = true,
		.timeout_ns = 5 * NS_PER_S, .settle_ns = NS_PER_MS };
}

static void
teardown(void)
{
	replay_destroy(r);
	mocks_destroy(m);
	if (peer != NULL)
		peer_destroy(peer);
	arena_destroy(seen.arena);
	fixture_release(&f);
}

static void
start(const struct peer_script *script)
{
	struct err e = { 0 };

	if (peer == NULL)
		peer = peer_create(f.loop, script);
	o.target = peer_url(peer);
	ck_assert_msg(replay_create(f.loop, &f.tape, &f.plan, m, &o, &r,
				    &e) == 0, "%s", e.msg);
}

static void
run(const struct peer_script *script)
{
	struct err e = { 0 };

	start(script);
	ck_assert_msg(replay_run(r, &seen, &e) == 0, "%s", e.msg);
}

static inline struct exchange *
post(uint32_t conn, int64_t at_us, int64_t end_us, const char *request)
{
	struct fixture_exchange x = { .lane = "client", .conn = conn,
		.at_us = at_us, .end_us = end_us, .request = request,
		.response = OK };

	return fixture_add(&f, &x);
}

static inline const struct message *
answer(size_t i)
{
	return &seen.v[i].x.response;
}

static inline bool
noted(const char *text)
{
	for (size_t i = 0; i < seen.nnotes; i++)
		if (slice_find(seen.notes[i], slice_str(text)) >= 0)
			return true;
	return false;
}

#endif
