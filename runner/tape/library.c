/* Finds the tapes below fixtures/, and those that a word on the command line
 * means. */
#include <dvr/tape/library.h>

#include <dvr/base/fs.h>
#include <dvr/base/mem.h>
#include <dvr/base/nearest.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `signature:` is the sixth line; only a session's name may be long. */
#define HEAD_BYTES (16u * KiB)
/* So many names stand in the error for a part that fits several. */
#define NAMES_SHOWN 4u

/* ---- scan ------------------------------------------------------------ */

static struct slice
unquote(struct slice s)
{
	s = slice_trim(s);
	if (s.n >= 2 && (s.p[0] == '\'' || s.p[0] == '"') &&
	    s.p[s.n - 1] == s.p[0])
		return slice_range(s, 1, s.n - 1);
	return s;
}

/* Copies the signature from the head of a tape's text; "" without one. */
static void
find_signature(struct slice text, char out[65])
{
	while (text.p) {
		struct slice line = slice_cut(&text, '\n');

		if (!slice_starts(line, SLICE("signature:")))
			continue;
		line = unquote(slice_from(line, sizeof("signature:") - 1));
		if (line.n <= 64 && line.n > 0)
			memcpy(out, line.p, line.n);
		return;
	}
}

static void
read_signature(int dir, char out[65])
{
	int fd = openat(dir, "tape.yaml",
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char head[HEAD_BYTES];
	ssize_t n;

	if (fd < 0)
		return;
	do
		n = read(fd, head, sizeof(head));
	while (n < 0 && errno == EINTR);
	if (n > 0)
		find_signature(slice_of(head, (size_t)n), out);
	close(fd);
}

/* A folder with a tape.yaml in it, whatever that is: 1 and *x is filled. */
static int
look_at(const char *fixtures, const char *name, struct library_entry *x)
{
	char path[FS_PATH_MAX];
	struct stat st;
	int dir;

	if (name[0] == '.' || fs_join(path, fixtures, name, NULL) < 0)
		return 0;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return 0;
	if (fstatat(dir, "tape.yaml", &st, AT_SYMLINK_NOFOLLOW) < 0) {
		close(dir);
		return 0;
	}
	x->id = mem_strdup(name);
	x->dir = mem_strdup(path);
	read_signature(dir, x->signature);
	close(dir);
	return 1;
}

int
library_scan(const char *fixtures, struct library *out, struct err *e)
{
	struct library l = { 0 };
	struct stat st;
	char **names;
	size_t count;

	if (stat(fixtures, &st) < 0 && errno == ENOENT) {
		*out = l;
		return 0;
	}
	if (fs_list(fixtures, &names, &count, e) < 0)
		return -1;
	if (count > 0)
		l.v = mem_array(count, sizeof(*l.v));
	for (size_t i = 0; i < count; i++)
		if (look_at(fixtures, names[i], &l.v[l.n]))
			l.n++;
	free(names);
	*out = l;
	return 0;
}

void
library_release(struct library *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].id);
		free(l->v[i].dir);
	}
	free(l->v);
	*l = (struct library){ 0 };
}

const struct library_entry *
library_find(const struct library *l, const char *id)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].id, id) == 0)
			return &l->v[i];
	return NULL;
}

/* ---- selection ------------------------------------------------------- */

