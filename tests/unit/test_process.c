/* Children: started clean, watched, ended with all they left behind. */
#include "children.h"

#include <dvr/base/buf.h>
#include <dvr/base/fs.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Starts it with its output in a pipe; returns the reading end. */
static int
start_reading(struct process_spec spec, struct process *p)
{
	struct err e;
	int fd[2];

	ck_assert_int_eq(pipe2(fd, O_CLOEXEC), 0);
	spec.out_fd = fd[1];
	ck_assert_msg(process_start(&spec, p, &e) == 0, "%s", e.msg);
	close(fd[1]);
	return fd[0];
}

/* All that it prints; waits for it. */
static void
output_of(struct process_spec spec, struct buf *out, struct process_end *end)
{
	struct process p;
	int fd = start_reading(spec, &p);
	ssize_t got;

	buf_init(out, 1 * MiB);
	while ((got = read(fd, buf_room(out, 4 * KiB), 4 * KiB)) > 0)
		buf_grew(out, (size_t)got);
	close(fd);
	ck_assert_int_eq(process_wait(&p, 10000, end), 1);
	ck_assert_int_eq(p.pidfd, -1);
}

/* Exit codes and signals come back as what they are. */
START_TEST(ends_are_told)
{
	struct process_end end;
	struct buf out;
	char text[64];

	output_of(SHELL("echo hello; exit 3"), &out, &end);
	ck_assert_str_eq(buf_cstr(&out), "hello\n");
	ck_assert_str_eq(process_end_text(&end, text), "exit status 3");
	buf_release(&out);
	output_of(SHELL("kill -KILL $$"), &out, &end);
	ck_assert_str_eq(process_end_text(&end, text), "signal 9 (Killed)");
	buf_release(&out);
}
END_TEST

/* Not found, not executable, no folder: told at the start, with errno, and
 * no child is left. */
START_TEST(what_cannot_start_fails_at_once)
{
	static const struct {
		const char *command, *workdir, *says;
		int error;
	} rows[] = {
		{ "dvr-no-such-command", NULL, "command not found", ENOENT },
		{ "/dvr/none", NULL, "'/dvr/none': command not found", ENOENT },
		{ "/etc/passwd", NULL, "Permission denied", EACCES },
		{ "true", "/dvr/none", "folder '/dvr/none'", ENOENT },
		{ "bad\x1b[2J", NULL, "bad\\x1b[2J", ENOENT },
	};
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *argv[] = { rows[i].command, NULL };
		struct process_spec spec = child_spec(argv);
		struct process p = { .pid = 42, .pidfd = -7 };

		spec.workdir = rows[i].workdir;
		errno = 0;
		ck_assert_int_eq(process_start(&spec, &p, &e), -1);
		ck_assert_int_eq(errno, rows[i].error);
		ck_assert_msg(strstr(e.msg, rows[i].says) != NULL, "%s",
			      e.msg);
		ck_assert_int_eq(p.pid, 42);
		ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
		ck_assert_int_eq(errno, ECHILD);
	}
}
END_TEST

/* A folder on the PATH that may not be entered does not turn "not found" into
 * "permission denied"; a file that may not be run does. */
START_TEST(closed_folders_on_the_path_are_passed_over)
{
	char folder[FS_PATH_MAX], closed[FS_PATH_MAX + 8];
	char file[FS_PATH_MAX + 8];
	const char *argv[] = { "dvr-no-such-command", NULL };
	struct process_spec spec = child_spec(argv);
	struct env *env = env_create(true);
	struct process p;
	struct err e;
	int fd;

	ck_assert_int_eq(fs_temp_dir("dvr-path", folder, &e), 0);
	ck_assert_int_eq(chmod(folder, 0755), 0);
	snprintf(closed, sizeof(closed), "%s/closed", folder);
	ck_assert_int_eq(mkdir(closed, 0), 0);
	snprintf(file, sizeof(file), "%s/a-file", folder);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	/* Root enters every folder. */
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	env_set(env, "PATH", closed);
	spec.env = env_list(env);
	ck_assert_int_eq(process_start(&spec, &p, &e), -1);
	ck_assert_int_eq(errno, ENOENT);
	env_set(env, "PATH", folder);
	spec.env = env_list(env);
	argv[0] = "a-file";
	ck_assert_int_eq(process_start(&spec, &p, &e), -1);
	ck_assert_int_eq(errno, EACCES);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(fs_remove_tree(folder, &e), 0);
	env_destroy(env);
}
END_TEST

/* A child gets three descriptors, no blocked and no ignored signals, its own
 * group, and SIGKILL when we die. */
