/* dvr retire TAPE…: out of the library; git's history keeps what it held. */
#include "date.h"
#include "git.h"
#include "retired.h"
#include "trying.h"

#include <dvr/base/fs.h>

#include <stdio.h>

static const enum opt retire_opts[] = { COMMON_OPTS, OPT_REASON, OPT_COUNT };

/* Is every file of it in git's HEAD as it stands here? */
static int
check_kept(const char *dir, struct err *e)
{
	const char *const tracked[] = { "git", "ls-tree", "-r", "--name-only",
		"HEAD", "--", ".", NULL };
	const char *const differ[] = { "git", "status", "--porcelain",
		"--ignored", "--untracked-files=all", "--", ".", NULL };
	struct buf have, out;
	int rc;

	buf_init(&have, GIT_MAX);
	buf_init(&out, GIT_MAX);
	rc = git_print(dir, tracked, &have, e);
	if (rc == 0)
		rc = git_print(dir, differ, &out, e);
	if (rc == 0 && (have.n == 0 || out.n > 0))
		rc = err_set(e, ERR_USAGE, "it is not in git as it is now, so "
			     "nothing would keep it: commit it first");
	buf_release(&have);
	buf_release(&out);
	return rc != 0 ? err_prefix(e, "retire: %s", dir) : 0;
}

static int
retire_entry(const struct trying *t, const struct library_entry *x,
	     const char *reason, struct err *e)
{
	char today[DATE_MAX];
	struct library_lock lock;
	int rc;
	struct retired line = { .id = slice_str(x->id),
				.signature = slice_str(x->signature),
				.reason = slice_str(reason) };

	date_today(today);
	line.day = slice_str(today);
	if (library_lock(t->cfg.fixtures, LIBRARY_WRITE, &lock, e) != 0)
		return -1;
	rc = check_kept(x->dir, e);
	/* Its line first: a folder that is left is seen, a line is not. */
	if (rc == 0)
		rc = retired_add(t->cfg.fixtures, &line, e);
	if (rc == 0)
		rc = fs_remove_tree(x->dir, e);
	library_unlock(&lock);
	if (rc != 0)
		return -1;
	printf("%s: retired; its line is in %s/%s, its content in git's "
	       "history\n", x->id, t->cfg.fixtures, RETIRED_FILE);
	return 0;
}

static int
run(const struct args *args, struct err *e)
{
	struct trying t = { .verb = "retire" };
	const char *reason = args->value[OPT_REASON];
	int rc = 0;

	if (!reason || slice_trim(slice_str(reason)).n == 0)
		return err_set(e, ERR_USAGE, "retire needs --reason: who looks "
			       "for the tape in a year has to know why");
	if (trying_open(&t, args, false, e) != 0)
		return -1;
	for (size_t i = 0; i < t.npicked && rc == 0; i++)
		rc = retire_entry(&t, t.picked[i], reason, e);
	trying_close(&t);
	return rc;
}

const struct command cmd_retire = {
	.name = "retire",
	.usage = "--reason TEXT TAPE…",
	.summary = "take a tape out of the library",
	.help = "Removes the tape's folder, which has to be committed as it "
		"is, and writes a line\nwith the reason into "
		"fixtures/retired.yaml. The failure is recorded anew when\nit "
		"comes back.\n\n"
		"  dvr retire --reason 'the v1 checkout is gone' "
		"'post-v1-*'\n",
	.opts = retire_opts,
	.tapes = true,
	.run = run,
};
