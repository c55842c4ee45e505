/* Going into other namespaces, for process.c. */
#ifndef BASE_SPACE_H
#define BASE_SPACE_H

#include <dvr/base/process.h>

/*
 * Moves the calling child there.  A PID namespace holds only those born in
 * it, so it is a new process that goes on: 0 in there, its pid (as we number
 * it) in the caller, which has nothing left to do; -1 on failure.
 */
pid_t space_enter(const struct process_space *space);

#endif
