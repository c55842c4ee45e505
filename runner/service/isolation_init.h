/* The process inside a namespace: its first one. */
#ifndef SERVICE_ISOLATION_INIT_H
#define SERVICE_ISOLATION_INIT_H

#include <sys/types.h>

/*
 * Runs in the new namespaces until `sock` says no more.  With `user`, its
 * user namespace gets its one user and group: those given, as outside.
 */
struct init_start {
	int sock;
	int user;		/* 1: it has a user namespace of its own */
	uid_t uid;
	gid_t gid;
};
_Noreturn void isolation_init(const struct init_start *how);
/* What a child does on its way in: its own mounts (isolation_mounts.c). */
void isolation_furnish(void);

#endif
