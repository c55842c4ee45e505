/* Reads the sections of dvr.yaml into a struct config, one function each. */
#include "config_sections.h"
#include "options.h"

#include <dvr/service/reach.h>

#include <stdio.h>
#include <string.h>

typedef const char *const keys[];

static int
read_metadata(struct reader *r, const struct yaml_node *n, struct config *c)
{
	static keys known = { "name", "namespace", "labels", NULL };

	if (value_map(r, n, "metadata", known) != 0)
		return -1;
	if (!n)
		return 0;
	if (value_string(r, yaml_get(n, "name"), &c->name) != 0 ||
	    value_string(r, yaml_get(n, "namespace"), &c->namespace) != 0)
		return -1;
	return 0;
}

static int
read_ready(struct reader *r, const struct yaml_node *n,
	   struct service_config *s)
{
	static keys known = { "path", "log", "timeout", NULL };

	if (value_map(r, n, "ready", known) != 0)
		return -1;
	if (!n)
		return 0;
	if (value_string(r, yaml_get(n, "path"), &s->ready_path) != 0 ||
	    value_string(r, yaml_get(n, "log"), &s->ready_log) != 0 ||
	    value_duration(r, yaml_get(n, "timeout"), &s->ready_timeout_ns))
		return -1;
	if (s->ready_path && s->ready_log)
		return yaml_error(r->doc, n, ERR_USAGE, r->e,
				  "'ready' takes a path or a log pattern, "
				  "not both");
	if (s->ready_path && s->ready_path[0] != '/')
		return yaml_error(r->doc, yaml_get(n, "path"), ERR_USAGE, r->e,
				  "ready.path must begin with '/'");
	s->ready = s->ready_path ? READY_PATH :
		   s->ready_log	 ? READY_LOG :
				   READY_PORT;
	return 0;
}

static int
read_env(struct reader *r, const struct yaml_node *n, struct service_config *s)
{
	if (!n)
		return 0;
	if (n->kind != YAML_MAP)
		return yaml_error(r->doc, n, ERR_USAGE, r->e,
				  "'env' must be a mapping of names to values");
	s->env = arena_array(r->arena, n->count + 1, sizeof(*s->env));
	for (size_t i = 0; i < n->count; i++) {
		char *value = NULL;

		if (value_string(r, &n->items[i], &value) != 0)
			return -1;
		s->env[i] = arena_str(r->arena,
				      arena_fmt(r->arena, "%.*s=%s",
						SLICE_ARG(n->keys[i]), value));
	}
	return 0;
}

/* A command, or {command, timeout}. */
static int
read_reset(struct reader *r, const struct yaml_node *n,
	   struct service_config *s)
{
	static keys known = { "command", "timeout", NULL };

	if (!n || n->kind == YAML_SCALAR)
		return value_string(r, n, &s->reset);
	if (value_map(r, n, "reset", known) != 0 ||
	    value_string(r, yaml_get(n, "command"), &s->reset) != 0 ||
	    value_duration(r, yaml_get(n, "timeout"), &s->reset_timeout_ns))
		return -1;
	if (!s->reset || !s->reset[0])
		return yaml_error(r->doc, n, ERR_USAGE, r->e, "'reset' needs a "
				  "command: {command: ./reset.sh, timeout: 5s}");
	return 0;
}

