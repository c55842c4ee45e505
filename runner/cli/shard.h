/*
 * Sharding: several machines try a part of the library each.  All of them work
 * the same plan out, from what all of them have: the checked out tapes, and a
 * file of timings if one is given.
 */
#ifndef CLI_SHARD_H
#define CLI_SHARD_H

#include "command.h"

#include <dvr/judge/result.h>
#include <dvr/tape/library.h>

#define SHARDS_MAX 1000

/* Which part is this machine's. */
struct shard {
	unsigned index, of;	/* from 1; of == 0: everything is */
	const char *source;	/* who says so, static or the variable's name */
};

/*
 * --shard and DVR_SHARD ("2/7"), else what CI systems set: Bazel, GitLab,
 * Buildkite, CircleCI, indexed jobs of Kubernetes.  One of one is no shard.
 * ERR_USAGE when what is set makes no sense.
 */
int shard_find(const struct args *args, struct shard *out, struct err *e);
/* Bazel wants to see that sharding is understood (TEST_SHARD_STATUS_FILE). */
int shard_acknowledge(struct err *e);

struct shard_plan {
	unsigned of;
	size_t n;		/* tapes */
	unsigned *shard;	/* by tape: whose it is, from 1 */
	uint64_t *ms;		/* by tape: how long it will take, about */
	char hash[65];		/* of names and their shards */
};

/*
 * Longest first, each to the shard that has least to do (Graham 1969: at most
 * 4/3 of the best).  What a tape takes: the 85th percentile of its seconds in
 * `timings` (JSON results of any number of runs, one behind the other), there
 * unknown ones the mean; without `timings` (NULL) the length of its traffic
 * and a second for the service's start.  Ties by name.
 */
int shard_plan(const struct library_entry *const *tapes, size_t n, unsigned of,
	       const char *timings, struct shard_plan *out, struct err *e);
void shard_plan_release(struct shard_plan *p);

#endif
