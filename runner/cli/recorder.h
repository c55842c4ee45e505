/*
 * One recording from start to end: lanes, ledger, service, control endpoint
 * around a suite (`dvr run`) or until a signal (`dvr record`).
 */
#ifndef CLI_RECORDER_H
#define CLI_RECORDER_H

#include "config.h"

#include <dvr/service/trust.h>

struct recorder {
	struct config *cfg;
	struct { const char *config, *fixtures; } flags; /* as given, for
							 * commands to type */
	struct loop *loop;
	struct scrub *scrub;
	struct ledger *ledger;
	struct tls_ca *ca;		/* NULL: no lane needs one */
	struct trust *trust;		/* with it */
	struct proxy *proxy;
	struct control *control;
	struct service *service;	/* NULL: none configured */
	struct env *service_env;	/* with the egress lanes' variables */
	struct loop_signal signals;
	struct process suite;
	struct loop_io suite_io;
	bool suite_runs;
	struct process_end suite_end;
	int signal;			/* the first one that came, or 0 */
	unsigned signals_seen;
	bool up;			/* the service was ready and lives */
	bool service_died;
	char *death;			/* how, for the summary */
	struct buf log;			/* scratch of log_source(), raw */
};

/* Everything up and the service ready; -1 with the reason, nothing left. */
int recorder_start(struct recorder *r, struct config *cfg, struct err *e);
/* Starts the suite in its own group; -1 with errno kept (ENOENT …). */
int recorder_start_suite(struct recorder *r, char **argv, struct err *e);
/* Until the suite has ended (or, without one, until a signal). */
int recorder_wait(struct recorder *r, struct err *e);
/* Drains connections and commits; the service is stopped. */
void recorder_finish(struct recorder *r);
void recorder_destroy(struct recorder *r);

/* The scrubbed last lines of the service, for messages. */
void recorder_log_tail(struct recorder *r, struct buf *out);

#endif
