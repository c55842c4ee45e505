/*
 * Another wall clock for a service, through libfaketime (where it is
 * installed).  It is preloaded, so programs without a dynamic linker (Go's)
 * do not see it; monotonic clocks stay as they are.
 */
#ifndef DVR_SERVICE_FAKETIME_H
#define DVR_SERVICE_FAKETIME_H

#include <dvr/base/err.h>
#include <dvr/base/process.h>

#include <stdint.h>

#define FAKETIME_PATH_MAX 256

/* Where the library is; ERR_USAGE with the package to install. */
int faketime_find(char out[FAKETIME_PATH_MAX], struct err *e);
/* The environment for a clock that is `shift_us` away from the real one. */
void faketime_env(struct env *env, const char *library, int64_t shift_us);
/* Is it a program that preloading does not reach (an ELF file without an
 * interpreter)?  `command` is looked for on `path` (a PATH). */
bool faketime_is_static(const char *command, const char *path);

#endif
