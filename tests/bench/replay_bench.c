/*
 * How exact and how fast a replay is, measured through the engine against a
 * tiny epoll server:
 *   replay_bench serve                    prints its port
 *   replay_bench bare|bare_rt PORT        500 POSTs by raw sockets, with
 *                                         normal or real-time priority
 *   replay_bench recorded|precise PORT    the same through the engine
 *   replay_bench fast PORT N              N GETs, answers compared
 *   replay_bench held PORT N              the same in the recorded order
 * The POSTs leave at random gaps of 0.2 to 50 ms over four connections; the
 * bare sender sleeps on a timerfd until 200 us before each and spins the rest.
 */
#include <dvr/base/mem.h>
#include <dvr/judge/judge.h>
#include <dvr/replay/replay.h>
#include <dvr/tape/yaml.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SENDS 500
#define LINES 4
#define FAST_LINES 32
#define SPIN_NS 200000ull
/* A fast tape's connections: each asks again when it has its answer, like a
 * load generator's; they do not wait for each other. */
#define ROUND_US 128	/* faster than anybody answers: inside a group of
			 * overlapping requests the recorded gaps stay */
#define STAGGER_US (ROUND_US / FAST_LINES)

static char answer[1200];
static size_t answer_n;

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void
make_answer(void)
{
	char body[1025];

	memset(body, '7', 1024);
	memcpy(body, "{\"n\":", 5);
	body[1023] = '}';
	body[1024] = '\0';
	answer_n = (size_t)snprintf(answer, sizeof(answer),
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		"Content-Length: 1024\r\n\r\n%s", body);
}

/* ---- the server ------------------------------------------------------------ */

static int
listen_any(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) != 0 ||
	    listen(fd, 128) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) != 0)
		die("listen");
	printf("%u\n", (unsigned)ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

/* Requests in these bytes: their heads are short and come whole, their bodies
 * hold no empty line. */
static unsigned
requests_in(const char *p, size_t n)
{
	unsigned count = 0;

	for (size_t i = 3; i < n; i++)
		count += memcmp(p + i - 3, "\r\n\r\n", 4) == 0;
	return count;
}

static void
serve_one(int fd)
{
	char in[65536];
	ssize_t n = recv(fd, in, sizeof(in), 0);

	if (n <= 0) {
		close(fd);
		return;
	}
	for (unsigned k = requests_in(in, (size_t)n); k > 0; k--)
		if (send(fd, answer, answer_n, MSG_NOSIGNAL) < 0)
			return;
}

static _Noreturn void
serve(void)
{
	struct epoll_event ev[64], add = { .events = EPOLLIN };
	int ep = epoll_create1(0), listener = listen_any(), one = 1;

	prctl(PR_SET_PDEATHSIG, 15);
	add.data.fd = listener;
	epoll_ctl(ep, EPOLL_CTL_ADD, listener, &add);
	for (;;) {
		int n = epoll_wait(ep, ev, 64, -1);

		for (int i = 0; i < n; i++) {
			if (ev[i].data.fd != listener) {
				serve_one(ev[i].data.fd);
				continue;
			}
			add.data.fd = accept(listener, NULL, NULL);
			if (add.data.fd < 0)
				continue;
			setsockopt(add.data.fd, IPPROTO_TCP, TCP_NODELAY, &one,
				   sizeof(one));
			epoll_ctl(ep, EPOLL_CTL_ADD, add.data.fd, &add);
		}
	}
}

/* ---- what is sent ------------------------------------------------------------ */

/* Deadlines in us: the same for everybody. */
static void
make_gaps(int64_t at_us[SENDS])
{
	uint64_t x = 88172645463325252ull;
	int64_t at = 0;

	for (int i = 0; i < SENDS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		at_us[i] = at;
		at += 200 + (int64_t)(x % 49800);
	}
}

static size_t
make_post(char *out, size_t n, int i)
{
	return (size_t)snprintf(out, n, "POST /p HTTP/1.1\r\nHost: bench\r\n"
				"Content-Type: application/json\r\n"
				"Content-Length: 16\r\n\r\n{\"number\": %4d}", i);
}

static int
ascending(const void *pa, const void *pb)
{
	int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;

	return a < b ? -1 : a > b;
}

static void
print_late(const char *name, int64_t *late_ns, size_t n)
{
	qsort(late_ns, n, sizeof(*late_ns), ascending);
	printf("%s %.1f %.1f %.1f\n", name, (double)late_ns[n / 2] / 1e3,
	       (double)late_ns[(n * 99 + 99) / 100 - 1] / 1e3,
	       (double)late_ns[n - 1] / 1e3);
}

/* ---- bare ------------------------------------------------------------------------ */

static int
dial(unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void
wait_until(int timer, uint64_t at_ns)
{
	uint64_t wake = at_ns - SPIN_NS, fired;
	struct itimerspec when = { .it_value = {
		.tv_sec = (time_t)(wake / 1000000000ull),
		.tv_nsec = (long)(wake % 1000000000ull) } };

	if (now_ns() < wake) {
		timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
		if (read(timer, &fired, sizeof(fired)) < 0)
			die("timerfd");
	}
	while (now_ns() < at_ns)
		;
}

/* False: not permitted here. */
static bool
real_time(void)
{
	struct sched_param low = { .sched_priority = 1 };

	return sched_setscheduler(0, SCHED_FIFO, &low) == 0;
}

static void
bare(const char *name, unsigned port)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), fds[LINES];
	int64_t at_us[SENDS], late[SENDS];
	char bytes[256], in[4096];
	uint64_t t0;

	prctl(PR_SET_TIMERSLACK, 1UL);
	make_gaps(at_us);
	for (int i = 0; i < LINES; i++)
		fds[i] = dial(port);
	t0 = now_ns() + 1000000;
	for (int i = 0; i < SENDS; i++) {
		size_t n = make_post(bytes, sizeof(bytes), i);
		uint64_t at = t0 + (uint64_t)at_us[i] * 1000;

		wait_until(timer, at);
		late[i] = (int64_t)(now_ns() - at);
		if (send(fds[i % LINES], bytes, n, MSG_NOSIGNAL) < 0 ||
		    recv(fds[i % LINES], in, sizeof(in), 0) <= 0)
			die("bare");
	}
	print_late(name, late, SENDS);
}

