/* Connectors to what mocks stand for, one a host (see mock_out.h). */
#include "mock_out.h"

#include <dvr/base/mem.h>

/* Hosts that one lane of a forward proxy leads to; more are misses. */
#define OUTS_MAX 64u

static struct mock_out *
find(struct mock_lane *lane, struct slice url, size_t *n)
{
	struct mock_out *o;

	*n = 0;
	for (o = lane->outs; o != NULL; o = o->next, ++*n)
		if (slice_eq(slice_str(o->url), url))
			break;
	return o;
}

int
mock_out_add(struct mock_lane *lane, struct slice url, struct mock_out **out,
	     struct err *e)
{
	struct mocks *m = lane->mocks;
	struct mock_out *o = arena_alloc(m->lanes_arena, sizeof(*o));

	o->url = arena_str(m->lanes_arena, url);
	/* Past any isolation: what is real is outside. */
	if (connector_create(m->loop, o->url, NULL, &o->connector, e) != 0)
		return -1;
	if (connector_trust(o->connector, &lane->trust, e) != 0) {
		connector_destroy(o->connector);
		return -1;
	}
	o->next = lane->outs;
	lane->outs = o;
	*out = o;
	return 0;
}

struct mock_out *
mock_out(struct mock_conn *c, const struct message *call)
{
	struct mock_lane *lane = c->lane;
	struct arena *a = lane->mocks->arena;
	struct slice host = c->tunnel.n > 0 ? c->tunnel : match_host(call), url;
	struct mock_out *o;
	size_t n;

	if (!lane->forward)
		return lane->outs;
	if (lane->mocks->on_miss != ON_MISS_PASSTHROUGH || host.n == 0)
		return NULL;
	url = arena_fmt(a, "http%s://%.*s", c->tls ? "s" : "",
			SLICE_ARG(host));
	o = find(lane, url, &n);
	if (o == NULL && n < OUTS_MAX &&
	    mock_out_add(lane, url, &o, NULL) != 0)
		return NULL;
	return o;
}

void
mock_out_release(struct mock_lane *lane)
{
	for (struct mock_out *o = lane->outs; o != NULL; o = o->next)
		connector_destroy(o->connector);
	lane->outs = NULL;
}

/* What is for a proxy alone does not go on, and the target is in origin form
 * (RFC 9112 §3.2.1). */
void
mock_out_print(const struct mock_conn *c, const struct message *call,
	       struct buf *out)
{
	struct arena *a = c->lane->mocks->arena;
	struct message m = *call;
	struct headers h = { .v = arena_array(a, m.headers.n + 1,
					      sizeof(*h.v)) };

	if (!c->lane->forward) {
		message_print(&m, out);
		return;
	}
	m.raw_head = slice_of(NULL, 0);
	m.line = arena_fmt(a, "%.*s %.*s HTTP/1.1",
			   SLICE_ARG(message_method(&m)),
			   SLICE_ARG(match_target(&m)));
	for (size_t i = 0; i < m.headers.n; i++)
		if (!slice_istarts(m.headers.v[i].name, SLICE("proxy-")))
			h.v[h.n++] = m.headers.v[i];
	m.headers = h;
	message_print(&m, out);
}

void
mock_out_tell(const struct mock_conn *c, const struct message *call,
	      const struct mock_out *to)
{
	char q1[QUOTE_MAX], q2[QUOTE_MAX];

	notes_fmt(&c->lane->mocks->notes, "PASSED THROUGH: %.*s: %s went to "
		  "%s, because nobody recorded it: this replay depends on what "
		  "is there", SLICE_ARG(c->lane->name), quote(call->line, q1),
		  quote(slice_str(to->url), q2));
}

void
mock_out_failed(const struct mock_conn *c, const struct mock_out *to,
		const char *why)
{
	char q[QUOTE_MAX];

	notes_fmt(&c->lane->mocks->notes, "%.*s: %s did not answer: %s",
		  SLICE_ARG(c->lane->name), quote(slice_str(to->url), q), why);
}
