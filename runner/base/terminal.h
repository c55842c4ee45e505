/* Whose the terminal is: one process group at a time. */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <sys/types.h>

/* Hands it over when it is `from`'s.  SIGTTOU must be blocked. */
void terminal_pass(pid_t from, pid_t to);
/* A child that had it leaves it to nobody: ours again. */
void terminal_take_back(pid_t from);

#endif
