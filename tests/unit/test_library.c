/* The library lists tape folders, and finds the one that a word means. */
#include "tape_samples.h"

#include <dvr/base/fs.h>
#include <dvr/tape/library.h>

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[FS_PATH_MAX];
static char path[FS_PATH_MAX + 128];
static struct library lib;
static struct err err;

static const char *
below(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void
add_tape(const char *id, const char *signature)
{
	struct tape t;

	sample_tape(&t);
	t.id = slice_str(id);
	t.signature = slice_str(signature);
	ck_assert_msg(tape_write(&t, root, &err) == 0, "%s", err.msg);
	tape_release(&t);
}

static void
setup(void)
{
	ck_assert_int_eq(fs_temp_dir("dvr-library", root, &err), 0);
	add_tape("post-pay-500-7889a", "7889a0c1");
	add_tape("get-cart-502-aa01b", "aa01b");
	add_tape("get-cart-500-0c0ff", "0c0ff");
	ck_assert_int_eq(library_scan(root, &lib, &err), 0);
}

static void
teardown(void)
{
	library_release(&lib);
	fs_remove_tree(root, NULL);
}

/* Folders with a tape come in name order, with their signatures. */
START_TEST(scan_lists_tapes_in_order)
{
	ck_assert_uint_eq(lib.n, 3);
	ck_assert_str_eq(lib.v[0].id, "get-cart-500-0c0ff");
	ck_assert_str_eq(lib.v[0].signature, "0c0ff");
	ck_assert_str_eq(lib.v[2].id, "post-pay-500-7889a");
	ck_assert_str_eq(lib.v[2].signature, "7889a0c1");
	ck_assert_str_eq(lib.v[2].dir, below("post-pay-500-7889a"));
}
END_TEST

/* Files, hidden folders and folders without a tape are none; a tape that
 * cannot be read is one without a signature. */
START_TEST(scan_passes_by_what_is_no_tape)
{
	ck_assert_int_eq(mkdir(below("hostile"), 0755), 0);
	ck_assert_int_eq(mkdir(below("hostile/tapes"), 0755), 0);
	ck_assert_int_eq(mkdir(below(".t.tmp-1"), 0755), 0);
	ck_assert_int_eq(fs_write_atomic(below(".t.tmp-1/tape.yaml"), 0644,
					 SLICE("x"), &err),
			 0);
	ck_assert_int_eq(
		fs_write_atomic(below("tape.yaml"), 0644, SLICE("x"), &err), 0);
	ck_assert_int_eq(mkdir(below("broken"), 0755), 0);
	ck_assert_int_eq(fs_write_atomic(below("broken/tape.yaml"), 0644,
					 SLICE("<<<<<<< HEAD\n"), &err),
			 0);
	library_release(&lib);
	ck_assert_int_eq(library_scan(root, &lib, &err), 0);
	ck_assert_uint_eq(lib.n, 4);
	ck_assert_str_eq(lib.v[0].id, "broken");
	ck_assert_str_eq(lib.v[0].signature, "");
}
END_TEST

/* The hostile inputs below fixtures/ are no entries of the library. */
START_TEST(hostile_inputs_are_no_tapes)
{
	struct library own;

	ck_assert_int_eq(library_scan("fixtures", &own, &err), 0);
	ck_assert_ptr_null(library_find(&own, "hostile"));
	library_release(&own);
}
END_TEST

/* No folder is an empty library; a file in its place is an error. */
START_TEST(missing_library_is_empty)
{
	struct library none;

	ck_assert_int_eq(library_scan(below("none"), &none, &err), 0);
	ck_assert_uint_eq(none.n, 0);
	library_release(&none);
	ck_assert_int_eq(fs_write_atomic(below("file"), 0644, SLICE("x"), &err),
			 0);
	ck_assert_int_eq(library_scan(below("file"), &none, &err), -1);
}
END_TEST

static size_t
select_count(const char *what)
{
	const struct library_entry *out[8];
	size_t count = 0;

	if (library_select(&lib, what, out, 8, &count, &err) < 0)
		return 0;
	for (size_t i = 1; i < count; i++)
		ck_assert_int_lt(strcmp(out[i - 1]->id, out[i]->id), 0);
	return count;
}

static void
assert_selects(const char *what, const char *id)
{
	const struct library_entry *out[8];
	size_t count;

	ck_assert_msg(library_select(&lib, what, out, 8, &count, &err) == 0,
		      "%s", err.msg);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(out[0]->id, id);
}

/* Ids, parts of ids, patterns and paths all lead to the tape. */
START_TEST(words_select_tapes)
{
	assert_selects("get-cart-500-0c0ff", "get-cart-500-0c0ff");
	assert_selects("7889", "post-pay-500-7889a");
	assert_selects(below("get-cart-502-aa01b"), "get-cart-502-aa01b");
	assert_selects(below("get-cart-502-aa01b/"), "get-cart-502-aa01b");
	assert_selects(below("get-cart-502-aa01b/tape.yaml"),
		       "get-cart-502-aa01b");
	assert_selects("*-502-*", "get-cart-502-aa01b");
	assert_selects("post-pay-?00-7889a", "post-pay-500-7889a");
	ck_assert_uint_eq(select_count("get-*"), 2);
	ck_assert_uint_eq(select_count("*"), 3);
	ck_assert_uint_eq(select_count("*500*"), 2);
	ck_assert_uint_eq(select_count("get-cart-500-0c0f?f"), 0);
}
END_TEST

/* No more are given than there is room for. */
START_TEST(selection_keeps_to_its_room)
{
	const struct library_entry *out[1];
	size_t count;

	ck_assert_int_eq(library_select(&lib, "*", out, 1, &count, &err), 0);
	ck_assert_uint_eq(count, 1);
}
END_TEST

/* A part of several is an error that names them; nothing names the nearest. */
START_TEST(misses_tell_what_to_do)
{
	ck_assert_uint_eq(select_count("get-cart"), 0);
	ck_assert_int_eq(err.code, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.msg, "a part of 2 tapes (get-cart-500"
					      "-0c0ff, get-cart-502-aa01b)"));
	ck_assert_uint_eq(select_count("post-pay-500-7898a"), 0);
	ck_assert_int_eq(err.code, ERR_NOTHING);
	ck_assert_str_eq(err.msg, "no tape 'post-pay-500-7898a'; did you mean "
				  "'post-pay-500-7889a'?");
	ck_assert_uint_eq(select_count("zzz*"), 0);
	ck_assert_int_eq(err.code, ERR_NOTHING);
	ck_assert_uint_eq(select_count(""), 0);
	ck_assert_int_eq(err.code, ERR_NOTHING);
	library_release(&lib);
	ck_assert_uint_eq(select_count("x"), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "the library is empty"));
}
END_TEST

