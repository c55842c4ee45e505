/* Commits for real: forked, written, or told why not. */
#include "ledger_driver.h"

#include <dvr/base/fs.h>
#include <dvr/tape/library.h>
#include <dvr/tape/yaml.h>

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct driver d;
static char dir[FS_PATH_MAX], fixtures[FS_PATH_MAX];

static void
begin(void)
{
	struct err e;

	driver_init(&d);
	ck_assert_int_eq(fs_temp_dir("dvr-test", dir, &e), 0);
	ck_assert_int_eq(fs_join(fixtures, dir, "fixtures", &e), 0);
	d.config.fixtures = fixtures;
}

static void
end(void)
{
	struct err e;

	driver_stop(&d);
	ck_assert_int_eq(fs_remove_tree(dir, &e), 0);
}

/* Traffic with fixed times, then the clock is real, so that the loop runs. */
static void
record_failure(unsigned before)
{
	unsigned i;

	driver_start(&d);
	for (i = 0; i < before; i++)
		drive(&d, GET("/cart"), OK_200);
	drive(&d, "POST /pay HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
	      "\r\n{1}", BAD_500);
	driver_wait(&d, 200 * MS);
	ck_assert_ptr_nonnull(driver_job(&d));
}

static void
commit(void)
{
	d.real_time = true;
	commit_hold(d.l->commit, false);
	ledger_drain(d.l, 20 * NS_PER_S);
}

static const struct ledger_tape *
tape_row(size_t i)
{
	struct ledger_stats s;

	ledger_stats(d.l, &s);
	ck_assert_uint_lt(i, s.ntapes);
	return &s.tapes[i];
}

/* The text of tape.yaml, to be compared. */
static void
tape_text(const struct ledger_tape *row, struct buf *out)
{
	char path[FS_PATH_MAX];
	struct err e;

	ck_assert_int_eq(fs_join(path, row->dir, "tape.yaml", &e), 0);
	buf_init(out, 16 * MiB);
	ck_assert_msg(fs_read(path, out, &e) == 0, "%s", e.msg);
}

/* A failure becomes a tape that can be read back, with a plan beside it. */
START_TEST(a_failure_becomes_a_tape)
{
	const struct ledger_tape *row;
	struct ledger_stats s;
	struct err e = { .code = ERR_NONE };
	struct tape t;
	struct plan plan;
	struct arena *a = arena_create();

	record_failure(2);
	commit();
	row = tape_row(0);
	ck_assert_msg(!row->error, "%s", row->error);
	ck_assert_msg(tape_read(row->dir, &t, &e) == 0, "%s", e.msg);
	ck_assert(slice_eq(t.id, slice_str(row->id)));
	ck_assert_uint_eq(t.nexchanges, 3);
	ck_assert_uint_eq(t.trigger.exchange, 3);
	ck_assert_int_eq(t.trigger.value, 500);
	ck_assert(slice_eq(t.namespace, SLICE("shop")));
	ck_assert(slice_eq(t.session, SLICE("run")));
	ck_assert(slice_eq(t.signature,
			   slice_str(d.l->entries[0].signature)));
	ck_assert_int_eq(t.recorded_us, 1700000000 * US_PER_S +
			 1000 * US_PER_S);
	ck_assert_uint_eq(t.exchanges[2].conn, 3);
	ck_assert(slice_eq(t.exchanges[2].request.body, SLICE("{1}")));
	ck_assert_int_eq(plan_load(a, row->dir, &plan, &e), 0);
	ck_assert_int_eq(plan.expect, EXPECT_FIXED);
	ledger_stats(d.l, &s);
	ck_assert_uint_gt(s.fork_stall_max_ns, 0);
	ck_assert_uint_eq(d.l->pinned_chunks, 0);
	tape_release(&t);
	arena_destroy(a);
}
END_TEST

/* Nothing went wrong: not even the folder is made. */
START_TEST(a_good_run_leaves_nothing_on_disk)
{
	driver_start(&d);
	drive(&d, GET("/a"), OK_200);
	d.real_time = true;
	commit_hold(d.l->commit, false);
	ledger_suite_end(d.l, false);
	ledger_drain(d.l, NS_PER_S);
	ck_assert_int_ne(access(fixtures, F_OK), 0);
}
END_TEST

/* The same failure, which nobody called known: the new tape takes the place of
 * the old one. */
START_TEST(the_same_failure_keeps_its_name)
{
	char id[128];

	record_failure(0);
	commit();
	snprintf(id, sizeof(id), "%s", tape_row(0)->id);
	driver_stop(&d);
	driver_init(&d);
	d.config.fixtures = fixtures;
	record_failure(0);
	commit();
	ck_assert_ptr_null(tape_row(0)->error);
	ck_assert_str_eq(tape_row(0)->id, id);
}
END_TEST

