/* Listeners that stand for a tape's egress lanes. */
#include "correlate.h"
#include "mock_conn.h"

#include <dvr/base/mem.h>
#include <dvr/net/sock.h>
#include <dvr/proxy/proxy.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* In a network of their own mocks have the same ports every time; below the
 * range that the system draws from. */
#define ISOLATED_PORT 20000
/* Text of stubs that is offered; a body in one is small. */
#define OFFER_MAX (256u * KiB)
/* Patience with a real dependency unless the replay has another. */
#define PASSTHROUGH_NS (10 * NS_PER_S)

static void
accept_all(struct loop_io *io, unsigned ready)
{
	struct mock_lane *lane = io->owner;
	int fd;

	(void)ready;
	while ((fd = sock_accept(io->fd, NULL)) >= 0)
		mock_conn_start(lane, fd);
}

static struct mock_lane *
find_lane(const struct mocks *m, struct slice name)
{
	struct mock_lane *l = m->lanes;

	while (l != NULL && !slice_eq(l->name, name))
		l = l->next;
	return l;
}

/* The lane is where the descriptor listens. */
static int
listen_on(struct mock_lane *lane, int fd, const struct address *bound,
	  struct err *e)
{
	lane->io = (struct loop_io){ .fd = fd, .fn = accept_all,
		.owner = lane };
	lane->port = address_port(bound);
	snprintf(lane->url, sizeof(lane->url), "http://127.0.0.1:%u",
		 (unsigned)lane->port);
	if (loop_add(lane->mocks->loop, &lane->io, LOOP_READ, e) == 0)
		return 0;
	close(fd);
	lane->io.fd = -1;
	return -1;
}

static int
add_lane(struct mocks *m, struct slice name, struct err *e)
{
	struct mock_lane *lane;
	struct address at, bound;
	uint16_t port = 0;
	int fd;

	if (find_lane(m, name) != NULL)
		return 0;
	if (m->isolation != NULL)
		port = (uint16_t)(ISOLATED_PORT + m->nlanes++);
	if (address_literal(SLICE("127.0.0.1"), port, &at) != 0)
		return err_set(e, ERR_INTERNAL, "no loopback address");
	if (isolation_listen(m->isolation, &at, &fd, &bound, e) != 0)
		return -1;
	lane = arena_alloc(m->lanes_arena, sizeof(*lane));
	lane->mocks = m;
	lane->name = arena_copy(m->lanes_arena, name);
	if (listen_on(lane, fd, &bound, e) != 0)
		return -1;
	lane->next = m->lanes;
	m->lanes = lane;
	return 0;
}

int
mocks_add_lane(struct mocks *m, const char *lane, struct err *e)
{
	return add_lane(m, slice_str(lane), e);
}

int
mocks_listen(struct mocks *m, const char *name, const char *listen,
	     struct err *e)
{
	struct mock_lane *lane = find_lane(m, slice_str(name));
	struct address at, bound;
	struct slice host;
	uint16_t port;
	int fd;

	if (lane == NULL)
		return 0;
	if (address_split(slice_str(listen), &host, &port, e) != 0)
		return -1;
	if (address_literal(host, port, &at) != 0)
		return err_set(e, ERR_USAGE, "not a numeric address");
	if (sock_listen(&at, &fd, &bound, e) != 0)
		return -1;
	loop_del(m->loop, &lane->io);
	close(lane->io.fd);
	return listen_on(lane, fd, &bound, e);
}

int
mocks_create(struct loop *l, const struct tape *t, const struct plan *p,
	     struct mocks **out, struct err *e)
{
	return mocks_create_in(NULL, l, t, p, out, e);
}

static void
unload(struct mocks *m)
{
	for (struct mock_lane *l = m->lanes; l; l = l->next)
		while (l->conns != NULL)
			mock_conn_destroy(l->conns);
	if (m->arena != NULL)
		arena_wipe(m->arena);
	m->arena = NULL;
	buf_clear(&m->stubs);
}

int
mocks_load(struct mocks *m, const struct tape *t, const struct plan *p,
	   struct err *e)
{
	struct arena *a = arena_create();

