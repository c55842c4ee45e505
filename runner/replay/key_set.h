/*
 * A recorded dependency's JWK set holds the keys that the recorded tokens were
 * signed with.  The replay's tokens are signed with its own: those keys stand
 * beside the recorded ones in the mock's answer.
 */
#ifndef REPLAY_KEY_SET_H
#define REPLAY_KEY_SET_H

#include "mint.h"

#include <dvr/tape/tape.h>

/* True: *out is the answer `m` with the keys added, its coding undone and told
 * in out->decoded; what is new lives in `a`. */
bool key_set_add(const struct mint *keys, struct arena *a,
		 const struct message *m, struct message *out);

#endif
