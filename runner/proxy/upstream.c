/* Where connections go: a host and port with its addresses, looked up once. */
#include "state.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

/* A resolver that does not answer in this time will not. */
#define UPSTREAM_RESOLVE_MS 5000u

static char *
authority(const struct url *u)
{
	bool v6 = slice_chr(u->host, ':') >= 0;
	struct buf b;

	buf_init(&b, 1024);
	buf_fmt(&b, v6 ? "[%.*s]:%u" : "%.*s:%u", SLICE_ARG(u->host), u->port);
	return b.p;	/* the buffer's memory is ours from here */
}

struct upstream *
upstream_get(struct lane *l, const struct url *url)
{
	struct upstream *u;

	for (u = l->upstreams; u; u = u->next)
		if (u->port == url->port && u->tls == url->tls &&
		    slice_ieq(slice_str(u->host), url->host)) {
			u->refs++;
			return u;
		}
	u = mem_alloc(sizeof(*u));
	u->lane = l;
	u->host = mem_alloc(url->host.n + 1);
	memcpy(u->host, url->host.p, url->host.n);
	u->text = authority(url);
	u->port = url->port;
	u->tls = url->tls;
	u->refs = 1;
	u->next = l->upstreams;
	l->upstreams = u;
	return u;
}

void
upstream_unref(struct upstream *u)
{
	struct upstream **at;

	if (!u || --u->refs)
		return;
	for (at = &u->lane->upstreams; *at != u; at = &(*at)->next)
		;
	*at = u->next;
	resolve_cancel(u->resolve);
	free(u->host);
	free(u->text);
	free(u);
}

static void
resolved(void *arg, const struct address *found, size_t count,
	 const char *why)
{
	struct upstream *u = arg;

	u->resolve = NULL;
	if (count > LANE_ADDRESSES_MAX)
		count = LANE_ADDRESSES_MAX;
	if (count)
		memcpy(u->found, found, count * sizeof(*found));
	u->nfound = count;
	relay_resolved(u, count ? NULL : why);
}

int
upstream_resolve(struct upstream *u)
{
	if (u->nfound || u->resolve)
		return 0;
	u->resolve = resolve_start(u->lane->proxy->loop, slice_str(u->host),
				   u->port, UPSTREAM_RESOLVE_MS, resolved, u);
	return u->nfound || u->resolve ? 0 : -1;
}