/* Another failure whose name is the same gets a name of its own, and what is
 * there stays as it is. */
START_TEST(a_taken_name_is_not_overwritten)
{
	char id[128], other[FS_PATH_MAX], tape[FS_PATH_MAX];
	struct err e;

	record_failure(0);
	commit();
	snprintf(id, sizeof(id), "%s", tape_row(0)->id);
	ck_assert_int_eq(fs_join(other, fixtures, id, &e), 0);
	ck_assert_int_eq(fs_join(tape, other, "tape.yaml", &e), 0);
	ck_assert_int_eq(fs_write_atomic(tape, 0600, SLICE("mine"), &e), 0);
	driver_stop(&d);
	driver_init(&d);
	d.config.fixtures = fixtures;
	record_failure(0);
	commit();
	ck_assert_ptr_null(tape_row(0)->error);
	ck_assert_str_ne(tape_row(0)->id, id);
	ck_assert_int_eq(strncmp(tape_row(0)->id, id, strlen(id)), 0);
	ck_assert_str_eq(tape_row(0)->id + strlen(id), "-2");
	ck_assert_int_eq(access(other, F_OK), 0);
}
END_TEST

/* A folder that cannot be made: the run goes on, the row says why. */
START_TEST(what_cannot_be_written_is_told)
{
	struct err e;

	ck_assert_int_eq(fs_write_atomic(fixtures, 0600, SLICE("a file"), &e),
			 0);
	record_failure(0);
	commit();
	ck_assert_ptr_nonnull(tape_row(0)->error);
	ck_assert_ptr_nonnull(strstr(tape_row(0)->error, "fixtures"));
	ck_assert_str_eq(tape_row(0)->dir, "");
	ck_assert_uint_eq(d.l->pinned_chunks, 0);
}
END_TEST

static void
stop_myself(void)
{
	raise(SIGSTOP);
}

/* The next child stops before it has done anything. Each test is a process of
 * its own, so that what is registered here is gone with it. */
static pid_t
start_stopped(void)
{
	siginfo_t info;
	pid_t child;

	ck_assert_int_eq(pthread_atfork(NULL, NULL, stop_myself), 0);
	commit_hold(d.l->commit, false);
	child = commit_child(d.l->commit);
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)child, &info,
				WSTOPPED | WNOWAIT), 0);
	return child;
}

/* A child that is stopped while the ring wraps twice writes the same tape as
 * one that was not; recording went on, memory stayed in bounds. */
START_TEST(a_stopped_child_writes_the_same_tape)
{
	struct buf straight, stopped;
	struct ledger_stats s;
	uint64_t wrap, seen;
	char big[8192];
	pid_t child;

	memset(big, 'z', sizeof(big));
	memcpy(big, GET("/"), strlen(GET("/")));
	record_failure(40);
	commit();
	ck_assert_ptr_null(tape_row(0)->error);
	tape_text(tape_row(0), &straight);
	ck_assert_int_eq(fs_remove_tree(tape_row(0)->dir, NULL), 0);
	driver_stop(&d);

	driver_init(&d);
	d.config.fixtures = fixtures;
	record_failure(40);
	child = start_stopped();
	wrap = d.config.max_memory_bytes;
	for (seen = 0; seen < 2 * wrap + wrap / 2; seen += sizeof(big)) {
		struct wire w;

		wire_open(&w, &d, LANE_CLIENT, 9000 + seen);
		wire_request(&w, SLICE(GET("/later")));
		ledger_bytes(d.l, w.x, LX_RESPONSE,
			     slice_of(big, sizeof(big)), d.now_ns);
		d.now_ns += MS;
		wire_done(&w);
		wire_close(&w);
	}
	ledger_stats(d.l, &s);
	ck_assert_uint_gt(s.evicted, 500);
	ck_assert_uint_le(s.bytes_peak, d.config.max_memory_bytes);
	ck_assert_int_eq(kill(child, 0), 0);
	ck_assert_int_eq(kill(child, SIGCONT), 0);
	commit();
	ck_assert_msg(!tape_row(0)->error, "%s", tape_row(0)->error);
	tape_text(tape_row(0), &stopped);
	ck_assert(slice_eq(buf_slice(&straight), buf_slice(&stopped)));
	ck_assert_uint_eq(d.l->pinned_chunks, 0);
	buf_release(&straight);
	buf_release(&stopped);
}
END_TEST

/* The child holds no descriptor of ours: a peer gets its FIN at once. */
START_TEST(a_child_withholds_no_fin)
{
	int pair[2];
	char byte;
	pid_t child;

	record_failure(1);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	commit_hold(d.l->commit, false);
	child = commit_child(d.l->commit);
	ck_assert_int_gt(child, 0);
	close(pair[0]);
	/* Blocks until every copy of the other end is closed. */
	ck_assert_int_eq(read(pair[1], &byte, 1), 0);
	close(pair[1]);
	commit();
	ck_assert_ptr_null(tape_row(0)->error);
}
END_TEST

