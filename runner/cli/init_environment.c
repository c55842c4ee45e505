/* Finds the service's dependencies in .env files: names, hosts and ports. */
#include "init.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

/* What a URL's scheme says; the port where the URL names none. */
static const struct scheme {
	const char *name;
	const char *port;
	bool http;
} schemes[] = {
	{ "http", "80", true },		{ "https", "443", true },
	{ "postgres", "5432", false },	{ "postgresql", "5432", false },
	{ "mysql", "3306", false },	{ "redis", "6379", false },
	{ "mongodb", "27017", false },	{ "amqp", "5672", false },
};

/* Of the service itself, or of what is no dependency at run time. */
static const char *const own[] = { "BASE_URL", "APP_URL", "PUBLIC_URL", "SITE_URL",
				   "URL", "HOMEPAGE_URL", "DVR_BASE_URL" };

static const struct scheme *
find_scheme(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		if (strcmp(schemes[i].name, name) == 0)
			return &schemes[i];
	}
	return NULL;
}

/* "INVENTORY_BASE_URL" → "inventory". */
static struct slice
lane_name(struct arena *a, struct slice variable)
{
	static const char *const ends[] = { "_URL", "_URI", "_ENDPOINT", "_BASE",
					    "_API", "_SERVICE" };
	char *name;

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct slice end = slice_str(ends[i]);

		if (slice_ends(variable, end) && variable.n > end.n)
			variable = slice_range(variable, 0,
					       variable.n - end.n);
	}
	name = arena_str(a, variable);
	for (char *c = name; *c; c++) {
		if (*c == '_')
			*c = '-';
		else if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	return slice_str(name);
}

static bool
is_known(const struct guess *g, const struct dependency *d)
{
	for (size_t i = 0; i < g->ndeps; i++) {
		if (slice_eq(g->deps[i].variable, d->variable) ||
		    slice_eq(g->deps[i].name, d->name))
			return true;
	}
	return false;
}

static void
add(struct guess *g, struct slice variable, CURLU *u)
{
	struct dependency d = { .variable = variable };
	char *scheme = NULL, *host = NULL, *port = NULL, *path = NULL;
	const struct scheme *s = NULL;
	struct buf b;

	if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK)
		s = find_scheme(scheme);
	if (!s || curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		goto out;
	if (curl_url_get(u, CURLUPART_PORT, &port, 0) != CURLUE_OK)
		port = NULL;
	buf_init(&b, KiB);
	if (s->http)
		buf_fmt(&b, "%s://", s->name);
	buf_adds(&b, host);
	if (port || !s->http)
		buf_fmt(&b, ":%s", port ? port : s->port);
	if (curl_url_get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK && path[1])
		d.path = arena_copy(g->arena, slice_str(path));
	d.address = arena_copy(g->arena, buf_slice(&b));
	d.http = s->http;
	d.name = lane_name(g->arena, variable);
	if (!b.full && !is_known(g, &d) && g->ndeps < INIT_DEPENDENCIES)
		g->deps[g->ndeps++] = d;
	buf_release(&b);
out:
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_free(path);
}

/* One line "NAME=URL", "export NAME='URL'". */
static void
read_line(struct guess *g, struct slice line)
{
	ssize_t eq;
	struct slice name, value;
	CURLU *u;

	line = slice_trim(line);
	if (slice_starts(line, SLICE("export ")))
		line = slice_trim(slice_from(line, 7));
	eq = slice_chr(line, '=');
	if (eq <= 0 || line.p[0] == '#')
		return;
	name = slice_trim(slice_range(line, 0, (size_t)eq));
	value = slice_trim(slice_from(line, (size_t)eq + 1));
	if (value.n > 1 && strchr("\"'", value.p[0]) &&
	    value.p[value.n - 1] == value.p[0])
		value = slice_range(value, 1, value.n - 1);
	if (slice_find(value, SLICE("://")) < 0)
		return;
	for (size_t i = 0; i < name.n; i++) {
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			    "0123456789_", name.p[i]))
			return;
	}
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		if (slice_eq(name, slice_str(own[i])))
			return;
	}
	u = curl_url();
	if (u && curl_url_set(u, CURLUPART_URL, arena_str(g->arena, value),
			      CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
		add(g, name, u);
	curl_url_cleanup(u);
}

void
init_environment(struct guess *g)
{
	static const char *const files[] = { ".env.test", ".env.example",
					     ".env.sample", ".env.template",
					     ".env" };

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct slice text = init_file(g->arena, files[i]);

		while (text.n)
			read_line(g, slice_cut(&text, '\n'));
	}
}
