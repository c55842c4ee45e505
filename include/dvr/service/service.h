/*
 * The service under test: started in a process group of its own with a port,
 * a namespace and a state folder in its environment; watched until it is
 * ready; its output kept as a bounded tail (raw: scrub before showing).
 */
#ifndef DVR_SERVICE_SERVICE_H
#define DVR_SERVICE_SERVICE_H

#include <dvr/base/buf.h>
#include <dvr/base/process.h>
#include <dvr/net/loop.h>
#include <dvr/net/sock.h>
#include <dvr/service/isolation.h>

#define SERVICE_LOG_TAIL (64u * KiB)

/* Slow machines start slow runtimes in some seconds; a service that closes its
 * database needs less than that. */
#define SERVICE_READY_NS (30 * NS_PER_S)
#define SERVICE_GRACE_NS (5 * NS_PER_S)

/* A reset that takes longer is worth no more than a restart. */
#define SERVICE_RESET_NS (10 * NS_PER_S)

enum ready_kind { READY_PORT, READY_PATH, READY_LOG };

struct service_config {
	char **command;		/* argv; `${NAME}` expanded from the env below.
				 * NULL: none configured */
	char *workdir;		/* NULL: the config's folder */
	uint16_t port;		/* where it listens; 0: where we tell it */
	char **env;		/* NAME=value, `${NAME}` expanded */
	bool tls;		/* it speaks TLS: an ingress lane's target */
	enum ready_kind ready;
	char *ready_path, *ready_log;	/* READY_LOG: PCRE2 pattern */
	uint64_t ready_timeout_ns;	/* 0: SERVICE_READY_NS */
	uint64_t stop_grace_ns;		/* 0: SERVICE_GRACE_NS */
	char *build;		/* shell command, or NULL */
	char *log_pattern;	/* on_exception pattern over its output: PCRE2,
				 * NULL none */
	/* attach: the service is somebody else's; commands may be NULL */
	char *attach;		/* URL */
	char *start, *stop, *restart, *logs, *alive;
	/* Makes a running service as good as new: shell command, or NULL */
	char *reset;
	uint64_t reset_timeout_ns;	/* 0: SERVICE_RESET_NS */
};

struct service;

enum service_event { SERVICE_READY, SERVICE_ENDED, SERVICE_LOG_HIT };
/*
 * ENDED before READY means it never was (or was out of time: then it may
 * still be alive).  LOG_HIT once for what one read brought.  Called from the
 * loop, never from within a call of service_*() but service_wait_ready(); may
 * stop and destroy the service.
 */
typedef void service_fn(void *arg, struct service *s, enum service_event ev);

struct service_start {
	const struct service_config *config;	/* must outlive the service */
	struct loop *loop;
	const char *namespace;
	const struct env *env;	/* base environment: lane variables are in it;
				 * copied, and PORT, DVR_NAMESPACE and
				 * DVR_STATE_DIR are added to the copy */
	const char *state_dir;	/* one that is there and stays; NULL: a fresh
				 * one, gone with the service */
	service_fn *fn;
	void *arg;
	/* Set by a signal: service_wait_ready() gives up.  May be NULL. */
	const volatile int *stop;
	/* Where it runs; outlives it.  NULL: with us. */
	struct isolation *isolation;
};

/* In a network of its own it gets the same port every time. */
#define SERVICE_ISOLATED_PORT 8080

/*
 * Picks a port, makes the state folder, starts the command, begins to
 * look for readiness.  Command not found or not executable: -1 at once.
 * Until it is ready the port may still change: when somebody else took it in
 * between, the service is started anew on another one.
 */
int service_start(const struct service_start *how, struct service **out,
		  struct err *e);
/* Runs the loop until ready, dead or out of time; then `e` has the reason and
 * the scrubbable tail is in service_log(). ERR_TARGET. */
int service_wait_ready(struct service *s, struct err *e);

/* Nobody has looked at it since it was started: its time to get ready begins
 * now. */
void service_begin_waiting(struct service *s);
/*
 * Runs config's `reset` with the service's environment and surroundings, in a
 * process group of its own, the loop running.  What was logged before is
 * forgotten.  ERR_TARGET when it fails, takes too long or the service ends
 * meanwhile; with the command's last words, raw.
 */
int service_reset(struct service *s, struct err *e);

bool service_ready(const struct service *s);
bool service_alive(const struct service *s);
uint16_t service_port(const struct service *s);
/* What it runs with, config's env included: for `${PORT}` in other places. */
const struct env *service_env(const struct service *s);
const char *service_state_dir(const struct service *s);
/* Valid after it ended. */
const struct process_end *service_end(const struct service *s);
/* Monotonic time at which its end was noticed. */
uint64_t service_ended_ns(const struct service *s);
/* Raw tail of stdout and stderr. Reads what is in the pipe first. */
struct slice service_log(struct service *s);
/* The line that hit log_pattern, raw, or "". */
struct slice service_log_hit(const struct service *s);
/* SIGTERM to the group, grace, SIGKILL; not reported as ENDED. */
void service_stop(struct service *s);
/* Stops if needed, removes the state folder, frees. */
void service_destroy(struct service *s);

/* Expands `${NAME}` from `env`; `$${` is `${` itself.  NULL for an unknown
 * name (ERR_USAGE naming it).  free(). */
char *service_expand(const char *s, const struct env *env, struct err *e);

#endif
