/* The service's life with real children: shells and Python servers. */
#include <dvr/base/clock.h>
#include <dvr/base/fs.h>
#include <dvr/service/service.h>

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A server on the port given as argument: answers two GETs with 503 and all
 * others with 200. */
#define PY_SERVER \
	"import http.server, os, sys\n" \
	"class H(http.server.BaseHTTPRequestHandler):\n" \
	"  n = 0\n" \
	"  def do_GET(self):\n" \
	"    H.n += 1\n" \
	"    self.send_response(503 if H.n < 3 else 200)\n" \
	"    self.end_headers()\n" \
	"    self.wfile.write(b'x' * 100000)\n" \
	"print('up as', os.environ['DVR_NAMESPACE'], flush=True)\n" \
	"http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), H)" \
	".serve_forever()\n"

struct heard {
	int ready, ended, hits;
	struct service *destroy_on_hit;
};

static void
on_event(void *arg, struct service *s, enum service_event ev)
{
	struct heard *h = arg;

	switch (ev) {
	case SERVICE_READY:
		h->ready++;
		break;
	case SERVICE_ENDED:
		h->ended++;
		break;
	case SERVICE_LOG_HIT:
		h->hits++;
		if (h->destroy_on_hit == s) {
			service_destroy(s);
			h->destroy_on_hit = NULL;
		}
		break;
	}
}

static struct loop *loop;
static struct heard heard;

static void
setup(void)
{
	struct err e;

	loop = loop_create(&clock_system, &e);
	ck_assert_ptr_nonnull(loop);
	heard = (struct heard){ 0 };
}

static void
teardown(void)
{
	loop_destroy(loop);
}

static int
start(const struct service_config *c, struct service **s, struct err *e)
{
	struct service_start how = {
		.config = c, .loop = loop, .namespace = "payments",
		.fn = on_event, .arg = &heard,
	};

	return service_start(&how, s, e);
}

/* Turns the loop until *counter is `want`, at most 20 s. */
static void
turn_until(const int *counter, int want)
{
	uint64_t end = loop_now_ns(loop) + 20 * NS_PER_S;
	struct err e;

	while (*counter < want && loop_now_ns(loop) < end)
		ck_assert_int_eq(loop_once(loop, end, &e), 0);
	ck_assert_int_ge(*counter, want);
}

static bool
log_has(struct service *s, const char *what)
{
	return slice_find(service_log(s), slice_str(what)) >= 0;
}

/* A server is ready when its port accepts, knows its namespace and folder,
 * and is gone with its folder after destroy. */
START_TEST(a_server_is_ready_by_its_port)
{
	char *command[] = { (char[]){ "python3" }, (char[]){ "-c" },
		(char[]){ PY_SERVER }, (char[]){ "${PORT}" }, NULL };
	struct service_config c = { .command = command };
	char dir[FS_PATH_MAX];
	struct service *s;
	struct err e;

	ck_assert_msg(start(&c, &s, &e) == 0, "%s", e.msg);
	ck_assert_msg(service_wait_ready(s, &e) == 0, "%s", e.msg);
	ck_assert(service_ready(s) && service_alive(s));
	ck_assert_int_eq(heard.ready, 1);
	ck_assert(log_has(s, "up as payments\n"));
	ck_assert_ptr_nonnull(env_get(service_env(s), "PORT"));
	snprintf(dir, sizeof(dir), "%s", service_state_dir(s));
	ck_assert_int_eq(access(dir, W_OK), 0);
	service_stop(s);
	ck_assert(!service_alive(s));
	ck_assert_int_eq(heard.ended, 0);
	service_destroy(s);
	ck_assert_int_ne(access(dir, F_OK), 0);
}
END_TEST

/* A path that answers 503 is not ready; the third answer, 200, is; reading
 * the answers to their end leaves no exception in the service's log. */
