/* Starting and ending the service's process, and reading what it says. */
#include "service_private.h"

#include <dvr/base/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One read: a turn of the loop is not held up by a chatty service. */
#define LOG_READ_BYTES (64u * KiB)
/* What is still read of a dead service's pipe: a grandchild may fill it
 * without end. */
#define LOG_REST_BYTES (4u * MiB)
/* The kernel's largest pipe for everybody: bursts do not block the service. */
#define LOG_PIPE_BYTES (1024 * 1024)

/* ---- output ----------------------------------------------------------- */

static void
note(struct service *s, unsigned seen)
{
	if (seen & TAIL_HIT)
		service_tell_soon(s, SERVICE_LOG_HIT);
	if (seen & TAIL_READY)
		service_now_ready(s);
}

/* Bytes read; 0 at the end, -1 when there is nothing now. */
static ssize_t
read_once(struct service *s)
{
	char chunk[LOG_READ_BYTES];
	ssize_t got;

	do {
		got = read(s->log_io.fd, chunk, sizeof(chunk));
	} while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return -1;
	if (got <= 0) {
		launch_close_log(s);
		return 0;
	}
	note(s, tail_add(s->tail, slice_of(chunk, (size_t)got)));
	return got;
}

bool
launch_read_log(struct service *s)
{
	size_t sum = 0;
	ssize_t got = -1;

	while (s->log_io.fd >= 0 && sum < LOG_REST_BYTES) {
		got = read_once(s);
		if (got <= 0)
			break;
		sum += (size_t)got;
	}
	return s->log_io.fd >= 0;
}

static void
log_ready(struct loop_io *io, unsigned ready)
{
	(void)ready;
	read_once(io->owner);
}

void
launch_close_log(struct service *s)
{
	if (s->log_io.fd < 0)
		return;
	loop_del(s->loop, &s->log_io);
	close(s->log_io.fd);
	s->log_io.fd = -1;
	note(s, tail_end(s->tail));
}

/* ---- start ------------------------------------------------------------ */

static void
process_ready(struct loop_io *io, unsigned ready)
{
	struct service *s = io->owner;
	struct process_end end;
	struct err e;
	int rc;

	(void)ready;
	/* process_reap() closes the pidfd: out of the loop first. */
	loop_del(s->loop, io);
	rc = process_reap(&s->process, &end);
	if (rc == 0 && loop_add(s->loop, io, LOOP_READ, &e) == 0)
		return;
	if (rc == 1)
		s->end = end;
	s->ended_ns = loop_now_ns(s->loop);
	launch_read_log(s);
	note(s, tail_end(s->tail));
	service_process_ended(s);
}

static int
watch(struct service *s, struct err *e)
{
	s->process_io = (struct loop_io){
		.fd = s->process.pidfd, .fn = process_ready, .owner = s,
	};
	if (loop_add(s->loop, &s->process_io, LOOP_READ, e) < 0)
		return -1;
	s->log_io.fn = log_ready;
	s->log_io.owner = s;
	return loop_add(s->loop, &s->log_io, LOOP_READ, e);
}

static int
start_process(struct service *s, struct process_spec *spec, struct err *e)
{
	int log[2], rc;

	if (pipe2(log, O_CLOEXEC) < 0)
		return err_sys(e, ERR_INTERNAL, "cannot make a pipe");
	spec->in_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	spec->out_fd = spec->err_fd = log[1];
	rc = process_start(spec, &s->process, e);
	if (spec->in_fd >= 0)
		close(spec->in_fd);
	close(log[1]);
	if (rc < 0) {
		close(log[0]);
		return -1;
	}
	/* Only our end: the service's writes stay blocking as it expects. */
	fcntl(log[0], F_SETFL, O_NONBLOCK);
	fcntl(log[0], F_SETPIPE_SZ, LOG_PIPE_BYTES);
	s->log_io.fd = log[0];
	return watch(s, e);
}

int
launch_command(struct service *s, const char *const *argv,
	       const char *workdir, struct err *e)
{
	struct process_spec spec = {
		.argv = argv, .env = env_list(s->env), .workdir = workdir,
		.new_group = true, .space = isolation_space(s->isolation),
	};

	launch_close_log(s);
	if (start_process(s, &spec, e) == 0)
		return 0;
	if (e)
		e->code = ERR_TARGET;
	return err_prefix(e, "service");
}

/* One NAME=value of the configuration, expanded from what is there so far. */
static int
add_setting(struct env *env, const char *setting, struct err *e)
{
	const char *eq = strchr(setting, '=');
	char *name, *value, q[QUOTE_MAX];

	if (!eq || eq == setting)
		return err_set(e, ERR_USAGE, "service env '%s': expected "
			       "NAME=value", quote(slice_str(setting), q));
	value = service_expand(eq + 1, env, e);
	if (!value)
		return err_prefix(e, "service env");
	name = mem_strdup(setting);
	name[eq - setting] = '\0';
	env_set(env, name, value);
	free(name);
	free(value);
	return 0;
}

