/* dvr.yaml: the seed's manifest, our keys, and every kind of mistake. */
#include "../../runner/cli/config.h"

#include <dvr/base/yaml.h>

#include <check.h>
#include <stdio.h>
#include <string.h>

#define HEAD "apiVersion: networking.replay.io/v1alpha1\n" \
	     "kind: StatefulTunnel\n"

static int
load(const char *text, struct config *c, struct err *e)
{
	struct yaml_doc d;

	*c = (struct config){ .arena = arena_create() };
	c->dir = arena_str(c->arena, SLICE("tests/unit"));
	*e = (struct err){ .code = ERR_NONE };
	if (yaml_parse(c->arena, "dvr.yaml", slice_str(text), ERR_USAGE, &d,
		       e) != 0)
		return -1;
	return config_read(&d, c, e);
}

/* The manifest of the article that the project grew from, as it stands. */
START_TEST(the_seed_manifest_is_accepted)
{
	static const char text[] = HEAD
		"metadata:\n"
		"  name: qa-dvr-interceptor\n"
		"  namespace: payment-services\n"
		"spec:\n"
		"  mode: record\n"
		"  capture:\n"
		"    protocols: [http, grpc]\n"
		"    payloads: true\n"
		"    max_session_duration: 300s\n"
		"  triggers:\n"
		"    - on_status: [500, 502, 503, 504]\n"
		"      action: commit_tape\n"
		"    - on_exception: \"*\"\n"
		"      action: commit_tape\n"
		"  sanitization:\n"
		"    - regex: \"Authorization: Bearer .*\"\n"
		"      replace: \"Authorization: Bearer [MOCK_TOKEN]\"\n";
	struct config c;
	struct err e;

	ck_assert_msg(load(text, &c, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(c.namespace, "payment-services");
	ck_assert_uint_eq(c.ledger.window_ns, 300 * NS_PER_S);
	ck_assert_uint_eq(c.ledger.non_status, 4);
	ck_assert_uint_eq(c.ledger.on_status[3].from, 504);
	ck_assert(c.ledger.on_exception);
	ck_assert_uint_eq(c.nrules, 1);
	ck_assert_uint_eq(c.rules[0].line, 18);
	config_release(&c);
}
END_TEST

/* A gRPC error is an exception; which ones are can be told. */
START_TEST(grpc_statuses_are_told)
{
	static const struct { const char *triggers; uint32_t want; } rows[] = {
		{ "[{on_exception: \"*\"}]", LEDGER_GRPC_DEFAULT },
		{ "[{on_status: [5xx]}]", 0 },
		{ "[{on_exception: \"*\"}, {on_grpc_status: NOT_FOUND}]",
		  1u << 5 },
		{ "[{on_exception: \"*\"}, {on_grpc_status: []}]", 0 },
		{ "[{on_grpc_status: [2, INTERNAL]}]", 1u << 2 | 1u << 13 },
	};
	char text[1000];
	struct config c;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(text, sizeof(text), HEAD "metadata: {name: a}\n"
			 "spec:\n  triggers: %s\n", rows[i].triggers);
		ck_assert_msg(load(text, &c, &e) == 0, "%s", e.msg);
		ck_assert_uint_eq(c.ledger.on_grpc, rows[i].want);
		config_release(&c);
	}
	ck_assert_int_eq(load(HEAD "metadata: {name: a}\nspec:\n"
			      "  triggers: [{on_grpc_status: BAD}]\n", &c,
			      &e), -1);
	ck_assert_msg(strstr(e.msg, "expected a gRPC status as INTERNAL"),
		      "%s", e.msg);
	config_release(&c);
}
END_TEST

/* A service, lanes and the rest of our keys. */
START_TEST(our_keys_stand_beside_it)
{
	static const char text[] = HEAD
		"metadata: {name: shop, namespace: pay}\n"
		"spec:\n"
		"  service:\n"
		"    command: [python3, cart.py]\n"
		"    workdir: app\n"
		"    env: {DB: \"${DVR_STATE_DIR}/shop.db\"}\n"
		"    ready: {path: /health, timeout: 3s}\n"
		"  lanes:\n"
		"    - {name: client, role: ingress}\n"
		"    - {name: inv, role: egress, target: \"http://h:7\", "
		"env: INV_URL}\n"
		"  capture: {max_memory: 64MiB, max_body: 1MiB}\n"
		"  triggers:\n"
		"    - {on_status: [5xx, 400-404], action: commit_tape}\n"
		"    - {on_timeout: 10s, action: commit_tape}\n"
		"  commit: failed\n"
		"  ignore: [{route: \"GET /flaky\", status: 503, reason: "
		"\"on purpose\"}]\n"
		"  sanitization:\n"
		"    - {keep: \"*.req.query/k\", reason: public}\n"
		"  state:\n"
		"    - {name: shop, provider: sqlite, path: "
		"\"${DVR_STATE_DIR}/x/shop.db\", snapshot: run, "
		"max_size: 1MiB}\n"
		"    - {name: kv, provider: command, snapshot: dump kv, "
		"restore: load kv, scrub: none, reason: synthetic}\n"
		"  masks: [{field: \"*.resp.body#/at\", reason: clock}]\n"
		"  fixtures: ../unit/x/../tapes\n";
	struct config c;
	struct err e;

	ck_assert_msg(load(text, &c, &e) == 0, "%s", e.msg);
	ck_assert(c.has_service);
	ck_assert_str_eq(c.service.workdir, "tests/unit/app");
	ck_assert_str_eq(c.service.env[0], "DB=${DVR_STATE_DIR}/shop.db");
	ck_assert_int_eq(c.service.ready, READY_PATH);
	ck_assert_uint_eq(c.nlanes, 2);
	ck_assert_int_eq(c.lanes[1].role, LANE_EGRESS);
	ck_assert_uint_eq(c.ledger.max_memory_bytes, 64u * MiB);
	ck_assert_uint_eq(c.ledger.on_status[0].to, 599);
	ck_assert_uint_eq(c.ledger.on_status[1].from, 400);
	ck_assert(!c.ledger.on_exception);
	ck_assert_uint_eq(c.ledger.on_timeout_ns, 10 * NS_PER_S);
	ck_assert(c.ledger.commit_failed_only);
	ck_assert_str_eq(c.ledger.ignore[0].route, "/flaky");
	ck_assert_uint_eq(c.nrules, 1);
	ck_assert_str_eq(c.rules[0].keep, "*.req.query/k");
	ck_assert_str_eq(c.rules[0].reason, "public");
	ck_assert_uint_eq(c.ledger.nstate, 2);
	ck_assert_str_eq(c.state[0].path, "x/shop.db");
	ck_assert_int_eq(c.state[0].when, STATE_RUN);
	ck_assert_uint_eq(c.state[0].max_bytes, 1u * MiB);
	ck_assert_int_eq(c.state[1].when, STATE_FIRST_REQUEST);
	ck_assert_uint_eq(c.state[1].max_bytes, 16u * MiB);
	ck_assert_str_eq(c.state[1].unscrubbed, "synthetic");
	ck_assert_uint_eq(c.nmasks, 1);
	ck_assert_str_eq(c.fixtures, "tests/unit/tapes");
	config_release(&c);
}
END_TEST

#define STATE HEAD "spec:\n  state:\n    - {name: a, "
#define DB "path: \"${DVR_STATE_DIR}/a.db\""

static const struct bad {
	const char *text;
	const char *says;	/* must be in the message */
} bad[] = {
	{ "kind: StatefulTunnel\n", "apiVersion" },
	{ "apiVersion: v1\nkind: StatefulTunnel\n", "dvr.yaml:1:13" },
	{ HEAD "spce: {}\n", "'spec'" },
	{ HEAD "spec: {triggres: []}\n", "triggers" },
	{ HEAD "spec:\n  capture:\n    payloads: maybe\n", "dvr.yaml:5:15" },
	{ HEAD "spec: {capture: {max_session_duration: 300}}\n", "duration" },
	{ HEAD "spec: {capture: {max_memory: lots}}\n", "size" },
	{ HEAD "spec: {capture: {protocols: [ftp]}}\n", "http | grpc" },
	{ HEAD "spec: {triggers: [{on_status: [700]}]}\n", "100..599" },
	{ HEAD "spec: {triggers: [{on_status: 5yy}]}\n", "100..599" },
	{ HEAD "spec: {triggers: [{on_status: 500, action: mail}]}\n",
	  "commit_tape" },
	{ HEAD "spec: {triggers: 5xx}\n", "must be a list" },
	{ HEAD "spec: {service: {workdir: x}}\n", "command" },
	{ HEAD "spec: {service: {command: []}}\n", "command" },
	{ HEAD "spec: {lanes: [{name: a}, {name: a}]}\n", "twice" },
	{ HEAD "spec: {lanes: [{name: a, role: egress}]}\n", "target" },
	{ HEAD "spec: {lanes: [{role: ingress}]}\n", "name" },
	{ STATE "provider: oracle}\n",
	  "dvr.yaml:5:27: unknown provider 'oracle'; expected sqlite" },
	{ STATE DB "}\n", "needs a provider" },
	{ STATE "provider: sqlite}\n", "needs a path" },
	{ STATE "provider: sqlite, path: /var/lib/a.db}\n", "begin with" },
	{ STATE "provider: sqlite, path: \"${DVR_STATE_DIR}x\"}\n",
	  "begin with" },
	{ STATE "provider: files, path: \"${DVR_STATE_DIR}/b/../..\"}\n",
	  "'..'" },
	{ STATE "provider: sqlite, path: \"${DVR_STATE_DIR}/\"}\n",
	  "database's file" },
	{ STATE "provider: sqlite, " DB ", snapshot: often}\n",
	  "first_request | run | session" },
	{ STATE "provider: sqlite, " DB ", restore: x}\n", "restore" },
	{ STATE "provider: sqlite, " DB ", scrub: none}\n", "reason" },
	{ STATE "provider: sqlite, " DB ", reason: x}\n", "scrub: none" },
	{ STATE "provider: command, snapshot: x}\n", "restore: CMD" },
	{ STATE "provider: command, snapshot: run, restore: x}\n",
	  "'when' takes the moment" },
	{ STATE "provider: files, " DB "}\n    - {name: a}\n",
	  "there already" },
	{ STATE "provider: files, " DB "}\n    - {name: b/c}\n",
	  "letters" },
	{ STATE "provider: files, " DB "}\n    - {name: b, snapshot: session, "
	  "provider: files, " DB "}\n", "do not mix" },
	{ HEAD "spec: {ignore: [{route: \"GET /x\"}]}\n", "reason" },
	{ HEAD "spec: {sanitization: [{replace: x}]}\n", "regex" },
	{ HEAD "spec:\n  sanitization:\n    - {keep: \"*.req.query/k\"}\n",
	  "dvr.yaml:5:14: a keep needs a reason" },
	{ HEAD "spec:\n  sanitization:\n    - {withhold: \"*.resp.body\"}\n",
	  "dvr.yaml:5:18: a withhold needs a reason" },
	{ HEAD "spec:\n  sanitization:\n    - {detector: geo}\n",
	  "dvr.yaml:5:18: 'detector' and 'enable: true' or 'false' go" },
	{ HEAD "spec:\n  sanitization:\n    - {detector: pan, enable: "
	       "false}\n", "a detector that is off needs a reason" },
	{ HEAD "spec:\n  sanitization:\n    - {keep: \"*.req.query/k\", "
	       "reason: \"\"}\n", "dvr.yaml:5:14: a keep needs a reason" },
	{ HEAD "spec:\n  sanitization:\n    - {keep: \"*.req.query/k\", "
	       "reason: r, regex: x}\n", "dvr.yaml:5:14: a sanitization rule "
	  "has only one of" },
	{ HEAD "spec:\n  sanitization:\n    - {field: \"*.req.query/k\", "
	       "keep: \"*.req.query/k\", reason: r}\n", "only one of" },
	{ HEAD "spec: {sanitization: [{keep: \"*.req.query/k\", reason: r, "
	       "replace: x}]}\n", "no 'replace'" },
	{ HEAD "spec: {commit: never}\n", "always | failed" },
	{ HEAD "spec: [a]\n", "mapping" },
	{ "", "empty" },
	{ HEAD "kind: StatefulTunnel\n", "kind" },
	{ HEAD "spec: {\n", "dvr.yaml:" },
};

/* Each mistake has its place and says what would be right. */
START_TEST(mistakes_are_named_with_their_place)
{
	const struct bad *b = &bad[_i];
	struct config c;
	struct err e;

	ck_assert_int_eq(load(b->text, &c, &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_msg(strstr(e.msg, b->says) != NULL,
		      "'%s' is not in: %s", b->says, e.msg);
	ck_assert_msg(strstr(e.msg, "dvr.yaml") != NULL, "%s", e.msg);
	config_release(&c);
}
END_TEST

/* Units are part of a value; overflow and bare numbers are refused. */
START_TEST(durations_and_sizes)
{
	uint64_t ns;
	size_t n;

	ck_assert_int_eq(config_duration(SLICE("50ms"), &ns), 0);
	ck_assert_uint_eq(ns, 50 * NS_PER_MS);
	ck_assert_int_eq(config_duration(SLICE("2h"), &ns), 0);
	ck_assert_uint_eq(ns, 7200 * NS_PER_S);
	ck_assert_int_eq(config_duration(SLICE("5"), &ns), -1);
	ck_assert_int_eq(config_duration(SLICE("-5s"), &ns), -1);
	ck_assert_int_eq(config_duration(SLICE("ms"), &ns), -1);
	ck_assert_int_eq(config_size(SLICE("8MiB"), &n), 0);
	ck_assert_uint_eq(n, 8u * MiB);
	ck_assert_int_eq(config_size(SLICE("12"), &n), 0);
	ck_assert_uint_eq(n, 12);
	ck_assert_int_eq(config_size(SLICE("8XiB"), &n), -1);
}
END_TEST

Suite *suite_config(void);

Suite *
suite_config(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("read");

	tcase_add_test(t, the_seed_manifest_is_accepted);
	tcase_add_test(t, grpc_statuses_are_told);
	tcase_add_test(t, our_keys_stand_beside_it);
	tcase_add_loop_test(t, mistakes_are_named_with_their_place, 0,
			    ARRAY_LEN(bad));
	tcase_add_test(t, durations_and_sizes);
	suite_add_tcase(s, t);
	return s;
}
