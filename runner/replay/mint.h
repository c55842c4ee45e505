/*
 * Makes tokens anew, with keys that are made for this run and are gone with
 * it: a key that is shared would forge everywhere.  What can be verified with
 * a public key is told as a JWK set.
 */
#ifndef REPLAY_MINT_H
#define REPLAY_MINT_H

#include <dvr/base/arena.h>
#include <dvr/base/buf.h>
#include <dvr/base/clock.h>
#include <dvr/base/err.h>

struct mint;

struct mint *mint_create(const struct clock *clock);
/* Takes NULL. */
void mint_destroy(struct mint *m);

struct mint_order {
	struct slice header, claims;	/* JSON objects, no handles in them */
	int64_t shift_s;		/* of exp, nbf, iat, auth_time */
	const char *issuer;		/* for `iss`; NULL: as it is */
	struct slice secret;		/* of HS*; "": the run's own */
};

/*
 * header.claims.signature, by the header's own `alg`: RS, PS, ES and HS with
 * 256, 384 and 512, EdDSA (Ed25519), none.  What names the old key goes out of
 * the header, `kid` names ours ("dvr-mock-…").  -1 when the header is no
 * object or its algorithm is another one.
 */
int mint_jwt(struct mint *m, const struct mint_order *o, struct buf *out,
	     struct err *e);
/* Is that algorithm verified with a shared secret? */
bool mint_is_shared(struct slice alg);
/* `alg` of a header's JSON text, or "". */
struct slice mint_alg(struct arena *a, struct slice header);

/* Makes the key when there is none yet; false: not such an algorithm. */
bool mint_prepare(struct mint *m, struct slice alg);
/* {"keys":[…]}: RFC 7517 §5, one key for each algorithm so far. */
void mint_jwks(const struct mint *m, struct buf *out);
/* The keys alone, with commas between them; "" without any. */
void mint_keys(const struct mint *m, struct buf *out);

#endif
