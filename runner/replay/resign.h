/*
 * Signatures over what a replay really sends: masked bodies, bound ids, another
 * time.  One row a scheme in resign.c.
 */
#ifndef REPLAY_RESIGN_H
#define REPLAY_RESIGN_H

#include <dvr/base/err.h>
#include <dvr/scrub/secrets.h>
#include <dvr/scrub/values.h>
#include <dvr/tape/tape.h>

struct resigner;

/*
 * Reads the keys from the environment: of those rules that a request of the
 * tape needs.  ERR_USAGE for a variable that is not set.  `shift_s` is the
 * replay's clock less the recorded one; `values` wins over a signature; may be
 * NULL.
 */
int resigner_create(const struct secrets_config *cfg, const struct tape *t,
		    const struct scrub_values *values, int64_t shift_s,
		    struct resigner **out, struct err *e);
/* Wipes the keys.  Takes NULL. */
void resigner_destroy(struct resigner *r);

/* The rule for this recorded request, as an index from 1; 0: none. */
size_t resigner_rule(const struct resigner *r, const struct exchange *x);
/* Header that the rule makes anew. */
struct slice resigner_header(const struct resigner *r, size_t rule);
/* `m`, the request of `x` as it is to be sent, gets its signature; what is new
 * lives in `a`. */
void resigner_sign(const struct resigner *r, size_t rule,
		   const struct exchange *x, struct arena *a,
		   struct message *m);

/* The variable's value; ERR_USAGE that names variable and `who` needs it when
 * it is not set. */
int secret_from_env(const char *who, const char *name, struct slice *out,
		    struct err *e);

#endif
