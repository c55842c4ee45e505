/* Writes what `dvr init` found as a commented dvr.yaml and CI files. */
#include "init.h"

#include <dvr/base/yaml.h>

static void
put_service(const struct guess *g, struct buf *out)
{
	if (g->from.n)
		buf_fmt(out, "  # as %.*s says; PORT and DVR_STATE_DIR are in its "
			"environment\n", SLICE_ARG(g->from));
	buf_adds(out, "  service:\n");
	if (g->command.n)
		buf_fmt(out, "    command: %.*s\n", SLICE_ARG(g->command));
	else
		buf_adds(out, "    # how the service is started: a list of words, "
			      "or a line for sh -c\n"
			      "    command: [\"./server\", --port, \"${PORT}\"]\n");
	if (g->compose)
		buf_adds(out, "    # or, when docker compose runs it, in place of "
			      "command:\n"
			      "    # attach: http://127.0.0.1:8080\n"
			      "    # start: docker compose up -d app\n"
			      "    # stop: docker compose stop app\n"
			      "    # logs: docker compose logs -f app\n");
	if (g->build.n) {
		buf_adds(out, "    build: ");
		yaml_put(out, g->build);
		buf_adds(out, "      # run by `dvr regress --build`\n");
	}
	if (g->health.n)
		buf_fmt(out, "    ready: {path: %.*s, timeout: 30s}\n",
			SLICE_ARG(g->health));
	else
		buf_adds(out, "    ready: {timeout: 30s}      # its port accepts; "
			      "or {path: /health}, {log: \"listening on\"}\n");
	if (g->port)
		buf_fmt(out, "    port: %u                 # it seems to listen "
			"there whatever PORT says\n", g->port);
}

static void
put_lanes(const struct guess *g, struct buf *out)
{
	bool any = false;

	buf_adds(out, "\n  # links that traffic runs on: `client` stands before "
		      "the service (its URL is\n  # DVR_BASE_URL for the suite), "
		      "egress lanes before what the service calls\n  lanes:\n"
		      "    - {name: client, role: ingress}\n");
	for (size_t i = 0; i < g->ndeps; i++) {
		const struct dependency *d = &g->deps[i];

		if (!d->http)
			continue;
		any = true;
		buf_adds(out, "    - {name: ");
		yaml_put(out, d->name);
		buf_adds(out, ", role: egress, target: \"");
		buf_add(out, d->address);
		buf_fmt(out, "\", env: %.*s}", SLICE_ARG(d->variable));
		if (d->path.n)
			buf_adds(out, "   # the variable had a path, too: a "
				      "lane's URL has none");
		buf_addc(out, '\n');
	}
	if (!any)
		buf_adds(out, "    # - {name: inventory, role: egress, target: "
			      "\"http://127.0.0.1:7001\", env: INVENTORY_URL}\n");
}

static void
put_rest(const struct guess *g, struct buf *out)
{
	bool any = false;

	buf_adds(out, "\n  # what makes a tape\n  triggers:\n"
		      "    - {on_status: [5xx], action: commit_tape}\n"
		      "    - {on_exception: \"*\", action: commit_tape}\n"
		      "    - {on_timeout: 30s, action: commit_tape}\n"
		      "\n  # secrets and personal data are found by themselves; "
		      "what only you know is one:\n  # sanitization:\n"
		      "  #   - {field: \"*.req.body#/user/nickname\", replace: "
		      "person}\n"
		      "\n  # data that the service begins with, restored before "
		      "each replay:\n  # state:\n"
		      "  #   - {name: db, provider: sqlite, path: "
		      "\"${DVR_STATE_DIR}/app.db\"}\n");
	for (size_t i = 0; i < g->ndeps; i++) {
		if (g->deps[i].http)
			continue;
		buf_adds(out, any ? ", \"" : "\n  # a replay reaches nothing but "
			      "these\n  replay:\n    reach: [\"");
		buf_add(out, g->deps[i].address);
		buf_addc(out, '"');
		any = true;
	}
	buf_adds(out, any ? "]\n" : "");
	buf_adds(out, "\n  fixtures: fixtures\n");
}

void
init_config_text(const struct guess *g, struct slice name, struct buf *out)
{
	buf_adds(out, "# dvr: records what leads to a failure, replays it against "
		      "every build.\n"
		      "apiVersion: networking.replay.io/v1alpha1\n"
		      "kind: StatefulTunnel\nmetadata: {name: ");
	yaml_put(out, name);
	buf_adds(out, "}\nspec:\n");
	put_service(g, out);
	put_lanes(g, out);
	put_rest(g, out);
}

static struct slice
suite(const struct guess *g)
{
	return g->suite.n ? g->suite : SLICE("./run-integration-tests");
}

void
init_github_text(const struct guess *g, struct buf *out)
{
	buf_fmt(out,
		"# Replays the tape library, then records the integration suite.\n"
		"# OWNER/dvr: where dvr's repository is for you.\n"
		"name: dvr\n"
		"on:\n"
		"  push: {branches: [main]}\n"
		"  pull_request:\n"
		"permissions: {contents: read}\n"
		"jobs:\n"
		"  regress:\n"
		"    runs-on: ubuntu-latest\n"
		"    steps:\n"
		"      - uses: actions/checkout@v4\n"
		"      # what the service needs to run: setup-node, npm ci …\n"
		"      - uses: OWNER/dvr/ci/github@v" DVR_VERSION "\n"
		"        with: {mode: regress}\n"
		"  record:\n"
		"    runs-on: ubuntu-latest\n"
		"    steps:\n"
		"      - uses: actions/checkout@v4\n"
		"      - uses: OWNER/dvr/ci/github@v" DVR_VERSION "\n"
		"        with:\n"
		"          mode: run\n"
		"          command: %.*s\n", SLICE_ARG(suite(g)));
}

void
init_gitlab_text(const struct guess *g, struct buf *out)
{
	buf_fmt(out,
		"# Replays the tape library, then records the integration suite.\n"
		"# In .gitlab-ci.yml: include: {local: .gitlab/dvr.yml}\n"
		"# OWNER/dvr: where dvr's project is for you.\n"
		"include:\n"
		"  - project: OWNER/dvr\n"
		"    ref: v" DVR_VERSION "\n"
		"    file: /ci/gitlab/dvr.yml\n"
		"    inputs:\n"
		"      job: dvr-regress\n"
		"      mode: regress\n"
		"      source: \"$CI_SERVER_URL/OWNER/dvr.git\"\n"
		"  - project: OWNER/dvr\n"
		"    ref: v" DVR_VERSION "\n"
		"    file: /ci/gitlab/dvr.yml\n"
		"    inputs:\n"
		"      job: dvr-record\n"
		"      mode: run\n"
		"      command: \"%.*s\"\n"
		"      source: \"$CI_SERVER_URL/OWNER/dvr.git\"\n",
		SLICE_ARG(suite(g)));
}
