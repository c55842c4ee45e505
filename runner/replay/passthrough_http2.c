/* Sends one call over HTTP/2 as the replay's client does (see the header). */
#include "passthrough_http2.h"

#include "client.h"

#include <dvr/base/mem.h>

#include <stdlib.h>

struct passthrough_h2 {
	struct passthrough_h2_request how;
	struct replay_options options;
	struct client client;
	struct exchange asked;		/* what the client is to send */
	struct observed_exchange seen;
	struct conn conn;
	struct call call;
	struct notes notes;
	const char *why;		/* it was not sent, or NULL */
	struct loop_timer over;		/* outside of what has told of it */
};

static void
end_soon(struct passthrough_h2 *p)
{
	loop_timer_set(p->how.loop, &p->over, loop_now_ns(p->how.loop));
}

static void
on_up(void *arg, struct conn *c, const char *why)
{
	struct passthrough_h2 *p = arg;

	if (why == NULL) {
		conn_send(c, &p->call);
		return;
	}
	p->why = arena_str(p->how.arena, slice_str(why));
	end_soon(p);
}

static void
on_head(void *arg, struct call *k)
{
	(void)arg;
	(void)k;
}

static void
on_done(void *arg, struct call *k)
{
	(void)k;
	end_soon(arg);
}

/* NULL: the answer can be given as it is. */
static const char *
why_not(const struct passthrough_h2 *p)
{
	const struct message *m = &p->seen.x.response;

	if (p->why != NULL)
		return p->why;
	if (m->end == END_TIMEOUT)
		return "no whole answer in time";
	if (m->cut_bytes > 0)
		return "its answer is too large";
	if (m->end == END_RESET || (m->present && m->end == END_COMPLETE))
		return NULL;
	return "it closed the connection without a whole answer";
}

static void
over(struct loop_timer *t)
{
	struct passthrough_h2 *p = t->owner;
	const char *why = why_not(p);

	p->how.fn(p->how.arg, why ? NULL : &p->seen.x.response, why);
	passthrough_h2_cancel(p);
}

void
passthrough_h2_cancel(struct passthrough_h2 *p)
{
	if (p == NULL)
		return;
	loop_timer_cancel(p->how.loop, &p->over);
	conn_release(&p->conn);
	call_release(&p->call, p->how.loop);
	buf_release(&p->client.print);
	free(p->client.scratch);
	free(p);
}

struct passthrough_h2 *
passthrough_h2_start(const struct passthrough_h2_request *how)
{
	struct passthrough_h2 *p = mem_alloc(sizeof(*p));

	p->how = *how;
	p->options = (struct replay_options){ .timing = TIMING_FAST,
		.timeout_ns = how->timeout_ns };
	p->notes.arena = how->arena;
	p->client = (struct client){ .loop = how->loop,
		.connector = how->to, .options = &p->options,
		.arena = how->arena, .wires = how->arena, .notes = &p->notes,
		.t0_ns = loop_now_ns(how->loop),
		.scratch = mem_alloc(CLIENT_SCRATCH), .on_up = on_up,
		.on_head = on_head, .on_done = on_done, .arg = p };
	p->over = (struct loop_timer){ .fn = over, .owner = p };
	p->asked = (struct exchange){ .protocol = PROTOCOL_HTTP2,
		.request = *how->call, .response = { .present = true } };
	p->asked.request.at_us = p->asked.request.end_us = 0;
	conn_init(&p->conn, &p->client, PROTOCOL_HTTP2);
	call_init(&p->call, &p->asked, &p->seen, &p->client);
	call_request(&p->call, &p->asked.request);
	conn_open(&p->conn);
	return p;
}
