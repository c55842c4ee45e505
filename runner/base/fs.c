/* Files and folders: whole reads with a cap, writes that happen or do not. */
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

/* One read(2); larger reads gain nothing for files of our sizes. */
#define READ_STEP_BYTES ((size_t)64 * 1024)
/* Folders within folders that fs_remove_tree() follows: one descriptor each. */
#define TREE_DEPTH_MAX 100

/* "'path'" for messages: a path is user data. */
static int
path_error(struct err *e, enum err_code code, const char *path,
	   const char *what)
{
	char q[QUOTE_MAX];

	return err_sys(e, code, "%s: %s", quote(slice_str(path), q), what);
}

static int
read_all(int fd, const char *path, struct buf *out, struct err *e)
{
	char q[QUOTE_MAX];

	for (;;) {
		size_t left = out->limit - out->n;
		size_t want = left < READ_STEP_BYTES ? left : READ_STEP_BYTES;
		char probe = 0;
		char *at = want > 0 ? buf_room(out, want) : &probe;
		ssize_t got = read(fd, at, want > 0 ? want : 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return path_error(e, ERR_USAGE, path, "cannot read");
		if (got == 0)
			return 0;
		if (want == 0)
			return err_set(e, ERR_USAGE,
				       "%s: larger than %zu bytes",
				       quote(slice_str(path), q), out->limit);
		buf_grew(out, (size_t)got);
	}
}

int
fs_read(const char *path, struct buf *out, struct err *e)
{
	/* Non-blocking: opening a FIFO must not wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char q[QUOTE_MAX];
	struct stat st;
	int rc = -1;

	if (fd < 0)
		return path_error(e, ERR_USAGE, path, "cannot open");
	if (fstat(fd, &st) < 0)
		path_error(e, ERR_USAGE, path, "cannot read");
	else if (!S_ISREG(st.st_mode))
		err_set(e, ERR_USAGE, "%s: not a regular file",
			quote(slice_str(path), q));
	else
		rc = read_all(fd, path, out, e);
	close(fd);
	return rc;
}

int
fs_write_all(int fd, struct slice s)
{
	while (s.n > 0) {
		ssize_t put = write(fd, s.p, s.n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		s = slice_from(s, (size_t)put);
	}
	return 0;
}

int
fs_parent(const char *path, char out[FS_PATH_MAX], struct err *e)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (!slash)
		path = ".";
	if (!slash || n == 0)
		n = 1;
	if (n >= FS_PATH_MAX)
		return err_set(e, ERR_USAGE, "a path is too long");
	memcpy(out, path, n);
	out[n] = '\0';
	return 0;
}

/* Writes and closes `fd`; a close that fails is a write that failed. */
static int
fill_and_close(int fd, mode_t mode, struct slice content)
{
	int bad = fchmod(fd, mode) < 0 || fs_write_all(fd, content) < 0 ||
		fsync(fd) < 0;
	int saved = errno;

	if (close(fd) < 0 && !bad)
		return -1;
	errno = saved;
	return bad ? -1 : 0;
}

int
fs_write_atomic(const char *path, mode_t mode, struct slice content,
		struct err *e)
{
	char dir[FS_PATH_MAX], temp[FS_PATH_MAX];
	int fd, saved;

	if (fs_parent(path, dir, e) < 0)
		return -1;
	if ((size_t)snprintf(temp, sizeof(temp), "%s.new-XXXXXX", path) >=
	    sizeof(temp))
		return err_set(e, ERR_USAGE, "a path is too long");
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return path_error(e, ERR_USAGE, path, "cannot write");
	if (fill_and_close(fd, mode, content) < 0 || rename(temp, path) < 0) {
		saved = errno;
		unlink(temp);
		errno = saved;
		return path_error(e, ERR_USAGE, path, "cannot write");
	}
	return fs_sync_dir(dir, e);
}

int
fs_sync_dir(const char *dir, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return path_error(e, ERR_USAGE, dir, "cannot open");
	/* EINVAL: a file system that cannot sync folders has nothing to. */
	if (fsync(fd) < 0 && errno != EINVAL)
		rc = path_error(e, ERR_USAGE, dir, "cannot sync");
	close(fd);
	return rc;
}

static bool
is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int
fs_mkdirs(const char *path, mode_t mode, struct err *e)
{
	char part[FS_PATH_MAX];
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof(part))
		return err_set(e, ERR_USAGE, "a folder's path is %s",
			       n == 0 ? "empty" : "too long");
	memcpy(part, path, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, mode) < 0 && !is_dir(part))
			return path_error(e, ERR_USAGE, part,
					  "cannot make the folder");
		part[i] = path[i];
	}
	return 0;
}

