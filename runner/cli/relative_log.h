/* A service's output with paths relative to the repository. */
#ifndef CLI_RELATIVE_LOG_H
#define CLI_RELATIVE_LOG_H

#include <dvr/base/buf.h>

/*
 * Appends `log` to `out` without the absolute path of `dir`'s repository (the
 * nearest folder above that holds .git, else `dir` itself) in front of what
 * lies below it: where a checkout stands differs from machine to machine, often
 * names a person, and helps nobody who reads a tape.
 */
void relative_log(const char *dir, struct slice log, struct buf *out);

#endif
