/* Looks for secrets in files, and says where they stand. */
#include "audit.h"

#include "audit_tape.h"
#include "command.h"
#include "retired.h"

#include <dvr/base/ascii.h>
#include <dvr/base/fs.h>
#include <dvr/base/hash.h>
#include <dvr/base/mem.h>
#include <dvr/tape/yaml.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Folders in folders; more is a loop of mounts. */
#define DEPTH_MAX 64

struct text_audit {
	struct audit *audit;
	const char *file;
	struct slice text;
	unsigned line;			/* told last */
};

unsigned
audit_line(struct slice text, const char *at)
{
	unsigned line = 1;

	for (const char *p = text.p; p < at && p < text.p + text.n; p++)
		line += *p == '\n';
	return line;
}

/* A tape's signature in the list of retired ones: its name says that of a URL's
 * signature, too. */
static bool
is_own_signature(const struct text_audit *t, struct slice value)
{
	struct slice before;

	if (!slice_ends(slice_str(t->file), SLICE(RETIRED_FILE)) ||
	    value.n != SHA256_HEX - 1)
		return false;
	for (size_t i = 0; i < value.n; i++) {
		if (!is_hex_digit(value.p[i]))
			return false;
	}
	before = slice_of(t->text.p, (size_t)(value.p - t->text.p));
	return slice_ends(before, SLICE(", signature: ")) ||
	       slice_ends(before, SLICE(", signature: '"));
}

static void
text_found(void *arg, const struct scrub_finding *f)
{
	struct text_audit *t = arg;
	bool inside = f->value.p >= t->text.p &&
		      f->value.p <= t->text.p + t->text.n;
	const char *at = inside ? f->value.p : f->coded.p;
	struct leak x = { .file = t->file, .rule = f->rule,
			  .line = audit_line(t->text, at) };

	if (inside && is_own_signature(t, f->value))
		return;
	if (x.line == t->line)
		return;	/* one look at a line shows all that is in it */
	t->line = x.line;
	t->audit->fn(t->audit->arg, &x);
}

void
audit_text(struct audit *a, const char *file, struct slice text, bool named)
{
	struct text_audit t = { .audit = a, .file = file, .text = text };

	scrub_inspect_text(a->scrub, text, named, text_found, &t);
}

int
audit_file(struct audit *a, const char *path, struct err *e)
{
	struct buf text;

	buf_init(&text, TAPE_BODY_MAX);
	if (fs_read(path, &text, e) != 0) {
		buf_release(&text);
		return -1;
	}
	a->files++;
	/* keys of a tape ("signature", "session") name no secrets */
	audit_text(a, path, buf_slice(&text),
		   !slice_ends(slice_str(path), SLICE("/tape.yaml")));
	buf_release(&text);
	return 0;
}

static bool
holds_tape(const char *dir)
{
	char path[FS_PATH_MAX];
	struct stat st;

	return fs_join(path, dir, "tape.yaml", NULL) == 0 &&
	       lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int
once(struct audit *a, const char *dir, struct err *e)
{
	for (size_t i = 0; i < a->nseen; i++) {
		if (strcmp(a->seen[i], dir) == 0)
			return 0;
	}
	a->seen = mem_grow(a->seen, a->nseen + 1, sizeof(*a->seen));
	a->seen[a->nseen++] = mem_strdup(dir);
	return audit_tape(a, dir, e);
}

int
audit_below(struct audit *a, const char *dir, int depth, audit_skip_fn *skip,
	    const void *arg, struct err *e)
{
	char **names, path[FS_PATH_MAX];
	struct stat st;
	size_t n;
	int rc = 0;

	if (depth > DEPTH_MAX)
		return err_set(e, ERR_USAGE, "%s: too many folders", dir);
	if (fs_list(dir, &names, &n, e) != 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (names[i][0] == '.')
			continue;
		rc = fs_join(path, dir, names[i], e);
		if (rc != 0 || lstat(path, &st) != 0)
			continue;	/* gone meanwhile */
		if (skip && skip(arg, path))
			continue;
		if (S_ISDIR(st.st_mode) && !skip && holds_tape(path))
			rc = once(a, path, e);
		else if (S_ISDIR(st.st_mode))
			rc = audit_below(a, path, depth + 1, skip, arg, e);
		else if (S_ISREG(st.st_mode))
			rc = audit_file(a, path, e);
	}
	free(names);
	return rc;
}

/* The tape that a file belongs to: its folder, or the one that has it below
 * bodies/ or state/. */
static bool
find_tape(const char *path, char dir[FS_PATH_MAX])
{
	struct slice rest = slice_str(path);
	size_t n;

	if (rest.n >= FS_PATH_MAX)
		return false;
	for (;;) {
		while (rest.n > 0 && rest.p[rest.n - 1] != '/')
			rest.n--;
		n = rest.n;
		while (n > 1 && rest.p[n - 1] == '/')
			n--;
		memcpy(dir, n ? path : ".", n ? n : 1);
		dir[n ? n : 1] = '\0';
		if (holds_tape(dir))
			return true;
		if (n <= 1)
			return false;
		rest.n = n;
	}
}

int
audit_path(struct audit *a, const char *path, struct err *e)
{
	char dir[FS_PATH_MAX];
	struct stat st;

	if (lstat(path, &st) != 0)
		return err_sys(e, ERR_USAGE, "%s", path);
	if (S_ISLNK(st.st_mode))
		return 0;	/* git keeps where it leads, not what is there */
	if (S_ISDIR(st.st_mode)) {
		if (holds_tape(path))
			return once(a, path, e);
		return audit_below(a, path, 0, NULL, NULL, e);
	}
	if (find_tape(path, dir))
		return once(a, dir, e);
	return audit_file(a, path, e);
}

void
audit_release(struct audit *a)
{
	for (size_t i = 0; i < a->nseen; i++)
		free(a->seen[i]);
	free(a->seen);
}
