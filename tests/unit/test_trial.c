/* Whole trials against small Python services that are started for them. */
#include "replay_fixture.h"
#include "result_places.h"

#include <dvr/base/fs.h>
#include <dvr/base/mem.h>
#include <dvr/replay/trial.h>

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Results may be made in memory that another process reads: all of a result
 * has to lie in it. */
#define REGION_BYTES ((size_t)64 * MiB)
static void *region;

static struct fixture f;
static struct arena *a;
static struct scrub *scrub;
static char dir[FS_PATH_MAX];
static char *argv[4];
static struct service_config service;
static struct lane_config lanes[2];
static struct trial_config cfg;
static struct tape_result got;

static void
setup(void)
{
	static char python[] = "python3", unbuffered[] = "-u";
	static char stock[] = "stock", stock_env[] = "STOCK_URL";
	static char client[] = "client";
	struct err e = { 0 };

	fixture_init(&f);
	region = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED |
		      MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(region, MAP_FAILED);
	a = arena_create_in(region, REGION_BYTES);
	scrub = scrub_create(NULL, 0, &clock_system, &e);
	ck_assert_int_eq(fs_temp_dir("dvr-test", dir, &e), 0);
	argv[0] = python;
	argv[1] = unbuffered;
	argv[2] = mem_alloc(FS_PATH_MAX);
	ck_assert_int_eq(fs_join(argv[2], dir, "service.py", &e), 0);
	service = (struct service_config){ .command = argv, .workdir = dir,
		.ready = READY_PORT, .ready_timeout_ns = 20 * NS_PER_S };
	lanes[0] = (struct lane_config){ .name = client,
		.role = LANE_INGRESS };
	lanes[1] = (struct lane_config){ .name = stock, .role = LANE_EGRESS,
		.env = stock_env };
	cfg = (struct trial_config){ .service = &service, .lanes = lanes,
		.nlanes = 2, .namespace = "test", .scrub = scrub,
		.clock = &clock_system, .retries = 1,
		.replay = { .timing = TIMING_RECORDED, .holds = true,
			    .timeout_ns = 5 * NS_PER_S,
			    .settle_ns = 50 * NS_PER_MS } };
	f.plan.hits = f.plan.of = 3;
}

static void
teardown(void)
{
	free(argv[2]);
	fs_remove_tree(dir, NULL);
	scrub_destroy(scrub);
	arena_destroy(a);
	munmap(region, REGION_BYTES);
	fixture_release(&f);
}

static void
write_service(const char *text)
{
	struct err e = { 0 };

	ck_assert_msg(fs_write_atomic(argv[2], 0600, slice_str(text), &e) == 0,
		      "%s", e.msg);
}

static void
try_it(void)
{
	struct err e = { 0 };

	ck_assert_msg(trial_run(&cfg, &f.tape, &f.plan, a, &got, &e) == 0,
		      "%s", e.msg);
	result_places_check(&got, region, REGION_BYTES);
	ck_assert_uint_gt(arena_region_used(a), 0);
}

#define PREFIX \
	"import os, sys, threading, urllib.request\n" \
	"from http.server import BaseHTTPRequestHandler, " \
	"ThreadingHTTPServer\n" \
	"class H(BaseHTTPRequestHandler):\n" \
	"    protocol_version = 'HTTP/1.1'\n" \
	"    def log_message(self, *a): pass\n" \
	"    def say(self, status, body=b''):\n" \
	"        self.send_response(status)\n" \
	"        self.send_header('Content-Length', str(len(body)))\n" \
	"        self.end_headers()\n" \
	"        self.wfile.write(body)\n"
#define SUFFIX \
	"class S(ThreadingHTTPServer):\n" \
	"    daemon_threads = True\n" \
	"S(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n"

/* Reads, asks the stock, writes: without a lock two buyers sell one twice. */
#define CART(lock) \
	PREFIX \
	"stock = {'n': 5}\n" \
	"class Nothing:\n" \
	"    def __enter__(self): pass\n" \
	"    def __exit__(self, *a): pass\n" \
	"lock = " lock "\n" \
	"def do_POST(self):\n" \
	"    if self.path == '/reset':\n" \
	"        stock['n'] = 5\n" \
	"        return self.say(200)\n" \
	"    with lock:\n" \
	"        n = stock['n']\n" \
	"        urllib.request.urlopen(os.environ['STOCK_URL'] " \
	"+ self.path).read()\n" \
	"        stale = stock['n'] != n\n" \
	"        stock['n'] = n - 1\n" \
	"    self.say(500 if stale else 200)\n" \
	"H.do_POST = do_POST\n" \
	SUFFIX
#define BUGGY CART("Nothing()")
#define FIXED CART("threading.Lock()")

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define FAIL "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"

