/*
 * Bindings: which value of a request was produced by an earlier answer.  Found
 * on raw values, before scrubbing; only places come out.
 */
#ifndef DVR_RELATE_BINDINGS_H
#define DVR_RELATE_BINDINGS_H

#include <dvr/tape/plan.h>

/* More than a person will ever read; the first ones are kept. */
#define BINDINGS_MAX 5000

/*
 * For every value of a client's request the latest answer that had ended
 * before and held it: as it stands, percent-coded, in base64, or as a part of
 * it ("Bearer " + v).  A value counts when it is too long to be there by
 * chance; a short one when the names around it agree ("cart_id": 17 of POST
 * /carts, then GET /carts/17).  What a client sent first is the client's.
 * Linear in the bytes of the tape.  Sets out->bindings, which lives in `a`.
 */
void bindings_find(struct arena *a, const struct tape *raw, struct plan *out);

#endif
