/* Guesses how a repository's service is started, tested and probed. */
#include "init.h"

#include <dvr/base/fs.h>
#include <dvr/base/yaml.h>
#include <dvr/field/field.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (256 * KiB)

bool
init_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

struct slice
init_file(struct arena *a, const char *path)
{
	struct slice s = { NULL, 0 };
	struct buf b;

	buf_init(&b, FILE_MAX);
	if (fs_read(path, &b, NULL) == 0)
		s = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return s;
}

static bool
mentions(struct slice text, const char *word)
{
	return slice_find(text, slice_str(word)) >= 0;
}

static struct slice
keep(struct guess *g, struct buf *b)
{
	struct slice s = arena_copy(g->arena, buf_slice(b));

	buf_release(b);
	return s;
}

/* ---- what the source says -------------------------------------------- */

static unsigned
number_after(struct slice text, const char *what)
{
	ssize_t at = slice_find(text, slice_str(what));
	size_t n = 0;
	uint64_t v;

	if (at < 0)
		return 0;
	text = slice_from(text, (size_t)at + strlen(what));
	while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	return slice_uint(slice_range(text, 0, n), 65535, &v) == 0 ? (unsigned)v : 0;
}

/* Readiness path and fixed port from the service's entry file. */
static void
read_entry(struct guess *g, const char *path)
{
	static const char *const paths[] = { "/healthz", "/health", "/readyz",
					     "/ready", "/livez", "/ping",
					     "/status" };
	struct slice text = init_file(g->arena, path);

	if (!text.n)
		return;
	for (size_t i = 0; i < ARRAY_LEN(paths) && !g->health.n; i++) {
		ssize_t at = slice_find(text, slice_str(paths[i]));

		/* a string of its own: the quote stands before it */
		if (at > 0 && strchr("\"'`", text.p[at - 1]))
			g->health = slice_str(paths[i]);
	}
	if (!mentions(text, "PORT"))
		g->port = number_after(text, ".listen(");
}

/* ---- Node ------------------------------------------------------------ */

struct package { struct slice start, main, test, integration; };

static int
package_field(void *arg, const struct field *f)
{
	struct package *p = arg;
	static const char *const integration[] = {
		"/scripts/test:integration", "/scripts/integration",
		"/scripts/test:e2e", "/scripts/e2e",
	};

	if (f->kind != FIELD_STRING)
		return 0;
	if (slice_eq(f->place, SLICE("/scripts/start")))
		p->start = f->value;
	else if (slice_eq(f->place, SLICE("/scripts/test")))
		p->test = f->value;
	else if (slice_eq(f->place, SLICE("/main")))
		p->main = f->value;
	for (size_t i = 0; i < ARRAY_LEN(integration); i++) {
		if (slice_eq(f->place, slice_str(integration[i])) &&
		    !p->integration.n)
			p->integration = f->key;
	}
	return 0;
}

/* "node server.js": plain words, so that no shell and no npm stands between. */
static bool
is_plain_node(struct slice s)
{
	if (!slice_starts(s, SLICE("node ")))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("&|;<>$`\"'\\(){}*?#~=\n", s.p[i]))
			return false;
	}
	return true;
}

/* A YAML flow list of blank-separated words. */
static struct slice
flow_list(struct guess *g, struct slice words)
{
	struct buf b;
	bool first = true;

	buf_init(&b, FILE_MAX);
	buf_addc(&b, '[');
	while (words.n) {
		struct slice w = slice_cut(&words, ' ');

		if (!w.n)
			continue;
		buf_adds(&b, first ? "" : ", ");
		yaml_put(&b, w);
		first = false;
	}
	buf_addc(&b, ']');
	return keep(g, &b);
}

static void
node_entry(struct guess *g, struct slice words)
{
	while (words.n) {
		struct slice w = slice_cut(&words, ' ');

		if (slice_ends(w, SLICE(".js")) || slice_ends(w, SLICE(".mjs")) ||
		    slice_ends(w, SLICE(".cjs")) || slice_ends(w, SLICE(".ts")))
			read_entry(g, arena_str(g->arena, w));
	}
}

static bool
look_node(struct guess *g)
{
	struct slice text = init_file(g->arena, "package.json");
	struct package p = { .main = { NULL, 0 } };
	struct buf b;

	if (!text.n || field_format_named("json")->walk(
			g->arena, text, package_field, &p) != FIELD_OK)
		return false;
	g->from = SLICE("package.json");
	if (is_plain_node(p.start)) {
		g->command = flow_list(g, p.start);
		node_entry(g, p.start);
	} else if (p.start.n) {
		g->command = SLICE("[npm, start]");
		node_entry(g, p.start);
	} else if (p.main.n) {
		buf_init(&b, FILE_MAX);
		buf_adds(&b, "node ");
		buf_add(&b, p.main);
		g->command = flow_list(g, keep(g, &b));
		read_entry(g, arena_str(g->arena, p.main));
	}
	if (p.integration.n) {
		buf_init(&b, FILE_MAX);
		buf_fmt(&b, "npm run %.*s", SLICE_ARG(p.integration));
		g->suite = keep(g, &b);
	} else if (p.test.n) {
		g->suite = SLICE("npm test");
	}
	return true;
}

