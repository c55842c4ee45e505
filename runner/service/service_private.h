/* What the files of this room know of a service. */
#ifndef DVR_SERVICE_PRIVATE_H
#define DVR_SERVICE_PRIVATE_H

#include "probe.h"
#include "tail.h"

#include <dvr/base/fs.h>
#include <dvr/net/resolve.h>
#include <dvr/service/service.h>

enum service_phase { PHASE_STARTING, PHASE_READY, PHASE_OVER };

struct service {
	const struct service_config *config;
	struct loop *loop;
	service_fn *fn;
	void *arg;
	const volatile int *stop;
	struct isolation *isolation;	/* NULL: none */
	struct env *base, *env;		/* as given; with ours and config's */
	char state_dir[FS_PATH_MAX];
	bool own_state_dir;

	struct process process;		/* the service, or attach's start */
	struct loop_io process_io, log_io;
	struct tail *tail;
	struct resolve *resolve;
	struct probe *probe;
	struct loop_timer timeout, notify;
	uint16_t port;
	unsigned launches;

	enum service_phase phase;
	bool stopped;			/* by service_stop() */
	unsigned pending;		/* events to tell, 1 << service_event */
	struct err why;			/* it is over */
	struct process_end end;
	uint64_t ended_ns;
};

/* service.c: what the other files report. */
void service_tell_soon(struct service *s, enum service_event ev);
void service_now_ready(void *service);
void service_now_over(struct service *s);
void service_process_ended(struct service *s);

/* launch.c: starts argv in the service's environment, output to the tail. */
int launch_command(struct service *s, const char *const *argv,
		   const char *workdir, struct err *e);
/* The configured command on a free port, and the probe for it. */
int launch_service(struct service *s, struct err *e);
/* Reads what is there, at most some MiB; returns false at the end. */
bool launch_read_log(struct service *s);
void launch_close_log(struct service *s);
/* Waits for the process outside the loop, reading what it says. */
void launch_wait(struct service *s, uint64_t limit_ns);
/* Ends the process and its group; reads its output meanwhile. */
void launch_end(struct service *s, uint64_t grace_ns);

/* attach.c: somebody else's service at a URL. */
int attach_start(struct service *s, struct err *e);
void attach_command_ended(struct service *s);
void attach_stop(struct service *s, uint64_t grace_ns);

#endif
