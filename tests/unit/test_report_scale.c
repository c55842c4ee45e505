/* A hundred thousand cases: every format takes them in bounded room and time,
 * and says what it leaves out. */
#include "report_scene.h"

#include <sys/resource.h>

#define CASES 100000u
/* Processor time of a format, in seconds: ten times what is needed. */
#define SECONDS_MAX 30
/* Room beside the report itself. */
#define ROOM_MAX (160u * MiB)
/* What runner/cli/reports.c gives a report. */
#define REPORT_LIMIT (256u * MiB)

static const char *const formats[] = { "junit", "tap", "json", "markdown",
	"html", "terminal", "github" };

static size_t
peak_bytes(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (size_t)u.ru_maxrss * KiB;
}

static double
cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
measure(const char *format, const char *what, const struct results *r)
{
	const struct report_style style = { .columns = 100 };
	size_t before = peak_bytes();
	double from = cpu_seconds();
	struct err e = { 0 };
	struct buf b;
	int rc;

	buf_init(&b, REPORT_LIMIT);
	rc = reporter_find(format)->print(r, &style, &b, &e);
	ck_assert_msg(rc == 0, "%s: %s", format, e.msg);
	if (getenv("DVR_BENCH"))
		fprintf(stderr, "%-9s %-8s %6.1f MiB, %5.2f s, %6.1f MiB of "
			"room\n", format, what, (double)b.n / MiB,
			cpu_seconds() - from,
			(double)(peak_bytes() - before) / MiB);
	ck_assert(cpu_seconds() - from < SECONDS_MAX);
	/* A buffer that doubles needs thrice its content while it moves. */
	ck_assert_uint_lt(peak_bytes() - before, 3 * b.n + ROOM_MAX);
	ck_assert_uint_gt(b.n, 0);
	buf_release(&b);
}

/* Of that many tapes one in ten fails. */
START_TEST(many_tapes)
{
	struct tape_result *v = calloc(CASES, sizeof(*v));
	struct report_scene s;
	struct arena *a = arena_create();

	report_scene_init(&s);
	s.replays[1].diverged = SLICE("POST /init now answers 400");
	for (size_t i = 0; i < CASES; i++) {
		v[i] = s.tapes[i % 10 == 0];
		v[i].id = arena_fmt(a, "post-checkout-pay-500-%05zx", i);
	}
	s.r.tapes = v;
	s.r.ntapes = CASES;
	measure(formats[_i], "tapes", &s.r);
	arena_destroy(a);
	free(v);
}
END_TEST

/* One tape of that many exchanges, all of which differ. */
START_TEST(many_exchanges)
{
	struct case_result *v = calloc(CASES, sizeof(*v));
	struct report_scene s;
	struct replay_result r;
	struct tape_result t;

	report_scene_init(&s);
	for (size_t i = 0; i < CASES; i++) {
		v[i] = s.bad[3];
		v[i].exchange = (uint32_t)i + 1;
	}
	r = s.replays[1];
	r.cases = v;
	r.ncases = CASES;
	t = s.tapes[1];
	t.replays = &r;
	s.r.tapes = &t;
	s.r.ntapes = 1;
	measure(formats[_i], "cases", &s.r);
	free(v);
}
END_TEST

Suite *suite_report_scale(void);

Suite *
suite_report_scale(void)
{
	Suite *s = suite_create("report_scale");
	TCase *c = tcase_create("report_scale");
	int n = (int)ARRAY_LEN(formats);

	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, many_tapes, 0, n);
	tcase_add_loop_test(c, many_exchanges, 0, n);
	suite_add_tcase(s, c);
	return s;
}
