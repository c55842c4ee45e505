/* A tape's folder is written whole, read back equal, and not believed when it
 * was tampered with. */
#include "tape_samples.h"

#include <dvr/base/clock.h>
#include <dvr/base/fs.h>
#include <dvr/base/hash.h>
#include <dvr/tape/library.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[FS_PATH_MAX];
static char dir[FS_PATH_MAX + 64];
static char path[FS_PATH_MAX + 256];
static struct err err;

static void
setup(void)
{
	ck_assert_int_eq(fs_temp_dir("dvr-tape", root, &err), 0);
	snprintf(dir, sizeof(dir), "%s/post-pay-500-7889a", root);
}

static void
teardown(void)
{
	fs_remove_tree(root, NULL);
}

/* `name` below the tape's folder. */
static const char *
in_tape(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* The only body of the sample that stands in a file. */
static const char *
in_bodies(void)
{
	char **names, name[128];
	size_t count;

	ck_assert_int_eq(fs_list(in_tape("bodies"), &names, &count, &err), 0);
	ck_assert_uint_eq(count, 1);
	snprintf(name, sizeof(name), "bodies/%s", names[0]);
	free(names);
	return in_tape(name);
}

static void
write_sample(void)
{
	struct tape t;

	sample_tape(&t);
	ck_assert_msg(tape_write(&t, root, &err) == 0, "%s", err.msg);
	tape_release(&t);
}

static void
assert_reads_back(void)
{
	struct tape t, back;

	sample_tape(&t);
	ck_assert_msg(tape_read(dir, &back, &err) == 0, "%s", err.msg);
	ck_assert_ptr_null(tape_difference(&t, &back));
	tape_release(&back);
	tape_release(&t);
}

static void
assert_refused(const char *words)
{
	struct tape back = { 0 };

	ck_assert_int_eq(tape_read(dir, &back, &err), -1);
	ck_assert_ptr_null(back.arena);
	ck_assert_int_eq(err.code, ERR_TAPE);
	ck_assert_msg(strstr(err.msg, words) != NULL, "no '%s' in '%s'", words,
		      err.msg);
	ck_assert_msg(strstr(err.msg, "post-pay-500-7889a") != NULL,
		      "no path in '%s'", err.msg);
	ck_assert_ptr_null(strchr(err.msg, '\n'));
}

static mode_t
mode_of(const char *file)
{
	struct stat st;

	ck_assert_int_eq(stat(file, &st), 0);
	return st.st_mode & 07777;
}

static size_t
count_names(const char *folder)
{
	char **names;
	size_t count;

	ck_assert_int_eq(fs_list(folder, &names, &count, &err), 0);
	free(names);
	return count;
}

/* What is written is read back equal; nothing else is left beside it. */
START_TEST(folder_reads_back)
{
	umask(022);
	write_sample();
	assert_reads_back();
	ck_assert_uint_eq(count_names(root), 1);
	ck_assert_uint_eq(mode_of(dir), 0755);
	ck_assert_uint_eq(mode_of(in_tape("tape.yaml")), 0644);
	ck_assert_uint_eq(mode_of(in_bodies()), 0644);
}
END_TEST

/* A library folder that is not there yet is made. */
START_TEST(library_is_made)
{
	strncat(root, "/a/b", sizeof(root) - strlen(root) - 1);
	snprintf(dir, sizeof(dir), "%s/post-pay-500-7889a", root);
	write_sample();
	assert_reads_back();
	root[strlen(root) - 4] = '\0';
}
END_TEST

/* A folder that is there is replaced whole: nothing of the old one stays. */
START_TEST(old_folder_is_replaced)
{
	struct stat st;

	ck_assert_int_eq(mkdir(dir, 0755), 0);
	ck_assert_int_eq(
		fs_write_atomic(in_tape("tape.yaml"), 0644, SLICE("old"), &err),
		0);
	ck_assert_int_eq(
		fs_write_atomic(in_tape("stale"), 0644, SLICE("old"), &err), 0);
	write_sample();
	assert_reads_back();
	ck_assert_int_eq(stat(in_tape("stale"), &st), -1);
	ck_assert_uint_eq(count_names(root), 1);
}
END_TEST

/* A reader sees the old or the new tape at any time, never a part. */
START_TEST(replacing_is_atomic)
{
	pid_t pid;
	int status;

	write_sample();
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		for (int i = 0; i < 40; i++)
			write_sample();
		_exit(0);
	}
	do {
		struct tape back;

		/* A folder that was exchanged while it was read may lack its
		 * bodies; its text is always whole. */
		if (tape_read(dir, &back, &err) == 0)
			tape_release(&back);
		else
			ck_assert_msg(strstr(err.msg, "bodies/") ||
					      strstr(err.msg, "No such file"),
				      "%s", err.msg);
	} while (waitpid(pid, &status, WNOHANG) == 0);
	ck_assert_int_eq(status, 0);
	assert_reads_back();
	ck_assert_uint_eq(count_names(root), 1);
}
END_TEST

