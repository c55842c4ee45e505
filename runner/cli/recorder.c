/* Brings up lanes, ledger and service, and takes them down again. */
#include "recorder.h"

#include "command.h"
#include "relative_log.h"

#include <dvr/base/fs.h>
#include <dvr/base/mem.h>
#include <dvr/tape/library.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Long enough for a client to read its last answer, short for a user. */
#define DRAIN_NS (2 * NS_PER_S)
/* A commit that takes longer than this is reported as lost. */
#define COMMIT_NS (30 * NS_PER_S)

static struct slice
log_source(void *arg)
{
	struct recorder *r = arg;

	if (!r->service)
		return SLICE("");
	buf_clear(&r->log);
	relative_log(r->cfg->dir, service_log(r->service), &r->log);
	return buf_slice(&r->log);
}

static void
on_signal(struct loop_signal *s, int sig)
{
	struct recorder *r = s->owner;

	if (!r->signal)
		r->signal = sig;
	if (r->suite_runs)
		process_signal_group(&r->suite,
				     ++r->signals_seen > 1 ? SIGKILL : sig);
	else
		loop_stop(r->loop);
}

static void
on_service(void *arg, struct service *s, enum service_event ev)
{
	struct recorder *r = arg;
	uint64_t now = loop_now_ns(r->loop);
	char text[64];

	switch (ev) {
	case SERVICE_READY:
		break;
	case SERVICE_LOG_HIT:
		ledger_log_hit(r->ledger, service_log_hit(s), log_source(r),
			       now);
		break;
	case SERVICE_ENDED: {
		const struct process_end *end = service_end(s);

		if (!r->up)
			break;	/* service_wait_ready() tells */
		r->up = false;
		r->service_died = true;
		free(r->death);
		r->death = mem_strdup(process_end_text(end, text));
		ledger_service_died(r->ledger, end->signalled, end->code,
				    log_source(r), service_ended_ns(s));
		break;
	}
	}
}

/* Targets that name ${PORT} can be known only once the service has one. */
static int
set_targets(struct recorder *r, enum lane_role role, struct err *e)
{
	struct env *v = env_create(true);
	char port[16];
	int rc = 0;

	if (r->service) {
		snprintf(port, sizeof(port), "%u", service_port(r->service));
		env_set(v, "PORT", port);
	}
	for (size_t i = 0; i < r->cfg->nlanes && rc == 0; i++) {
		const struct lane_config *lane = &r->cfg->lanes[i];
		char *url;

		if (lane->role != role || lane->forward)
			continue;
		url = service_expand(lane->target, v, e);
		if (!url)
			rc = err_prefix(e, "lane %s: target", lane->name);
		else
			rc = proxy_target(r->proxy, i, url, e);
		free(url);
	}
	env_destroy(v);
	return rc;
}

static int
start_service(struct recorder *r, struct err *e)
{
	struct service_start how = {
		.config = &r->cfg->service,
		.loop = r->loop,
		.namespace = r->cfg->namespace,
		.env = r->service_env,
		.fn = on_service,
		.arg = r,
	};

	if (!r->cfg->has_service)
		return 0;
	if (service_start(&how, &r->service, e) != 0)
		return r->cfg->service.build ?
			err_prefix(e, "the service, which `%s` makes",
				   r->cfg->service.build) : -1;
	if (service_wait_ready(r->service, e) != 0)
		return -1;
	r->up = true;
	r->service_died = false;
	ledger_state_from(r->ledger, &(struct state_where){
		.dir = service_state_dir(r->service),
		.env = service_env(r->service) });
	return 0;
}

/* POST /service/restart: a stop that is meant is no crash. */
static int
restart_service(void *arg, struct err *e)
{
	struct recorder *r = arg;

	if (!r->cfg->has_service)
		return err_set(e, ERR_USAGE, "no service is configured");
	ledger_service_stopping(r->ledger, loop_now_ns(r->loop));
	r->up = false;
	if (r->service) {
		service_stop(r->service);
		ledger_state_from(r->ledger, &(struct state_where){ 0 });
		service_destroy(r->service);
		r->service = NULL;
	}
	if (start_service(r, e) != 0 ||
	    set_targets(r, LANE_INGRESS, e) != 0)
		return -1;
	ledger_service_up(r->ledger, loop_now_ns(r->loop));
	return 0;
}

/* One ingress lane in front of the service when none is configured. */
static int
default_lanes(struct config *c, struct err *e)
{
	static const char target[] = "http://127.0.0.1:${PORT}";

	if (c->nlanes == 0) {
		c->lanes = arena_array(c->arena, 1, sizeof(*c->lanes));
		c->lanes[0] = (struct lane_config){
			.name = arena_str(c->arena, SLICE("client")),
			.role = LANE_INGRESS,
			.inject = true,
		};
		c->nlanes = 1;
	}
	for (size_t i = 0; i < c->nlanes; i++) {
		struct lane_config *l = &c->lanes[i];

		if (!l->listen)
			l->listen = arena_str(c->arena, SLICE("127.0.0.1:0"));
		if (l->target || l->forward)
			continue;
		if (c->service.attach)
			l->target = c->service.attach;
		else if (c->has_service)
			l->target = arena_str(c->arena, SLICE(target));
		else
			return err_set(e, ERR_USAGE,
				       "nothing to record: no service in %s "
				       "and no --target; add spec.service."
				       "command, or --target http://host:port",
				       c->path ? c->path : "a dvr.yaml");
	}
	return 0;
}

