/* Feeds raw HTTP bytes into a ledger the way the proxy does. */
#include "ledger_driver.h"

#include <check.h>
#include <string.h>

static const struct status_range server_errors[] = { { 500, 599 } };
static const struct ledger_lane lanes[] = {
	{ "client", LANE_INGRESS }, { "dependency", LANE_EGRESS },
};

static uint64_t
fake_mono(const struct clock *c)
{
	const struct driver *d = c->state;

	return d->real_time ? clock_mono_ns(&clock_system) : d->now_ns;
}

static int64_t
fake_wall(const struct clock *c)
{
	const struct driver *d = c->state;

	return 1700000000 * US_PER_S + (int64_t)(d->now_ns / NS_PER_US);
}

static void
fake_random(const struct clock *c, void *out, size_t n)
{
	(void)c;
	memset(out, 0x5a, n);
}

void
driver_init(struct driver *d)
{
	*d = (struct driver){
		.clock = {
			.mono_ns = fake_mono,
			.wall_us = fake_wall,
			.random = fake_random,
			.state = d,
		},
		.now_ns = 1000 * NS_PER_S,
		.config = {
			.max_memory_bytes = 4 * MiB,
			.max_body_bytes = 1 * MiB,
			.window_ns = 300 * NS_PER_S,
			.payloads = true,
			.on_status = server_errors,
			.non_status = 1,
			.on_exception = true,
			.session_header = "X-Session-Id",
			.namespace = "shop",
			.fixtures = "/nonexistent",
			.vcs_commit = "",
			.settle_ns = NS_PER_S,
			.max_variants = 3,
		},
	};
}

void
driver_start(struct driver *d)
{
	struct err e;

	d->loop = loop_create(&d->clock, &e);
	ck_assert_ptr_nonnull(d->loop);
	d->scrub = scrub_create(NULL, 0, &d->clock, &e);
	ck_assert_ptr_nonnull(d->scrub);
	d->l = ledger_create(&d->config, lanes, ARRAY_LEN(lanes), d->loop,
			     d->scrub, &e);
	ck_assert_msg(d->l != NULL, "%s", e.msg);
	commit_hold(d->l->commit, true);
	ledger_service_up(d->l, d->now_ns);
}

void
driver_stop(struct driver *d)
{
	ledger_destroy(d->l);
	scrub_destroy(d->scrub);
	loop_destroy(d->loop);
}

void
driver_wait(struct driver *d, uint64_t ns)
{
	uint64_t end = d->now_ns + ns;

	while (d->now_ns < end) {
		d->now_ns += end - d->now_ns < 5 * MS ? end - d->now_ns :
			5 * MS;
		ledger_tick(d->l, d->now_ns);
	}
}

const struct job *
driver_job(const struct driver *d)
{
	return commit_waiting(d->l->commit);
}

size_t
driver_tapes(const struct driver *d)
{
	struct ledger_stats s;

	ledger_stats(d->l, &s);
	return s.ntapes;
}

void
wire_open(struct wire *w, struct driver *d, uint32_t lane, uint64_t conn)
{
	*w = (struct wire){ .d = d, .lane = lane, .conn = conn };
	http1_init(&w->req, HTTP1_REQUEST);
	http1_init(&w->resp, HTTP1_RESPONSE);
}

void
wire_close(struct wire *w)
{
	if (w->x)
		wire_done(w);
	http1_release(&w->req);
	http1_release(&w->resp);
}

static uint64_t
now(const struct wire *w)
{
	return loop_now_ns(w->d->loop);
}

static void
keep_text(char *out, size_t size, struct slice s)
{
	ck_assert_uint_lt(s.n, size);
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
}

static void
request_head(struct wire *w)
{
	struct ledger *l = w->d->l;
	const struct http1_head *h = &w->req.head;

	http1_answers(&w->resp, h->method);
	keep_text(w->correlation, sizeof(w->correlation),
		  ledger_request_head(l, w->x, h, w->session));
	keep_text(w->traceparent, sizeof(w->traceparent),
		  ledger_traceparent(l, w->x));
}

/* Reports what was used, then what it meant; false: needs more. */
static bool
step(struct wire *w, enum lx_side side, struct slice *in)
{
	struct http1_decoder *d = side == LX_REQUEST ? &w->req : &w->resp;
	struct slice span;
	size_t used = 0;
	enum http1_event ev = http1_next(d, *in, &used, &span);

	ledger_bytes(w->d->l, w->x, side, slice_range(*in, 0, used), now(w));
	*in = slice_from(*in, used);
	switch (ev) {
	case HTTP1_HEAD:
		if (side == LX_REQUEST)
			request_head(w);
		else
			ledger_response_head(w->d->l, w->x, &d->head, now(w));
		return true;
	case HTTP1_END:
		if (side == LX_RESPONSE && d->head.status < 200 &&
		    d->head.status != 101)
			return true;
		if (d->head.framing == HTTP1_TUNNEL)
			ledger_bytes(w->d->l, w->x, side, *in, now(w));
		else
			ledger_end(w->d->l, w->x, side, LX_COMPLETE, now(w));
		return false;
	case HTTP1_BAD:
		ledger_opaque(w->d->l, w->x, d->why);
		ledger_bytes(w->d->l, w->x, side, *in, now(w));
		return false;
	case HTTP1_OPAQUE:
	case HTTP1_BODY:
	case HTTP1_CHUNK:
	case HTTP1_TRAILERS:
		return true;
	case HTTP1_MORE:
		return false;
	}
	return false;
}

void
wire_request(struct wire *w, struct slice bytes)
{
	if (!w->x)
		w->x = ledger_begin(w->d->l, w->lane, w->conn, now(w));
	while (step(w, LX_REQUEST, &bytes))
		;
}

void
wire_response(struct wire *w, struct slice bytes)
{
	while (step(w, LX_RESPONSE, &bytes))
		;
}

void
wire_end(struct wire *w, enum lx_side side, enum lx_end how)
{
	ledger_end(w->d->l, w->x, side, how, now(w));
}

void
wire_done(struct wire *w)
{
	ledger_done(w->d->l, w->x, now(w));
	w->x = NULL;
}

void
drive_on(struct driver *d, const char *session, const char *request,
	 const char *response)
{
	struct wire w;

	wire_open(&w, d, LANE_CLIENT, d->l->seq + 1);
	w.session = session;
	wire_request(&w, slice_str(request));
	d->now_ns += MS;
	wire_response(&w, slice_str(response));
	wire_done(&w);
	wire_close(&w);
	d->now_ns += MS;
}

void
drive(struct driver *d, const char *request, const char *response)
{
	drive_on(d, NULL, request, response);
}
