/*
 * Stands for the party that issued a tape's tokens: OpenID Connect Discovery
 * and the JWK set of the run's keys, on loopback, where the service is.
 */
#ifndef REPLAY_ISSUER_H
#define REPLAY_ISSUER_H

#include "mint.h"

#include <dvr/net/loop.h>
#include <dvr/service/isolation.h>

struct issuer;

struct issuer_place {
	struct loop *loop;
	struct isolation *isolation;
	struct env *env;		/* gets DVR_JWKS_URL, DVR_OIDC_ISSUER */
	const char *listen;		/* "127.0.0.1:7099"; NULL: any port */
};

/* `m` must outlive it. */
int issuer_create(const struct issuer_place *at, const struct mint *m,
		  struct issuer **out, struct err *e);
/* "http://127.0.0.1:PORT", and the same with the JWK set's path. */
const char *issuer_url(const struct issuer *i);
const char *issuer_jwks_url(const struct issuer *i);
/* Takes NULL. */
void issuer_destroy(struct issuer *i);

#endif