/* A tape whose verification failed is worth replacing by a better one. */
static bool
never_reproduced(const struct library_entry *x)
{
	struct arena *a = arena_create();
	struct plan p;
	bool never = plan_load(a, x->dir, &p, NULL) == 0 && p.of > 0 &&
		     p.hits == 0;

	arena_destroy(a);
	return never;
}

/* The run goes on whatever this finds: it is not about its traffic. */
static void
mend_library(const struct config *c)
{
	struct err e = { .code = ERR_NONE };
	struct slice lines;
	struct buf told;

	buf_init(&told, 64 * KiB);
	if (library_mend(c->fixtures, &told, &e) != 0)
		warn("%s", e.msg);
	lines = buf_slice(&told);
	while (lines.n > 0) {
		struct slice line = slice_cut(&lines, '\n');

		warn("%.*s", SLICE_ARG(line));
	}
	buf_release(&told);
}

static int
start_ledger(struct recorder *r, struct err *e)
{
	struct config *c = r->cfg;
	struct ledger_lane *lanes;
	struct library lib;

	lanes = arena_array(c->arena, c->nlanes, sizeof(*lanes));
	for (size_t i = 0; i < c->nlanes; i++)
		lanes[i] = (struct ledger_lane){ c->lanes[i].name,
						 c->lanes[i].role };
	mend_library(c);
	c->ledger.secrets = &c->secrets;
	c->ledger.descriptors = &c->descriptors;
	r->ledger = ledger_create(&c->ledger, lanes, c->nlanes, r->loop,
				  r->scrub, e);
	if (!r->ledger)
		return -1;
	ledger_log_source(r->ledger, log_source, r);
	if (library_scan(c->fixtures, &lib, e) != 0) {
		/* the run goes on: the summary says what was lost */
		warn("%s", e->msg);
		*e = (struct err){ .code = ERR_NONE };
		return 0;
	}
	for (size_t i = 0; i < lib.n; i++) {
		if (lib.v[i].signature[0] && !never_reproduced(&lib.v[i]))
			ledger_known(r->ledger, lib.v[i].signature,
				     lib.v[i].id);
	}
	library_release(&lib);
	return 0;
}

/* Lanes that open TLS need an authority, and programs that believe it. */
static int
start_trust(struct recorder *r, struct err *e)
{
	bool needed = false;

	for (size_t i = 0; i < r->cfg->nlanes; i++) {
		const struct lane_config *l = &r->cfg->lanes[i];

		needed |= l->tls || l->forward;
		if (l->insecure)
			warn("lane %s: insecure: true: the certificate of %s "
			     "is not verified", l->name,
			     l->target ? l->target : "its targets");
	}
	if (!needed)
		return 0;
	r->ca = tls_ca_create(e);
	if (!r->ca || trust_create(r->ca, &r->trust, e) != 0)
		return -1;
	if (trust_system_count(r->trust) == 0)
		warn("no certificates of the system were found: suite and "
		     "service believe those of this run alone");
	trust_env(r->trust, r->service_env);
	return 0;
}

/* Where the service finds its dependencies. */
static void
lead_service(struct recorder *r)
{
	for (size_t i = 0; i < r->cfg->nlanes; i++) {
		const struct lane_config *l = &r->cfg->lanes[i];

		if (l->role != LANE_EGRESS)
			continue;
		if (l->env)
			env_set(r->service_env, l->env, proxy_url(r->proxy, i));
		if (l->forward)
			trust_proxy_env(proxy_url(r->proxy, i),
					r->service_env);
	}
}

static int
start_proxy(struct recorder *r, struct err *e)
{
	struct lane_config *lanes = mem_array(r->cfg->nlanes, sizeof(*lanes));
	const struct proxy_config pc = {
		.lanes = lanes,
		.nlanes = r->cfg->nlanes,
		.record = true,
		.ca = r->ca,
		.connect_timeout_ns = 10 * NS_PER_S,
	};

	memcpy(lanes, r->cfg->lanes, r->cfg->nlanes * sizeof(*lanes));
	for (size_t i = 0; i < r->cfg->nlanes; i++)
		lanes[i].target = NULL;	/* set_targets() knows the port */
	r->proxy = proxy_create(&pc, r->loop, r->ledger, e);
	free(lanes);
	if (!r->proxy)
		return -1;
	lead_service(r);
	return set_targets(r, LANE_EGRESS, e);
}