/* '*' for any run of characters, '?' for one; all else stands for itself. */
static bool
glob(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* The same folder, however the path is written; tape.yaml itself will do. */
static const struct library_entry *
find_path(const struct library *l, const char *path)
{
	static const struct slice file = { "/tape.yaml", 10 };
	struct slice s = slice_str(path);
	char folder[FS_PATH_MAX];
	struct stat want, have;

	if (slice_ends(s, file))
		s.n -= file.n;
	if (s.n == 0 || s.n >= sizeof(folder) || slice_chr(s, '/') < 0)
		return NULL;
	memcpy(folder, s.p, s.n);
	folder[s.n] = '\0';
	if (stat(folder, &want) < 0)
		return NULL;
	for (size_t i = 0; i < l->n; i++)
		if (stat(l->v[i].dir, &have) == 0 &&
		    have.st_dev == want.st_dev && have.st_ino == want.st_ino)
			return &l->v[i];
	return NULL;
}

static int
nothing(const struct library *l, const char *what, struct err *e)
{
	const char **ids = mem_array(l->n + 1, sizeof(*ids));
	const char *guess;
	char q[QUOTE_MAX];

	for (size_t i = 0; i < l->n; i++)
		ids[i] = l->v[i].id;
	guess = nearest_word(ids, l->n, slice_str(what));
	quote(slice_str(what), q);
	if (l->n == 0)
		err_set(e, ERR_NOTHING, "no tape '%s'; the library is empty",
			q);
	else if (guess)
		err_set(e, ERR_NOTHING, "no tape '%s'; did you mean '%s'?", q,
			guess);
	else
		err_set(e, ERR_NOTHING,
			"no tape '%s'; `dvr ls` lists the %zu that there are",
			q, l->n);
	free(ids);
	return -1;
}

static int
several(const struct library *l, const char *what, struct err *e)
{
	struct buf names;
	char q[QUOTE_MAX];
	size_t n = 0;

	buf_init(&names, 600);
	for (size_t i = 0; i < l->n; i++) {
		if (!strstr(l->v[i].id, what))
			continue;
		if (n < NAMES_SHOWN)
			buf_fmt(&names, "%s%s", n ? ", " : "", l->v[i].id);
		n++;
	}
	err_set(e, ERR_USAGE,
		"'%s' is a part of %zu tapes (%s%s); write more of it, or "
		"'*%s*' for all",
		quote(slice_str(what), q), n, buf_cstr(&names),
		n > NAMES_SHOWN ? ", …" : "", q);
	buf_release(&names);
	return -1;
}

static int
select_glob(const struct library *l, const char *what,
	    const struct library_entry **out, size_t max, size_t *count,
	    struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n && n < max; i++)
		if (glob(what, l->v[i].id))
			out[n++] = &l->v[i];
	if (n == 0)
		return nothing(l, what, e);
	*count = n;
	return 0;
}

int
library_select(const struct library *l, const char *what,
	       const struct library_entry **out, size_t max, size_t *count,
	       struct err *e)
{
	const struct library_entry *hit = library_find(l, what);
	size_t parts = 0;

	if (!hit)
		hit = find_path(l, what);
	if (!hit && strpbrk(what, "*?"))
		return select_glob(l, what, out, max, count, e);
	for (size_t i = 0; !hit && what[0] && i < l->n; i++)
		parts += strstr(l->v[i].id, what) != NULL;
	if (parts > 1)
		return several(l, what, e);
	for (size_t i = 0; parts == 1 && !hit; i++)
		if (strstr(l->v[i].id, what))
			hit = &l->v[i];
	if (!hit || max == 0)
		return nothing(l, what, e);
	out[0] = hit;
	*count = 1;
	return 0;
}

static void
add_once(const struct library_entry **v, size_t *n,
	 const struct library_entry *x)
{
	for (size_t i = 0; i < *n; i++)
		if (v[i] == x)
			return;
	v[(*n)++] = x;
}

int
library_pick(const struct library *l, char *const *words, size_t n,
	     const struct library_entry ***out, size_t *count, struct err *e)
{
	const struct library_entry **v = mem_array(l->n + 1, sizeof(*v));
	const struct library_entry **found = mem_array(l->n + 1,
						       sizeof(*found));
	size_t have = 0;
	int rc = 0;

	for (size_t i = 0; n == 0 && i < l->n; i++)
		v[have++] = &l->v[i];
	for (size_t i = 0; i < n && rc == 0; i++) {
		size_t more = 0;

		rc = library_select(l, words[i], found, l->n, &more, e);
		for (size_t k = 0; rc == 0 && k < more; k++)
			add_once(v, &have, found[k]);
	}
	free(found);
	if (rc != 0) {
		free(v);
		return -1;
	}
	*out = v;
	*count = have;
	return 0;
}