/* ---- through the engine ------------------------------------------------------------ */

static struct message
message_from(struct arena *a, const char *text, size_t n)
{
	struct slice rest = arena_copy(a, slice_of(text, n)), head;
	struct message m = { .present = true };
	ssize_t end = slice_find(rest, SLICE("\r\n\r\n"));

	head = slice_range(rest, 0, (size_t)end);
	m.body = slice_from(rest, (size_t)end + 4);
	m.body_bytes = m.body.n;
	m.framing = m.body.n ? FRAMING_LENGTH : FRAMING_NONE;
	m.headers.v = arena_array(a, 8, sizeof(*m.headers.v));
	m.line = slice_cut(&head, '\n');
	m.line.n--;
	while (head.p != NULL) {
		struct slice line = slice_cut(&head, '\n');

		if (slice_ends(line, SLICE("\r")))
			line.n--;
		m.headers.v[m.headers.n++] = header_of_line(line);
	}
	return m;
}

static void
make_tape(struct tape *t, size_t n)
{
	tape_init(t);
	if (t->arena == NULL)
		t->arena = arena_create();
	t->id = SLICE("bench");
	t->lanes = arena_array(t->arena, 1, sizeof(*t->lanes));
	t->lanes[0] = (struct tape_lane){ .name = SLICE("client"),
		.role = LANE_INGRESS };
	t->nlanes = 1;
	t->exchanges = arena_array(t->arena, n, sizeof(*t->exchanges));
	t->nexchanges = n;
}

static void
set_times(struct exchange *x, int64_t from_us, int64_t to_us)
{
	x->request.at_us = x->request.end_us = from_us;
	x->response.at_us = x->response.end_us = to_us;
}

/* As if the tape had been read. */
static void
set_lines(struct tape *t)
{
	unsigned *lines = arena_array(t->arena, t->nexchanges,
				      sizeof(*lines));

	tape_print_lines(t, lines);
	for (size_t i = 0; i < t->nexchanges; i++)
		t->exchanges[i].line = lines[i];
}

static void
make_posts(struct tape *t)
{
	int64_t at_us[SENDS];
	char bytes[256];

	make_gaps(at_us);
	make_tape(t, SENDS);
	for (int i = 0; i < SENDS; i++) {
		struct exchange *x = &t->exchanges[i];
		size_t n = make_post(bytes, sizeof(bytes), i);

		*x = (struct exchange){ .id = (uint32_t)i + 1,
			.conn = (uint32_t)(i % LINES) + 1 };
		x->request = message_from(t->arena, bytes, n);
		x->response = message_from(t->arena, answer, answer_n);
		set_times(x, at_us[i], at_us[i] + 150);
	}
}

