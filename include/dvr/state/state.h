/*
 * State providers: a data store is snapshotted while the service runs, its
 * image travels on the tape as text, and a replay builds the store anew from
 * it.  An image is raw: it stays in memory until the scrubber has made its
 * text clean.  A new provider is one file and one row in provider.c.
 */
#ifndef DVR_STATE_STATE_H
#define DVR_STATE_STATE_H

#include <dvr/base/process.h>
#include <dvr/tape/tape.h>

#define STATE_MAX_BYTES (64u * MiB)	/* of an image, unless configured */
/* Nobody waits longer for a request to go on: for a lock, for a command. */
#define STATE_LOCK_MS 2000
#define STATE_COMMAND_MS 10000

enum state_when { STATE_FIRST_REQUEST, STATE_RUN, STATE_SESSION };

struct state_provider;

/* One `state:` entry. */
struct state_config {
	const struct state_provider *provider;
	char *name;			/* letters, digits, - _ . */
	char *path;			/* below the state folder, "": all of
					 * it; NULL: the provider has none */
	char *snapshot, *restore;	/* shell commands, or NULL */
	enum state_when when;
	size_t max_bytes;
	char *unscrubbed;		/* reason of `scrub: none`, or NULL */
};

/* Where a service has its data. */
struct state_where {
	const char *dir;		/* DVR_STATE_DIR */
	const struct env *env;		/* for commands, or NULL */
};

struct state_part {
	char *path;			/* on the tape, "state/shop.sql"; ends
					 * in '/': an empty folder */
	char *bytes;			/* raw */
	size_t n;
};

/* What one snapshot gave; counted, since many sessions may share one. */
struct state_image {
	unsigned refs;
	bool tree;			/* the parts are a folder's */
	struct state_part *v;		/* in the order of their paths */
	size_t n;
	size_t bytes;
	char *trouble;			/* why there is none: not replayable */
	char **losses;			/* what is missing, a sentence each */
	size_t nlosses;
};

/* Handles to their expansions: scrub_expand(). */
typedef void state_expand_fn(struct slice s, struct buf *out, bool *any);

struct state_provider {
	const char *name;
	bool has_path, has_commands;
	/* Raw bytes of the store, whole and consistent, at most max_bytes. */
	int (*snapshot)(const struct state_config *c,
			const struct state_where *w, struct state_image *out,
			struct err *e);
	/* One part as it stands on the tape (in the commit's child); NULL: its
	 * bytes themselves. */
	int (*render)(const struct state_part *p, struct buf *out,
		      struct err *e);
	int (*restore)(const struct state_config *c,
		       const struct tape_state *s,
		       const struct state_where *w, state_expand_fn *expand,
		       struct err *e);
};

/* NULL when there is none of that name. */
const struct state_provider *state_provider_named(const char *name);
/* "sqlite | files | command", into `out`. */
const char *state_provider_names(char out[64]);
/* Letters, digits, '-', '_' and '.', the last not first; at most 64. */
bool state_name_ok(struct slice name);

/* Never NULL: what went wrong stands in the image.  One reference. */
struct state_image *state_snapshot(const struct state_config *c,
				   const struct state_where *w);
/* An image that says why there is none. */
struct state_image *state_image_lost(const char *why);
struct state_image *state_image_ref(struct state_image *i);
/* Takes NULL; wipes the bytes with the last reference. */
void state_image_unref(struct state_image *i);
bool state_image_same(const struct state_image *a,
		      const struct state_image *b);

/*
 * The image as a raw recording carries it; strings live in `a` or belong to
 * the image.  What cannot be put into text is an error: not replayable.
 */
int state_render(const struct state_config *c, const struct state_image *i,
		 struct arena *a, struct tape_state *out, struct err *e);

/*
 * Builds every store of the tape below w->dir, before the service starts.  A
 * store that is not configured (any more), of another provider, or that
 * cannot be built is an error.
 */
int state_restore(const struct state_config *v, size_t n,
		  const struct tape *t, const struct state_where *w,
		  state_expand_fn *expand, struct err *e);

#endif