static void
ingress(uint32_t conn, int64_t at_us, int64_t end_us, const char *path,
	const char *response)
{
	struct fixture_exchange x = { .lane = "client", .conn = conn,
		.at_us = at_us, .end_us = end_us, .response = response };
	char request[128];

	snprintf(request, sizeof(request), "POST %s HTTP/1.1\r\nHost: t\r\n"
		 "Content-Length: 0\r\n\r\n", path);
	x.request = request;
	fixture_add(&f, &x);
}

static void
egress(uint32_t cause, int64_t at_us, int64_t end_us, const char *path)
{
	struct fixture_exchange x = { .lane = "stock", .conn = cause,
		.cause = cause, .at_us = at_us, .end_us = end_us,
		.response = OK };
	char request[128];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: s\r\n\r\n",
		 path);
	x.request = request;
	fixture_add(&f, &x);
}

/*
 * A asks the stock; B comes, asks and is done; then A's answer arrives: A has
 * a stale number.  Gaps of 100 us: no timer can do this.
 */
static void
race_tape(void)
{
	ingress(1, 0, 1000, "/reset", OK);
	ingress(1, 2000, 3600, "/a", FAIL);
	egress(2, 2500, 3500, "/a");
	ingress(2, 2600, 3400, "/b", OK);
	egress(4, 2800, 2900, "/b");
	f.tape.trigger = (struct trigger){ .kind = TRIGGER_STATUS,
		.exchange = 2, .value = 500 };
}

/* The race comes again at the first replay, which is final. */
START_TEST(a_race_reproduces_and_is_final)
{
	write_service(BUGGY);
	race_tape();
	try_it();
	ck_assert_msg(got.verdict == VERDICT_FAILED, "%.*s",
		      SLICE_ARG(got.reason));
	ck_assert_uint_eq(got.nreplays, 1);
	ck_assert(got.replays[0].reproduced);
	ck_assert_uint_eq(got.replays[0].nnotes, 0);
	ck_assert(got.replays[0].timing.known);
	ck_assert_uint_eq(got.retries, 0);
}
END_TEST

/* With the lock B cannot finish inside A: holds let go, and it passes. */
START_TEST(the_fixed_build_passes)
{
	write_service(FIXED);
	race_tape();
	try_it();
	ck_assert_msg(got.verdict == VERDICT_PASS, "%.*s",
		      SLICE_ARG(got.reason));
	ck_assert_uint_eq(got.clean, got.needed);
	ck_assert_uint_ge(got.replays[0].nnotes, 1);
}
END_TEST

/* Two children that only burn. */
static void
start_hogs(pid_t pids[2])
{
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			for (volatile unsigned n = 0;; n++)
				;
	}
}

