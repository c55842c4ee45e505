/*
 * What stands for a tape's credentials in one replay, in this order: the value
 * of a named secret, a token or signature made anew, the mock that a handle
 * expands to.  (What an earlier answer produced goes before all of them; see
 * resolve.h.)
 */
#ifndef REPLAY_CREDENTIALS_H
#define REPLAY_CREDENTIALS_H

#include "issuer.h"
#include "mint.h"
#include "resign.h"

#include <dvr/replay/trial.h>

struct credentials {
	struct scrub_values *values;
	struct resigner *resigner;	/* NULL: no rules */
	struct issuer *issuer;		/* NULL: the service cannot be told */
	char *loaded;			/* id of the tape that they are of */
};

struct credentials_order {
	const struct trial_config *cfg;
	const struct tape *tape;
	struct mint *mint;		/* outlives them */
};

/* Before the service starts: whom the tokens come from. */
int credentials_issuer(struct credentials *c, const struct secrets_config *s,
		       struct mint *m, const struct issuer_place *at,
		       struct err *e);
/* Makes those of a tape.  The same tape's stay as they are: its state may hold
 * them.  ERR_USAGE when a variable is not set. */
int credentials_load(struct credentials *c, const struct credentials_order *o,
		     struct err *e);
void credentials_down(struct credentials *c);

/* Adds to what the judge knows as alike; they live in seen->arena. */
void credentials_tell(const struct credentials *c, struct observed *seen);

#endif
