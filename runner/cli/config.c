/* Finds and loads dvr.yaml, with the defaults that stand without it. */
#include "config.h"

#include <dvr/base/fs.h>
#include <dvr/base/yaml.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_MAX_BYTES (1u * MiB)	/* a hand-written file */

static void
set_defaults(struct config *c)
{
	static const struct status_range server_errors = { 500, 599 };

	c->dir = arena_str(c->arena, SLICE("."));
	c->name = arena_str(c->arena, SLICE("service"));
	c->max_library_bytes = 256 * (size_t)MiB;
	c->namespace = arena_str(c->arena, SLICE("default"));
	c->fixtures = arena_str(c->arena, SLICE("fixtures"));
	c->service.ready_timeout_ns = 10 * NS_PER_S;
	c->service.stop_grace_ns = 2 * NS_PER_S;
	c->ledger = (struct ledger_config){
		.max_memory_bytes = 256 * (size_t)MiB,
		.max_body_bytes = 8 * (size_t)MiB,
		.max_tape_bytes = 64 * (size_t)MiB,
		.window_ns = 300 * NS_PER_S,
		.payloads = true,
		.on_status = &server_errors,
		.non_status = 1,
		.on_exception = true,
		.on_grpc = LEDGER_GRPC_DEFAULT,
		.on_timeout_ns = 30 * NS_PER_S,
		.vcs_commit = "",
		.settle_ns = 1 * NS_PER_S,
		.max_variants = 3,
	};
	c->ahead = true;
	c->replay = (struct replay_options){
		.timing = TIMING_RECORDED,
		.timeout_ns = 10 * NS_PER_S,
		.margin_ns = NS_PER_S,
		.settle_ns = 500 * NS_PER_MS,
		.holds = true,
	};
	c->verify = true;
	c->verify_runs = 3;
	c->on_dvr_error = DVR_ERROR_WARN;
}

/* The nearest dvr.yaml from here up to the folder that holds .git. */
static char *
find_config(struct arena *a)
{
	char cwd[PATH_MAX];
	struct slice at;

	if (!getcwd(cwd, sizeof(cwd)))
		return NULL;
	at = slice_str(cwd);
	for (;;) {
		char *path = arena_str(a, arena_fmt(a, "%.*s/dvr.yaml",
						    SLICE_ARG(at)));
		char *git = arena_str(a, arena_fmt(a, "%.*s/.git",
						   SLICE_ARG(at)));

		if (access(path, F_OK) == 0)
			return path;
		if (access(git, F_OK) == 0 || at.n <= 1)
			return NULL;
		while (at.n > 1 && at.p[at.n - 1] != '/')
			at.n--;
		if (at.n > 1)
			at.n--;
	}
}

/* Folder of `path`, "." when it has none. */
static char *
folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	char cwd[PATH_MAX];
	size_t n;

	if (!slash)
		return arena_str(a, SLICE("."));
	n = slash == path ? 1 : (size_t)(slash - path);
	if (getcwd(cwd, sizeof(cwd)) && strlen(cwd) == n &&
	    memcmp(cwd, path, n) == 0)
		return arena_str(a, SLICE("."));
	return arena_str(a, slice_of(path, n));
}

/* Takes "x/.." and "." out of an absolute path, in place. */
static void
collapse(char *path)
{
	struct slice rest = slice_str(path + 1);
	size_t n = 0;

	while (rest.p) {
		struct slice part = slice_cut(&rest, '/');

		if (part.n == 0 || slice_eq(part, SLICE(".")))
			continue;
		if (slice_eq(part, SLICE(".."))) {
			while (n > 0 && path[--n] != '/')
				;
			continue;
		}
		path[n++] = '/';
		memmove(path + n, part.p, part.n);
		n += part.n;
	}
	if (n == 0)
		path[n++] = '/';
	path[n] = '\0';
}

char *
config_path(struct config *c, const char *path)
{
	char real[PATH_MAX], cwd[PATH_MAX];
	char *full;
	size_t n;

	if (path[0] == '/' || !realpath(c->dir, real) ||
	    !getcwd(cwd, sizeof(cwd)))
		return arena_str(c->arena, slice_str(path));
	full = arena_str(c->arena, arena_fmt(c->arena, "%s/%s", real, path));
	collapse(full);
	n = strlen(cwd);
	if (strcmp(full, cwd) == 0)
		return arena_str(c->arena, SLICE("."));
	if (strncmp(full, cwd, n) == 0 && full[n] == '/')
		return full + n + 1;
	return full;
}

int
config_load(const char *path, struct config *out, struct err *e)
{
	struct config c = { .arena = arena_create() };
	struct yaml_doc doc;
	struct buf text;
	char *found;
	int rc = -1;

	set_defaults(&c);
	buf_init(&text, CONFIG_MAX_BYTES);
	found = path ? arena_str(c.arena, slice_str(path)) :
		       find_config(c.arena);
	if (!found) {
		rc = 0;
		goto out;
	}
	c.path = found;
	c.found = path == NULL;
	c.dir = folder_of(c.arena, found);
	if (fs_read(found, &text, e) != 0)
		goto out;
	c.fixtures = config_path(&c, "fixtures");
	if (yaml_parse(c.arena, found, buf_slice(&text), ERR_USAGE, &doc,
		       e) != 0 ||
	    config_read(&doc, &c, e) != 0)
		goto out;
	rc = 0;
out:
	buf_release(&text);
	if (rc != 0) {
		arena_destroy(c.arena);
		return -1;
	}
	c.ledger.namespace = c.namespace;
	c.ledger.fixtures = c.fixtures;
	*out = c;
	return 0;
}

void
config_release(struct config *c)
{
	arena_destroy(c->arena);
	c->arena = NULL;
}
