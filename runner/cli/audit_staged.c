/* Takes what is staged out of git's index and looks through it. */
#include "audit_staged.h"

#include <dvr/base/fs.h>
#include <dvr/base/mem.h>
#include <dvr/base/process.h>

#include "git.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAPE "tape.yaml"

/* Names, each with a NUL behind it, and where they begin. */
struct names {
	struct buf text;
	struct slice *v;
	size_t n;
};

struct staging {
	char top[FS_PATH_MAX];		/* of the work tree */
	char dir[FS_PATH_MAX];		/* where the files are put */
	struct names staged, all;	/* of the index, in bytewise order */
};

/* ---- git's names ---------------------------------------------------------- */

static void
split_names(struct names *x)
{
	struct slice rest = buf_slice(&x->text);
	size_t cap = 0;

	while (rest.n > 0) {
		if (x->n == cap) {
			cap = cap ? cap * 2 : 256;
			x->v = mem_grow(x->v, cap, sizeof(*x->v));
		}
		x->v[x->n++] = slice_cut(&rest, '\0');
	}
}

static int
find_top(struct staging *s, struct err *e)
{
	const char *const argv[] = { "git", "rev-parse", "--show-toplevel",
				     NULL };
	struct slice top;
	struct buf b;
	int rc;

	buf_init(&b, MiB);
	rc = git_print(".", argv, &b, e);
	top = buf_slice(&b);
	if (rc == 0 && (top.n < 2 || top.n >= sizeof(s->top)))
		rc = err_set(e, ERR_USAGE, "there is no work tree here");
	if (rc == 0)
		memcpy(s->top, top.p, top.n - 1);	/* its line's end */
	buf_release(&b);
	return rc;
}

static int
read_names(struct staging *s, const char *const *paths, size_t n,
	   struct err *e)
{
	static const char *const diff[] = { "git", "diff", "--cached",
		"--name-only", "-z", "--diff-filter=d", "--no-renames",
		"--no-relative", "--no-ext-diff", "--" };
	const char *const list[] = { "git", "ls-files", "-z", "--cached",
				     NULL };
	const char **argv = mem_array(ARRAY_LEN(diff) + n + 1, sizeof(*argv));
	int rc;

	memcpy(argv, diff, sizeof(diff));
	for (size_t i = 0; i < n; i++)
		argv[ARRAY_LEN(diff) + i] = paths[i];
	rc = git_print(".", argv, &s->staged.text, e);
	free(argv);
	if (rc == 0)
		rc = git_print(s->top, list, &s->all.text, e);
	split_names(&s->staged);
	split_names(&s->all);
	return rc;
}

/* ---- tapes ------------------------------------------------------------------ */

static int
compare(struct slice a, struct slice b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* The first name of the index that is not before `name`. */
static size_t
lower_bound(const struct names *x, struct slice name)
{
	size_t low = 0, high = x->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare(x->v[mid], name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* "fixtures/a/" of "fixtures/a/bodies/b" where the index has a tape there; ""
 * when the file is none of a tape's. */
static struct slice
tape_of(const struct names *all, struct slice name)
{
	struct buf b;
	bool is = false;

	buf_init(&b, name.n + sizeof(TAPE));
	while (!is && name.n > 0) {
		size_t i;

		do
			name.n--;
		while (name.n > 0 && name.p[name.n - 1] != '/');
		buf_clear(&b);
		buf_add(&b, name);
		buf_adds(&b, TAPE);
		i = lower_bound(all, buf_slice(&b));
		is = i < all->n && slice_eq(all->v[i], buf_slice(&b));
	}
	buf_release(&b);
	return is ? name : (struct slice){ 0 };
}

static void
add_name(struct buf *out, struct slice name)
{
	buf_add(out, name);
	buf_addc(out, '\0');
}

/* What has to be there: staged files, and all of the tapes that they are of. */
static void
wanted(const struct staging *s, struct buf *out)
{
	struct slice last = { 0 };

	for (size_t i = 0; i < s->staged.n; i++) {
		struct slice tape = tape_of(&s->all, s->staged.v[i]);
		size_t k;

		add_name(out, s->staged.v[i]);
		if (tape.n == 0 || slice_eq(tape, last))
			continue;
		last = tape;
		for (k = lower_bound(&s->all, tape); k < s->all.n &&
		     slice_starts(s->all.v[k], tape); k++)
			add_name(out, s->all.v[k]);
	}
}

/* ---- the files -------------------------------------------------------------- */

/* Git writes the files named on its input below s->dir. */
static int
take_out(struct staging *s, struct err *e)
{
	char prefix[FS_PATH_MAX + 16];
	const char *const argv[] = { "git", "checkout-index", "-z", "-f", "-q",
				     "--stdin", prefix, NULL };
	struct buf names, said;
	int fd, rc = -1;

	snprintf(prefix, sizeof(prefix), "--prefix=%s/", s->dir);
	buf_init(&names, GIT_MAX * 2);
	buf_init(&said, MiB);
	wanted(s, &names);
	fd = memfd_create("dvr-staged", MFD_CLOEXEC);
	if (fd < 0 || fs_write_all(fd, buf_slice(&names)) != 0 ||
	    lseek(fd, 0, SEEK_SET) != 0)
		err_sys(e, ERR_INTERNAL, "names for git");
	else
		rc = git_print_fed(s->top, argv, fd, &said, e);
	if (fd >= 0)
		close(fd);
	buf_release(&names);
	buf_release(&said);
	return rc;
}

/* In s->dir, so that names are those of the repository. */
static int
look_through(struct audit *a, const struct staging *s, struct err *e)
{
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (here < 0 || chdir(s->dir) != 0)
		rc = err_sys(e, ERR_INTERNAL, "%s", s->dir);
	for (size_t i = 0; rc == 0 && i < s->staged.n; i++) {
		struct stat st;

		/* a module of its own has no file here */
		if (lstat(s->staged.v[i].p, &st) == 0 && !S_ISDIR(st.st_mode))
			rc = audit_path(a, s->staged.v[i].p, e);
	}
	if (here >= 0 && fchdir(here) != 0 && rc == 0)
		rc = err_sys(e, ERR_INTERNAL, "back from %s", s->dir);
	if (here >= 0)
		close(here);
	return rc;
}

int
audit_staged(struct audit *a, const char *const *paths, size_t n,
	     struct err *e)
{
	struct staging s = { .top = "" };
	int rc;

	buf_init(&s.staged.text, GIT_MAX);
	buf_init(&s.all.text, GIT_MAX);
	rc = find_top(&s, e) != 0 || read_names(&s, paths, n, e) != 0 ||
	     fs_temp_dir("dvr-staged-", s.dir, e) != 0 ? -1 : 0;
	if (rc == 0) {
		process_guard_folder(s.dir);
		rc = take_out(&s, e);
	}
	if (rc != 0)
		err_prefix(e, "--staged");
	else
		rc = look_through(a, &s, e);
	if (s.dir[0] && fs_remove_tree(s.dir, rc == 0 ? e : NULL) != 0)
		rc = -1;
	if (s.dir[0])
		process_unguard_folder(s.dir);
	free(s.staged.v);
	free(s.all.v);
	buf_release(&s.staged.text);
	buf_release(&s.all.text);
	return rc;
}
