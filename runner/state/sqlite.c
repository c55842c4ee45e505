/* The provider `sqlite`: a database file, copied while others write to it. */
#include "providers.h"

#include <dvr/base/mem.h>

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RETRY_MS 5

/* Size of the file and of what is not yet in it. */
static int
size_of(const char *path, uint64_t *size)
{
	char wal[FS_PATH_MAX + 8];
	struct stat st;

	if (stat(path, &st) < 0)
		return -1;
	*size = (uint64_t)st.st_size;
	snprintf(wal, sizeof(wal), "%s-wal", path);
	if (stat(wal, &st) == 0)
		*size += (uint64_t)st.st_size;
	return 0;
}

static int
said(sqlite3 *db, int rc, struct err *e)
{
	if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return err_set(e, ERR_TARGET, "the database was locked for "
			       "%d ms", STATE_LOCK_MS);
	return err_set(e, ERR_TARGET, "%s", db ? sqlite3_errmsg(db) :
		       sqlite3_errstr(rc));
}

/* All pages in one step: a reader's lock for as long as that takes. */
static int
copy(sqlite3 *from, sqlite3 *to, struct err *e)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	int waited = 0, rc;

	if (!b)
		return said(to, SQLITE_ERROR, e);
	while (rc = sqlite3_backup_step(b, -1),
	       (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) &&
	       waited < STATE_LOCK_MS)
		waited += sqlite3_sleep(RETRY_MS);
	if (rc != SQLITE_DONE) {
		sqlite3_backup_finish(b);
		return said(NULL, rc, e);
	}
	rc = sqlite3_backup_finish(b);
	return rc == SQLITE_OK ? 0 : said(to, rc, e);
}

static int
take_bytes(const struct state_config *c, sqlite3 *mem,
	   struct state_image *out, struct err *e)
{
	char path[FS_PATH_MAX], *bytes;
	sqlite3_int64 n = 0;
	unsigned char *raw = sqlite3_serialize(mem, "main", &n, 0);

	if (n <= 0) {
		sqlite3_free(raw);
		image_loss(out, "the database was empty");
		return 0;
	}
	if (!raw)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if ((uint64_t)n > c->max_bytes) {
		sqlite3_free(raw);
		return state_too_large(c, e);
	}
	bytes = mem_array((size_t)n, 1);
	memcpy(bytes, raw, (size_t)n);
	explicit_bzero(raw, (size_t)n);
	sqlite3_free(raw);
	snprintf(path, sizeof(path), "state/%s.sql", c->name);
	image_add(out, path, bytes, (size_t)n);
	return 0;
}

static int
snapshot_open(const struct state_config *c, const char *path,
	      struct state_image *out, struct err *e)
{
	sqlite3 *from = NULL, *mem = NULL;
	int rc;

	rc = sqlite3_open_v2(path, &from, SQLITE_OPEN_READONLY, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_open_v2(":memory:", &mem, SQLITE_OPEN_READWRITE |
				     SQLITE_OPEN_CREATE, NULL);
	if (rc != SQLITE_OK)
		rc = said(from, rc, e);
	else
		rc = copy(from, mem, e);
	if (rc == 0)
		rc = take_bytes(c, mem, out, e);
	sqlite3_close(from);
	sqlite3_close(mem);
	return rc;
}

static int
snapshot(const struct state_config *c, const struct state_where *w,
	 struct state_image *out, struct err *e)
{
	char path[FS_PATH_MAX];
	uint64_t size;

	if (state_path(c, w, path, e) < 0)
		return -1;
	if (size_of(path, &size) < 0) {
		if (errno != ENOENT)
			return err_sys(e, ERR_TARGET, "%s", c->path);
		image_loss(out, "no database was there when the snapshot was "
			   "taken");
		return 0;
	}
	if (size > c->max_bytes)
		return state_too_large(c, e);
	return snapshot_open(c, path, out, e);
}

static int
restore(const struct state_config *c, const struct tape_state *s,
	const struct state_where *w, state_expand_fn *expand, struct err *e)
{
	char path[FS_PATH_MAX];
	char *slash;

	if (state_path(c, w, path, e) < 0)
		return -1;
	slash = strrchr(path, '/');
	if (slash) {
		*slash = '\0';
		if (fs_mkdirs(path, 0700, e) < 0)
			return -1;
		*slash = '/';
	}
	return sqlite_build(path, s->files[0].bytes, expand, e);
}

const struct state_provider state_sqlite = {
	.name = "sqlite", .has_path = true,
	.snapshot = snapshot, .render = sqlite_dump, .restore = restore,
};
