/*
 * An error is a code and one line, set where the cause is known and prefixed
 * on the way up; only cli/ prints it.  The line says what, where, why and what
 * to do; a pattern with a caret under it may follow.  User data goes in through
 * quote(), never raw.
 */
#ifndef DVR_BASE_ERR_H
#define DVR_BASE_ERR_H

#include <dvr/base/attr.h>
#include <dvr/base/slice.h>

/* Values are the exit codes that dvr promises (see README). */
enum err_code {
	ERR_NONE = 0,
	ERR_MISMATCH = 1,	/* replay differs, a failing verdict */
	ERR_USAGE = 2,		/* flags, configuration */
	ERR_TAPE = 3,		/* a tape that cannot be read */
	ERR_TARGET = 4,		/* service or transport */
	ERR_NOTHING = 5,	/* nothing selected */
	ERR_INTERNAL = 70,	/* our own fault, or the system's */
};

struct err {
	enum err_code code;
	char msg[1024];		/* one line, no newline at the end */
};

/* Both return -1, so that `return err_set(...)` reads well.  `e` may be NULL.
 * A message that does not fit is cut and ends in "...". */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* With ": strerror(errno)" at the end. */
int err_sys(struct err *e, enum err_code code, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* Puts "text: " in front of the message that is there. */
int err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define QUOTE_MAX 160
/*
 * User data made safe for one line of a terminal: control bytes, DEL, C1,
 * bytes that are not UTF-8 and `'` as \xNN, cut with "..." when long.
 * Returns `out`.
 */
const char *quote(struct slice s, char out[QUOTE_MAX]);

#endif
