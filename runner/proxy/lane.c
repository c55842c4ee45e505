/* Where a lane's connections go: its target's URL and addresses. */
#include "state.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

/* A resolver that does not answer in this time will not. */
#define LANE_RESOLVE_MS 5000u

/* The value of Host for a target: the port only when it is not the default. */
static char *
host_field(const struct url *u)
{
	bool v6 = slice_chr(u->host, ':') >= 0;
	struct buf b;

	buf_init(&b, 1024);
	buf_fmt(&b, v6 ? "[%.*s]" : "%.*s", SLICE_ARG(u->host));
	if (u->port != 80)
		buf_fmt(&b, ":%u", u->port);
	return b.p;	/* the buffer's memory is ours from here */
}

int
lane_target(struct lane *l, const char *url, struct err *e)
{
	char shown[QUOTE_MAX];
	bool rewrite = l->host_field != NULL;
	struct url u;

	if (url_parse(slice_str(url), &u, e) < 0)
		return err_prefix(e, "lane %s", l->name);
	if (u.tls)
		return err_set(e, ERR_USAGE, "lane %s: target %s: https "
			       "targets are not supported; use http://",
			       l->name, quote(slice_str(url), shown));
	resolve_cancel(l->resolve);
	l->resolve = NULL;
	free(l->target);
	l->target = mem_strdup(url);
	if (rewrite) {
		free(l->host_field);
		l->host_field = host_field(&u);
	}
	l->nfound = 0;
	return 0;
}

static void
resolved(void *arg, const struct address *found, size_t count,
	 const char *why)
{
	struct lane *l = arg;

	l->resolve = NULL;
	if (count > LANE_ADDRESSES_MAX)
		count = LANE_ADDRESSES_MAX;
	if (count)
		memcpy(l->found, found, count * sizeof(*found));
	l->nfound = count;
	relay_resolved(l, count ? NULL : why);
}

int
lane_resolve(struct lane *l)
{
	struct url u;

	if (!l->target)
		return -1;
	if (l->nfound || l->resolve)
		return 0;
	if (url_parse(slice_str(l->target), &u, NULL) < 0)
		return -1;
	l->resolve = resolve_start(l->proxy->loop, u.host, u.port,
				   LANE_RESOLVE_MS, resolved, l);
	return l->nfound || l->resolve ? 0 : -1;
}

void
lane_release(struct lane *l)
{
	resolve_cancel(l->resolve);
	if (l->listener)
		listener_unref(l->listener);
	free(l->name);
	free(l->target);
	free(l->host_field);
}