static void
write_locked(void)
{
	struct library_lock l;

	ck_assert_int_eq(library_lock(root, LIBRARY_WRITE, &l, &err), 0);
	ck_assert_int_ge(l.fd, 0);
	write_sample();
	library_unlock(&l);
}

/* Who reads as a library is read sees all of one tape, each time. */
START_TEST(readers_and_writers_take_turns)
{
	pid_t pid;
	int status;

	write_locked();
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		for (int i = 0; i < 40; i++)
			write_locked();
		_exit(0);
	}
	do {
		struct tape back;
		struct plan plan;

		ck_assert_msg(library_read(dir, &back, &plan, &err) == 0, "%s",
			      err.msg);
		tape_release(&back);
	} while (waitpid(pid, &status, WNOHANG) == 0);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* A plan that was made for another recording is not put beside this one. */
START_TEST(plans_are_for_the_tape_that_was_read)
{
	struct plan plan = { .expect = EXPECT_BROKEN }, back_plan;
	struct tape t, back;

	write_sample();
	ck_assert_int_eq(library_read(dir, &back, &back_plan, &err), 0);
	ck_assert_int_eq(library_replan(dir, &back, &plan, &err), 0);
	sample_tape(&t);
	t.session = SLICE("another");
	ck_assert_int_eq(tape_write_with(&t, &(struct plan){
		.expect = EXPECT_SAME }, root, &err), 0);
	ck_assert_int_eq(library_replan(dir, &back, &plan, &err), -1);
	ck_assert_msg(strstr(err.msg, "recorded anew") != NULL, "%s", err.msg);
	tape_release(&back);
	ck_assert_int_eq(library_read(dir, &back, &back_plan, &err), 0);
	ck_assert_int_eq(back_plan.expect, EXPECT_SAME);
	tape_release(&back);
	tape_release(&t);
}
END_TEST

/* A library that cannot be written to is an error, and leaves nothing. */
START_TEST(unwritable_library_is_an_error)
{
	struct tape t;

	ck_assert_int_eq(fs_write_atomic(dir, 0644, SLICE("a file"), &err), 0);
	sample_tape(&t);
	ck_assert_int_eq(tape_write(&t, dir, &err), -1);
	ck_assert(err.msg[0] != '\0');
	tape_release(&t);
	ck_assert_uint_eq(count_names(root), 1);
}
END_TEST

/* A write that fails half way takes away what it had begun.  The limit on a
 * file's size stands in for a full disk. */
START_TEST(failed_write_leaves_nothing)
{
	const struct rlimit small = { 64, RLIM_INFINITY };
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct tape t;
	int rc;

	sample_tape(&t);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	rc = tape_write(&t, root, &err);
	setrlimit(RLIMIT_FSIZE, &all);
	ck_assert_int_eq(rc, -1);
	ck_assert_msg(strstr(err.msg, "tape.yaml: File too large") != NULL,
		      "%s", err.msg);
	ck_assert_uint_eq(count_names(root), 0);
	tape_release(&t);
}
END_TEST

