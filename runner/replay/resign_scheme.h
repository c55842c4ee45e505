/* What the schemes of signatures share (private to resign*.c). */
#ifndef REPLAY_RESIGN_SCHEME_H
#define REPLAY_RESIGN_SCHEME_H

#include "resign.h"

struct signing {
	const struct resign_rule *rule;
	struct slice key;		/* its coding undone */
	struct slice id;		/* "": the recorded one */
	int64_t shift_s;
	int64_t now_s;			/* the replay's clock at the request */
	struct arena *arena;
	struct message *m;
};

typedef void sign_fn(struct signing *s);
sign_fn sign_azure, sign_aws;

/* Value of a header of the message, "" when there is none. */
struct slice signing_value(const struct signing *s, const char *name);
/* Sets one that is there; nothing when it is not. */
void signing_set(struct signing *s, struct slice name, struct slice value);
/* HMAC; `digest` by OpenSSL's name.  In s->arena. */
struct slice signing_hmac(const struct signing *s, const char *digest,
			  struct slice key, struct slice text);
struct slice signing_hex(struct arena *a, struct slice raw);

#endif