static int
make_env(struct service *s, struct err *e)
{
	char port[8];

	env_destroy(s->env);
	s->env = env_create(false);
	env_add_all(s->env, s->base);
	snprintf(port, sizeof(port), "%u", s->port);
	env_set(s->env, "PORT", port);
	for (char **at = s->config->env; at && *at; at++)
		if (add_setting(s->env, *at, e) < 0)
			return -1;
	return 0;
}

static void
free_strings(char **list)
{
	for (char **at = list; at && *at; at++)
		free(*at);
	free(list);
}

static char **
expand_command(struct service *s, struct err *e)
{
	char **from = s->config->command, **to;
	size_t n = 0;

	while (from[n])
		n++;
	to = mem_array(n + 1, sizeof(*to));
	for (size_t i = 0; i < n; i++) {
		to[i] = service_expand(from[i], s->env, e);
		if (!to[i]) {
			free_strings(to);
			err_prefix(e, "service command");
			return NULL;
		}
	}
	return to;
}

static void
begin_probe(struct service *s)
{
	struct probe_spec spec = {
		.loop = s->loop, .count = 1, .isolation = s->isolation,
		.fn = service_now_ready, .arg = s,
	};
	struct address to;
	char host[ADDRESS_TEXT_MAX];

	address_literal(SLICE("127.0.0.1"), s->port, &to);
	spec.to = &to;
	spec.host = address_text(&to, host);
	switch (s->config->ready) {
	case READY_PATH:
		spec.path = s->config->ready_path;
		spec.tls = s->config->tls;
		break;
	case READY_PORT:
		break;
	case READY_LOG:
		return;
	}
	s->probe = probe_start(&spec);
}

static int
start_expanded(struct service *s, struct err *e)
{
	char **argv = expand_command(s, e), *workdir = NULL;
	int rc = -1;

	if (!argv)
		return -1;
	if (s->config->workdir) {
		workdir = service_expand(s->config->workdir, s->env, e);
		if (!workdir) {
			err_prefix(e, "service workdir");
			goto out;
		}
	}
	rc = launch_command(s, (const char *const *)argv, workdir, e);
out:
	free(workdir);
	free_strings(argv);
	return rc;
}

static int
pick_port(struct service *s, struct err *e)
{
	if (s->config->port == 0 && !s->isolation)
		return sock_free_port(&s->port, e);
	s->port = s->config->port ? s->config->port : SERVICE_ISOLATED_PORT;
	return 0;
}

int
launch_service(struct service *s, struct err *e)
{
	s->launches++;
	if (pick_port(s, e) < 0 || make_env(s, e) < 0 ||
	    start_expanded(s, e) < 0)
		return -1;
	begin_probe(s);
	return 0;
}

/* ---- end -------------------------------------------------------------- */

/* Until the process has ended or `deadline_ns`; a service that cannot write
 * its last words would not end. */
static void
wait_reading(struct service *s, uint64_t deadline_ns)
{
	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = s->process.pidfd, .events = POLLIN },
			{ .fd = s->log_io.fd, .events = POLLIN },
		};
		uint64_t now = clock_mono_ns(&clock_system);
		int left = now < deadline_ns ?
			(int)((deadline_ns - now) / NS_PER_MS) + 1 : 0;

		if (process_reap(&s->process, &s->end) != 0 || left == 0)
			return;
		if (poll(fds, ARRAY_LEN(fds), left) < 0 && errno != EINTR)
			return;
		if (fds[1].revents != 0)
			read_once(s);
	}
}

void
launch_wait(struct service *s, uint64_t limit_ns)
{
	loop_del(s->loop, &s->process_io);
	wait_reading(s, clock_mono_ns(&clock_system) + limit_ns);
}

void
launch_end(struct service *s, uint64_t grace_ns)
{
	uint64_t deadline = clock_mono_ns(&clock_system) + grace_ns, now;

	if (s->process.pidfd >= 0)
		loop_del(s->loop, &s->process_io);
	process_signal_group(&s->process, SIGTERM);
	process_signal_group(&s->process, SIGCONT);
	if (s->process.pidfd >= 0)
		wait_reading(s, deadline);
	/* What the leader left behind has the rest of the time. */
	now = clock_mono_ns(&clock_system);
	process_stop(&s->process, now < deadline ?
		     (int)((deadline - now) / NS_PER_MS) : 0, &s->end);
	if (s->ended_ns == 0)
		s->ended_ns = loop_now_ns(s->loop);
	/* Who left the group, too. */
	isolation_sweep(s->isolation);
	launch_read_log(s);
	launch_close_log(s);
}
