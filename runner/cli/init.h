/* What `dvr init` finds in a repository, and the files that it makes of it. */
#ifndef CLI_INIT_H
#define CLI_INIT_H

#include <dvr/base/arena.h>
#include <dvr/base/buf.h>

#define INIT_DEPENDENCIES 16

/* A URL that the service takes from its environment. */
struct dependency {
	struct slice name;	/* of the lane: "inventory" */
	struct slice variable;	/* "INVENTORY_URL" */
	struct slice address;	/* "127.0.0.1:7001" */
	struct slice path;	/* behind it, which a lane's URL lacks */
	bool http;		/* else a database: let through */
};

/* Empty slices: not found.  All memory belongs to the arena. */
struct guess {
	struct arena *arena;
	struct slice from;	/* "package.json": what the guess follows */
	struct slice command;	/* of the service, as YAML */
	struct slice build;
	struct slice suite;	/* command line of the integration suite */
	struct slice health;	/* path for the readiness probe */
	unsigned port;		/* where it listens whatever PORT says; 0 */
	struct dependency deps[INIT_DEPENDENCIES];
	size_t ndeps;
	bool compose;		/* there is a docker-compose file */
	bool github, gitlab;	/* that CI is in use here */
};

/* Looks at the working folder; never fails, at worst it finds nothing. */
void init_look(struct arena *a, struct guess *out);
/* Dependencies from .env files (init_environment.c); values never leave it
 * except host and port. */
void init_environment(struct guess *g);

/* At most 256 KiB of a file; empty when it is not there or is larger. */
struct slice init_file(struct arena *a, const char *path);
bool init_exists(const char *path);

/* The files' texts (init_text.c). `name` is the repository's folder. */
void init_config_text(const struct guess *g, struct slice name,
		      struct buf *out);
void init_github_text(const struct guess *g, struct buf *out);
void init_gitlab_text(const struct guess *g, struct buf *out);

#endif