static int
read_service(struct reader *r, const struct yaml_node *n, struct config *c)
{
	static keys known = { "command", "workdir", "env", "port", "ready",
			      "build",
			      "attach", "start", "stop", "restart", "logs",
			      "alive", "stop_grace", "reset", NULL };
	struct service_config *s = &c->service;
	const struct yaml_node *command;
	unsigned port = 0;

	if (value_map(r, n, "service", known) != 0)
		return -1;
	if (!n)
		return 0;
	command = yaml_get(n, "command");
	if (command && command->kind == YAML_SCALAR) {
		/* a single string is a shell's business */
		s->command = arena_array(r->arena, 4, sizeof(*s->command));
		s->command[0] = arena_str(r->arena, SLICE("sh"));
		s->command[1] = arena_str(r->arena, SLICE("-c"));
		s->command[2] = arena_str(r->arena, command->text);
	} else if (value_strings(r, command, &s->command) != 0) {
		return -1;
	}
	if (value_string(r, yaml_get(n, "workdir"), &s->workdir) != 0 ||
	    value_string(r, yaml_get(n, "build"), &s->build) != 0 ||
	    value_string(r, yaml_get(n, "attach"), &s->attach) != 0 ||
	    value_string(r, yaml_get(n, "start"), &s->start) != 0 ||
	    value_string(r, yaml_get(n, "stop"), &s->stop) != 0 ||
	    value_string(r, yaml_get(n, "restart"), &s->restart) != 0 ||
	    value_string(r, yaml_get(n, "logs"), &s->logs) != 0 ||
	    value_string(r, yaml_get(n, "alive"), &s->alive) != 0 ||
	    value_duration(r, yaml_get(n, "stop_grace"), &s->stop_grace_ns) ||
	    value_uint(r, yaml_get(n, "port"), 65535, &port) != 0 ||
	    read_reset(r, yaml_get(n, "reset"), s) != 0 ||
	    read_env(r, yaml_get(n, "env"), s) != 0 ||
	    read_ready(r, yaml_get(n, "ready"), s) != 0)
		return -1;
	if (!s->command == !s->attach || (s->command && !s->command[0]))
		return yaml_error(r->doc, n, ERR_USAGE, r->e,
				  "'service' needs either a command (a list: "
				  "[python3, app.py]) or attach: URL");
	s->port = (uint16_t)port;
	c->has_service = true;
	s->workdir = config_path(c, s->workdir ? s->workdir : ".");
	return 0;
}

static int
read_reach(struct reader *r, const struct yaml_node *n, struct config *c)
{
	struct err why;

	if (value_strings(r, n, &c->reach) != 0)
		return -1;
	for (char **at = c->reach; at && *at; at++)
		if (reach_check(*at, &why) != 0)
			return yaml_error(r->doc, n, ERR_USAGE, r->e, "%s",
					  why.msg);
	return 0;
}

/* A host that may be missing is one whose absence somebody has thought of. */
static int
read_allowed(struct reader *r, const struct yaml_node *n, struct config *c)
{
	static keys known = { "host", "reason", NULL };

	if (value_list(r, n, "allow_unreached") != 0)
		return -1;
	if (!n)
		return 0;
	c->allowed = arena_array(r->arena, n->count, sizeof(*c->allowed));
	for (size_t i = 0; i < n->count; i++) {
		const struct yaml_node *x = &n->items[i];
		struct trial_host *h = &c->allowed[i];

		if (value_map(r, x, "allow_unreached", known) != 0 ||
		    value_string(r, yaml_get(x, "host"), &h->host) != 0 ||
		    value_string(r, yaml_get(x, "reason"), &h->reason) != 0)
			return -1;
		if (!h->host || !h->host[0] || !h->reason || !h->reason[0])
			return yaml_error(r->doc, x, ERR_USAGE, r->e,
					  "allow_unreached needs 'host' and "
					  "'reason': {host: "
					  "telemetry.example.com, reason: "
					  "goes on without it}");
	}
	c->nallowed = n->count;
	return 0;
}

static int
read_replay(struct reader *r, const struct yaml_node *n, struct config *c)
{
	static keys known = { "timing",	 "isolation", "clock", "on_miss",
			      "timeout", "settle",    "holds", "reach",
			      "strict",	 "ahead", "allow_unreached", NULL };
	static keys isolations = { "auto", "netns", "none", NULL };
	static keys clocks = { "real", "recorded", NULL };
	static keys misses = { "fail", "passthrough", "nearest", NULL };
	unsigned timing = (unsigned)c->replay.timing;
	unsigned isolation = (unsigned)c->isolation, clock = 0;
	unsigned on_miss = (unsigned)c->replay.on_miss;

	if (value_map(r, n, "replay", known) != 0)
		return -1;
	if (!n)
		return 0;
	if (value_choice(r, yaml_get(n, "timing"), timing_words, &timing) != 0 ||
	    value_choice(r, yaml_get(n, "isolation"), isolations,
			 &isolation) != 0 ||
	    value_choice(r, yaml_get(n, "clock"), clocks, &clock) != 0 ||
	    read_reach(r, yaml_get(n, "reach"), c) != 0 ||
	    read_allowed(r, yaml_get(n, "allow_unreached"), c) != 0 ||
	    value_choice(r, yaml_get(n, "on_miss"), misses, &on_miss) != 0 ||
	    value_bool(r, yaml_get(n, "strict"), &c->replay.strict) != 0 ||
	    value_bool(r, yaml_get(n, "ahead"), &c->ahead) != 0 ||
	    value_duration(r, yaml_get(n, "timeout"), &c->replay.timeout_ns) ||
	    value_duration(r, yaml_get(n, "settle"), &c->replay.settle_ns) ||
	    value_bool(r, yaml_get(n, "holds"), &c->replay.holds) != 0)
		return -1;
	c->replay.timing = (enum replay_timing)timing;
	c->isolation = (enum isolation_mode)isolation;
	c->recorded_clock = clock == 1;
	c->replay.on_miss = (enum on_miss)on_miss;
	return 0;
}