/* What could not be read back is not written. */
START_TEST(faulty_tapes_are_not_written)
{
	struct tape t;

	sample_tape(&t);
	t.exchanges[1].response.end_us = 1;
	ck_assert_int_eq(tape_write(&t, root, &err), -1);
	ck_assert_msg(strstr(err.msg, "exchange 2, response: ") != NULL, "%s",
		      err.msg);
	t.exchanges[1].response.end_us = 5500;
	t.id = SLICE("../out");
	ck_assert_int_eq(tape_write(&t, root, &err), -1);
	ck_assert_uint_eq(count_names(root), 0);
	tape_release(&t);
}
END_TEST

/* ---- tampering ------------------------------------------------------- */

static void
cut(const char *file, off_t size)
{
	ck_assert_int_eq(truncate(file, size), 0);
}

static void
missing_tape(void)
{
	unlink(in_tape("tape.yaml"));
}

static void
empty_tape(void)
{
	cut(in_tape("tape.yaml"), 0);
}

static void
huge_tape(void)
{
	cut(in_tape("tape.yaml"), 100 * 1024 * 1024);
}

static void
binary_tape(void)
{
	fs_write_atomic(in_tape("tape.yaml"), 0644,
			SLICE("\x7f"
			      "ELF\x01"),
			&err);
}

static void
link_tape(void)
{
	char outside[FS_PATH_MAX + 64];

	snprintf(outside, sizeof(outside), "%s/outside", root);
	ck_assert_int_eq(rename(in_tape("tape.yaml"), outside), 0);
	ck_assert_int_eq(symlink("../outside", in_tape("tape.yaml")), 0);
}

static void
pipe_tape(void)
{
	unlink(in_tape("tape.yaml"));
	ck_assert_int_eq(mkfifo(in_tape("tape.yaml"), 0600), 0);
}

static void
folder_tape(void)
{
	unlink(in_tape("tape.yaml"));
	ck_assert_int_eq(mkdir(in_tape("tape.yaml"), 0700), 0);
}

static void
other_body(void)
{
	fs_write_atomic(in_bodies(), 0644, SLICE("\x1f\x8b\x08\0\0\0\0\1"),
			&err);
}

static void
short_body(void)
{
	cut(in_bodies(), 3);
}

static void
missing_body(void)
{
	unlink(in_bodies());
}

static void
link_body(void)
{
	char name[sizeof(path)];

	snprintf(name, sizeof(name), "%s", in_bodies());
	unlink(name);
	ck_assert_int_eq(symlink("/etc/hostname", name), 0);
}

static void
link_bodies(void)
{
	char to[FS_PATH_MAX + 64];

	snprintf(to, sizeof(to), "%s/elsewhere", root);
	ck_assert_int_eq(rename(in_tape("bodies"), to), 0);
	ck_assert_int_eq(symlink(to, in_tape("bodies")), 0);
}

static const struct {
	void (*tamper)(void);
	const char *words;
} tampered[] = {
	{ missing_tape, "No such file" },
	{ empty_tape, "expected a tape" },
	{ huge_tape, "104857600 bytes; at most 67108864 are read" },
	{ binary_tape, "expected printable UTF-8" },
	{ link_tape, "a symbolic link" },
	{ pipe_tape, "not a regular file" },
	{ folder_tape, "not a regular file" },
	{ other_body, "the body was changed" },
	{ short_body, "3 bytes; the tape says 8" },
	{ missing_body, "No such file" },
	{ link_body, "a symbolic link" },
	{ link_bodies, "expected a folder, no link" },
};

/* Each kind of damage is refused with one line that names the file. */
START_TEST(tampered_folders_are_refused)
{
	uint64_t before;

	write_sample();
	tampered[_i].tamper();
	before = clock_mono_ns(&clock_system);
	assert_refused(tampered[_i].words);
	/* Refused by size, not by reading: far below what 100 MB take. */
	ck_assert_uint_lt(clock_mono_ns(&clock_system) - before, NS_PER_S / 2);
}
END_TEST