static void
make_gets(struct tape *t, size_t n)
{
	static const char get[] = "GET /1k HTTP/1.1\r\nHost: bench\r\n\r\n";

	make_tape(t, n);
	for (size_t i = 0; i < n; i++) {
		struct exchange *x = &t->exchanges[i];
		int64_t at = (int64_t)(i / FAST_LINES) * ROUND_US +
			     (int64_t)(i % FAST_LINES) * STAGGER_US;

		*x = (struct exchange){ .id = (uint32_t)i + 1,
			.conn = (uint32_t)(i % FAST_LINES) + 1 };
		x->request = message_from(t->arena, get, sizeof(get) - 1);
		x->response = message_from(t->arena, answer, answer_n);
		set_times(x, at, at + ROUND_US - STAGGER_US / 2);
	}
	set_lines(t);
}

static double
cpu_s(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

struct measured {
	struct timing timing;
	struct replay_result result;
	double seconds, cpu, judged;
};

static void
replay(const struct tape *t, const struct replay_options *how,
       const char *port, struct measured *out)
{
	struct plan plan = { .expect = EXPECT_SAME };
	struct observed seen = { .arena = arena_create() };
	struct arena *results = arena_create();
	struct judge_input in = { .tape = t, .plan = &plan, .seen = &seen };
	struct replay_options o = *how;
	struct err e = { .code = ERR_NONE };
	struct loop *l = loop_create(&clock_system, &e);
	char url[64];
	struct replay *r;
	uint64_t from, done;
	double cpu;

	snprintf(url, sizeof(url), "http://127.0.0.1:%s", port);
	o.target = url;
	cpu = cpu_s();
	from = now_ns();
	if (l == NULL || replay_create(l, t, &plan, NULL, &o, &r, &e) != 0 ||
	    replay_run(r, &seen, &e) != 0) {
		fprintf(stderr, "replay_bench: %s\n", e.msg);
		exit(1);
	}
	done = now_ns();
	*out = (struct measured){ 0 };
	judge_replay(&in, results, &out->result);
	out->seconds = (double)(now_ns() - from) / 1e9;
	out->judged = (double)(now_ns() - done) / 1e9;
	out->cpu = cpu_s() - cpu;
	replay_timing(r, &out->timing);
	if (out->result.verdict != VERDICT_PASS)
		fprintf(stderr, "replay_bench: not the recorded answers: %.*s\n",
			SLICE_ARG(out->result.reason));
	replay_destroy(r);
	loop_destroy(l);
	arena_destroy(results);
	arena_destroy(seen.arena);
}

static void
timed(const char *name, enum replay_timing how, const char *port)
{
	struct replay_options o = { .timing = how, .holds = true,
		.timeout_ns = 5 * NS_PER_S };
	struct measured m;
	struct tape t;

	make_posts(&t);
	replay(&t, &o, port, &m);
	printf("%s%s %lld %lld %lld %lld\n", name,
	       m.timing.realtime ? "_rt" : "", (long long)m.timing.p50_us,
	       (long long)m.timing.p99_us, (long long)m.timing.max_us,
	       (long long)m.timing.drift_us);
	tape_release(&t);
}

/* Rate with the comparison, share of it, CPU us an exchange. */
static void
fast(const char *name, const char *port, size_t n)
{
	struct replay_options o = { .timing = TIMING_FAST,
		.holds = strcmp(name, "held") == 0,
		.timeout_ns = 5 * NS_PER_S };
	struct measured m;
	struct tape t;

	make_gets(&t, n);
	replay(&t, &o, port, &m);
	printf("%s %.0f %.2f %.1f\n", name, (double)n / m.seconds,
	       m.judged / m.seconds, m.cpu * 1e6 / (double)n);
	tape_release(&t);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	uint64_t port = 0, n = 0;

	make_answer();
	if (strcmp(what, "serve") == 0)
		serve();
	if (argc < 3 || slice_uint(slice_str(argv[2]), 65535, &port) != 0)
		return 2;
	if (strcmp(what, "bare") == 0)
		bare(what, (unsigned)port);
	else if (strcmp(what, "bare_rt") == 0)
		bare(real_time() ? what : "bare", (unsigned)port);
	else if (strcmp(what, "recorded") == 0)
		timed("recorded", TIMING_RECORDED, argv[2]);
	else if (strcmp(what, "precise") == 0)
		timed("precise", TIMING_PRECISE, argv[2]);
	else if ((strcmp(what, "fast") == 0 || strcmp(what, "held") == 0) &&
		 argc > 3 && slice_uint(slice_str(argv[3]), 10000000, &n) == 0)
		fast(what, argv[2], (size_t)n);
	else
		return 2;
	return 0;
}