static int
read_spec(struct reader *r, const struct yaml_node *n, struct config *c)
{
	static keys known = { "mode",	  "service",  "lanes",	      "capture",
			      "sessions", "triggers", "commit",	      "ignore",
			      "state",	  "replay",   "sanitization", "masks",
			      "fixtures", "verify",   "on_dvr_error",
			      "secrets",  "resign",   "tokens",
			      "protobuf", NULL };
	static keys commits = { "always", "failed", NULL };
	static keys errors = { "warn", "fail", NULL };
	static keys modes = { "record", NULL };
	unsigned commit = 0, error = (unsigned)c->on_dvr_error, mode = 0;
	char *fixtures = NULL;

	if (value_map(r, n, "spec", known) != 0)
		return -1;
	if (!n)
		return 0;
	if (value_choice(r, yaml_get(n, "mode"), modes, &mode) != 0 ||
	    read_service(r, yaml_get(n, "service"), c) != 0 ||
	    read_lanes(r, yaml_get(n, "lanes"), c) != 0 ||
	    read_capture(r, yaml_get(n, "capture"), c) != 0 ||
	    read_sessions(r, yaml_get(n, "sessions"), c) != 0 ||
	    read_triggers(r, yaml_get(n, "triggers"), c) != 0 ||
	    value_choice(r, yaml_get(n, "commit"), commits, &commit) != 0 ||
	    read_ignore(r, yaml_get(n, "ignore"), c) != 0 ||
	    read_state(r, yaml_get(n, "state"), c) != 0 ||
	    read_replay(r, yaml_get(n, "replay"), c) != 0 ||
	    read_sanitization(r, yaml_get(n, "sanitization"), c) != 0 ||
	    read_secrets(r, yaml_get(n, "secrets"), c) != 0 ||
	    read_resign(r, yaml_get(n, "resign"), c) != 0 ||
	    read_tokens(r, yaml_get(n, "tokens"), c) != 0 ||
	    read_protobuf(r, yaml_get(n, "protobuf"), c) != 0 ||
	    read_masks(r, yaml_get(n, "masks"), c) != 0 ||
	    value_string(r, yaml_get(n, "fixtures"), &fixtures) != 0 ||
	    value_bool(r, yaml_get(n, "verify"), &c->verify) != 0 ||
	    value_choice(r, yaml_get(n, "on_dvr_error"), errors, &error) != 0)
		return -1;
	c->ledger.commit_failed_only = commit == 1;
	c->on_dvr_error = error ? DVR_ERROR_FAIL : DVR_ERROR_WARN;
	if (fixtures)
		c->fixtures = config_path(c, fixtures);
	return 0;
}

/* A constant that the seed's manifest carries. */
static int
read_constant(struct reader *r, const struct yaml_node *root, const char *key,
	      const char *value)
{
	const struct yaml_node *n = yaml_get(root, key);
	char q[QUOTE_MAX];

	if (!n)
		return yaml_error(r->doc, root, ERR_USAGE, r->e,
				  "'%s: %s' is missing", key, value);
	if (n->kind != YAML_SCALAR || !slice_eq(n->text, slice_str(value)))
		return yaml_error(r->doc, n, ERR_USAGE, r->e,
				  "bad %s '%s'; expected %s", key,
				  quote(n->text, q), value);
	return 0;
}

int
config_read(const struct yaml_doc *d, struct config *c, struct err *e)
{
	static keys known = { "apiVersion", "kind", "metadata", "spec", NULL };
	struct reader r = { .doc = d, .arena = c->arena, .e = e };

	if (!d->root)
		return err_set(e, ERR_USAGE, "%s: the file is empty; see "
			       "README.md for a first dvr.yaml", d->name);
	if (value_map(&r, d->root, "dvr.yaml", known) != 0 ||
	    read_constant(&r, d->root, "apiVersion",
			  "networking.replay.io/v1alpha1") != 0 ||
	    read_constant(&r, d->root, "kind", "StatefulTunnel") != 0 ||
	    read_metadata(&r, yaml_get(d->root, "metadata"), c) != 0 ||
	    read_spec(&r, yaml_get(d->root, "spec"), c) != 0)
		return -1;
	return 0;
}
