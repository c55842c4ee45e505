/* What is recorded: capture, sessions, triggers, ignore, sanitization, masks. */
#include "config_sections.h"

#include <dvr/wire/grpc.h>

#include <string.h>

typedef const char *const keys[];

static int
read_protocols(struct reader *r, const struct yaml_node *n)
{
	static keys known = { "http", "grpc", NULL };
	unsigned which;

	if (value_list(r, n, "protocols") != 0)
		return -1;
	for (size_t i = 0; n && i < n->count; i++) {
		if (value_choice(r, &n->items[i], known, &which) != 0)
			return -1;
	}
	return 0;
}

int
read_capture(struct reader *r, const struct yaml_node *n, struct config *c)
{
	static keys known = { "protocols", "payloads", "max_session_duration",
			      "max_memory", "max_body", "max_tape",
			      "max_library", "strict", NULL };
	struct ledger_config *l = &c->ledger;

	if (value_map(r, n, "capture", known) != 0)
		return -1;
	if (!n)
		return 0;
	if (read_protocols(r, yaml_get(n, "protocols")) != 0 ||
	    value_bool(r, yaml_get(n, "payloads"), &l->payloads) != 0 ||
	    value_duration(r, yaml_get(n, "max_session_duration"),
			   &l->window_ns) != 0 ||
	    value_size(r, yaml_get(n, "max_memory"), &l->max_memory_bytes) ||
	    value_size(r, yaml_get(n, "max_body"), &l->max_body_bytes) != 0 ||
	    value_size(r, yaml_get(n, "max_tape"), &l->max_tape_bytes) != 0 ||
	    value_size(r, yaml_get(n, "max_library"),
		       &c->max_library_bytes) != 0 ||
	    value_bool(r, yaml_get(n, "strict"), &c->strict) != 0)
		return -1;
	if (yaml_get(n, "max_memory") && l->max_memory_bytes < MiB)
		return yaml_error(r->doc, yaml_get(n, "max_memory"), ERR_USAGE,
				  r->e, "max_memory must be at least 1MiB");
	return 0;
}

int
read_sessions(struct reader *r, const struct yaml_node *n, struct config *c)
{
	static keys known = { "header", "cookie", "traceparent",
			      "namespace_header", NULL };
	char *header = NULL, *cookie = NULL, *namespace_header = NULL;

	if (value_map(r, n, "sessions", known) != 0)
		return -1;
	if (!n)
		return 0;
	if (value_string(r, yaml_get(n, "header"), &header) != 0 ||
	    value_string(r, yaml_get(n, "cookie"), &cookie) != 0 ||
	    value_string(r, yaml_get(n, "namespace_header"),
			 &namespace_header) != 0 ||
	    value_bool(r, yaml_get(n, "traceparent"),
		       &c->ledger.session_traceparent) != 0)
		return -1;
	c->ledger.session_header = header;
	c->ledger.session_cookie = cookie;
	c->ledger.namespace_header = namespace_header;
	return 0;
}

/* 503, "5xx", "500-504" */
static int
read_status(struct reader *r, const struct yaml_node *n,
	    struct status_range *out)
{
	struct slice s = n->text, low = s, high = s;
	uint64_t from, to;
	ssize_t dash;

	if (n->kind == YAML_SCALAR && s.n == 3 && s.p[0] >= '1' &&
	    s.p[0] <= '5' && slice_ieq(slice_from(s, 1), SLICE("xx"))) {
		out->from = (unsigned)(s.p[0] - '0') * 100;
		out->to = out->from + 99;
		return 0;
	}
	dash = n->kind == YAML_SCALAR ? slice_chr(s, '-') : -1;
	if (dash > 0) {
		low = slice_range(s, 0, (size_t)dash);
		high = slice_from(s, (size_t)dash + 1);
	}
	if (n->kind != YAML_SCALAR || slice_uint(low, 599, &from) != 0 ||
	    slice_uint(high, 599, &to) != 0 || from < 100 || to < from)
		return yaml_error(r->doc, n, ERR_USAGE, r->e,
				  "bad status in on_status; expected 100..599, "
				  "a range such as 500-504, or 5xx");
	out->from = (unsigned)from;
	out->to = (unsigned)to;
	return 0;
}

static int
read_on_status(struct reader *r, const struct yaml_node *n, struct config *c)
{
	size_t count, have = c->ledger.non_status;
	struct status_range *list;

	if (!n)
		return 0;
	count = n->kind == YAML_LIST ? n->count : 1;
	list = arena_array(r->arena, have + count, sizeof(*list));
	if (have)
		memcpy(list, c->ledger.on_status, have * sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		if (read_status(r, n->kind == YAML_LIST ? &n->items[i] : n,
				&list[have + i]) != 0)
			return -1;
	}
	c->ledger.on_status = list;
	c->ledger.non_status = have + count;
	return 0;
}

static int
read_on_exception(struct reader *r, const struct yaml_node *n,
		  struct config *c)
{
	char *pattern = NULL;

