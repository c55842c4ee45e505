/* One tape's folder, looked through (for audit.c alone). */
#ifndef CLI_AUDIT_TAPE_H
#define CLI_AUDIT_TAPE_H

#include "audit.h"

int audit_tape(struct audit *a, const char *dir, struct err *e);

/* audit.c */
typedef bool audit_skip_fn(const void *arg, const char *path);
int audit_file(struct audit *a, const char *path, struct err *e);
void audit_text(struct audit *a, const char *file, struct slice text,
		bool named);
/* All files below a folder, but for what is skipped. */
int audit_below(struct audit *a, const char *dir, int depth,
		audit_skip_fn *skip, const void *arg, struct err *e);
/* The line of `text`, from 1, in which `at` stands. */
unsigned audit_line(struct slice text, const char *at);

#endif
