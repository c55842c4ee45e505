/* Loads and saves replay.yaml beside its tape. */
#include <dvr/tape/plan.h>

#include <dvr/base/fs.h>

#include <errno.h>
#include <sys/stat.h>

/* A plan is short; pins and stubs hold bodies. */
#define PLAN_FILE_MAX (4u * MiB)

int
plan_load(struct arena *a, const char *tape_dir, struct plan *out,
	  struct err *e)
{
	char path[FS_PATH_MAX];
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
	buf_release(&text);
	return rc;
}

int
plan_save(const struct plan *p, const char *tape_dir, struct err *e)
{
	struct arena *a = arena_create();
	char path[FS_PATH_MAX];
	struct plan back;
	struct buf text;
	int rc = -1;

	buf_init(&text, PLAN_FILE_MAX);
	plan_print(p, &text);
	if (fs_join(path, tape_dir, "replay.yaml", e) < 0)
		goto out;
	/* What cannot be read again is not written. */
	if (text.full) {
		err_set(e, ERR_INTERNAL, "%s: larger than %u bytes", path,
			PLAN_FILE_MAX);
		goto out;
	}
	if (plan_read(a, path, buf_slice(&text), &back, e) < 0) {
		err_prefix(e, "plan not written");
		goto out;
	}
	rc = fs_write_atomic(path, 0644, buf_slice(&text), e);
out:
	buf_release(&text);
	arena_destroy(a);
	return rc;
}