START_TEST(a_child_starts_clean)
{
	struct process_end end;
	struct buf out;
	sigset_t all;
	int leaked = dup(1);

	ck_assert_int_gt(leaked, 2);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	output_of(SHELL("ls /proc/self/fd | tr '\\n' ' '; echo;"
			/* 32 and 33 are the C library's own: out of reach */
			"grep -E 'Sig(Blk|Ign)' /proc/$$/status |"
			" sed 's/0000000180000000/0000000000000000/' |"
			" tr -d '\\n\\t';"
			"test $(cut -d' ' -f5 /proc/$$/stat) = $$ && "
			"echo own"), &out, &end);
	/* 3 is what ls itself opened. */
	ck_assert_str_eq(buf_cstr(&out), "0 1 2 3 \n"
			 "SigBlk:0000000000000000SigIgn:0000000000000000own\n");
	buf_release(&out);
	close(leaked);
}
END_TEST

/* Descriptors that lie across each other's places arrive where they should. */
START_TEST(descriptors_may_be_crossed)
{
	struct process_spec spec = SHELL("read x; echo out-$x; echo err >&2");
	int in[2], out[2], err[2], status;
	char text[16] = "", wrong[16] = "";
	struct process_end end;
	struct process p;
	struct err e;
	pid_t pid = fork();

	if (pid == 0) {
		if (pipe(in) < 0 || pipe(out) < 0 || pipe(err) < 0)
			_exit(1);
		/* In = 1, out = 2, err = 0: all three must be moved. */
		dup2(in[0], 1);
		dup2(out[1], 2);
		dup2(err[1], 0);
		close(out[1]);
		close(err[1]);
		spec.in_fd = 1;
		spec.out_fd = 2;
		spec.err_fd = 0;
		if (write(in[1], "7\n", 2) != 2 ||
		    process_start(&spec, &p, &e) < 0 ||
		    process_wait(&p, 10000, &end) != 1 ||
		    read(out[0], text, sizeof(text) - 1) < 0 ||
		    read(err[0], wrong, sizeof(wrong) - 1) < 0)
			_exit(2);
		_exit(strcmp(text, "out-7\n") == 0 &&
		      strcmp(wrong, "err\n") == 0 ? 0 : 3);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* The environment is the given one, and its PATH finds the command. */
START_TEST(the_environment_is_the_given_one)
{
	struct env *env = env_create(false);
	struct process_spec spec = SHELL("echo \"$A-$HOME\"");
	struct process_end end;
	struct buf out;
	struct err e;
	struct process p;

	env_set(env, "A", "first");
	env_set(env, "A", "b=c");
	env_set(env, "PATH", "/usr/bin:/bin");
	spec.env = env_list(env);
	output_of(spec, &out, &end);
	ck_assert_str_eq(buf_cstr(&out), "b=c-\n");
	buf_release(&out);
	env_set(env, "PATH", "/dvr/none");
	spec.env = env_list(env);
	ck_assert_int_eq(process_start(&spec, &p, &e), -1);
	env_destroy(env);
}
END_TEST

/* Setting, replacing, removing; a name is not another's beginning. */
START_TEST(environments_are_built)
{
	struct env *env = env_create(false), *other = env_create(true);
	char name[16];

	env_set(env, "AB", "1");
	env_set(env, "A", "2");
	ck_assert_str_eq(env_get(env, "A"), "2");
	ck_assert_str_eq(env_get(env, "AB"), "1");
	env_unset(env, "AB");
	env_unset(env, "AB");
	ck_assert_ptr_null(env_get(env, "AB"));
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "N%d", i);
		env_set(env, name, name);
	}
	ck_assert_str_eq(env_get(env, "N199"), "N199");
	env_set(other, "A", "old");
	env_add_all(other, env);
	ck_assert_str_eq(env_get(other, "A"), "2");
	ck_assert_str_eq(env_get(other, "PATH"), getenv("PATH"));
	env_destroy(env);
	env_destroy(other);
	env_destroy(NULL);
}
END_TEST

/* The pidfd is readable at the end, not before; waiting ends in time. */
START_TEST(waiting_has_a_limit)
{
	struct process_spec spec = SHELL("read x; exit 4");
	struct pollfd pfd = { .events = POLLIN };
	struct process_end end;
	struct process p;
	struct err e;
	int fd[2];

	ck_assert_int_eq(pipe2(fd, O_CLOEXEC), 0);
	spec.in_fd = fd[0];
	ck_assert_int_eq(process_start(&spec, &p, &e), 0);
	close(fd[0]);
	pfd.fd = p.pidfd;
	ck_assert_int_eq(poll(&pfd, 1, 0), 0);
	ck_assert_int_eq(process_reap(&p, &end), 0);
	ck_assert_int_eq(process_wait(&p, 20, &end), 0);
	close(fd[1]);
	ck_assert_int_eq(poll(&pfd, 1, 10000), 1);
	ck_assert_int_eq(process_reap(&p, &end), 1);
	ck_assert_int_eq(end.code, 4);
	ck_assert_int_eq(process_reap(&p, &end), -1);
	process_stop(&p, 1000, &end);
}
END_TEST

/* Who heeds SIGTERM has its grace, who does not is killed; children of
 * both go with them. */
