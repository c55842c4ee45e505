/* The provider `files`: a file, or a folder with all that is below it. */
#include "providers.h"

#include <dvr/base/fs.h>
#include <dvr/base/mem.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A tree that is deeper or has more files is no service's small state. */
#define DEPTH_MAX 32
#define FILES_MAX 10000u

struct taking {
	const struct state_config *c;
	struct state_image *out;
	struct err *e;
};

/* ---- snapshot ------------------------------------------------------------ */

static int take_folder(struct taking *t, int fd, const char *path,
		       unsigned depth);

/* A file may grow while it is read: then to where it was. */
static int
take_file(struct taking *t, int fd, const char *path, uint64_t size)
{
	char q[QUOTE_MAX], *bytes;
	size_t have = 0;

	if (size > t->c->max_bytes - t->out->bytes)
		return state_too_large(t->c, t->e);
	if (t->out->n >= FILES_MAX)
		return err_set(t->e, ERR_USAGE, "more than %u files",
			       FILES_MAX);
	bytes = mem_array((size_t)size + 1, 1);
	while (have < size) {
		ssize_t n = read(fd, bytes + have, (size_t)size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_sys(t->e, ERR_TARGET, "%s",
				quote(slice_str(path), q));
			free(bytes);
			return -1;
		}
		if (n == 0)
			break;
		have += (size_t)n;
	}
	image_add(t->out, path, bytes, have);
	return 0;
}

static int
take_open(struct taking *t, int fd, const char *path, unsigned depth)
{
	struct stat st;
	char folder[FS_PATH_MAX], q[QUOTE_MAX];

	if (fstat(fd, &st) < 0)
		return err_sys(t->e, ERR_TARGET, "%s",
			       quote(slice_str(path), q));
	if (S_ISREG(st.st_mode))
		return take_file(t, fd, path, (uint64_t)st.st_size);
	if (!S_ISDIR(st.st_mode)) {
		image_loss(t->out, "%s not kept: no file",
			   quote(slice_str(path), q));
		return 0;
	}
	if (depth >= DEPTH_MAX || strlen(path) + 2 > sizeof(folder))
		return err_set(t->e, ERR_USAGE, "folders deeper than %d",
			       DEPTH_MAX);
	snprintf(folder, sizeof(folder), "%s/", path);
	return take_folder(t, fd, folder, depth + 1);
}

static int
take_entry(struct taking *t, int dir, const char *folder, const char *name,
	   unsigned depth)
{
	char path[FS_PATH_MAX], q[QUOTE_MAX];
	int fd, rc;

	if (snprintf(path, sizeof(path), "%s%s", folder, name) >=
	    (int)sizeof(path))
		return err_set(t->e, ERR_USAGE, "a path that is too long");
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;	/* removed in this moment */
	if (fd < 0 && (errno == ELOOP || errno == ENXIO)) {
		image_loss(t->out, "%s not kept: %s",
			   quote(slice_str(path), q), errno == ELOOP ?
			   "a symbolic link" : "no file");
		return 0;
	}
	if (fd < 0)
		return err_sys(t->e, ERR_TARGET, "%s",
			       quote(slice_str(path), q));
	rc = take_open(t, fd, path, depth);
	close(fd);
	return rc;
}

static int
not_dots(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* `path` ends in '/'. */
static int
take_folder(struct taking *t, int fd, const char *path, unsigned depth)
{
	struct dirent **names = NULL;
	int n = scandirat(fd, ".", &names, not_dots, by_name), rc = 0;

	if (n < 0)
		return err_sys(t->e, ERR_TARGET, "folder");
	if (n == 0)
		image_add(t->out, path, NULL, 0);
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = take_entry(t, fd, path, names[i]->d_name, depth);
		free(names[i]);
	}
	free(names);
	return rc;
}

static int
by_path(const void *a, const void *b)
{
	const struct state_part *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int
take_root(struct taking *t, int fd, const char *real)
{
	const char *last = strrchr(real, '/');
	char path[FS_PATH_MAX];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(t->e, ERR_TARGET, "%s", t->c->path);
	t->out->tree = S_ISDIR(st.st_mode);
	snprintf(path, sizeof(path), "state/%s%s", t->c->name,
		 t->out->tree ? "/" : "");
	if (t->out->tree)
		return take_folder(t, fd, path, 0);
	if (snprintf(path, sizeof(path), "state/%s/%s", t->c->name,
		     last ? last + 1 : real) >= (int)sizeof(path))
		return err_set(t->e, ERR_USAGE, "a path that is too long");
	return take_open(t, fd, path, 0);
}

static int
snapshot(const struct state_config *c, const struct state_where *w,
	 struct state_image *out, struct err *e)
{
	struct taking t = { .c = c, .out = out, .e = e };
	char path[FS_PATH_MAX];
	int fd, rc;

	if (state_path(c, w, path, e) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		image_loss(out, "nothing was there when the snapshot was "
			   "taken");
		return 0;
	}
	if (fd < 0)
		return err_sys(e, ERR_TARGET, "%s", c->path);
	rc = take_root(&t, fd, path);
	close(fd);
	if (out->n > 1)
		qsort(out->v, out->n, sizeof(*out->v), by_path);
	return rc;
}

/* ---- restore -------------------------------------------------------------- */

static int
write_file(const char *path, struct slice bytes, struct err *e)
{
	char folder[FS_PATH_MAX], *slash;
	int fd, rc = 0;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	if (slash && fs_mkdirs(folder, 0700, e) < 0)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		  0600);
	if (fd < 0)
		return err_sys(e, ERR_TARGET, "%s", path);
	if (fs_write_all(fd, bytes) < 0)
		rc = err_sys(e, ERR_TARGET, "%s", path);
	close(fd);
	return rc;
}

static int
restore_file(const struct tape_state_file *f, const char *path, bool as_it_is,
	     state_expand_fn *expand, struct err *e)
{
	struct buf b;
	int rc;

	if (slice_ends(f->path, SLICE("/")))
		return fs_mkdirs(path, 0700, e);
	if (as_it_is)
		return write_file(path, f->bytes, e);
	buf_init(&b, STATE_MAX_BYTES * 4u);
	expand(f->bytes, &b, NULL);
	rc = b.full ? err_set(e, ERR_TAPE, "%s is too large", path) :
		write_file(path, buf_slice(&b), e);
	buf_release(&b);
	return rc;
}

/* The tape's paths were checked when it was read: no "..", below snapshot. */
static int
restore(const struct state_config *c, const struct tape_state *s,
	const struct state_where *w, state_expand_fn *expand, struct err *e)
{
	bool tree = slice_ends(s->snapshot, SLICE("/"));
	char root[FS_PATH_MAX], path[FS_PATH_MAX], name[FS_PATH_MAX];

	if (state_path(c, w, root, e) < 0)
		return -1;
	for (size_t i = 0; i < s->nfiles; i++) {
		struct slice below = slice_from(s->files[i].path,
						s->snapshot.n);

		if (!tree && i > 0)
			return err_set(e, ERR_TAPE, "one file was expected");
		snprintf(name, sizeof(name), "%.*s", SLICE_ARG(below));
		if (!tree || below.n == 0)
			snprintf(path, sizeof(path), "%s", root);
		else if (fs_join(path, root, name, e) < 0)
			return -1;
		if (restore_file(&s->files[i], path, s->unscrubbed.n > 0,
				 expand, e) < 0)
			return -1;
	}
	return 0;
}

const struct state_provider state_files = {
	.name = "files", .has_path = true,
	.snapshot = snapshot, .restore = restore,
};
