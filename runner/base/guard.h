/*
 * The guard: a process that outlives us by a moment and ends what we left.
 *
 * A child dies with us by its death signal, its own children do not.  So each
 * process that starts groups has a guard, which learns of every group and
 * ends those still there when we are gone, however that came.  It is there to
 * help: when the system gives none, children are started all the same.
 */
#ifndef DVR_RUNNER_BASE_GUARD_H
#define DVR_RUNNER_BASE_GUARD_H

#include <sys/types.h>

/* Before the first group: makes sure that this process has its own guard. */
void guard_open(void);
/* A group that may have members from now on.  Also for the child itself to
 * call, before it becomes a command: nobody is then left out. */
void guard_started(pid_t group);
/* The leader was collected; the number is the group's while it has members. */
void guard_reaped(pid_t group);
/* Nobody of the group is left, or will be in a moment. */
void guard_ended(pid_t group);
/* In a forked child that goes on: the parent's guard is not its own. */
void guard_leave(void);

#endif