static unsigned deaths;
static bool dies;

static void
before_fork(void)
{
	dies = deaths > 0;
	deaths -= dies;
}

static void
die(void)
{
	if (dies)
		raise(SIGKILL);
}

/* A child that dies of a recording: heads, sizes and outcomes are written all
 * the same, nothing of what was in it, and the tape says why. */
START_TEST(a_killed_child_leaves_a_bare_tape)
{
	const struct message *m;
	struct tape t;
	struct err e;

	record_failure(1);
	ck_assert_int_eq(pthread_atfork(before_fork, NULL, die), 0);
	deaths = 1;
	commit();
	ck_assert_msg(!tape_row(0)->error, "%s", tape_row(0)->error);
	ck_assert_ptr_nonnull(strstr(tape_row(0)->not_replayable,
				     "commit child died: signal 9"));
	ck_assert_msg(tape_read(tape_row(0)->dir, &t, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(t.nexchanges, 2);
	m = &t.exchanges[1].request;
	ck_assert(slice_eq(m->line, SLICE("POST /pay HTTP/1.1")));
	ck_assert_uint_eq(m->body.n, 0);
	ck_assert_uint_eq(m->body_bytes, 3);
	ck_assert(slice_find(m->withheld, SLICE("did not survive")) > 0);
	ck_assert_uint_gt(t.not_replayable.n, 0);
	tape_release(&t);
}
END_TEST

/* Twice is a failed commit, and the next one is made. */
START_TEST(a_child_that_dies_twice_is_a_failed_commit)
{
	record_failure(1);
	ck_assert_int_eq(pthread_atfork(before_fork, NULL, die), 0);
	deaths = 2;
	drive(&d, GET("/other"), BAD_500);
	driver_wait(&d, 200 * MS);
	commit();
	ck_assert_ptr_nonnull(tape_row(0)->error);
	ck_assert_ptr_nonnull(strstr(tape_row(0)->error,
				     "commit child died: signal 9"));
	ck_assert_msg(!tape_row(1)->error, "%s", tape_row(1)->error);
	ck_assert_str_ne(tape_row(1)->dir, "");
}
END_TEST

/* Out of time: the child is ended, nothing is left behind half. */
START_TEST(a_drain_that_runs_out_of_time_says_so)
{
	struct library lib;
	struct err e;

	record_failure(1);
	start_stopped();
	d.real_time = true;
	ledger_drain(d.l, 50 * MS);
	ck_assert_ptr_nonnull(strstr(tape_row(0)->error, "in time"));
	ck_assert_int_eq(library_scan(fixtures, &lib, &e), 0);
	ck_assert_uint_eq(lib.n, 0);
	library_release(&lib);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* A bearer token that travelled is not in any file of the tape. */
START_TEST(secrets_do_not_reach_the_disk)
{
	struct buf request, text;
	char token[41];
	size_t i;

	for (i = 0; i < 40; i++)
		token[i] = (char)('a' + (i * 7) % 26);
	token[40] = '\0';
	driver_start(&d);
	buf_init(&request, 4096);
	buf_fmt(&request, "GET /pay HTTP/1.1\r\nHost: a\r\n"
		"Authorization: Bearer %s\r\n\r\n", token);
	drive(&d, buf_cstr(&request), BAD_500);
	driver_wait(&d, 200 * MS);
	commit();
	ck_assert_msg(!tape_row(0)->error, "%s", tape_row(0)->error);
	tape_text(tape_row(0), &text);
	ck_assert_int_lt(slice_find(buf_slice(&text), slice_str(token)), 0);
	ck_assert_int_ge(slice_find(buf_slice(&text), SLICE("Bearer")), 0);
	buf_release(&request);
	buf_release(&text);
}
END_TEST

Suite *suite_ledger_commit(void);

Suite *
suite_ledger_commit(void)
{
	Suite *s = suite_create("ledger_commit");
	TCase *t = tcase_create("commit");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_failure_becomes_a_tape);
	tcase_add_test(t, a_good_run_leaves_nothing_on_disk);
	tcase_add_test(t, the_same_failure_keeps_its_name);
	tcase_add_test(t, a_taken_name_is_not_overwritten);
	tcase_add_test(t, what_cannot_be_written_is_told);
	tcase_add_test(t, a_stopped_child_writes_the_same_tape);
	tcase_add_test(t, a_child_withholds_no_fin);
	tcase_add_test(t, a_killed_child_leaves_a_bare_tape);
	tcase_add_test(t, a_child_that_dies_twice_is_a_failed_commit);
	tcase_add_test(t, a_drain_that_runs_out_of_time_says_so);
	tcase_add_test(t, secrets_do_not_reach_the_disk);
	suite_add_tcase(s, t);
	return s;
}
