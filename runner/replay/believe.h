/*
 * What a replay's service must believe: an authority of the replay's own and
 * the bundle with it, when a lane speaks TLS or is a forward proxy.
 */
#ifndef REPLAY_BELIEVE_H
#define REPLAY_BELIEVE_H

#include <dvr/replay/trial.h>
#include <dvr/service/trust.h>

struct belief {
	struct tls_ca *ca;	/* NULL: no lane needs one */
	struct trust *trust;
};

/* Tells `env` of it.  *b is valid, for belief_down(), also after a failure. */
int belief_up(const struct trial_config *cfg, struct env *env,
	      struct belief *b, struct err *e);
/* After the service and the mocks. */
void belief_down(struct belief *b);

/* Does the service speak TLS, and whom to believe then: the first ingress
 * lane with an https target says; NULL: nobody in particular. */
const struct tls_trust_config *
belief_target(const struct trial_config *cfg, struct tls_trust_config *out);

#endif