/* The error about a body begins at the line that refers to it. */
START_TEST(body_errors_have_a_place)
{
	write_sample();
	missing_body();
	assert_refused("/tape.yaml:66:13: bodies/");
}
END_TEST

/* One body that many exchanges refer to is read once, with one size. */
START_TEST(shared_bodies_are_read_once)
{
	struct tape t, back;

	sample_tape(&t);
	for (int i = 0; i < 4; i++) {
		t.exchanges[i].request.raw_body = SLICE("\x01\x02");
		t.exchanges[i].request.present = true;
	}
	ck_assert_int_eq(tape_write(&t, root, &err), 0);
	ck_assert_msg(tape_read(dir, &back, &err) == 0, "%s", err.msg);
	ck_assert_ptr_eq(back.exchanges[0].request.raw_body.p,
			 back.exchanges[3].request.raw_body.p);
	ck_assert_uint_eq(count_names(in_tape("bodies")), 2);
	tape_release(&back);
	tape_release(&t);
}
END_TEST

/* Random tapes survive the way over the disk. */
START_TEST(random_folders_survive)
{
	for (uint32_t seed = 7; seed < 27; seed++) {
		struct tape t, back;
		char where[FS_PATH_MAX + 64];

		random_tape(&t, seed);
		ck_assert_msg(tape_write(&t, root, &err) == 0, "%s", err.msg);
		snprintf(where, sizeof(where), "%s/%.*s", root,
			 SLICE_ARG(t.id));
		ck_assert_msg(tape_read(where, &back, &err) == 0, "%s",
			      err.msg);
		ck_assert_ptr_null(tape_difference(&t, &back));
		tape_release(&back);
		tape_release(&t);
	}
}
END_TEST

/* The fixtures of bad tapes are refused, each with its own words. */
static const struct {
	const char *name, *words;
} hostile[] = {
	{ "conflict", "tape.yaml:6:1: merge-conflict marker '<<<<<<<'" },
	{ "duplicate-id", "tape.yaml:21:9: duplicate id 1" },
	{ "hash-differs", "the body was changed" },
	{ "negative-time", "bad time '-0.000041'" },
	{ "path-out", "bad body file; expected bodies/" },
	{ "truncated", "key 'losses' is missing; is the file cut off?" },
	{ "unknown-key", "unknown key 'reqest'; did you mean 'request'?" },
	{ "version", "tape format 2; this dvr" },
};

START_TEST(hostile_fixtures_are_refused)
{
	struct tape back;

	snprintf(path, sizeof(path), "fixtures/hostile/tapes/%s",
		 hostile[_i].name);
	ck_assert_int_eq(tape_read(path, &back, &err), -1);
	ck_assert_int_eq(err.code, ERR_TAPE);
	ck_assert_msg(strstr(err.msg, hostile[_i].words) != NULL,
		      "no '%s' in '%s'", hostile[_i].words, err.msg);
}
END_TEST

Suite *suite_tape_files(void);

Suite *
suite_tape_files(void)
{
	Suite *s = suite_create("tape_files");
	TCase *t = tcase_create("tape_files");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, folder_reads_back);
	tcase_add_test(t, library_is_made);
	tcase_add_test(t, old_folder_is_replaced);
	tcase_add_test(t, replacing_is_atomic);
	tcase_add_test(t, readers_and_writers_take_turns);
	tcase_add_test(t, plans_are_for_the_tape_that_was_read);
	tcase_add_test(t, unwritable_library_is_an_error);
	tcase_add_test(t, failed_write_leaves_nothing);
	tcase_add_test(t, faulty_tapes_are_not_written);
	tcase_add_loop_test(t, tampered_folders_are_refused, 0,
			    ARRAY_LEN(tampered));
	tcase_add_test(t, body_errors_have_a_place);
	tcase_add_test(t, shared_bodies_are_read_once);
	tcase_add_test(t, random_folders_survive);
	tcase_add_loop_test(t, hostile_fixtures_are_refused, 0,
			    ARRAY_LEN(hostile));
	suite_add_tcase(s, t);
	return s;
}