	if (value_string(r, n, &pattern) != 0)
		return -1;
	if (!pattern)
		return 0;
	c->ledger.on_exception = true;
	if (strcmp(pattern, "*") != 0)
		c->service.log_pattern = pattern;
	return 0;
}

/* INTERNAL, 13, or a list of them. */
static int
read_on_grpc(struct reader *r, const struct yaml_node *n, struct config *c)
{
	size_t count;

	if (!n)
		return 0;
	count = n->kind == YAML_LIST ? n->count : 1;
	for (size_t i = 0; i < count; i++) {
		const struct yaml_node *v =
			n->kind == YAML_LIST ? &n->items[i] : n;
		unsigned status;

		if (v->kind != YAML_SCALAR ||
		    grpc_status_parse(v->text, &status) != 0)
			return yaml_error(r->doc, v, ERR_USAGE, r->e,
					  "bad status in on_grpc_status; "
					  "expected a gRPC status as INTERNAL "
					  "or 13");
		c->ledger.on_grpc |= 1u << status;
	}
	return 0;
}

static int
read_trigger(struct reader *r, const struct yaml_node *n, struct config *c)
{
	static keys known = { "on_status", "on_exception", "on_timeout",
			      "on_session", "on_suite", "on_grpc_status",
			      "action", NULL };
	static keys actions = { "commit_tape", NULL };
	static keys failed = { "failed", NULL };
	static keys nonzero = { "nonzero", NULL };
	const struct yaml_node *session, *suite;
	unsigned which;

	if (value_map(r, n, "triggers", known) != 0)
		return -1;
	session = yaml_get(n, "on_session");
	suite = yaml_get(n, "on_suite");
	if (read_on_status(r, yaml_get(n, "on_status"), c) != 0 ||
	    read_on_exception(r, yaml_get(n, "on_exception"), c) != 0 ||
	    read_on_grpc(r, yaml_get(n, "on_grpc_status"), c) != 0 ||
	    value_duration(r, yaml_get(n, "on_timeout"),
			   &c->ledger.on_timeout_ns) != 0 ||
	    value_choice(r, session, failed, &which) != 0 ||
	    value_choice(r, suite, nonzero, &which) != 0 ||
	    value_choice(r, yaml_get(n, "action"), actions, &which) != 0)
		return -1;
	c->ledger.on_session_failed |= session != NULL;
	c->ledger.on_suite_nonzero |= suite != NULL;
	return 0;
}

int
read_triggers(struct reader *r, const struct yaml_node *n, struct config *c)
{
	bool named = false;

	if (value_list(r, n, "triggers") != 0)
		return -1;
	if (!n)
		return 0;
	/* what is listed replaces the defaults */
	c->ledger.on_status = NULL;
	c->ledger.non_status = 0;
	c->ledger.on_exception = false;
	c->ledger.on_grpc = 0;
	c->ledger.on_timeout_ns = 0;
	for (size_t i = 0; i < n->count; i++) {
		if (read_trigger(r, &n->items[i], c) != 0)
			return -1;
		named |= yaml_get(&n->items[i], "on_grpc_status") != NULL;
	}
	/* a gRPC error is an exception, unless it is said which ones are */
	if (c->ledger.on_exception && !named)
		c->ledger.on_grpc = LEDGER_GRPC_DEFAULT;
	return 0;
}

int
read_ignore(struct reader *r, const struct yaml_node *n, struct config *c)
{
	static keys known = { "route", "status", "reason", NULL };
	struct ledger_ignore *list;

	if (value_list(r, n, "ignore") != 0)
		return -1;
	if (!n)
		return 0;
	list = arena_array(r->arena, n->count, sizeof(*list));
	for (size_t i = 0; i < n->count; i++) {
		const struct yaml_node *x = &n->items[i];
		char *route = NULL, *reason = NULL;
		struct slice rest;

		if (value_map(r, x, "ignore", known) != 0 ||
		    value_string(r, yaml_get(x, "route"), &route) != 0 ||
		    value_string(r, yaml_get(x, "reason"), &reason) != 0 ||
		    value_uint(r, yaml_get(x, "status"), 599, &list[i].status))
			return -1;
		if (!reason || !reason[0])
			return yaml_error(r->doc, x, ERR_USAGE, r->e,
					  "an ignore rule needs a reason");
		rest = slice_str(route ? route : "* *");
		list[i].method = arena_str(r->arena, slice_cut(&rest, ' '));
		if (!rest.p)
			return yaml_error(r->doc, x, ERR_USAGE, r->e,
					  "route must be 'METHOD /path', "
					  "for example 'GET /health'");
		list[i].route = arena_str(r->arena, rest);
		list[i].reason = reason;
	}
	c->ledger.ignore = list;
	c->ledger.nignore = n->count;
	return 0;
}