START_TEST(stopping_ends_the_group)
{
	struct process_end end;
	struct process p;
	pid_t kid;
	int fd;

	fd = start_reading(SHELL("trap 'exit 6' TERM; sleep 100 & echo $!; "
				 "wait"), &p);
	kid = read_pid(fd);
	process_stop(&p, 10000, &end);
	ck_assert(!end.signalled);
	ck_assert_int_eq(end.code, 6);
	expect_gone(kid);
	close(fd);
	fd = start_reading(SHELL("trap '' TERM; sleep 100 & echo $!; "
				 "while :; do wait; done"), &p);
	kid = read_pid(fd);
	process_stop(&p, 30, &end);
	ck_assert(end.signalled);
	ck_assert_int_eq(end.code, SIGKILL);
	expect_gone(kid);
	ck_assert_int_eq(p.pid, 0);
	close(fd);
}
END_TEST

/* The leader has left and was reaped: its children are ended all the same,
 * deaf ones after the grace. */
START_TEST(orphans_of_the_group_are_ended)
{
	struct process_end end = { .code = 99 };
	struct process p;
	pid_t kid;
	int fd;

	fd = start_reading(SHELL("sh -c 'trap \"\" TERM; echo $$; "
				 "while :; do sleep 1; done' & exit 2"), &p);
	kid = read_pid(fd);
	ck_assert_int_eq(process_wait(&p, 10000, &end), 1);
	ck_assert_int_eq(end.code, 2);
	ck_assert_int_eq(kill(kid, 0), 0);
	process_stop(&p, 30, &end);
	ck_assert_int_eq(end.code, 2);
	expect_gone(kid);
	close(fd);
}
END_TEST

/* Our own death, even by SIGKILL, is the child's. */
START_TEST(a_child_dies_with_us)
{
	int fd[2], status;
	pid_t pid, kid;

	ck_assert_int_eq(pipe2(fd, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct process_spec spec = SHELL("echo $$; exec sleep 100");
		struct process p;
		struct err e;

		spec.out_fd = fd[1];
		if (process_start(&spec, &p, &e) < 0)
			_exit(1);
		pause();
	}
	close(fd[1]);
	kid = read_pid(fd[0]);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	expect_gone(kid);
	close(fd[0]);
}
END_TEST

/* Starts a sleeper in a group of its own, that a death signal never reaches;
 * its number goes to fd. */
static _Noreturn void
lead_session(int fd)
{
	struct process_spec spec = SHELL("sleep 600 & echo $!; wait");
	struct process p;

	spec.out_fd = fd;
	if (process_start(&spec, &p, NULL) != 0)
		_exit(1);
	for (;;)
		pause();
}

/* A forked child's whole session ends, whatever groups are in it. */
START_TEST(a_session_is_killed_whole)
{
	struct process_end end;
	struct process p;
	struct err e;
	pid_t sleeper;
	int fd[2], rc;

	ck_assert_int_eq(pipe2(fd, O_CLOEXEC), 0);
	rc = process_fork(SIGTERM, &p, &e);
	if (rc == 1)
		lead_session(fd[1]);
	ck_assert_int_eq(rc, 0);
	close(fd[1]);
	sleeper = read_pid(fd[0]);
	ck_assert_int_eq(getsid(sleeper), p.pid);
	ck_assert_int_ne(getpgid(sleeper), p.pid);
	process_kill_session(&p);
	expect_gone(sleeper);
	ck_assert_int_eq(process_wait(&p, 10000, &end), 1);
	ck_assert(end.signalled);
	ck_assert_int_eq(end.code, SIGKILL);
	/* Collected: its number is nobody's now. */
	process_kill_session(&p);
	close(fd[0]);
}
END_TEST

/* Nothing is ever sent to everybody. */
START_TEST(no_process_no_signal)
{
	struct process none = { .pid = 0, .pidfd = -1 };
	struct process_end end = { .code = 5 };

	process_signal_group(&none, SIGTERM);
	none.pid = 1;
	process_signal_group(&none, SIGTERM);
	none.pid = 0;
	process_stop(&none, 100, &end);
	process_kill_session(&none);
	ck_assert_int_eq(end.code, 5);
}
END_TEST

Suite *suite_process(void);

Suite *
suite_process(void)
{
	Suite *s = suite_create("process");
	TCase *t = tcase_create("process");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, ends_are_told);
	tcase_add_test(t, what_cannot_start_fails_at_once);
	tcase_add_test(t, closed_folders_on_the_path_are_passed_over);
	tcase_add_test(t, a_child_starts_clean);
	tcase_add_test(t, descriptors_may_be_crossed);
	tcase_add_test(t, the_environment_is_the_given_one);
	tcase_add_test(t, environments_are_built);
	tcase_add_test(t, waiting_has_a_limit);
	tcase_add_test(t, stopping_ends_the_group);
	tcase_add_test(t, orphans_of_the_group_are_ended);
	tcase_add_test(t, a_child_dies_with_us);
	tcase_add_test(t, a_session_is_killed_whole);
	tcase_add_test(t, no_process_no_signal);
	suite_add_tcase(s, t);
	return s;
}
