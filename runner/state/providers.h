/* The providers, and what they fill images with. */
#ifndef STATE_PROVIDERS_H
#define STATE_PROVIDERS_H

#include <dvr/base/fs.h>
#include <dvr/state/state.h>

extern const struct state_provider state_sqlite;
extern const struct state_provider state_files;
extern const struct state_provider state_command;

/* Takes `bytes` (heap, may be NULL); copies the path. */
void image_add(struct state_image *i, const char *path, char *bytes,
	       size_t n);
void image_loss(struct state_image *i, const char *fmt, ...)
	PRINTF_LIKE(2, 3);
/* The configured path below the state folder. */
int state_path(const struct state_config *c, const struct state_where *w,
	       char out[FS_PATH_MAX], struct err *e);
/* Said the same way by all. */
int state_too_large(const struct state_config *c, struct err *e);

/* sqlite_dump.c: the text of a database (a whole file's bytes). */
int sqlite_dump(const struct state_part *p, struct buf *out, struct err *e);
/* sqlite_build.c: the file `path`, which must not be there yet. */
int sqlite_build(const char *path, struct slice text,
		 state_expand_fn *expand, struct err *e);

#endif