/* Exactly one of them says what a rule is about. */
static const struct yaml_node *
rule_subject(struct reader *r, const struct yaml_node *x)
{
	static const char *const kinds[] = { "regex", "field", "keep",
					     "withhold", "detector" };
	const struct yaml_node *found = NULL;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct yaml_node *n = yaml_get(x, kinds[i]);

		if (n && found) {
			yaml_error(r->doc, n, ERR_USAGE, r->e, "a sanitization "
				   "rule has only one of 'regex', 'field', "
				   "'keep', 'withhold' and 'detector'");
			return NULL;
		}
		if (n)
			found = n;
	}
	if (!found)
		yaml_error(r->doc, x, ERR_USAGE, r->e, "a sanitization rule "
			   "needs 'regex', 'field', 'keep', 'withhold' or "
			   "'detector'");
	return found;
}

/* What is kept, withheld or not looked for needs a reason; what is scrubbed
 * may have one. */
static int
check_reason(struct reader *r, const struct yaml_node *x,
	     const struct yaml_node *at, const struct scrub_rule *rule)
{
	const char *what = rule->keep ? "keep" : rule->withhold ? "withhold" :
		rule->detector && !rule->enable ? "detector that is off" :
		NULL;

	if ((rule->keep || rule->withhold || rule->detector) &&
	    yaml_get(x, "replace"))
		return yaml_error(r->doc, yaml_get(x, "replace"), ERR_USAGE,
				  r->e, "'keep', 'withhold' and 'detector' "
				  "have no 'replace'");
	if (what && slice_trim(slice_str(rule->reason)).n == 0)
		return yaml_error(r->doc, at, ERR_USAGE, r->e,
				  "a %s needs a reason: who reviews the tape "
				  "has to know why", what);
	return 0;
}

/* `detector: NAME` with `enable: true` or false. */
static int
read_switch(struct reader *r, const struct yaml_node *x,
	    const struct yaml_node *at, struct scrub_rule *rule)
{
	const struct yaml_node *enable = yaml_get(x, "enable");

	if (!rule->detector != !enable)
		return yaml_error(r->doc, at, ERR_USAGE, r->e, "'detector' and "
				  "'enable: true' or 'false' go together");
	return value_bool(r, enable, &rule->enable);
}

static int
read_rule(struct reader *r, const struct yaml_node *x, struct scrub_rule *out)
{
	static keys known = { "regex", "field", "keep", "withhold", "detector",
			      "enable", "replace", "reason", NULL };
	char *regex = NULL, *field = NULL, *keep = NULL, *replace = NULL;
	char *reason = NULL, *withhold = NULL, *detector = NULL;
	const struct yaml_node *at;

	if (value_map(r, x, "sanitization", known) != 0 ||
	    value_string(r, yaml_get(x, "regex"), &regex) != 0 ||
	    value_string(r, yaml_get(x, "field"), &field) != 0 ||
	    value_string(r, yaml_get(x, "keep"), &keep) != 0 ||
	    value_string(r, yaml_get(x, "withhold"), &withhold) != 0 ||
	    value_string(r, yaml_get(x, "detector"), &detector) != 0 ||
	    value_string(r, yaml_get(x, "replace"), &replace) != 0 ||
	    value_string(r, yaml_get(x, "reason"), &reason) != 0)
		return -1;
	at = rule_subject(r, x);
	if (!at)
		return -1;
	*out = (struct scrub_rule){
		.regex = regex, .field = field, .keep = keep,
		.withhold = withhold, .detector = detector,
		.replace = replace, .reason = reason, .file = r->doc->name,
		.line = at->line, .column = at->column,
	};
	return read_switch(r, x, at, out) != 0 ? -1 :
	       check_reason(r, x, at, out);
}

int
read_sanitization(struct reader *r, const struct yaml_node *n,
		  struct config *c)
{
	if (value_list(r, n, "sanitization") != 0)
		return -1;
	if (!n)
		return 0;
	c->rules = arena_array(r->arena, n->count, sizeof(*c->rules));
	for (size_t i = 0; i < n->count; i++) {
		if (read_rule(r, &n->items[i], &c->rules[i]) != 0)
			return -1;
	}
	c->nrules = n->count;
	return 0;
}

int
read_masks(struct reader *r, const struct yaml_node *n, struct config *c)
{
	static keys known = { "field", "reason", NULL };

	if (value_list(r, n, "masks") != 0)
		return -1;
	if (!n)
		return 0;
	c->masks = arena_array(r->arena, n->count, sizeof(*c->masks));
	for (size_t i = 0; i < n->count; i++) {
		const struct yaml_node *x = &n->items[i];
		char *field = NULL, *reason = NULL;

		if (value_map(r, x, "masks", known) != 0 ||
		    value_string(r, yaml_get(x, "field"), &field) != 0 ||
		    value_string(r, yaml_get(x, "reason"), &reason) != 0)
			return -1;
		if (!field || !reason)
			return yaml_error(r->doc, x, ERR_USAGE, r->e,
					  "a mask needs 'field' and 'reason'");
		c->masks[i].field = slice_str(field);
		c->masks[i].reason = slice_str(reason);
	}
	c->nmasks = n->count;
	return 0;
}