START_TEST(a_path_counts_when_it_answers_2xx)
{
	char *command[] = { (char[]){ "python3" }, (char[]){ "-c" },
		(char[]){ PY_SERVER }, (char[]){ "${PORT}" }, NULL };
	struct service_config c = { .command = command, .ready = READY_PATH,
		.ready_path = (char[]){ "/health" },
		.log_pattern = (char[]){ "Traceback" } };
	struct service *s;
	struct err e;

	ck_assert_msg(start(&c, &s, &e) == 0, "%s", e.msg);
	ck_assert_msg(service_wait_ready(s, &e) == 0, "%s", e.msg);
	service_stop(s);
	ck_assert(log_has(s, "\"GET /health HTTP/1.1\" 503"));
	ck_assert(log_has(s, "\"GET /health HTTP/1.1\" 200"));
	ck_assert(!log_has(s, "Traceback"));
	service_destroy(s);
}
END_TEST

/* A log line that matches makes it ready, also without its newline. */
START_TEST(a_log_line_makes_it_ready)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "printf 'listening on 80'; exec sleep 100" },
		NULL };
	struct service_config c = { .command = command, .ready = READY_LOG,
		.ready_log = (char[]){ "listening on \\d+" } };
	struct service *s;
	struct err e;

	ck_assert_int_eq(start(&c, &s, &e), 0);
	ck_assert_msg(service_wait_ready(s, &e) == 0, "%s", e.msg);
	service_destroy(s);
}
END_TEST

/* A command that is not there fails at once, as a trouble with the target. */
START_TEST(a_missing_command_fails_at_once)
{
	char *command[] = { (char[]){ "dvr-no-such-command" }, NULL };
	struct service_config c = { .command = command };
	struct service *s = NULL;
	struct err e;

	ck_assert_int_eq(start(&c, &s, &e), -1);
	ck_assert_ptr_null(s);
	ck_assert_int_eq(e.code, ERR_TARGET);
	ck_assert_ptr_nonnull(strstr(e.msg, "command not found"));
}
END_TEST

/* A service that dies before it is ready says how; its last words are kept,
 * although a grandchild holds the pipe open. */
START_TEST(an_early_death_is_told_with_its_status)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "sleep 100 & echo last words; exit 3" }, NULL };
	struct service_config c = { .command = command };
	struct service *s;
	struct err e;

	ck_assert_int_eq(start(&c, &s, &e), 0);
	ck_assert_int_eq(service_wait_ready(s, &e), -1);
	ck_assert_int_eq(e.code, ERR_TARGET);
	ck_assert_str_eq(e.msg,
			 "the service ended before it was ready: exit status 3");
	ck_assert_int_eq(heard.ended, 1);
	ck_assert_int_eq(service_end(s)->code, 3);
	ck_assert(log_has(s, "last words"));
	service_destroy(s);
}
END_TEST

/* Out of time: the reason names the address and what happened there. */
START_TEST(a_deaf_service_runs_out_of_time)
{
	char *command[] = { (char[]){ "sleep" }, (char[]){ "100" }, NULL };
	struct service_config c = { .command = command,
		.ready_timeout_ns = 200 * NS_PER_MS };
	struct service *s;
	struct err e;

	ck_assert_int_eq(start(&c, &s, &e), 0);
	ck_assert_int_eq(service_wait_ready(s, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "not ready after 0.2 s"));
	ck_assert_ptr_nonnull(strstr(e.msg, "Connection refused"));
	service_destroy(s);
}
END_TEST

/* A port that somebody took first: the service gets another one. */
START_TEST(a_taken_port_is_tried_on_another)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "test -e $DVR_STATE_DIR/2 && exec sleep 100;"
			  "test -e $DVR_STATE_DIR/1 && touch "
			  "$DVR_STATE_DIR/2; touch $DVR_STATE_DIR/1;"
			  "echo bind: Address already in use; exit 1" },
		NULL };
	struct service_config c = { .command = command,
		.ready_timeout_ns = 500 * NS_PER_MS };
	struct service *s;
	struct err e;

	ck_assert_int_eq(start(&c, &s, &e), 0);
	ck_assert_int_eq(service_wait_ready(s, &e), -1);
	/* The third launch sleeps: it was launched, and not given up. */
	ck_assert(service_alive(s));
	ck_assert_ptr_nonnull(strstr(e.msg, "not ready"));
	service_destroy(s);
}
END_TEST

