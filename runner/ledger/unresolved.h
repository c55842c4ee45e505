/* Which credentials of a tape a replay can only send mocks for. */
#ifndef LEDGER_UNRESOLVED_H
#define LEDGER_UNRESOLVED_H

#include <dvr/scrub/secrets.h>
#include <dvr/tape/plan.h>

/* Sentences; further ones are counted in the last. */
#define UNRESOLVED_MAX 8

struct unresolved {
	struct arena *arena;	/* of the sentences */
	struct slice v[UNRESOLVED_MAX + 1];
	size_t n;
};

/*
 * Looks at each credential that the clean tape's clients send: no binding
 * brings it, no rule of `s` (may be NULL) names or makes it, it is no token
 * that is signed anew.  Each is told once, where it first stands, by its part
 * of the request alone: names are the traffic's.
 */
void unresolved_find(const struct tape *t, const struct plan *p,
		     const struct secrets_config *s, struct unresolved *out);

#endif
