/* Reads a tape's folder: its text, and the bodies that it names by hash. */
#include <dvr/tape/yaml.h>

#include <dvr/base/fs.h>
#include <dvr/base/hash.h>
#include <dvr/base/mem.h>

#include "state_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A body that was loaded already: many exchanges may share one. */
struct loaded {
	char hash[65];
	struct slice bytes;
};

struct loader {
	const char *dir; /* for messages */
	int dir_fd;
	struct loaded *table; /* open addressing; size is a power of two */
	size_t size, used;
	uint64_t bytes; /* read so far */
};

/*
 * Opens one file of a tape.  Links are refused at both levels, wherever they
 * lead: what is read as part of a tape must be in its folder.
 */
static int
open_part(int dir, const char *dir_name, const char *name, struct err *e)
{
	int fd = openat(dir, name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && (errno == ELOOP || errno == EMLINK))
		return err_set(e, ERR_TAPE,
			       "%s/%s: a symbolic link; expected the file "
			       "itself in the tape's folder",
			       dir_name, name);
	if (fd < 0)
		return err_sys(e, ERR_TAPE, "%s/%s", dir_name, name);
	return fd;
}

/* The size of a regular file, at most `max`; -1 otherwise. */
static int
size_of(int fd, uint64_t max, uint64_t *size, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, ERR_TAPE, "not readable");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_TAPE, "not a regular file");
	if ((uint64_t)st.st_size > max)
		return err_set(e, ERR_TAPE, "%llu bytes; at most %llu are read",
			       (unsigned long long)st.st_size,
			       (unsigned long long)max);
	*size = (uint64_t)st.st_size;
	return 0;
}

/* Exactly `size` bytes; a file that changes its size meanwhile is an error. */
static int
read_exactly(int fd, char *to, size_t size, struct err *e)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = read(fd, to + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, ERR_TAPE, "not readable");
		if (n == 0)
			return err_set(e, ERR_TAPE, "shorter than it was");
		have += (size_t)n;
	}
	return 0;
}

static struct loaded *
slot_of(struct loader *l, const char *hash)
{
	size_t at = 0;

	for (size_t i = 0; i < 8; i++)
		at = at * 31 + (unsigned char)hash[i];
	for (at &= l->size - 1; l->table[at].hash[0];
	     at = (at + 1) & (l->size - 1))
		if (strcmp(l->table[at].hash, hash) == 0)
			break;
	return &l->table[at];
}

static void
grow_table(struct loader *l, struct arena *a)
{
	const struct loaded *old = l->table;
	size_t n = l->size;

	if (l->used * 2 < l->size)
		return;
	l->size = n ? n * 2 : 16;
	l->table = arena_array(a, l->size, sizeof(*l->table));
	for (size_t i = 0; i < n; i++)
		if (old[i].hash[0])
			*slot_of(l, old[i].hash) = old[i];
}

/* Reads and checks one body below the folder; the hash is 64 hex digits. */
static int
read_body(struct loader *l, struct arena *a, const char *hash, uint64_t size,
	  struct slice *out, struct err *e)
{
	int bodies = openat(l->dir_fd, "bodies",
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char found[SHA256_HEX], *p;
	uint64_t real;
	int fd, rc = -1;

	if (bodies < 0)
		return err_sys(e, ERR_TAPE,
			       "%s/bodies: expected a folder, no link", l->dir);
	fd = open_part(bodies, "bodies", hash, e);
	close(bodies);
	if (fd < 0)
		return -1;
	if (size_of(fd, TAPE_BODY_MAX, &real, e) < 0)
		goto out;
	if (real != size) {
		err_set(e, ERR_TAPE, "%llu bytes; the tape says %llu",
			(unsigned long long)real, (unsigned long long)size);
		goto out;
	}
	p = arena_alloc(a, (size_t)size + 1);
	if (read_exactly(fd, p, (size_t)size, e) < 0)
		goto out;
	sha256_hex(slice_of(p, (size_t)size), found);
	if (strcmp(found, hash) != 0) {
		err_set(e, ERR_TAPE,
			"its SHA-256 is %s: the body was changed; "
			"restore the file",
			found);
		goto out;
	}
	*out = slice_of(p, (size_t)size);
	rc = 0;
out:
	close(fd);
	if (rc < 0)
		err_prefix(e, "bodies/%s", hash);
	return rc;
}

static int
load_body(void *arg, struct arena *a, const char *hash, uint64_t size,
	  struct slice *out, struct err *e)
{
	struct loader *l = arg;
	struct loaded *slot;
	struct slice bytes;

	grow_table(l, a);
	slot = slot_of(l, hash);
	if (slot->hash[0]) {
		if (slot->bytes.n != size)
			return err_set(e, ERR_TAPE,
				       "bodies/%s: %zu bytes; the tape says "
				       "%llu",
				       hash, slot->bytes.n,
				       (unsigned long long)size);
		*out = slot->bytes;
		return 0;
	}
	if (size > TAPE_BODIES_MAX - l->bytes)
		return err_set(e, ERR_TAPE,
			       "bodies of more than %u bytes; the limit of "
			       "one tape",
			       TAPE_BODIES_MAX);
	if (read_body(l, a, hash, size, &bytes, e) < 0)
		return -1;
	memcpy(slot->hash, hash, sizeof(slot->hash));
	slot->bytes = bytes;
	l->used++;
	l->bytes += size;
	*out = bytes;
	return 0;
}

static int
read_text(int dir_fd, const char *dir, char **text, uint64_t *size,
	  struct err *e)
{
	int fd = open_part(dir_fd, dir, "tape.yaml", e);
	int rc = -1;

	*text = NULL;
	if (fd < 0)
		return -1;
	if (size_of(fd, TAPE_FILE_MAX, size, e) < 0)
		goto out;
	*text = mem_array((size_t)*size + 1, 1);
	rc = read_exactly(fd, *text, (size_t)*size, e);
out:
	if (rc < 0)
		err_prefix(e, "%s/tape.yaml", dir);
	close(fd);
	return rc;
}

void
tape_hash(struct slice text, char out[SHA256_HEX])
{
	unsigned char digest[SHA256_BYTES];
	struct sha256 *h = sha256_begin();
	struct buf hex;

	while (text.p)
		sha256_more(h, slice_cut(&text, '\r'));
	sha256_end(h, digest);
	buf_init(&hex, SHA256_HEX);
	hex_encode(slice_of(digest, sizeof(digest)), &hex);
	memcpy(out, buf_cstr(&hex), SHA256_HEX);
	buf_release(&hex);
}

int
tape_read(const char *dir, struct tape *out, struct err *e)
{
	struct loader l = { .dir = dir };
	char name[FS_PATH_MAX], hash[SHA256_HEX];
	char *text = NULL;
	uint64_t size;
	int rc = -1;

	if (fs_join(name, dir, "tape.yaml", e) < 0)
		return -1;
	l.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l.dir_fd < 0)
		return err_sys(e, ERR_TAPE, "%s", dir);
	if (read_text(l.dir_fd, dir, &text, &size, e) == 0)
		rc = tape_parse(name, slice_of(text, (size_t)size), load_body,
				&l, out, e);
	if (rc == 0 && state_files_read(l.dir_fd, out, e) < 0) {
		tape_release(out);
		rc = err_prefix(e, "%s", dir);
	}
	if (rc == 0) {
		tape_hash(slice_of(text, (size_t)size), hash);
		out->hash = arena_copy(out->arena, slice_str(hash));
	}
	free(text);
	close(l.dir_fd);
	return rc;
}
