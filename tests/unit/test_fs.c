/* Files: whole or not at all, and nothing outside the tree is touched. */
#include <dvr/base/fs.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[FS_PATH_MAX];

static void
setup(void)
{
	struct err e;

	ck_assert_int_eq(fs_temp_dir("dvr-test", dir, &e), 0);
}

static void
teardown(void)
{
	struct err e;

	ck_assert_msg(fs_remove_tree(dir, &e) == 0, "%s", e.msg);
	ck_assert_int_ne(access(dir, F_OK), 0);
}

static const char *
in_dir(char out[FS_PATH_MAX], const char *name)
{
	struct err e;

	ck_assert_int_eq(fs_join(out, dir, name, &e), 0);
	return out;
}

static void
put(const char *name, const char *text)
{
	char path[FS_PATH_MAX];
	struct err e;

	ck_assert_msg(fs_write_atomic(in_dir(path, name), 0640,
				      slice_str(text), &e) == 0, "%s", e.msg);
}

/* What is written is read, with its mode, and replaces what was there. */
START_TEST(a_file_is_replaced_whole)
{
	char path[FS_PATH_MAX], **names;
	struct stat st;
	struct buf b;
	struct err e;
	size_t n;

	put("f", "a longer text that was there before");
	put("f", "new");
	buf_init(&b, 1 * KiB);
	ck_assert_int_eq(fs_read(in_dir(path, "f"), &b, &e), 0);
	ck_assert_str_eq(buf_cstr(&b), "new");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	/* No temporary file is left. */
	ck_assert_int_eq(fs_list(dir, &names, &n, &e), 0);
	ck_assert_uint_eq(n, 1);
	free(names);
	buf_release(&b);
}
END_TEST

/* A write that cannot happen leaves the old content and no rest. */
START_TEST(a_failed_write_leaves_nothing)
{
	char path[FS_PATH_MAX], **names;
	struct err e;
	size_t n;

	ck_assert_int_eq(fs_mkdirs(in_dir(path, "folder"), 0755, &e), 0);
	ck_assert_int_eq(fs_write_atomic(path, 0600, SLICE("x"), &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "folder: cannot write"));
	ck_assert_int_eq(fs_write_atomic(in_dir(path, "no/f"), 0600,
					 SLICE("x"), &e), -1);
	ck_assert_int_eq(fs_list(dir, &names, &n, &e), 0);
	ck_assert_uint_eq(n, 1);
	free(names);
}
END_TEST

/* A file of exactly the limit is read; one byte more is an error. */
START_TEST(reading_stops_at_the_limit)
{
	char path[FS_PATH_MAX];
	struct buf b;
	struct err e;

	put("f", "12345");
	buf_init(&b, 5);
	ck_assert_int_eq(fs_read(in_dir(path, "f"), &b, &e), 0);
	ck_assert_str_eq(buf_cstr(&b), "12345");
	buf_release(&b);
	buf_init(&b, 4);
	ck_assert_int_eq(fs_read(path, &b, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "larger than 4 bytes"));
	buf_release(&b);
}
END_TEST

/* Folders, FIFOs and nothing are refused, without waiting for a writer. */
START_TEST(only_regular_files_are_read)
{
	char path[FS_PATH_MAX];
	struct buf b;
	struct err e;

	buf_init(&b, 4);
	ck_assert_int_eq(fs_read(dir, &b, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "not a regular file"));
	ck_assert_int_eq(mkfifo(in_dir(path, "fifo"), 0600), 0);
	ck_assert_int_eq(fs_read(path, &b, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "not a regular file"));
	ck_assert_int_eq(fs_read(in_dir(path, "none"), &b, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "No such file"));
	ck_assert_int_eq(e.code, ERR_USAGE);
	buf_release(&b);
}
END_TEST

/* Removing a tree takes links, not what they point to, and folders that
 * their owner may not write to. */