/* A service that insists on a taken port is given up in the end. */
START_TEST(a_port_that_is_always_taken_is_given_up)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "echo Address already in use; exit 7" }, NULL };
	struct service_config c = { .command = command };
	struct service *s;
	struct err e;

	ck_assert_int_eq(start(&c, &s, &e), 0);
	ck_assert_int_eq(service_wait_ready(s, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "exit status 7"));
	ck_assert_int_eq(heard.ended, 1);
	service_destroy(s);
}
END_TEST

/* A death after ready is told through the pidfd, with the line that matched
 * the pattern before. */
START_TEST(a_crash_and_its_log_line_are_told)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "echo go; echo 'panic: out of cheese'; "
			  "kill -SEGV $$" }, NULL };
	struct service_config c = { .command = command, .ready = READY_LOG,
		.ready_log = (char[]){ "^go$" },
		.log_pattern = (char[]){ "^panic: .*" } };
	struct service *s;
	struct err e;

	ck_assert_int_eq(start(&c, &s, &e), 0);
	turn_until(&heard.ended, 1);
	ck_assert_int_eq(heard.ready, 1);
	ck_assert_int_ge(heard.hits, 1);
	ck_assert(slice_eq(service_log_hit(s), SLICE("panic: out of cheese")));
	ck_assert(service_end(s)->signalled);
	ck_assert_int_eq(service_end(s)->code, SIGSEGV);
	ck_assert_uint_gt(service_ended_ns(s), 0);
	service_destroy(s);
}
END_TEST

/* Output without end neither blocks the service nor grows the tail, and the
 * owner may destroy the service when it is told of a hit. */
START_TEST(endless_output_stays_bounded)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "yes line | head -n 400000; echo 'the end'; "
			  "exec yes" }, NULL };
	struct service_config c = { .command = command, .ready = READY_LOG,
		.ready_log = (char[]){ "^never$" },
		.log_pattern = (char[]){ "^the end$" } };
	struct service *s;
	struct err e;

	ck_assert_int_eq(start(&c, &s, &e), 0);
	turn_until(&heard.hits, 1);
	ck_assert_uint_le(service_log(s).n, SERVICE_LOG_TAIL);
	ck_assert_uint_gt(service_log(s).n, SERVICE_LOG_TAIL / 2);
	heard.hits = 0;
	service_destroy(s);
	ck_assert_int_eq(start(&c, &s, &e), 0);
	heard.destroy_on_hit = s;
	turn_until(&heard.hits, 1);
	ck_assert_ptr_null(heard.destroy_on_hit);
}
END_TEST

/* The tail begins with a whole line: half of one may begin with half a secret,
 * which nobody knows for one. */
START_TEST(a_cut_tail_begins_with_a_whole_line)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "yes 0123456789abcdef | head -n 20000; echo 'the "
			  "end'; exec sleep 100" }, NULL };
	struct service_config c = { .command = command, .ready = READY_LOG,
		.ready_log = (char[]){ "^never$" },
		.log_pattern = (char[]){ "^the end$" } };
	struct service *s;
	struct slice log, line;
	struct err e;

	ck_assert_int_eq(start(&c, &s, &e), 0);
	turn_until(&heard.hits, 1);
	log = service_log(s);
	ck_assert_uint_gt(log.n, SERVICE_LOG_TAIL / 2);
	line = slice_cut(&log, '\n');
	ck_assert(slice_eq(line, SLICE("0123456789abcdef")));
	service_destroy(s);
}
END_TEST