static int remove_at(int dir_fd, const char *name, unsigned depth);

static int
remove_content(int fd, unsigned depth)
{
	DIR *d = fdopendir(fd);
	struct dirent *entry;
	int rc = 0;

	if (!d) {
		close(fd);
		return -1;
	}
	while (rc == 0 && (errno = 0, entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			rc = remove_at(dirfd(d), entry->d_name, depth + 1);
	if (rc == 0 && errno != 0)
		rc = -1;
	closedir(d);
	return rc;
}

static int
remove_at(int dir_fd, const char *name, unsigned depth)
{
	int fd;

	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (depth > TREE_DEPTH_MAX) {
		errno = ELOOP;
		return -1;
	}
	fd = openat(dir_fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	/* A folder that its owner may not write to cannot be emptied; where
	 * this fails, unlinkat() says why. */
	if (fchmod(fd, 0700) < 0)
		errno = 0;
	if (remove_content(fd, depth) < 0)
		return -1;
	return unlinkat(dir_fd, name, AT_REMOVEDIR);
}

int
fs_remove_tree(const char *path, struct err *e)
{
	if (remove_at(AT_FDCWD, path, 0) < 0)
		return path_error(e, ERR_USAGE, path, "cannot remove");
	return 0;
}

int
fs_temp_dir(const char *prefix, char out[FS_PATH_MAX], struct err *e)
{
	const char *base = getenv("TMPDIR");
	char name[FS_PATH_MAX];
	int n;

	if (!base || base[0] == '\0')
		base = "/tmp";
	n = snprintf(name, sizeof(name), "%s/%s-XXXXXX", base, prefix);
	if (n < 0 || (size_t)n >= sizeof(name))
		return err_set(e, ERR_USAGE, "TMPDIR is too long");
	if (!mkdtemp(name))
		return path_error(e, ERR_USAGE, base,
				  "cannot make a temporary folder (TMPDIR)");
	memcpy(out, name, (size_t)n + 1);
	return 0;
}

int
fs_join(char out[FS_PATH_MAX], const char *dir, const char *name,
	struct err *e)
{
	size_t d = strlen(dir), n = strlen(name);
	bool slash = d > 0 && dir[d - 1] != '/';

	if (d + slash + n >= FS_PATH_MAX)
		return err_set(e, ERR_USAGE, "a path is too long");
	memmove(out + d + slash, name, n + 1);
	memmove(out, dir, d);
	if (slash)
		out[d] = '/';
	return 0;
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Turns NUL-separated names into pointers with the names behind them. */
static char **
name_block(struct slice text, size_t count)
{
	size_t table = count * sizeof(char *);
	char **block = mem_alloc(table + text.n);
	char *at = (char *)(block + count);

	if (text.n > 0)
		memcpy(at, text.p, text.n);
	for (size_t i = 0; i < count; i++) {
		block[i] = at;
		at += strlen(at) + 1;
	}
	if (count > 1)
		qsort(block, count, sizeof(*block), by_bytes);
	return block;
}

int
fs_list(const char *dir, char ***names, size_t *count, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	struct buf text;
	size_t n = 0;
	int rc = -1;

	if (!d)
		return path_error(e, ERR_USAGE, dir, "cannot open the folder");
	buf_init(&text, SIZE_MAX / 4);
	while ((errno = 0, entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		buf_add(&text, slice_of(entry->d_name,
					strlen(entry->d_name) + 1));
		n++;
	}
	if (errno != 0) {
		path_error(e, ERR_USAGE, dir, "cannot read the folder");
	} else {
		*names = name_block(buf_slice(&text), n);
		*count = n;
		rc = 0;
	}
	buf_release(&text);
	closedir(d);
	return rc;
}
