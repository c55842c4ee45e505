/*
 * The service under test: started in a process group of its own with a port,
 * a namespace and a state folder in its environment; watched until it is
 * ready; its output kept as a bounded tail (raw: scrub before showing).
 */
#ifndef DVR_SERVICE_SERVICE_H
#define DVR_SERVICE_SERVICE_H

#include <dvr/base/process.h>
#include <dvr/net/loop.h>
#include <dvr/net/sock.h>

#define SERVICE_LOG_TAIL (64u * KiB)

enum ready_kind { READY_PORT, READY_PATH, READY_LOG };

struct service_config {
	char **command;		/* argv; `${NAME}` expanded from the env below.
				 * NULL: none configured */
	char *workdir;		/* NULL: the config's folder */
	char **env;		/* NAME=value, `${NAME}` expanded */
	enum ready_kind ready;
	char *ready_path, *ready_log;	/* READY_LOG: PCRE2 pattern */
	uint64_t ready_timeout_ns;
	uint64_t stop_grace_ns;
	char *build;		/* shell command, or NULL */
	char *log_pattern;	/* on_exception pattern over its output: PCRE2,
				 * NULL none */
	/* attach: the service is somebody else's; commands may be NULL */
	char *attach;		/* URL */
	char *start, *stop, *restart, *logs, *alive;
};

struct service;

enum service_event { SERVICE_READY, SERVICE_ENDED, SERVICE_LOG_HIT };
/* ENDED before READY means it never was. Called from the loop. */
typedef void service_fn(void *arg, struct service *s, enum service_event ev);

struct service_start {
	const struct service_config *config;
	struct loop *loop;
	const char *namespace;
	struct env *env;	/* base environment: lane variables are in it;
				 * PORT, DVR_NAMESPACE, DVR_STATE_DIR are added */
	service_fn *fn;
	void *arg;
};

/*
 * Picks a free port, makes the state folder, starts the command, begins to
 * look for readiness.  Command not found or not executable: -1 at once.
 */
int service_start(const struct service_start *how, struct service **out,
		  struct err *e);
/* Runs the loop until ready, dead or out of time; then `e` has the reason and
 * the scrubbable tail is in service_log(). ERR_TARGET. */
int service_wait_ready(struct service *s, struct err *e);

bool service_ready(const struct service *s);
bool service_alive(const struct service *s);
uint16_t service_port(const struct service *s);
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

/* Expands `${NAME}` from `env` (unknown names: ERR_USAGE naming it). free(). */
char *service_expand(const char *s, const struct env *env, struct err *e);

#endif