/* Who ignores SIGTERM is killed after the grace, its children with it. */
START_TEST(stop_kills_the_group_after_the_grace)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "trap '' TERM; sleep 100 & echo kid $!; wait; "
			  "wait; sleep 100" }, NULL };
	struct service_config c = { .command = command, .ready = READY_LOG,
		.ready_log = (char[]){ "kid \\d+\n?$" },
		.stop_grace_ns = 50 * NS_PER_MS };
	struct slice log;
	struct service *s;
	uint64_t kid = 0;
	struct err e;

	ck_assert_int_eq(start(&c, &s, &e), 0);
	ck_assert_msg(service_wait_ready(s, &e) == 0, "%s", e.msg);
	service_stop(s);
	ck_assert(service_end(s)->signalled);
	ck_assert_int_eq(service_end(s)->code, SIGKILL);
	log = service_log(s);
	ck_assert_int_eq(slice_uint(slice_range(log, 4, log.n - 1), 1 << 30,
				    &kid), 0);
	/* Killed; a zombie until its new parent looks. */
	for (int i = 0; i < 2000 && kill((pid_t)kid, 0) == 0; i++) {
		char stat[64];
		struct buf b;

		snprintf(stat, sizeof(stat), "/proc/%d/stat", (int)kid);
		buf_init(&b, 4 * KiB);
		if (fs_read(stat, &b, &e) == 0 &&
		    slice_find(buf_slice(&b), SLICE(") Z")) >= 0)
			i = 2000;
		ck_assert_int_ne(i, 1999);
		buf_release(&b);
	}
	service_destroy(s);
}
END_TEST

/* A service that needs to write its good-bye can: it is read while it ends. */
START_TEST(long_last_words_do_not_block_the_end)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "trap 'yes bye | head -n 1000000; exit 5' TERM; "
			  "echo go; while :; do sleep 0.01; done" }, NULL };
	struct service_config c = { .command = command, .ready = READY_LOG,
		.ready_log = (char[]){ "go" },
		.stop_grace_ns = 20 * NS_PER_S };
	struct service *s;
	struct err e;

	ck_assert_int_eq(start(&c, &s, &e), 0);
	ck_assert_msg(service_wait_ready(s, &e) == 0, "%s", e.msg);
	service_stop(s);
	ck_assert(!service_end(s)->signalled);
	ck_assert_int_eq(service_end(s)->code, 5);
	service_destroy(s);
}
END_TEST

/* Attached: a start command runs, readiness is looked for at the URL, and
 * the stop command runs at the end. */