int
recorder_start(struct recorder *r, struct config *cfg, struct err *e)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };

	*r = (struct recorder){ .cfg = cfg, .flags = r->flags };
	r->service_env = env_create(true);
	r->signals = (struct loop_signal){ on_signal, r };
	buf_init(&r->log, 2 * SERVICE_LOG_TAIL);
	if (default_lanes(cfg, e) != 0)
		goto fail;
	process_guard();
	r->scrub = scrub_create(cfg->rules, cfg->nrules, &clock_system, e);
	if (!r->scrub)
		goto fail;
	if (scrub_exposed(r->scrub))
		warn("%s", scrub_exposed(r->scrub));
	r->loop = loop_create(&clock_system, e);
	if (!r->loop ||
	    loop_on_signals(r->loop, &r->signals, sigs, ARRAY_LEN(sigs), e))
		goto fail;
	if (start_ledger(r, e) != 0 || start_trust(r, e) != 0 ||
	    start_proxy(r, e) != 0 ||
	    start_service(r, e) != 0 || set_targets(r, LANE_INGRESS, e) != 0)
		goto fail;
	ledger_service_up(r->ledger, loop_now_ns(r->loop));
	if (control_create(r->proxy, r->loop, r->ledger, restart_service, r,
			   &r->control, e) != 0)
		goto fail;
	return 0;
fail:
	/* the caller prints the tail and calls recorder_destroy() */
	return -1;
}

void
recorder_log_tail(struct recorder *r, struct buf *out)
{
	struct slice log;
	size_t from;

	if (!r->service)
		return;
	log = service_log(r->service);
	/* the last 20 lines say why it died; more would bury the message */
	from = log.n;
	for (int lines = 0; from > 0; from--) {
		if (log.p[from - 1] == '\n' && from < log.n && ++lines == 20)
			break;
	}
	scrub_text(r->scrub, slice_from(log, from), out);
}

static void
on_suite(struct loop_io *io, unsigned ready)
{
	struct recorder *r = io->owner;

	(void)ready;
	loop_del(r->loop, io);
	if (process_reap(&r->suite, &r->suite_end) == 0) {
		struct err e;

		loop_add(r->loop, io, LOOP_READ, &e);
		return;
	}
	r->suite_runs = false;
	loop_stop(r->loop);
}

static struct env *
suite_env(struct recorder *r)
{
	struct env *v = env_create(true);
	bool first = true;

	for (size_t i = 0; i < r->cfg->nlanes; i++) {
		const struct lane_config *l = &r->cfg->lanes[i];

		if (l->role != LANE_INGRESS)
			continue;
		if (first)
			env_set(v, "DVR_BASE_URL", proxy_url(r->proxy, i));
		if (l->env)
			env_set(v, l->env, proxy_url(r->proxy, i));
		first = false;
	}
	if (r->trust)
		trust_env(r->trust, v);
	/* A fixture may put into the database what the tests need. */
	if (r->service)
		env_set(v, "DVR_STATE_DIR", service_state_dir(r->service));
	env_set(v, "DVR_CONTROL_URL", control_url(r->control));
	env_set(v, "DVR_NAMESPACE", r->cfg->namespace);
	return v;
}

int
recorder_start_suite(struct recorder *r, char **argv, struct err *e)
{
	struct env *v = suite_env(r);
	struct process_spec spec = {
		.argv = (const char *const *)argv,
		.env = env_list(v),
		.in_fd = -1, .out_fd = -1, .err_fd = -1,
		.new_group = true,
		.foreground = isatty(STDIN_FILENO),
	};
	int rc = process_start(&spec, &r->suite, e);
	int saved = errno;

	env_destroy(v);
	if (rc != 0) {
		errno = saved;
		return -1;
	}
	r->suite_runs = true;
	r->suite_io = (struct loop_io){ .fd = r->suite.pidfd, .fn = on_suite,
					.owner = r };
	return loop_add(r->loop, &r->suite_io, LOOP_READ, e);
}

int
recorder_wait(struct recorder *r, struct err *e)
{
	return loop_run(r->loop, e);
}

void
recorder_finish(struct recorder *r)
{
	bool failed = r->suite_end.signalled || r->suite_end.code != 0;

	/* what the suite left running goes with it */
	if (r->suite.pid > 0)
		process_signal_group(&r->suite, SIGTERM);
	if (r->proxy)
		proxy_close_listeners(r->proxy);
	/* a client that is gone has closed; a server's endless stream has not */
	if (r->proxy)
		proxy_drain(r->proxy, r->service_died ? 0 : DRAIN_NS);
	if (r->ledger) {
		ledger_suite_end(r->ledger, failed);
		ledger_drain(r->ledger, COMMIT_NS);
		ledger_service_stopping(r->ledger, loop_now_ns(r->loop));
	}
	if (r->service)
		service_stop(r->service);
}

void
recorder_destroy(struct recorder *r)
{
	control_destroy(r->control);
	if (r->service)
		service_destroy(r->service);
	if (r->proxy)
		proxy_destroy(r->proxy);
	trust_destroy(r->trust);
	tls_ca_destroy(r->ca);
	if (r->ledger)
		ledger_destroy(r->ledger);
	if (r->scrub)
		scrub_destroy(r->scrub);
	if (r->loop)
		loop_destroy(r->loop);
	env_destroy(r->service_env);
	buf_release(&r->log);
	free(r->death);
	*r = (struct recorder){ 0 };
}