static void
stop_hogs(const pid_t pids[2])
{
	for (int i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

/* Ten of ten, alone and beside two CPU hogs; DVR_TEST_RACES asks for more. */
START_TEST(a_race_reproduces_every_time)
{
	const char *more = getenv("DVR_TEST_RACES");
	uint64_t n = 10;
	unsigned hits = 0;
	struct err e = { 0 };
	pid_t hogs[2];

	if (more != NULL)
		ck_assert_int_eq(slice_uint(slice_str(more), 1000, &n), 0);
	write_service(BUGGY);
	race_tape();
	if (_i)
		start_hogs(hogs);
	ck_assert_int_eq(trial_verify(&cfg, &f.tape, &f.plan, (unsigned)n,
				      &hits, a, &got, &e), 0);
	if (_i)
		stop_hogs(hogs);
	ck_assert_msg(hits == n, "%u of %u: %.*s", hits, (unsigned)n,
		      SLICE_ARG(got.reason));
	ck_assert_uint_eq(got.nreplays, n);
}
END_TEST

static void
plain_tape(const char *path, const char *response)
{
	ingress(1, 0, 1000, "/first", OK);
	ingress(1, 2000, 3000, path, response);
	f.tape.trigger = (struct trigger){ .kind = TRIGGER_STATUS,
		.exchange = 2, .value = 500 };
}

/* The service dies in the failing request: seen, judged, its words kept. */
START_TEST(a_crash_reproduces)
{
	write_service(PREFIX
		      "def do_POST(self):\n"
		      "    if self.path == '/crash':\n"
		      "        print('dying now', flush=True)\n"
		      "        os._exit(3)\n"
		      "    self.say(200)\n"
		      "H.do_POST = do_POST\n" SUFFIX);
	plain_tape("/crash", NULL);
	f.tape.trigger = (struct trigger){ .kind = TRIGGER_EXIT,
		.exchange = 2, .value = 3 };
	try_it();
	ck_assert_int_eq(got.verdict, VERDICT_FAILED);
	ck_assert(got.replays[0].reproduced);
	ck_assert(slice_find(got.reason, SLICE("exit status 3")) >= 0);
	ck_assert(slice_find(got.log_tail, SLICE("dying now")) >= 0);
}
END_TEST

/* A death 20 ms after the last answer is still seen. */
START_TEST(a_death_after_the_last_answer_fails)
{
	write_service(PREFIX
		      "def do_POST(self):\n"
		      "    self.say(200)\n"
		      "    if self.path == '/x':\n"
		      "        threading.Timer(0.02, lambda: os._exit(1))"
		      ".start()\n"
		      "H.do_POST = do_POST\n" SUFFIX);
	plain_tape("/x", FAIL);
	cfg.replay.settle_ns = 500 * NS_PER_MS;
	try_it();
	ck_assert_int_eq(got.verdict, VERDICT_FAILED);
	ck_assert(slice_find(got.reason, SLICE("died")) >= 0);
}
END_TEST

/* Never ready: an error with its last words, tried once more. */
START_TEST(a_service_that_is_never_ready_is_an_error)
{
	write_service("import sys\nprint('no such database')\nsys.exit(1)\n");
	plain_tape("/x", FAIL);
	try_it();
	ck_assert_int_eq(got.verdict, VERDICT_ERROR);
	ck_assert_int_eq(got.code, ERR_TARGET);
	ck_assert_uint_eq(got.retries, 1);
	ck_assert_uint_eq(got.nreplays, 2);
	ck_assert(slice_find(got.log_tail, SLICE("no such database")) >= 0);
}
END_TEST

/* An error that goes away when tried again is flaky, not a pass. */
START_TEST(a_pass_after_an_error_is_flaky)
{
	write_service("import os, sys\n"
		      "if not os.path.exists('second'):\n"
		      "    open('second', 'w').close()\n"
		      "    sys.exit(1)\n"
		      PREFIX
		      "def do_POST(self):\n"
		      "    self.say(200)\n"
		      "H.do_POST = do_POST\n" SUFFIX);
	plain_tape("/x", FAIL);
	try_it();
	ck_assert_msg(got.verdict == VERDICT_FLAKY, "%.*s",
		      SLICE_ARG(got.reason));
	ck_assert_uint_eq(got.retries, 1);
}
END_TEST

/* A call that nobody recorded makes the replay an error that names it. */
START_TEST(a_mock_miss_is_an_error)
{
	write_service(BUGGY);
	ingress(1, 0, 1000, "/first", FAIL);
	f.tape.trigger = (struct trigger){ .kind = TRIGGER_STATUS,
		.exchange = 1, .value = 500 };
	cfg.retries = 0;
	try_it();
	ck_assert_int_eq(got.verdict, VERDICT_ERROR);
	ck_assert_msg(slice_find(got.reason, SLICE("GET /first")) >= 0, "%.*s",
		      SLICE_ARG(got.reason));
}
END_TEST

/* --repeat makes all of them, though the first one decided. */
START_TEST(repeat_makes_all_replays)
{
	write_service(PREFIX
		      "def do_POST(self):\n"
		      "    self.say(500 if self.path == '/x' else 200)\n"
		      "H.do_POST = do_POST\n" SUFFIX);
	plain_tape("/x", FAIL);
	cfg.repeat = 3;
	try_it();
	ck_assert_int_eq(got.verdict, VERDICT_FAILED);
	ck_assert_uint_eq(got.nreplays, 3);
}
END_TEST

/* A target that runs already: nothing is started. */
START_TEST(a_target_needs_no_service)
{
	static const struct peer_script script[] = {
		{ "*", OK, PEER_KEEP, 0 }, { NULL, NULL, PEER_KEEP, 0 }
	};
	struct peer *peer = peer_create(f.loop, script);
	pid_t child = fork();

	/* The trial runs a loop of its own, the peer needs another process. */
	if (child == 0)
		for (;;)
			loop_once(f.loop, UINT64_MAX, NULL);
	plain_tape("/x", FAIL);
	cfg.service = NULL;
	cfg.target = peer_url(peer);
	try_it();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	peer_destroy(peer);
	ck_assert_msg(got.verdict == VERDICT_PASS, "%.*s",
		      SLICE_ARG(got.reason));
}
END_TEST

/* Nothing to replay against, or nothing that can be replayed: errors. */
START_TEST(hopeless_trials_say_why)
{
	plain_tape("/x", FAIL);
	service.command = NULL;
	try_it();
	ck_assert_int_eq(got.verdict, VERDICT_ERROR);
	ck_assert(slice_find(got.reason, SLICE("spec.service.command")) >= 0);
	f.tape.not_replayable = SLICE("a body was withheld");
	try_it();
	ck_assert_int_eq(got.verdict, VERDICT_ERROR);
	ck_assert(slice_find(got.reason, SLICE("withheld")) >= 0);
}
END_TEST

#define HANDLE(hex) "\xe2\x9f\xa6" "dvr:password:8:" hex "\xe2\x9f\xa7"

/* Where a secret stood on the tape, what stands there now is not shown: a word
 * that no detector knows may be one.  The same value has its handle. */
START_TEST(a_story_shows_no_other_value_of_a_secret)
{
	static const char body[] = "{\"nick\":\"" HANDLE("00112233445566aa")
		"\",\"same\":\"" HANDLE("00112233445566bb") "\",\"n\":1}";
	const struct story_exchange *x;
	char answer[512], script[2048];
	struct buf live;

	buf_init(&live, KiB);
	scrub_expand(SLICE(HANDLE("00112233445566bb")), &live, NULL);
	snprintf(answer, sizeof(answer), "HTTP/1.1 500 Internal Server Error"
		 "\r\nContent-Type: application/json\r\nContent-Length: %zu"
		 "\r\n\r\n%s", strlen(body), body);
	snprintf(script, sizeof(script), PREFIX
		 "def do_POST(self):\n"
		 "    if self.path != '/pay': return self.say(200)\n"
		 "    b = b'{\"nick\":\"quite plain\",\"same\":\"%s\",\"n\":2}'\n"
		 "    self.send_response(500)\n"
		 "    self.send_header('Content-Type', 'application/json')\n"
		 "    self.send_header('Content-Length', str(len(b)))\n"
		 "    self.end_headers()\n"
		 "    self.wfile.write(b)\n"
		 "H.do_POST = do_POST\n" SUFFIX, buf_cstr(&live));
	write_service(script);
	plain_tape("/pay", answer);
	try_it();
	ck_assert_int_eq(got.verdict, VERDICT_FAILED);
	ck_assert(got.replays[0].story.known);
	ck_assert_uint_eq(got.replays[0].story.n, 2);
	x = &got.replays[0].story.v[1];
	ck_assert_msg(slice_find(x->got_body.part, SLICE("(another value)")) >=
		      0, "%.*s", SLICE_ARG(x->got_body.part));
	ck_assert(slice_find(x->got_body.part, SLICE("quite plain")) < 0);
	ck_assert(slice_find(x->got_body.part,
			     SLICE(HANDLE("00112233445566bb"))) >= 0);
	ck_assert(slice_find(x->got_body.part, SLICE("\"n\":2")) >= 0);
	ck_assert(slice_starts(got.replays[0].diverged,
			       SLICE("POST /pay still: 500")));
	buf_release(&live);
}
END_TEST

/* Nor is a body of which nobody can say where the secret stands. */
START_TEST(a_story_withholds_what_it_cannot_read)
{
	write_service(PREFIX
		      "def do_POST(self):\n"
		      "    if self.path != '/pay': return self.say(200)\n"
		      "    self.say(500, b'quite plain')\n"
		      "H.do_POST = do_POST\n" SUFFIX);
	plain_tape("/pay", "HTTP/1.1 500 Internal Server Error\r\n"
		   "Content-Length: 39\r\n\r\n"
		   HANDLE("00112233445566aa") "--");
	try_it();
	ck_assert(got.replays[0].story.known);
	ck_assert_uint_gt(got.replays[0].story.v[1].got_body.withheld.n, 0);
	ck_assert_uint_eq(got.replays[0].story.v[1].got_body.part.n, 0);
	ck_assert(slice_find(got.replays[0].diverged, SLICE("quite")) < 0);
}
END_TEST

Suite *suite_trial(void);

Suite *
suite_trial(void)
{
	Suite *suite = suite_create("trial");
	TCase *tc = tcase_create("trial");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, a_race_reproduces_and_is_final);
	tcase_add_test(tc, the_fixed_build_passes);
	tcase_add_loop_test(tc, a_race_reproduces_every_time, 0, 2);
	tcase_add_test(tc, a_crash_reproduces);
	tcase_add_test(tc, a_death_after_the_last_answer_fails);
	tcase_add_test(tc, a_service_that_is_never_ready_is_an_error);
	tcase_add_test(tc, a_pass_after_an_error_is_flaky);
	tcase_add_test(tc, a_mock_miss_is_an_error);
	tcase_add_test(tc, repeat_makes_all_replays);
	tcase_add_test(tc, a_target_needs_no_service);
	tcase_add_test(tc, hopeless_trials_say_why);
	tcase_add_test(tc, a_story_shows_no_other_value_of_a_secret);
	tcase_add_test(tc, a_story_withholds_what_it_cannot_read);
	suite_add_tcase(suite, tc);
	return suite;
}
