/*
 * tape.yaml: canonical (same tape, same bytes), readable in a review, read
 * back by a strict reader.  tape_parse(tape_print(t)) == t.  Bodies that are
 * text of up to TAPE_INLINE_MAX stand in the file; larger or binary ones in
 * bodies/<sha256>, with size and hash checked when they are read.
 */
#ifndef DVR_TAPE_YAML_H
#define DVR_TAPE_YAML_H

#include <dvr/base/buf.h>
#include <dvr/tape/tape.h>

#define TAPE_INLINE_MAX (16u * KiB)
#define TAPE_FILE_MAX (64u * MiB)	/* tape.yaml itself */
#define TAPE_BODY_MAX (256u * MiB)	/* one body in a file */
#define TAPE_BODIES_MAX (1024u * MiB)	/* all bodies in files */

/* A body that the text refers to by hash. */
struct tape_blob {
	char hash[65];
	struct slice bytes;		/* borrowed from the tape */
};
struct tape_blobs {
	struct tape_blob *v;		/* free() it */
	size_t n;
};

/* The text of tape.yaml; `blobs` lists what must be written beside it. */
void tape_print(const struct tape *t, struct buf *out,
		struct tape_blobs *blobs);
/* Where an exchange starts in that text: filled when not NULL with 1-based
 * lines by exchange index (for JUnit's `line`). Array of t->nexchanges. */
void tape_print_lines(const struct tape *t, unsigned *lines);

/* Whole folder, or nothing: written to a temporary sibling, synced, renamed.
 * A folder that exists already is replaced the same way. `dir` is the library
 * (fixtures/); the folder's name is t->id. */
int tape_write(const struct tape *t, const char *fixtures, struct err *e);

/* Reads fixtures/<id> (the folder). Errors carry file:line:column: truncated,
 * conflict markers, wrong version, duplicate ids, negative or backward times,
 * body hash that differs, symlinks that leave the folder, over a limit. */
int tape_read(const char *dir, struct tape *out, struct err *e);
/* The text alone, bodies resolved by `load` (tests, fuzzing). */
typedef int tape_load_fn(void *arg, struct arena *a, const char *hash,
			 uint64_t size, struct slice *out, struct err *e);
int tape_parse(const char *name, struct slice text, tape_load_fn *load,
	       void *arg, struct tape *out, struct err *e);

#endif
