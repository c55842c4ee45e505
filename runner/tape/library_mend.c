/* Clears up after commits that were killed half way. */
#include <dvr/tape/library.h>

#include <dvr/base/fs.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool
all_digits(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

/* ".ID.WHAT-PID" as tape_write() names it, and the ID in it. */
static bool
is_left(struct slice name, struct slice what, struct slice *id)
{
	size_t dash = name.n;
	struct slice head;

	while (dash > 0 && name.p[dash - 1] != '-')
		dash--;
	if (dash-- == 0 || !slice_starts(name, SLICE(".")) ||
	    !all_digits(slice_from(name, dash + 1)))
		return false;
	head = slice_range(name, 1, dash);
	if (!slice_ends(head, what) || head.n == what.n)
		return false;
	*id = slice_range(head, 0, head.n - what.n);
	return true;
}

static int
mend(const char *fixtures, const char *name, struct buf *told, struct err *e)
{
	char path[FS_PATH_MAX], final[FS_PATH_MAX], word[256], q[QUOTE_MAX];
	struct slice id;
	struct stat st;

	if (is_left(slice_str(name), SLICE(".old"), &id)) {
		snprintf(word, sizeof(word), "%.*s", SLICE_ARG(id));
		if (fs_join(path, fixtures, name, e) != 0 ||
		    fs_join(final, fixtures, word, e) != 0)
			return -1;
		/* It was moved aside for one that never came. */
		if (lstat(final, &st) < 0 && errno == ENOENT &&
		    rename(path, final) == 0) {
			buf_fmt(told, "%s: put back, a commit was killed "
				"while it replaced it\n",
				quote(slice_str(final), q));
			return 0;
		}
	} else if (!is_left(slice_str(name), SLICE(".tmp"), &id)) {
		return 0;
	}
	if (fs_join(path, fixtures, name, e) != 0 ||
	    fs_remove_tree(path, e) != 0)
		return -1;
	buf_fmt(told, "%s: removed, a killed commit left it\n",
		quote(slice_str(path), q));
	return 0;
}

int
library_mend(const char *fixtures, struct buf *told, struct err *e)
{
	struct library_lock l;
	size_t count = 0;
	char **names = NULL;
	int rc;

	if (library_lock(fixtures, LIBRARY_WRITE, &l, e) != 0)
		return -1;
	/* Without a lock they may be somebody's who still writes. */
	if (l.fd < 0)
		return 0;
	rc = fs_list(fixtures, &names, &count, e);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = mend(fixtures, names[i], told, e);
	free(names);
	library_unlock(&l);
	return rc;
}
