/* A lane: its target, whom it believes there, and what it leaves alone. */
#include "state.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

/* The value of Host for a target: the port only when it is not the default. */
static char *
host_field(const struct url *u)
{
	bool v6 = slice_chr(u->host, ':') >= 0;
	struct buf b;

	buf_init(&b, 1024);
	buf_fmt(&b, v6 ? "[%.*s]" : "%.*s", SLICE_ARG(u->host));
	if (u->port != (u->tls ? 443 : 80))
		buf_fmt(&b, ":%u", u->port);
	return b.p;	/* the buffer's memory is ours from here */
}

/* Made once; files that are wrong are told before anything runs. */
static int
lane_trust(struct lane *l, struct err *e)
{
	if (l->trust)
		return 0;
	l->trust = tls_trust_create(&l->trust_config, e);
	return l->trust ? 0 : err_prefix(e, "lane %s", l->name);
}

int
lane_target(struct lane *l, const char *url, struct err *e)
{
	bool rewrite = l->host_field != NULL;
	struct url u;

	if (url_parse(slice_str(url), &u, e) < 0)
		return err_prefix(e, "lane %s", l->name);
	if (u.tls && lane_trust(l, e) < 0)
		return -1;
	upstream_unref(l->target);
	l->target = upstream_get(l, &u);
	if (rewrite) {
		free(l->host_field);
		l->host_field = host_field(&u);
	}
	return 0;
}

static char *
copy(const char *s)
{
	return s ? mem_strdup(s) : NULL;
}

static void
copy_passthrough(struct lane *l, char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	l->passthrough = mem_array(n + 1, sizeof(*l->passthrough));
	for (size_t i = 0; i < n; i++)
		l->passthrough[i] = mem_strdup(list[i]);
}

int
lane_open(struct lane *l, const struct lane_config *cfg, struct err *e)
{
	l->name = mem_strdup(cfg->name);
	l->role = cfg->role;
	l->inject = cfg->inject;
	l->tls = cfg->tls;
	l->forward = cfg->forward;
	l->ca = copy(cfg->ca);
	l->cert = copy(cfg->cert);
	l->key = copy(cfg->key);
	l->trust_config = (struct tls_trust_config){
		.ca = l->ca, .cert = l->cert, .key = l->key,
		.insecure = cfg->insecure,
	};
	copy_passthrough(l, cfg->passthrough);
	if (cfg->rewrite_host)
		l->host_field = mem_strdup("");
	if ((l->tls || l->forward) && (!l->proxy->ca || !l->proxy->ledger))
		return err_set(e, ERR_INTERNAL, "lane %s: TLS needs an "
			       "authority and a ledger", l->name);
	if (l->forward && lane_trust(l, e) < 0)
		return -1;
	if (cfg->target && lane_target(l, cfg->target, e) < 0)
		return -1;
	if (listener_open(l, cfg->listen ? cfg->listen : "127.0.0.1:0", NULL,
			  &l->listener, e) < 0)
		return -1;
	l->listener->refs++;	/* port and URL are asked for to the end */
	return 0;
}

bool
lane_config_passes(char *const *passthrough, struct slice host)
{
	for (char *const *at = passthrough; at && *at; at++) {
		struct slice want = slice_str(*at);

		if (slice_ieq(want, host))
			return true;
		/* "*.example.com" is every name below, not itself. */
		if (slice_starts(want, SLICE("*.")) && host.n >= want.n &&
		    slice_ieq(slice_from(want, 1),
			      slice_from(host, host.n - want.n + 1)))
			return true;
	}
	return false;
}

bool
lane_passes(const struct lane *l, struct slice host)
{
	return lane_config_passes(l->passthrough, host);
}

void
lane_release(struct lane *l)
{
	if (l->listener)
		listener_unref(l->listener);
	upstream_unref(l->target);
	tls_trust_destroy(l->trust);
	for (char **at = l->passthrough; at && *at; at++)
		free(*at);
	free(l->passthrough);
	free(l->name);
	free(l->ca);
	free(l->cert);
	free(l->key);
	free(l->host_field);
}
