/*
 * Ctrl-C and its kin while replays run: the first signal sets a flag that long
 * work looks at between its steps, so that everything started is ended and
 * what was done is reported.
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <signal.h>

/* From now on SIGINT, SIGTERM and SIGHUP set the flag. */
void interrupt_catch(void);
/* Non-zero once one came; valid for ever. */
const volatile int *interrupt_flag(void);
/* The first one's number, 0 when none came. */
int interrupt_signal(void);
/* The signals meant here. */
sigset_t interrupt_set(void);

#endif
