/*
 * Child processes: started in a group of their own, watched by pidfd, ended as
 * a group.  No orphan survives: the child dies with dvr (PR_SET_PDEATHSIG on
 * Linux), and the rest of its group is ended a moment later by a guard, a
 * process that each dvr which starts a group leaves behind for that.
 */
#ifndef DVR_BASE_PROCESS_H
#define DVR_BASE_PROCESS_H

#include <dvr/base/err.h>

#include <stdbool.h>
#include <sys/types.h>

/*
 * Namespaces to start a child in: descriptors of /proc/PID/ns/ files.  The
 * child is nevertheless ours to reap, and dies with us.
 */
struct process_space {
	int user_fd;			/* -1: our own user namespace */
	int net_fd, pid_fd;
	/* Called in the child, inside, while it still may do everything
	 * there; async-signal-safe calls only.  NULL: nothing to prepare. */
	void (*furnish)(void);
};

#define PROCESS_KEPT_FD 4

struct process_spec {
	const char *const *argv;	/* NULL-terminated, argv[0] via PATH */
	const char *const *env;		/* NULL-terminated; NULL inherits */
	const char *workdir;		/* NULL: ours */
	int in_fd, out_fd, err_fd;	/* -1 inherits; dup'ed, not closed */
	int kept_fd;			/* the child has it as PROCESS_KEPT_FD;
					 * 0: none */
	bool new_group;			/* own process group */
	bool foreground;		/* and the terminal's, when there is one */
	const struct process_space *space;	/* NULL: ours */
};

struct process {
	pid_t pid;
	int pidfd;			/* readable when it has ended */
};

struct process_end {
	bool signalled;
	int code;			/* exit status or signal number */
};

/*
 * Makes the guard now and not with the first group.  It is a fork: what is
 * not there yet (raw traffic, keys) never gets into it.
 */
void process_guard(void);
/* A folder (absolute path) that goes when we are gone, however that came,
 * until it is told to stay. */
void process_guard_folder(const char *path);
void process_unguard_folder(const char *path);
/*
 * Starts a child.  A command that is not there fails here, with errno and its
 * words in `e` (ENOENT: e->msg says "command not found").  -1 on failure and
 * *p untouched; errno is kept for the caller to tell 127 from 126.
 */
int process_start(const struct process_spec *spec, struct process *p,
		  struct err *e);
/*
 * Forks a child that runs our own code: 1 in the child, 0 and *p in the
 * parent, -1 on failure.  The child leads a session of its own, so that
 * everything it starts can be found again, and gets `death_signal` when the
 * parent dies.  It must end with _exit().
 */
int process_fork(int death_signal, struct process *p, struct err *e);
/*
 * SIGKILL to the session that such a child leads, itself included, and to
 * whatever groups it has; waits until nobody is left.  Before the child is
 * collected: afterwards its number may be somebody else's.
 */
void process_kill_session(const struct process *p);
/* Collects the child if it has ended: 1 and *end, 0 still running, -1 error.
 * Closes pidfd when it returns 1. */
int process_reap(struct process *p, struct process_end *end);
/* Waits up to `timeout_ms` (-1 for ever); as process_reap(). */
int process_wait(struct process *p, int timeout_ms, struct process_end *end);
/* Sends to the whole group; a group that is gone is fine. */
void process_signal_group(const struct process *p, int sig);
/* SIGTERM to the group, up to grace_ms, then SIGKILL; reaps.  The group's
 * members are ended also when the leader was reaped before; *end is then left
 * as it is.  p->pid is 0 afterwards. */
void process_stop(struct process *p, int grace_ms, struct process_end *end);
/* "exit status 1" or "signal 11 (Segmentation fault)". Returns `out`. */
const char *process_end_text(const struct process_end *end, char out[64]);

/* An environment under construction: NAME=value strings, later ones win. */
struct env;
struct env *env_create(bool inherit);
void env_destroy(struct env *v);
void env_set(struct env *v, const char *name, const char *value);
void env_unset(struct env *v, const char *name);
/* Sets everything that `from` has. */
void env_add_all(struct env *v, const struct env *from);
const char *env_get(const struct env *v, const char *name);
/* NULL-terminated, owned by v, valid until the next change. */
const char *const *env_list(struct env *v);

#endif
