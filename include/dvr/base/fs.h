/* Files and folders: whole reads with a cap, writes that happen or do not. */
#ifndef DVR_BASE_FS_H
#define DVR_BASE_FS_H

#include <dvr/base/buf.h>
#include <dvr/base/err.h>

#include <sys/types.h>

/* Reads a regular file to the end of `out`.  Larger than out's limit, not a
 * regular file, or unreadable: -1 with ERR_USAGE and path and reason. */
int fs_read(const char *path, struct buf *out, struct err *e);
/* Temporary file in the same folder, write, fsync, rename, fsync the folder:
 * after a crash the old or the new content is there, never a part. */
int fs_write_atomic(const char *path, mode_t mode, struct slice content,
		    struct err *e);
/* Everything of `s` to an open file; 0 or -1 with errno. */
int fs_write_all(int fd, struct slice s);
/* mkdir -p. */
int fs_mkdirs(const char *path, mode_t mode, struct err *e);
/* rm -rf without following links; a path that is not there is fine. */
int fs_remove_tree(const char *path, struct err *e);
/* A new 0700 folder below $TMPDIR; the name is written to `out`. */
#define FS_PATH_MAX 4096
int fs_temp_dir(const char *prefix, char out[FS_PATH_MAX], struct err *e);
/* Joins with one '/'; -1 when it does not fit. */
int fs_join(char out[FS_PATH_MAX], const char *dir, const char *name,
	    struct err *e);
/* The folder that holds `path`: "." for a name alone. */
int fs_parent(const char *path, char out[FS_PATH_MAX], struct err *e);
/* Names in a folder in bytewise order, without "." and "..". The array and the
 * names are one free()able block; *count may be 0. */
int fs_list(const char *dir, char ***names, size_t *count, struct err *e);
/* Fsyncs a folder, so that a rename in it is durable. */
int fs_sync_dir(const char *dir, struct err *e);

#endif
