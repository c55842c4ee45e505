/* Reads the lanes of dvr.yaml: where they listen and lead, and their TLS. */
#include "config_sections.h"

#include <string.h>

typedef const char *const keys[];

/* "https://127.0.0.1:0": clients speak TLS to it. */
static void
read_listen(struct reader *r, struct lane_config *l)
{
	static const struct { struct slice scheme; bool tls; } schemes[] = {
		{ { "https://", 8 }, true }, { { "http://", 7 }, false },
	};

	for (size_t i = 0; l->listen && i < ARRAY_LEN(schemes); i++) {
		struct slice s = slice_str(l->listen);

		if (!slice_istarts(s, schemes[i].scheme))
			continue;
		s = slice_from(s, schemes[i].scheme.n);
		if (slice_ends(s, SLICE("/")))
			s = slice_range(s, 0, s.n - 1);
		l->listen = arena_str(r->arena, s);
		l->tls |= schemes[i].tls;
		return;
	}
}

static int
read_tls(struct reader *r, const struct yaml_node *n, struct config *c,
	 struct lane_config *l)
{
	if (value_bool(r, yaml_get(n, "tls"), &l->tls) != 0 ||
	    value_string(r, yaml_get(n, "ca"), &l->ca) != 0 ||
	    value_string(r, yaml_get(n, "cert"), &l->cert) != 0 ||
	    value_string(r, yaml_get(n, "key"), &l->key) != 0 ||
	    value_bool(r, yaml_get(n, "insecure"), &l->insecure) != 0 ||
	    value_strings(r, yaml_get(n, "passthrough"), &l->passthrough))
		return -1;
	if (l->key && !l->cert)
		return yaml_error(r->doc, yaml_get(n, "key"), ERR_USAGE, r->e,
				  "a key needs its certificate: add 'cert'");
	if (l->ca && l->insecure)
		return yaml_error(r->doc, yaml_get(n, "insecure"), ERR_USAGE,
				  r->e, "a lane with 'ca' verifies its target: "
				  "'insecure' contradicts it");
	if (l->ca)
		l->ca = config_path(c, l->ca);
	if (l->cert)
		l->cert = config_path(c, l->cert);
	if (l->key)
		l->key = config_path(c, l->key);
	return 0;
}

/* `proxy: forward`: requests say themselves where they go. */
static int
read_proxy(struct reader *r, const struct yaml_node *n, struct lane_config *l)
{
	static keys kinds = { "forward", NULL };
	const struct yaml_node *proxy = yaml_get(n, "proxy");
	unsigned kind;

	if (value_choice(r, proxy, kinds, &kind) != 0)
		return -1;
	l->forward = proxy != NULL;
	if (!l->forward)
		return 0;
	if (l->role != LANE_EGRESS)
		return yaml_error(r->doc, proxy, ERR_USAGE, r->e,
				  "a forward proxy is for the service's own "
				  "calls: 'role: egress'");
	if (l->target || l->rewrite_host || l->tls)
		return yaml_error(r->doc, n, ERR_USAGE, r->e,
				  "lane '%s' is a forward proxy: its requests "
				  "say where they go, so it has no 'target', "
				  "no 'rewrite_host' and no 'tls'", l->name);
	return 0;
}

static int
read_lane(struct reader *r, const struct yaml_node *n, struct config *c,
	  struct lane_config *l)
{
	static keys known = { "name", "role", "listen", "target", "env",
			      "rewrite_host", "inject", "tls", "ca", "cert",
			      "key", "insecure", "passthrough", "proxy",
			      NULL };
	static keys roles = { "ingress", "egress", NULL };
	unsigned role = LANE_INGRESS;

	if (value_map(r, n, "lane", known) != 0)
		return -1;
	l->inject = true;
	if (value_string(r, yaml_get(n, "name"), &l->name) != 0 ||
	    value_choice(r, yaml_get(n, "role"), roles, &role) != 0 ||
	    value_string(r, yaml_get(n, "listen"), &l->listen) != 0 ||
	    value_string(r, yaml_get(n, "target"), &l->target) != 0 ||
	    value_string(r, yaml_get(n, "env"), &l->env) != 0 ||
	    value_bool(r, yaml_get(n, "rewrite_host"), &l->rewrite_host) ||
	    value_bool(r, yaml_get(n, "inject"), &l->inject) != 0)
		return -1;
	l->role = role == 0 ? LANE_INGRESS : LANE_EGRESS;
	if (!l->name || !l->name[0])
		return yaml_error(r->doc, n, ERR_USAGE, r->e,
				  "a lane needs a name");
	read_listen(r, l);
	if (read_tls(r, n, c, l) != 0 || read_proxy(r, n, l) != 0)
		return -1;
	if (l->role == LANE_EGRESS && !l->target && !l->forward)
		return yaml_error(r->doc, n, ERR_USAGE, r->e,
				  "egress lane '%s' needs a target "
				  "(http://host:port), or 'proxy: forward'",
				  l->name);
	return 0;
}

int
read_lanes(struct reader *r, const struct yaml_node *n, struct config *c)
{
	if (value_list(r, n, "lanes") != 0)
		return -1;
	if (!n || n->count == 0)
		return 0;
	c->lanes = arena_array(r->arena, n->count, sizeof(*c->lanes));
	for (size_t i = 0; i < n->count; i++) {
		if (read_lane(r, &n->items[i], c, &c->lanes[i]) != 0)
			return -1;
		for (size_t k = 0; k < i; k++) {
			if (strcmp(c->lanes[k].name, c->lanes[i].name) == 0)
				return yaml_error(r->doc, &n->items[i],
						  ERR_USAGE, r->e,
						  "lane '%s' is there twice",
						  c->lanes[i].name);
		}
		c->service.tls |= c->lanes[i].role == LANE_INGRESS &&
				  c->lanes[i].target &&
				  slice_istarts(slice_str(c->lanes[i].target),
						SLICE("https://"));
	}
	c->nlanes = n->count;
	return 0;
}
