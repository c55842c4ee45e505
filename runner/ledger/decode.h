/*
 * From an exchange's raw bytes to struct exchange.  Each side's bytes are laid
 * out in one piece, which the message's slices then point into.
 */
#ifndef LEDGER_DECODE_H
#define LEDGER_DECODE_H

#include "book.h"

struct decode_in {
	const struct ledger *ledger;	/* ring, notes, configuration */
	const struct lx *x;
	uint64_t t0_ns;			/* first byte of the tape */
	uint64_t max_bytes;		/* of a side; 0: all that is stored */
	/* A time-out: what the response did later is not its story. */
	uint64_t until_ns;
};

/* Fills everything but id, conn (its own number, cut to 32 bits) and cause. */
void decode_exchange(struct arena *a, const struct decode_in *in,
		     struct exchange *out);

#endif
