/* The life of a service: started, ready, over; told to its owner. */
#include "service_private.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

/* A port can be taken between our look and the service's bind; more often
 * than this it is the service that insists on a fixed one. */
#define LAUNCHES_MAX 4

/* ---- telling ---------------------------------------------------------- */

void
service_tell_soon(struct service *s, enum service_event ev)
{
	s->pending |= 1u << ev;
	loop_timer_set(s->loop, &s->notify, loop_now_ns(s->loop));
}

/* One event a call, since the owner may destroy the service in it. */
static void
tell(struct loop_timer *t)
{
	static const enum service_event order[] = {
		SERVICE_READY, SERVICE_LOG_HIT, SERVICE_ENDED,
	};
	struct service *s = t->owner;
	size_t i = 0;

	while (i < ARRAY_LEN(order) && !(s->pending & 1u << order[i]))
		i++;
	if (i == ARRAY_LEN(order))
		return;
	s->pending &= ~(1u << order[i]);
	if (s->pending != 0)
		loop_timer_set(s->loop, t, loop_now_ns(s->loop));
	if (s->fn)
		s->fn(s->arg, s, order[i]);
}

void
service_now_ready(void *service)
{
	struct service *s = service;

	if (s->phase != PHASE_STARTING)
		return;
	s->phase = PHASE_READY;
	loop_timer_cancel(s->loop, &s->timeout);
	service_tell_soon(s, SERVICE_READY);
}

void
service_now_over(struct service *s)
{
	if (s->phase == PHASE_OVER)
		return;
	s->phase = PHASE_OVER;
	loop_timer_cancel(s->loop, &s->timeout);
	probe_stop(s->probe);
	s->probe = NULL;
	service_tell_soon(s, SERVICE_ENDED);
}

static bool
port_was_taken(const struct service *s)
{
	struct slice said = tail_text(s->tail);

	return slice_ifind(said, SLICE("address already in use")) >= 0 ||
		slice_ifind(said, SLICE("EADDRINUSE")) >= 0;
}

static void
launch_again(struct service *s)
{
	probe_stop(s->probe);
	s->probe = NULL;
	launch_end(s, 0);
	s->ended_ns = 0;
	tail_clear(s->tail);
	s->pending = 0;
	if (launch_service(s, &s->why) < 0)
		service_now_over(s);
}

void
service_process_ended(struct service *s)
{
	bool starting = s->phase == PHASE_STARTING;
	char text[64];

	if (s->phase == PHASE_OVER)
		return;
	if (s->config->attach) {
		attach_command_ended(s);
		return;
	}
	if (starting && s->launches < LAUNCHES_MAX && !s->isolation &&
	    s->config->port == 0 && port_was_taken(s)) {
		launch_again(s);
		return;
	}
	err_set(&s->why, ERR_TARGET, "the service ended%s: %s",
		starting ? " before it was ready" : "",
		process_end_text(&s->end, text));
	service_now_over(s);
}

static void
out_of_time(struct loop_timer *t)
{
	struct service *s = t->owner;
	const char *why = "its start command has not ended";
	uint64_t ns = s->config->ready_timeout_ns;
	char text[PROBE_WHY_MAX];

	if (s->probe)
		why = probe_why(s->probe, text);
	else if (s->resolve)
		why = "its host is not resolved";
	else if (!s->config->attach)
		why = "no line of its log matches ready.log";
	err_set(&s->why, ERR_TARGET, "the service is not ready after %.3g s: "
		"%s", (double)(ns ? ns : SERVICE_READY_NS) / NS_PER_S, why);
	service_now_over(s);
}

/* ---- start ------------------------------------------------------------ */

static int
take_state_dir(struct service *s, const char *given, struct err *e)
{
	size_t n = given ? strlen(given) : 0;

	if (!given) {
		if (fs_temp_dir("dvr-state", s->state_dir, e) < 0)
			return -1;
		s->own_state_dir = true;
		process_guard_folder(s->state_dir);	/* the service's data */
		return 0;
	}
	if (n >= sizeof(s->state_dir))
		return err_set(e, ERR_USAGE, "the state folder's path is too "
			       "long");
	memcpy(s->state_dir, given, n + 1);
	return 0;
}

static void
take_env(struct service *s, const struct service_start *how)
{
	s->base = env_create(how->env == NULL);
	if (how->env)
		env_add_all(s->base, how->env);
	env_set(s->base, "DVR_NAMESPACE",
		how->namespace ? how->namespace : "default");
	env_set(s->base, "DVR_STATE_DIR", s->state_dir);
	s->env = env_create(false);
	env_add_all(s->env, s->base);
}

