/* Loads and saves replay.yaml beside its tape. */
#include "plan_file.h"

#include <dvr/base/fs.h>
#include <dvr/base/hash.h>
#include <dvr/tape/yaml.h>

#include <errno.h>
#include <sys/stat.h>

int
plan_load(struct arena *a, const char *tape_dir, struct plan *out,
	  struct err *e)
{
	char path[FS_PATH_MAX], hash[SHA256_HEX];
	struct stat st;
	struct buf text;
	int rc;

	if (fs_join(path, tape_dir, "replay.yaml", e) < 0)
		return -1;
	if (lstat(path, &st) < 0 && errno == ENOENT) {
		*out = (struct plan){ .expect = EXPECT_FIXED };
		return 0;
	}
	buf_init(&text, PLAN_FILE_MAX);
	rc = fs_read(path, &text, e);
	if (rc < 0 && e)
		e->code = ERR_TAPE;
	if (rc == 0)
		rc = plan_read(a, path, buf_slice(&text), out, e);
	if (rc == 0) {
		tape_hash(buf_slice(&text), hash);
		out->hash = arena_copy(a, slice_str(hash));
	}
	buf_release(&text);
	return rc;
}

int
plan_text(const struct plan *p, const char *path, struct buf *out,
	  struct err *e)
{
	struct arena *a = arena_create();
	struct plan back;
	int rc = 0;

	plan_print(p, out);
	/* What cannot be read again is not written. */
	if (out->full)
		rc = err_set(e, ERR_INTERNAL, "%s: larger than %u bytes", path,
			     PLAN_FILE_MAX);
	else if (plan_read(a, path, buf_slice(out), &back, e) < 0)
		rc = err_prefix(e, "plan not written");
	arena_destroy(a);
	return rc;
}

int
plan_save(const struct plan *p, const char *tape_dir, struct err *e)
{
	char path[FS_PATH_MAX];
	struct buf text;
	int rc = -1;

	buf_init(&text, PLAN_FILE_MAX);
	if (fs_join(path, tape_dir, "replay.yaml", e) == 0 &&
	    plan_text(p, path, &text, e) == 0)
		rc = fs_write_atomic(path, 0644, buf_slice(&text), e);
	buf_release(&text);
	return rc;
}
