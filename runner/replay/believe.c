/* The replay's own authority, and whom the replay itself believes. */
#include "believe.h"

int
belief_up(const struct trial_config *cfg, struct env *env, struct belief *b,
	  struct err *e)
{
	bool needed = false;

	for (size_t i = 0; i < cfg->nlanes; i++)
		needed |= cfg->lanes[i].role == LANE_EGRESS &&
			  (cfg->lanes[i].tls || cfg->lanes[i].forward);
	if (!needed)
		return 0;
	b->ca = tls_ca_create(e);
	if (b->ca == NULL || trust_create(b->ca, &b->trust, e) != 0)
		return -1;
	trust_env(b->trust, env);
	return 0;
}

void
belief_down(struct belief *b)
{
	trust_destroy(b->trust);
	tls_ca_destroy(b->ca);
	*b = (struct belief){ 0 };
}

const struct tls_trust_config *
belief_target(const struct trial_config *cfg, struct tls_trust_config *out)
{
	for (size_t i = 0; i < cfg->nlanes; i++) {
		const struct lane_config *l = &cfg->lanes[i];

		if (l->role != LANE_INGRESS ||
		    !(l->ca || l->cert || l->insecure))
			continue;
		/* A client certificate alone says nothing of the service's. */
		*out = (struct tls_trust_config){ .ca = l->ca,
			.cert = l->cert, .key = l->key,
			.insecure = l->insecure };
		return out;
	}
	return NULL;
}
