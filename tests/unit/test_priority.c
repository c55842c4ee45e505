/* Which replays run at real-time priority, and that it ends with them. */
#include "../../runner/replay/priority.h"

#include <dvr/base/mem.h>

#include <check.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct schedule
every(int64_t gap_us, size_t n, enum replay_timing timing)
{
	struct schedule s = { .timing = timing, .count = n };

	s.items = mem_array(n + 1, sizeof(*s.items));
	for (size_t i = 0; i < n; i++)
		s.items[i].at_us = (int64_t)i * gap_us;
	return s;
}

static bool
fits(int64_t gap_us, size_t n, enum replay_timing timing)
{
	struct schedule s = every(gap_us, n, timing);
	bool fit = priority_fits(&s);

	free(s.items);
	return fit;
}

/* Who sends all the time spins all the time; a burst is no harm. */
START_TEST(only_who_sleeps_gets_it)
{
	ck_assert(fits(20000, 500, TIMING_RECORDED));
	ck_assert(fits(20000, 500, TIMING_DOUBLE));
	ck_assert(fits(0, 1, TIMING_RECORDED));
	ck_assert(fits(100, 50, TIMING_RECORDED));
	ck_assert(!fits(100, 5000, TIMING_RECORDED));
	ck_assert(fits(1000, 500, TIMING_RECORDED));
	ck_assert(!fits(1000, 500, TIMING_DOUBLE));
	ck_assert(!fits(20000, 500, TIMING_FAST));
	ck_assert(!fits(20000, 500, TIMING_PRECISE));
	ck_assert(!fits(20000, 0, TIMING_RECORDED));
}
END_TEST

static int
policy_of_child(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(sched_getscheduler(0) & ~SCHED_RESET_ON_FORK);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

/* Raised where it may be, never for children, and gone afterwards. */
START_TEST(it_ends_with_the_replay)
{
	struct priority p = { 0 };
	int now;

	for (int i = 0; i < 2; i++) {
		bool raised = priority_raise(&p);

		now = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
		ck_assert_int_eq(now, raised ? SCHED_FIFO : SCHED_OTHER);
		ck_assert_int_eq(policy_of_child(), SCHED_OTHER);
		priority_drop(&p);
		ck_assert_int_eq(sched_getscheduler(0) & ~SCHED_RESET_ON_FORK,
				 SCHED_OTHER);
	}
	if (geteuid() == 0)
		ck_assert_int_eq(sched_getscheduler(0), SCHED_OTHER);
}
END_TEST

Suite *suite_priority(void);

Suite *
suite_priority(void)
{
	Suite *s = suite_create("priority");
	TCase *tc = tcase_create("priority");

	tcase_add_test(tc, only_who_sleeps_gets_it);
	tcase_add_test(tc, it_ends_with_the_replay);
	suite_add_tcase(s, tc);
	return s;
}