void
service_begin_waiting(struct service *s)
{
	uint64_t ns = s->config->ready_timeout_ns;

	if (s->phase == PHASE_STARTING)
		loop_timer_set(s->loop, &s->timeout, loop_now_ns(s->loop) +
			       (ns ? ns : SERVICE_READY_NS));
}

static int
prepare(struct service *s, const struct service_start *how, struct err *e)
{
	const struct service_config *c = how->config;

	if (!c->attach && (!c->command || !c->command[0]))
		return err_set(e, ERR_USAGE, "no service is configured; give "
			       "spec.service.command, or attach");
	if (c->ready == READY_PATH &&
	    (!c->ready_path || c->ready_path[0] != '/'))
		return err_set(e, ERR_USAGE, "service: ready.path must begin "
			       "with '/'");
	if (c->ready == READY_LOG && !c->ready_log)
		return err_set(e, ERR_USAGE, "service: ready.log is missing");
	s->tail = tail_create(c->log_pattern, c->ready == READY_LOG &&
			      !c->attach ? c->ready_log : NULL, e);
	if (!s->tail || take_state_dir(s, how->state_dir, e) < 0)
		return -1;
	take_env(s, how);
	service_begin_waiting(s);
	return c->attach ? attach_start(s, e) : launch_service(s, e);
}

int
service_start(const struct service_start *how, struct service **out,
	      struct err *e)
{
	struct service *s = mem_alloc(sizeof(*s));

	s->config = how->config;
	s->loop = how->loop;
	s->fn = how->fn;
	s->arg = how->arg;
	s->stop = how->stop;
	s->isolation = how->isolation;
	s->process.pidfd = -1;
	s->log_io.fd = -1;
	s->timeout = (struct loop_timer){ .fn = out_of_time, .owner = s };
	s->notify = (struct loop_timer){ .fn = tell, .owner = s };
	if (prepare(s, how, e) < 0) {
		service_destroy(s);
		return -1;
	}
	*out = s;
	return 0;
}

int
service_wait_ready(struct service *s, struct err *e)
{
	while (s->phase == PHASE_STARTING || s->pending != 0) {
		if (s->stop && *s->stop)
			return err_set(e, ERR_TARGET, "interrupted before the "
				       "service was ready");
		if (loop_once(s->loop, UINT64_MAX, e) < 0)
			return -1;
	}
	if (s->phase == PHASE_READY)
		return 0;
	if (e)
		*e = s->why;
	return -1;
}

/* ---- state ------------------------------------------------------------ */

bool
service_ready(const struct service *s)
{
	return s->phase == PHASE_READY;
}

bool
service_alive(const struct service *s)
{
	if (s->config->attach)
		return s->phase == PHASE_READY;
	return s->process.pidfd >= 0;
}

uint16_t
service_port(const struct service *s)
{
	return s->port;
}

const struct env *
service_env(const struct service *s)
{
	return s->env;
}

const char *
service_state_dir(const struct service *s)
{
	return s->state_dir;
}

const struct process_end *
service_end(const struct service *s)
{
	return &s->end;
}

uint64_t
service_ended_ns(const struct service *s)
{
	return s->ended_ns;
}

struct slice
service_log(struct service *s)
{
	launch_read_log(s);
	return tail_text(s->tail);
}

struct slice
service_log_hit(const struct service *s)
{
	return tail_hit_line(s->tail);
}

/* ---- end -------------------------------------------------------------- */

void
service_stop(struct service *s)
{
	uint64_t grace = s->config->stop_grace_ns;

	if (grace == 0)
		grace = SERVICE_GRACE_NS;
	resolve_cancel(s->resolve);
	s->resolve = NULL;
	probe_stop(s->probe);
	s->probe = NULL;
	if (s->config->attach && s->tail && !s->stopped)
		attach_stop(s, grace);
	else
		launch_end(s, grace);
	s->stopped = true;
	s->phase = PHASE_OVER;
	s->pending = 0;
	loop_timer_cancel(s->loop, &s->timeout);
	loop_timer_cancel(s->loop, &s->notify);
}

void
service_destroy(struct service *s)
{
	struct err e;

	if (!s)
		return;
	service_stop(s);
	/* What cannot be removed stays in the system's temporary folder. */
	if (s->own_state_dir && fs_remove_tree(s->state_dir, &e) == 0)
		process_unguard_folder(s->state_dir);
	tail_destroy(s->tail);
	env_destroy(s->base);
	env_destroy(s->env);
	free(s);
}
