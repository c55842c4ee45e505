/* Reads and writes the files of a tape's state. */
#include "state_files.h"

#include <dvr/base/fs.h>
#include <dvr/base/hash.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0644
#define DIR_MODE 0755
#define NAME_BYTES 256

static int
fail(struct err *e, struct slice path, const char *what)
{
	char q[QUOTE_MAX];

	return err_sys(e, ERR_TAPE, "%s: %s", quote(path, q), what);
}

/* One step down; a link is refused, wherever it leads. */
static int
enter(int at, struct slice part, bool make)
{
	char name[NAME_BYTES];
	int fd;

	if (part.n >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, part.p, part.n);
	name[part.n] = '\0';
	if (make && mkdirat(at, name, DIR_MODE) < 0 && errno != EEXIST)
		return -1;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}

/* The folder of the path's last name; *last is "" when it is a folder. */
static int
open_parent(int dir, struct slice path, bool make, struct slice *last)
{
	int at = fcntl(dir, F_DUPFD_CLOEXEC, 0), next;
	struct slice part;

	for (;;) {
		part = slice_cut(&path, '/');
		if (at < 0 || !path.p)
			break;
		next = enter(at, part, make);
		close(at);
		at = next;
		if (path.n == 0) {
			part = path;
			break;
		}
	}
	*last = part;
	return at;
}

/* ---- writing ---------------------------------------------------------- */

/* An empty folder stands in tape.yaml alone: git would lose it. */
static int
write_one(int dir, const struct tape_state_file *f, struct err *e)
{
	char name[NAME_BYTES];
	struct slice last;
	int at, fd, rc;

	if (slice_ends(f->path, SLICE("/")))
		return 0;
	at = open_parent(dir, f->path, true, &last);
	if (at < 0)
		return fail(e, f->path, "folder");
	snprintf(name, sizeof(name), "%.*s", SLICE_ARG(last));
	fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    FILE_MODE);
	rc = fd < 0 ? -1 : fs_write_all(fd, f->bytes);
	if (rc == 0)
		rc = fsync(fd) < 0 ? -1 : fsync(at);
	if (rc < 0)
		fail(e, f->path, "not written");
	if (fd >= 0)
		close(fd);
	close(at);
	return rc;
}

int
state_files_write(int dir, const struct tape *t, struct err *e)
{
	for (size_t i = 0; i < t->nstate; i++)
		for (size_t k = 0; k < t->state[i].nfiles; k++)
			if (write_one(dir, &t->state[i].files[k], e) < 0)
				return -1;
	return 0;
}

/* ---- reading ---------------------------------------------------------- */

static int
read_bytes(int fd, char *to, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = read(fd, to + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		have += (size_t)n;
	}
	return 0;
}

static int
check_bytes(const struct tape_state_file *f, struct err *e)
{
	char found[SHA256_HEX], q[QUOTE_MAX];

	sha256_hex(f->bytes, found);
	if (slice_eq(slice_str(found), f->sha256))
		return 0;
	return err_set(e, ERR_TAPE, "%s: its SHA-256 is %s: the file was "
		       "changed; restore it", quote(f->path, q), found);
}

static int
read_open(int fd, struct arena *a, struct tape_state_file *f, struct err *e)
{
	char q[QUOTE_MAX], *p;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail(e, f->path, "not readable");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_TAPE, "%s: not a regular file",
			       quote(f->path, q));
	if ((uint64_t)st.st_size != f->size)
		return err_set(e, ERR_TAPE, "%s: %llu bytes; the tape says "
			       "%llu", quote(f->path, q),
			       (unsigned long long)st.st_size,
			       (unsigned long long)f->size);
	p = arena_alloc(a, (size_t)f->size + 1);
	if (read_bytes(fd, p, (size_t)f->size) < 0)
		return fail(e, f->path, "not readable");
	f->bytes = slice_of(p, (size_t)f->size);
	return check_bytes(f, e);
}

static int
read_one(int dir, struct arena *a, struct tape_state_file *f, struct err *e)
{
	char name[NAME_BYTES];
	struct slice last;
	int at, fd, rc;

	if (slice_ends(f->path, SLICE("/")))
		return 0;
	at = open_parent(dir, f->path, false, &last);
	if (at < 0)
		return fail(e, f->path, "expected the file, and no links");
	snprintf(name, sizeof(name), "%.*s", SLICE_ARG(last));
	fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	close(at);
	if (fd < 0)
		return fail(e, f->path, "expected the file, and no links");
	rc = read_open(fd, a, f, e);
	close(fd);
	return rc;
}

int
state_files_read(int dir, struct tape *t, struct err *e)
{
	for (size_t i = 0; i < t->nstate; i++)
		for (size_t k = 0; k < t->state[i].nfiles; k++)
			if (read_one(dir, t->arena, &t->state[i].files[k],
				     e) < 0)
				return -1;
	return 0;
}
