/* This machine's part of what was selected. */
#ifndef CLI_SHARDING_H
#define CLI_SHARDING_H

#include "regression.h"
#include "shard.h"

/* shard_find(), and whether the other options allow of it. */
int sharding_find(const struct args *args, struct shard *out, struct err *e);
/*
 * Leaves the tapes of this shard among g->picked, in the library's order, and
 * tells of it in g->results.shard.  Without a shard nothing changes.
 */
int sharding_apply(struct regression *g, const struct shard *s,
		   const char *timings, struct err *e);

#endif