Suite *suite_library(void);

/* Who replays for minutes does not undo what was decided meanwhile. */
START_TEST(plans_that_were_changed_meanwhile_are_kept)
{
	struct plan mine, theirs, back_plan;
	const char *dir = below("get-cart-500-0c0ff");
	struct tape a, b;

	ck_assert_int_eq(library_read(dir, &a, &mine, &err), 0);
	ck_assert_int_eq(library_read(dir, &b, &theirs, &err), 0);
	theirs.expect = EXPECT_BROKEN;
	ck_assert_int_eq(library_replan(dir, &b, &theirs, &err), 0);
	ck_assert_int_eq(library_replan(dir, &a, &mine, &err), -1);
	ck_assert_int_eq(err.code, ERR_TAPE);
	ck_assert_msg(strstr(err.msg, "replay.yaml was changed") != NULL, "%s",
		      err.msg);
	/* who wrote it may go on */
	theirs.expect = EXPECT_SAME;
	ck_assert_int_eq(library_replan(dir, &b, &theirs, &err), 0);
	tape_release(&a);
	ck_assert_int_eq(library_read(dir, &a, &back_plan, &err), 0);
	ck_assert_int_eq(back_plan.expect, EXPECT_SAME);
	ck_assert_int_eq(library_replan(dir, &a, &back_plan, &err), 0);
	tape_release(&a);
	tape_release(&b);
}
END_TEST

Suite *
suite_library(void)
{
	Suite *s = suite_create("library");
	TCase *t = tcase_create("library");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, scan_lists_tapes_in_order);
	tcase_add_test(t, scan_passes_by_what_is_no_tape);
	tcase_add_test(t, hostile_inputs_are_no_tapes);
	tcase_add_test(t, missing_library_is_empty);
	tcase_add_test(t, words_select_tapes);
	tcase_add_test(t, selection_keeps_to_its_room);
	tcase_add_test(t, misses_tell_what_to_do);
	tcase_add_test(t, plans_that_were_changed_meanwhile_are_kept);
	suite_add_tcase(s, t);
	return s;
}
