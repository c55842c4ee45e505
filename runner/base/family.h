/* Live processes by the group or the session that they belong to. */
#ifndef DVR_RUNNER_BASE_FAMILY_H
#define DVR_RUNNER_BASE_FAMILY_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Is somebody of the group left who can still do anything?  Zombies whose
 * parent never collects them (a container's pid 1) do not count.
 */
bool family_group_lives(pid_t group);
/* SIGKILL to each live process of the session; how many there were. */
unsigned family_kill_session(pid_t session);

#endif
