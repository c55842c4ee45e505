/* Groups end when who started them is gone, however that came. */
#include "children.h"

#include <dvr/base/fs.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs it with its output in fd, and waits to be killed. */
static _Noreturn void
lead_group(int fd, const char *script)
{
	struct process_spec spec = SHELL(script);
	struct process p;

	spec.out_fd = fd;
	if (process_start(&spec, &p, NULL) != 0)
		_exit(1);
	for (;;)
		pause();
}

/* Forks lead_group() of this, kills it so that nothing in it can react, and
 * returns the number that its child's child has printed. */
static pid_t
kill_owner_of(const char *script)
{
	int fd[2], status;
	pid_t pid, kid;

	ck_assert_int_eq(pipe2(fd, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		lead_group(fd[1], script);
	close(fd[1]);
	kid = read_pid(fd[0]);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	close(fd[0]);
	return kid;
}

/* What our children have started ends when we die, heeding SIGTERM or not. */
START_TEST(the_whole_group_dies_with_us)
{
	expect_gone(kill_owner_of("sleep 600 & echo $!; wait"));
	expect_gone(kill_owner_of("sh -c 'trap \"\" TERM; echo $$; "
				  "while :; do sleep 1; done' & wait"));
}
END_TEST

/* Who heeds SIGTERM has a moment to tidy up. */
START_TEST(a_group_is_asked_before_it_is_killed)
{
	char folder[FS_PATH_MAX], script[FS_PATH_MAX + 160];
	char file[FS_PATH_MAX + 8];
	struct err e;
	pid_t kid;

	ck_assert_int_eq(fs_temp_dir("dvr-guard", folder, &e), 0);
	snprintf(file, sizeof(file), "%s/tidy", folder);
	snprintf(script, sizeof(script), "sh -c 'trap \": >%s; exit\" TERM; "
		 "echo $$; while :; do sleep 0.01; done' & wait", file);
	kid = kill_owner_of(script);
	expect_gone(kid);
	ck_assert_int_eq(access(file, F_OK), 0);
	ck_assert_int_eq(fs_remove_tree(folder, &e), 0);
}
END_TEST

/* The leader has left and was collected before we die: its children count. */
START_TEST(orphans_of_the_group_die_with_us)
{
	struct process_end end;
	int fd[2], status;
	pid_t pid, kid;

	ck_assert_int_eq(pipe2(fd, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct process_spec spec = SHELL("sleep 600 & echo $!");
		struct process p;

		spec.out_fd = fd[1];
		if (process_start(&spec, &p, NULL) != 0 ||
		    process_wait(&p, 10000, &end) != 1)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	close(fd[1]);
	kid = read_pid(fd[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	expect_gone(kid);
	close(fd[0]);
}
END_TEST

/* A forked child's groups end with it, and ours with us although it lives. */
START_TEST(each_process_has_its_own_guard)
{
	int fd[2], status;
	pid_t pid, child, ours;

	ck_assert_int_eq(pipe2(fd, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct process_spec spec = SHELL("sleep 600 & echo $!; wait");
		struct process p, q;

		spec.out_fd = fd[1];
		if (process_start(&spec, &p, NULL) != 0)
			_exit(1);
		/* It gets no death signal that would end it. */
		if (process_fork(SIGCONT, &q, NULL) == 1)
			lead_group(fd[1], "echo $PPID; exec sleep 600");
		for (;;)
			pause();
	}
	close(fd[1]);
	ours = read_pid(fd[0]);
	child = read_pid(fd[0]);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	expect_gone(ours);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	expect_gone(child);
	close(fd[0]);
}
END_TEST

/* The guard holds no output open, and is neither in our session nor among
 * our children; what was ended in order is left alone. */
START_TEST(a_guard_is_not_noticed)
{
	int fd[2], status;
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(fd), 0);
	pid = fork();
	if (pid == 0) {
		struct process_spec spec = SHELL("sleep 600 & wait");
		struct process_end end;
		struct process p;

		if (process_start(&spec, &p, NULL) != 0)
			_exit(1);
		process_stop(&p, 10000, &end);
		_exit(waitpid(-1, NULL, 0) < 0 && errno == ECHILD ? 0 : 2);
	}
	close(fd[1]);
	/* The end comes when nobody has the other end any more. */
	ck_assert_int_eq(read(fd[0], &c, 1), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(fd[0]);
}
END_TEST

Suite *suite_guard(void);

Suite *
suite_guard(void)
{
	Suite *s = suite_create("guard");
	TCase *t = tcase_create("guard");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_whole_group_dies_with_us);
	tcase_add_test(t, a_group_is_asked_before_it_is_killed);
	tcase_add_test(t, orphans_of_the_group_die_with_us);
	tcase_add_test(t, each_process_has_its_own_guard);
	tcase_add_test(t, a_guard_is_not_noticed);
	suite_add_tcase(s, t);
	return s;
}
