/* The proxy as a whole: opened, told its targets, drained, counted. */
#include "state.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* A head plus what is injected, for every pipelined head of one read. */
#define EDITED_MAX (RELAY_READ_BYTES + 4 * HTTP1_HEAD_MAX)

/* Two descriptors a connection: the soft limit of 1,024 is soon used up. */
static void
raise_descriptor_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

struct proxy *
proxy_create(const struct proxy_config *cfg, struct loop *loop,
	     struct ledger *ledger, struct err *e)
{
	struct proxy *p = mem_alloc(sizeof(*p));

	raise_descriptor_limit();
	p->loop = loop;
	p->ledger = cfg->record ? ledger : NULL;
	p->connect_timeout_ns = cfg->connect_timeout_ns;
	p->ca = cfg->ca;
	p->scratch = mem_alloc(RELAY_READ_BYTES);
	buf_init(&p->edited, EDITED_MAX);
	p->lanes = mem_array(cfg->nlanes ? cfg->nlanes : 1, sizeof(*p->lanes));
	for (size_t i = 0; i < cfg->nlanes; i++) {
		p->lanes[i].proxy = p;
		p->lanes[i].index = (uint32_t)i;
		p->nlanes++;
		if (lane_open(&p->lanes[i], &cfg->lanes[i], e) < 0) {
			proxy_destroy(p);
			return NULL;
		}
	}
	return p;
}

void
proxy_destroy(struct proxy *p)
{
	if (!p)
		return;
	proxy_close_listeners(p);
	relay_reset_all(p);
	for (size_t i = 0; i < p->nlanes; i++)
		lane_release(&p->lanes[i]);
	loop_timer_cancel(p->loop, &p->starved);
	backlog_pool_release(&p->chunks);
	buf_release(&p->edited);
	free(p->lanes);
	explicit_bzero(p->scratch, RELAY_READ_BYTES);
	free(p->scratch);
	free(p);
}

int
proxy_target(struct proxy *p, size_t lane, const char *url, struct err *e)
{
	return lane_target(&p->lanes[lane], url, e);
}

uint16_t
proxy_port(const struct proxy *p, size_t lane)
{
	return p->lanes[lane].listener->port;
}

const char *
proxy_url(const struct proxy *p, size_t lane)
{
	return p->lanes[lane].listener->url;
}

int
proxy_session_listen(struct proxy *p, size_t lane, const char *session,
		     uint16_t *port, struct err *e)
{
	struct listener *s;

	if (listener_open(&p->lanes[lane], "127.0.0.1:0", session, &s, e) < 0)
		return -1;
	*port = s->port;
	return 0;
}

void
proxy_session_close(struct proxy *p, const char *session)
{
	struct listener *next;

	for (struct listener *s = p->listeners; s; s = next) {
		next = s->next;
		if (s->session && strcmp(s->session, session) == 0)
			listener_close(s);
	}
}

void
proxy_close_listeners(struct proxy *p)
{
	struct listener *next;

	for (struct listener *s = p->listeners; s; s = next) {
		next = s->next;
		listener_close(s);
	}
}

void
proxy_drain(struct proxy *p, uint64_t timeout_ns)
{
	uint64_t until = loop_now_ns(p->loop) + timeout_ns;

	relay_close_idle(p);
	while (p->conns && loop_now_ns(p->loop) < until) {
		if (loop_once(p->loop, until, NULL) < 0)
			break;
		relay_close_idle(p);
	}
	relay_reset_all(p);
}

void
proxy_stats(const struct proxy *p, struct proxy_stats *out)
{
	*out = p->stats;
}