	unload(m);
	m->tape = t;
	m->plan = p;
	m->arena = a;
	m->run = NULL;
	m->misses = (struct notes){ .arena = a };
	m->notes = (struct notes){ .arena = a };
	m->prefix = correlate_prefix(t, a);
	m->seen = arena_array(a, t->nexchanges + 1, sizeof(*m->seen));
	m->match = (struct match){ .tape = t, .plan = p,
		.used = arena_array(a, t->nexchanges + 1, sizeof(bool)) };
	for (size_t i = 0; i < t->nlanes; i++)
		if (t->lanes[i].role == LANE_EGRESS &&
		    add_lane(m, t->lanes[i].name, e) != 0)
			return -1;
	return 0;
}

int
mocks_create_in(struct isolation *in, struct loop *l, const struct tape *t,
		const struct plan *p, struct mocks **out, struct err *e)
{
	struct arena *a = arena_create();
	struct mocks *m = arena_alloc(a, sizeof(*m));

	m->loop = l;
	m->isolation = in;
	m->lanes_arena = a;
	buf_init(&m->stubs, OFFER_MAX);
	m->timeout_ns = PASSTHROUGH_NS;
	m->scratch = mem_alloc(MOCK_SCRATCH);
	if (mocks_load(m, t, p, e) != 0) {
		mocks_destroy(m);
		return -1;
	}
	*out = m;
	return 0;
}

void
mocks_on_miss(struct mocks *m, const struct replay_options *o)
{
	m->on_miss = o->on_miss;
	if (o->timeout_ns != 0)
		m->timeout_ns = o->timeout_ns;
}

void
mocks_values(struct mocks *m, const struct scrub_values *v,
	     const struct mint *keys)
{
	m->match.values = v;
	m->keys = keys;
}

static struct tls_trust_config
trust_of(const struct lane_config *config)
{
	return (struct tls_trust_config){ .ca = config->ca,
		.cert = config->cert, .key = config->key,
		.insecure = config->insecure };
}

void
mocks_speak(struct mocks *m, const struct lane_config *config,
	    struct tls_ca *ca)
{
	struct mock_lane *lane = find_lane(m, slice_str(config->name));

	if (lane == NULL || ca == NULL || !(config->tls || config->forward))
		return;
	lane->ca = ca;
	lane->forward = config->forward;
	lane->passthrough = config->passthrough;
	lane->trust = trust_of(config);
	if (!config->forward)
		snprintf(lane->url, sizeof(lane->url), "https://127.0.0.1:%u",
			 (unsigned)lane->port);
}

int
mocks_target(struct mocks *m, const struct lane_config *config,
	     const char *url, struct err *e)
{
	struct mock_lane *lane = find_lane(m, slice_str(config->name));
	struct mock_out *out;

	if (lane == NULL)
		return 0;
	lane->trust = trust_of(config);
	return mock_out_add(lane, slice_str(url), &out, e);
}

const char *
mocks_url(const struct mocks *m, const char *lane)
{
	const struct mock_lane *l = find_lane(m, slice_str(lane));

	return l ? l->url : NULL;
}

void
mocks_attach(struct mocks *m, const struct mock_run *run)
{
	struct mock_conn *c, *next;

	m->run = run;
	m->match.cause_state = run ? run->cause_state : NULL;
	m->match.arg = run ? run->arg : NULL;
	if (run != NULL)
		return;
	for (struct mock_lane *l = m->lanes; l; l = l->next)
		for (c = l->conns; c; c = next) {
			next = mock_conn_next(c);
			mock_conn_unhold(c);
		}
}

const struct notes *
mocks_misses(const struct mocks *m)
{
	return &m->misses;
}

const struct notes *
mocks_notes(const struct mocks *m)
{
	return &m->notes;
}

struct slice
mocks_offer(struct mocks *m, struct arena *a)
{
	if (m->stubs.n == 0)
		return slice_of(NULL, 0);
	/* A file has the key once. */
	return arena_fmt(a, "%s%.*s", m->plan && m->plan->nstubs ? "" :
			 "stubs:\n", SLICE_ARG(buf_slice(&m->stubs)));
}

const struct observed_exchange *
mocks_seen(const struct mocks *m, uint32_t index)
{
	return m->seen[index];
}

void
mocks_destroy(struct mocks *m)
{
	if (m == NULL)
		return;
	unload(m);
	for (struct mock_lane *l = m->lanes; l; l = l->next) {
		mock_out_release(l);
		loop_del(m->loop, &l->io);
		close(l->io.fd);
	}
	buf_release(&m->stubs);
	free(m->scratch);
	arena_destroy(m->lanes_arena);
}