START_TEST(attached_services_are_started_by_their_command)
{
	char url[64], begin[512], dir[FS_PATH_MAX], mark[FS_PATH_MAX];
	struct service_config c = { .attach = url, .start = begin };
	char stop[FS_PATH_MAX + 16];
	struct service *s;
	struct err e;
	uint16_t port;

	ck_assert_int_eq(sock_free_port(&port, &e), 0);
	ck_assert_int_eq(fs_temp_dir("dvr-test", dir, &e), 0);
	ck_assert_int_eq(fs_join(mark, dir, "stopped", &e), 0);
	snprintf(url, sizeof(url), "http://localhost:%u", port);
	snprintf(begin, sizeof(begin), "python3 -m http.server %u "
		 "--bind 127.0.0.1 >/dev/null 2>&1 &", port);
	snprintf(stop, sizeof(stop), "touch %s", mark);
	c.stop = stop;
	ck_assert_int_eq(start(&c, &s, &e), 0);
	ck_assert_msg(service_wait_ready(s, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(service_port(s), port);
	ck_assert(service_alive(s));
	service_destroy(s);
	ck_assert_int_eq(access(mark, F_OK), 0);
	ck_assert_int_eq(fs_remove_tree(dir, &e), 0);
}
END_TEST

/* A start command that fails is told with its status. */
START_TEST(an_attached_start_that_fails_is_told)
{
	struct service_config c = { .attach = (char[]){ "http://127.0.0.1:9" },
		.start = (char[]){ "echo no docker >&2; exit 9" } };
	struct service *s;
	struct err e;

	ck_assert_int_eq(start(&c, &s, &e), 0);
	ck_assert_int_eq(service_wait_ready(s, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "exit status 9"));
	ck_assert(log_has(s, "no docker"));
	service_destroy(s);
}
END_TEST

/* Variables are expanded, doubled ones kept, unknown ones named. */
START_TEST(variables_are_expanded)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "", "" }, { "plain", "plain" }, { "$X", "$X" },
		{ "${X}", "7" }, { "a${X}b${X}", "a7b7" }, { "$${X}", "${X}" },
		{ "${EMPTY}.", "." }, { "${NOPE}", NULL }, { "${X", NULL },
		{ "${}", NULL }, { "${X:-1}", NULL },
	};
	struct env *env = env_create(false);
	struct err e;

	env_set(env, "X", "7");
	env_set(env, "EMPTY", "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *got = service_expand(rows[i].in, env, &e);

		ck_assert_pstr_eq(got, rows[i].out);
		if (!got)
			ck_assert_int_eq(e.code, ERR_USAGE);
		free(got);
	}
	ck_assert_ptr_null(service_expand("${NOPE}", env, &e));
	ck_assert_ptr_nonnull(strstr(e.msg, "${NOPE}"));
	env_destroy(env);
}
END_TEST

/* The configured environment is expanded in order and sees PORT. */
START_TEST(settings_see_the_ones_before_them)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
		/* The shell's own ${..} must reach the shell. */
		(char[]){ "echo $URL-$PORT-$${DB#$DVR_STATE_DIR}; "
			  "exec sleep 100" }, NULL };
	char *settings[] = { (char[]){ "BASE=x${PORT}" },
		(char[]){ "URL=${BASE}/y" },
		(char[]){ "DB=${DVR_STATE_DIR}/shop.db" }, NULL };
	struct service_config c = { .command = command, .env = settings,
		.ready = READY_LOG, .ready_log = (char[]){ "db" } };
	struct service *s;
	char want[64];
	struct err e;

	ck_assert_msg(start(&c, &s, &e) == 0, "%s", e.msg);
	ck_assert_msg(service_wait_ready(s, &e) == 0, "%s", e.msg);
	snprintf(want, sizeof(want), "x%u/y-%u-/shop.db", service_port(s),
		 service_port(s));
	ck_assert_msg(log_has(s, want), "want %s", want);
	service_destroy(s);
}
END_TEST

Suite *suite_service(void);

Suite *
suite_service(void)
{
	Suite *suite = suite_create("service");
	TCase *t = tcase_create("service");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_server_is_ready_by_its_port);
	tcase_add_test(t, a_path_counts_when_it_answers_2xx);
	tcase_add_test(t, a_log_line_makes_it_ready);
	tcase_add_test(t, a_missing_command_fails_at_once);
	tcase_add_test(t, an_early_death_is_told_with_its_status);
	tcase_add_test(t, a_deaf_service_runs_out_of_time);
	tcase_add_test(t, a_taken_port_is_tried_on_another);
	tcase_add_test(t, a_port_that_is_always_taken_is_given_up);
	tcase_add_test(t, a_crash_and_its_log_line_are_told);
	tcase_add_test(t, endless_output_stays_bounded);
	tcase_add_test(t, a_cut_tail_begins_with_a_whole_line);
	tcase_add_test(t, stop_kills_the_group_after_the_grace);
	tcase_add_test(t, long_last_words_do_not_block_the_end);
	tcase_add_test(t, attached_services_are_started_by_their_command);
	tcase_add_test(t, an_attached_start_that_fails_is_told);
	tcase_add_test(t, variables_are_expanded);
	tcase_add_test(t, settings_see_the_ones_before_them);
	suite_add_tcase(suite, t);
	return suite;
}
