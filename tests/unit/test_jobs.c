/* Tapes side by side: whose result is whose, and what a run may be told. */
#include "../../runner/cli/jobs.h"

#include <dvr/base/fs.h>
#include <dvr/base/mem.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAPES 7

static char dir[FS_PATH_MAX];
static struct config cfg;
static struct regression g;
static volatile int stop;
static unsigned told[TAPES], ntold;

static void
tried(void *arg, size_t i)
{
	ck_assert_ptr_eq(arg, &g);
	ck_assert_uint_lt(i, TAPES);
	told[i]++;
	ntold++;
}

/* A library of tapes that each are broken at a line of their own. */
static void
setup(void)
{
	struct args args = { .nrest = 0 };
	struct err e;

	ck_assert_int_eq(fs_temp_dir("dvr-test", dir, &e), 0);
	for (int i = 0; i < TAPES; i++) {
		char name[32], folder[FS_PATH_MAX], file[FS_PATH_MAX];
		char text[128] = "";

		snprintf(name, sizeof(name), "tape-%d", i);
		fs_join(folder, dir, name, NULL);
		ck_assert_int_eq(fs_mkdirs(folder, 0700, &e), 0);
		fs_join(file, folder, "tape.yaml", NULL);
		memset(text, '\n', (size_t)i);
		snprintf(text + i, sizeof(text) - (size_t)i, "nonsense: %d\n",
			 i);
		ck_assert_int_eq(fs_write_atomic(file, 0600, slice_str(text),
						 &e), 0);
	}
	cfg = (struct config){ .fixtures = dir };
	g = (struct regression){ .cfg = &cfg, .jobs = 3 };
	g.trial.clock = &clock_system;
	g.trial.stop = &stop;
	g.results.arena = arena_create();
	ck_assert_int_eq(regression_select(&g, &args, &e), 0);
	ck_assert_uint_eq(g.npicked, TAPES);
}

static void
teardown(void)
{
	free(g.picked);
	library_release(&g.lib);
	arena_destroy(g.results.arena);
	fs_remove_tree(dir, NULL);
}

static void
run(void)
{
	struct jobs_how how = { .fn = tried, .arg = &g };
	sigset_t blocked, after;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	how.blocked = &blocked;
	jobs_run(&g, &how);
	sigprocmask(SIG_SETMASK, NULL, &after);
	ck_assert_int_eq(sigismember(&after, SIGUSR1), 0);
}

/* Every tape has its own child's result, and each is told of once. */
START_TEST(results_come_home)
{
	g.jobs = (unsigned)_i;
	run();
	ck_assert_uint_eq(ntold, TAPES);
	for (size_t i = 0; i < TAPES; i++) {
		const struct tape_result *t = &g.results.tapes[i];
		char want[32];

		snprintf(want, sizeof(want), "tape-%zu", i);
		ck_assert(slice_eq(t->id, slice_str(want)));
		ck_assert_int_eq(t->verdict, VERDICT_ERROR);
		ck_assert_int_eq(t->code, ERR_TAPE);
		snprintf(want, sizeof(want), "tape.yaml:%zu", i + 1);
		ck_assert_msg(slice_find(t->reason, slice_str(want)) >= 0,
			      "%.*s", SLICE_ARG(t->reason));
		ck_assert_uint_eq(told[i], 1);
	}
	jobs_release(&g);
	jobs_release(&g);
}
END_TEST

/* Told to stop before it began: no tape is tried. */
START_TEST(a_stopped_run_starts_nothing)
{
	stop = 1;
	run();
	ck_assert_uint_eq(ntold, 0);
	jobs_release(&g);
}
END_TEST

/* A word is quoted exactly when a shell would not take it as it is. */
START_TEST(shell_words)
{
	static const char *const cases[][2] = {
		{ "plain-1.0_x/y:z=@%+,", "plain-1.0_x/y:z=@%+," },
		{ "", "''" },
		{ "two words", "'two words'" },
		{ "it's", "'it'\\''s'" },
		{ "$(rm)", "'$(rm)'" },
		{ "*", "'*'" },
		{ "~", "'~'" },
		{ "a\nb", "'a\nb'" },
		{ "\xc3\xa9", "'\xc3\xa9'" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b;

		buf_init(&b, KiB);
		shell_word(slice_str(cases[i][0]), &b);
		ck_assert_str_eq(buf_cstr(&b), cases[i][1]);
		buf_release(&b);
	}
}
END_TEST

/* The command names what was given, so that it finds the same tape. */
START_TEST(the_command_finds_the_tape_again)
{
	static char path[] = "my shop/dvr.yaml";
	struct tape_result out;

	cfg.path = path;
	g.fixtures = "a b";
	g.trial.target = "http://127.0.0.1:80";
	regression_tape(&g, 3, NO_TAPE, g.results.arena, &out);
	ck_assert(slice_eq(out.command,
			   SLICE("dvr regress -c 'my shop/dvr.yaml' --fixtures "
				 "'a b' --target http://127.0.0.1:80 tape-3")));
}
END_TEST

Suite *suite_jobs(void);

Suite *
suite_jobs(void)
{
	Suite *s = suite_create("jobs");
	TCase *t = tcase_create("jobs");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, results_come_home, 2, 9);
	tcase_add_test(t, a_stopped_run_starts_nothing);
	tcase_add_test(t, shell_words);
	tcase_add_test(t, the_command_finds_the_tape_again);
	suite_add_tcase(s, t);
	return s;
}