START_TEST(removing_does_not_follow_links)
{
	char path[FS_PATH_MAX], other[FS_PATH_MAX], link[FS_PATH_MAX];
	struct err e;

	put("outside", "stays");
	ck_assert_int_eq(fs_mkdirs(in_dir(path, "tree/a/b"), 0755, &e), 0);
	ck_assert_int_eq(fs_mkdirs(in_dir(other, "keep"), 0755, &e), 0);
	put("keep/f", "stays");
	ck_assert_int_eq(symlink(other, in_dir(link, "tree/a/link")), 0);
	put("tree/a/b/f", "goes");
	ck_assert_int_eq(chmod(path, 0500), 0);
	ck_assert_msg(fs_remove_tree(in_dir(path, "tree"), &e) == 0, "%s",
		      e.msg);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(access(in_dir(path, "keep/f"), F_OK), 0);
	/* A link itself is removed as such; what is not there is fine. */
	ck_assert_int_eq(symlink(other, in_dir(link, "link")), 0);
	ck_assert_int_eq(fs_remove_tree(link, &e), 0);
	ck_assert_int_eq(access(other, F_OK), 0);
	ck_assert_int_eq(fs_remove_tree(link, &e), 0);
}
END_TEST

/* Making folders twice is fine; a file in the way is not. */
START_TEST(folders_are_made_in_depth)
{
	char path[FS_PATH_MAX];
	struct err e;

	ck_assert_int_eq(fs_mkdirs(in_dir(path, "x//y/z/"), 0755, &e), 0);
	ck_assert_int_eq(fs_mkdirs(path, 0755, &e), 0);
	ck_assert_int_eq(access(in_dir(path, "x/y/z"), F_OK), 0);
	put("file", "");
	ck_assert_int_eq(fs_mkdirs(in_dir(path, "file/sub"), 0755, &e), -1);
	ck_assert_int_eq(fs_mkdirs("", 0755, &e), -1);
}
END_TEST

/* A list is in bytewise order; an empty folder gives none. */
START_TEST(names_are_in_bytewise_order)
{
	static const char *const want[] = { ".h", "B", "a", "b", "\xc3\xa4" };
	char **names;
	struct err e;
	size_t n;

	ck_assert_int_eq(fs_list(dir, &names, &n, &e), 0);
	ck_assert_uint_eq(n, 0);
	free(names);
	for (size_t i = ARRAY_LEN(want); i-- > 0;)
		put(want[i], "");
	ck_assert_int_eq(fs_list(dir, &names, &n, &e), 0);
	ck_assert_uint_eq(n, ARRAY_LEN(want));
	for (size_t i = 0; i < n; i++)
		ck_assert_str_eq(names[i], want[i]);
	free(names);
	ck_assert_int_eq(fs_list("/dvr/no/such", &names, &n, &e), -1);
}
END_TEST

/* Joining puts one slash, works in place, and refuses what is too long. */
START_TEST(joining)
{
	char out[FS_PATH_MAX], name[FS_PATH_MAX];
	struct err e;

	ck_assert_int_eq(fs_join(out, "a", "b", &e), 0);
	ck_assert_str_eq(out, "a/b");
	ck_assert_int_eq(fs_join(out, "a/", "b", &e), 0);
	ck_assert_str_eq(out, "a/b");
	ck_assert_int_eq(fs_join(out, out, "c", &e), 0);
	ck_assert_str_eq(out, "a/b/c");
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(fs_join(out, "a", name, &e), -1);
	ck_assert_str_eq(out, "a/b/c");
}
END_TEST

Suite *suite_fs(void);

Suite *
suite_fs(void)
{
	Suite *s = suite_create("fs");
	TCase *t = tcase_create("fs");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_file_is_replaced_whole);
	tcase_add_test(t, a_failed_write_leaves_nothing);
	tcase_add_test(t, reading_stops_at_the_limit);
	tcase_add_test(t, only_regular_files_are_read);
	tcase_add_test(t, removing_does_not_follow_links);
	tcase_add_test(t, folders_are_made_in_depth);
	tcase_add_test(t, names_are_in_bytewise_order);
	tcase_add_test(t, joining);
	suite_add_tcase(s, t);
	return s;
}