/* ---- Python ---------------------------------------------------------- */

static bool
look_python(struct guess *g)
{
	static const char *const entries[] = { "main", "app", "server",
					       "src/main", "app/main" };
	struct slice reqs = init_file(g->arena, "requirements.txt");
	struct slice project = init_file(g->arena, "pyproject.toml");
	bool pytest = init_exists("pytest.ini") || init_exists("conftest.py") ||
		      init_exists("tests/conftest.py") ||
		      mentions(project, "pytest") || mentions(reqs, "pytest");

	if (init_exists("manage.py")) {
		g->from = SLICE("manage.py");
		g->command = SLICE("[python3, manage.py, runserver, --noreload, "
				   "\"127.0.0.1:${PORT}\"]");
		g->suite = pytest ? SLICE("pytest")
				  : SLICE("python3 manage.py test");
		return true;
	}
	if (!reqs.n && !project.n && !pytest)
		return false;
	g->from = project.n ? SLICE("pyproject.toml") :
		  reqs.n ? SLICE("requirements.txt") : SLICE("conftest.py");
	g->suite = pytest ? SLICE("pytest") : SLICE("python3 -m unittest");
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		char path[64], module[64];
		struct slice text;
		struct buf b;

		snprintf(path, sizeof(path), "%s.py", entries[i]);
		text = init_file(g->arena, path);
		if (!text.n)
			continue;
		snprintf(module, sizeof(module), "%s", entries[i]);
		for (char *c = module; *c; c++)
			*c = *c == '/' ? '.' : *c;
		buf_init(&b, FILE_MAX);
		if (mentions(text, "FastAPI(") || mentions(text, "Starlette("))
			buf_fmt(&b, "[uvicorn, \"%s:app\", --port, \"${PORT}\"]",
				module);
		else if (mentions(text, "Flask("))
			buf_fmt(&b, "[flask, --app, %s, run, --port, \"${PORT}\"]",
				module);
		else
			buf_fmt(&b, "[python3, %s]", path);
		g->command = keep(g, &b);
		read_entry(g, path);
		break;
	}
	return true;
}

/* ---- others ---------------------------------------------------------- */

static bool
look_go(struct guess *g)
{
	char **names = NULL;
	size_t n = 0;
	struct buf b;

	if (!init_exists("go.mod"))
		return false;
	g->from = SLICE("go.mod");
	g->suite = SLICE("go test ./...");
	g->command = SLICE("[.dvr/service]");
	if (init_exists("main.go")) {
		g->build = SLICE("go build -o .dvr/service .");
		read_entry(g, "main.go");
	} else if (fs_list("cmd", &names, &n, NULL) == 0 && n) {
		buf_init(&b, FILE_MAX);
		buf_fmt(&b, "go build -o .dvr/service ./cmd/%s", names[0]);
		g->build = keep(g, &b);
	}
	free(names);
	return true;
}

static bool
look_procfile(struct guess *g)
{
	struct slice text = init_file(g->arena, "Procfile");
	ssize_t at = slice_starts(text, SLICE("web:")) ? 0 :
		slice_find(text, SLICE("\nweb:"));
	struct buf b;

	if (at < 0 || !text.n)
		return false;
	text = slice_from(text, (size_t)at + (at ? 5 : 4));
	text = slice_cut(&text, '\n');
	g->from = SLICE("Procfile");
	buf_init(&b, FILE_MAX);
	yaml_put(&b, slice_trim(text));		/* a string: sh -c, $PORT works */
	g->command = keep(g, &b);
	return true;
}

/* In order: the first that says how to start the service wins. */
static bool (*const looks[])(struct guess *g) = {
	look_procfile, look_node, look_python, look_go,
};

void
init_look(struct arena *a, struct guess *out)
{
	static const char *const compose[] = { "docker-compose.yml",
		"docker-compose.yaml", "compose.yml", "compose.yaml" };
	struct guess g = { .arena = a };

	for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
		struct guess one = { .arena = a };

		if (!looks[i](&one))
			continue;
		if (!g.command.n && one.command.n) {
			one.suite = one.suite.n ? one.suite : g.suite;
			g = one;
		} else if (!g.suite.n) {
			g.suite = one.suite;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(compose); i++)
		g.compose |= init_exists(compose[i]);
	g.github = init_exists(".github");
	g.gitlab = init_exists(".gitlab-ci.yml");
	init_environment(&g);
	*out = g;
}
