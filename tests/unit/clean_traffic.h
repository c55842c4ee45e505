/* Honest traffic: bodies in the shapes of well-known public interfaces, full of
 * what is easily taken for a secret, and with none in it. */
#ifndef TESTS_CLEAN_TRAFFIC_H
#define TESTS_CLEAN_TRAFFIC_H

#include <dvr/base/arena.h>

struct clean_body {
	const char *name;	/* "payment", "packages" … */
	const char *type;	/* Content-Type */
	const char *target;	/* of the request that it answers */
	struct slice text;
};

#define CLEAN_KINDS 13

/* The body number `kind` (below CLEAN_KINDS), of about `bytes`: the same for
 * the same seed. */
struct clean_body clean_traffic(struct arena *a, unsigned kind, unsigned seed,
				size_t bytes);

#endif
