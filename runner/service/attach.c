/* A service that is somebody else's: at a URL, with commands to run it. */
#include "service_private.h"

#include <stdio.h>
#include <string.h>

/* A name that is not answered by then is tried again by nobody. */
#define RESOLVE_MS 5000
/* `docker compose stop` and its like wait for their own grace, too. */
#define STOP_COMMAND_EXTRA_NS (15 * NS_PER_S)

static void
found(void *arg, const struct address *list, size_t count, const char *why)
{
	struct service *s = arg;
	struct url url;
	char host[300];
	struct probe_spec spec = {
		.loop = s->loop, .to = list, .count = count, .host = host,
		.fn = service_now_ready, .arg = s,
	};

	s->resolve = NULL;
	if (url_parse(slice_str(s->config->attach), &url, &s->why) < 0) {
		service_now_over(s);
		return;
	}
	if (count == 0) {
		char q[QUOTE_MAX];

		err_set(&s->why, ERR_TARGET, "service at '%s': %s",
			quote(slice_str(s->config->attach), q), why);
		service_now_over(s);
		return;
	}
	snprintf(host, sizeof(host), slice_chr(url.host, ':') < 0 ?
		 "%.*s:%u" : "[%.*s]:%u", SLICE_ARG(url.host), url.port);
	if (s->config->ready == READY_PATH) {
		spec.path = s->config->ready_path;
		spec.tls = url.tls;
	}
	s->probe = probe_start(&spec);
}

static int
begin(struct service *s, struct err *e)
{
	struct url url;

	if (url_parse(slice_str(s->config->attach), &url, e) < 0)
		return err_prefix(e, "service attach");
	s->port = url.port;
	s->resolve = resolve_start(s->loop, url.host, url.port, RESOLVE_MS,
				   found, s);
	return 0;
}

static int
run_shell(struct service *s, const char *command, struct err *e)
{
	const char *argv[] = { "sh", "-c", command, NULL };

	return launch_command(s, argv, s->config->workdir, e);
}

int
attach_start(struct service *s, struct err *e)
{
	struct url url;

	if (url_parse(slice_str(s->config->attach), &url, e) < 0)
		return err_prefix(e, "service attach");
	s->port = url.port;
	if (!s->config->start)
		return begin(s, e);
	/* Looked for only after it: the one before may still answer. */
	return run_shell(s, s->config->start, e);
}

void
attach_command_ended(struct service *s)
{
	char text[64];

	if (s->phase != PHASE_STARTING)
		return;
	s->ended_ns = 0;	/* the command's end is not the service's */
	if (!s->end.signalled && s->end.code == 0) {
		if (begin(s, &s->why) < 0)
			service_now_over(s);
		return;
	}
	err_set(&s->why, ERR_TARGET, "the service's start command failed: %s",
		process_end_text(&s->end, text));
	service_now_over(s);
}

void
attach_stop(struct service *s, uint64_t grace_ns)
{
	uint64_t limit = grace_ns + STOP_COMMAND_EXTRA_NS;
	struct process left;
	struct err e;

	/* A start command that still runs has lost its purpose. */
	if (s->process.pidfd >= 0)
		launch_end(s, grace_ns);
	left = s->process;
	s->process = (struct process){ .pidfd = -1 };
	if (s->config->stop && run_shell(s, s->config->stop, &e) == 0)
		launch_wait(s, limit);
	launch_end(s, 0);
	/* What the start command left in its group is ours to end. */
	process_stop(&left, (int)(grace_ns / NS_PER_MS), &s->end);
}
