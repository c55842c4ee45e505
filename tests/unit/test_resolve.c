/* Names: at once where they are known, in a child where not. */
#include <dvr/net/resolve.h>

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct loop *loop;
static struct err err;

struct answer {
	int calls;
	size_t count;
	struct address first, second;
	char why[128];
};

static void
take(void *arg, const struct address *found, size_t count, const char *why)
{
	struct answer *a = arg;

	a->calls++;
	a->count = count;
	if (count > 0)
		a->first = found[0];
	if (count > 1)
		a->second = found[1];
	if (count == 0) {
		ck_assert_ptr_nonnull(why);
		snprintf(a->why, sizeof(a->why), "%s", why);
	}
}

static void
setup(void)
{
	loop = loop_create(&clock_system, &err);
}

static void
teardown(void)
{
	loop_destroy(loop);
	/* No look-up's process is left. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

static void
run_until_answered(struct answer *a)
{
	uint64_t end = loop_now_ns(loop) + 30 * NS_PER_S;

	while (a->calls == 0 && loop_now_ns(loop) < end)
		ck_assert_int_eq(loop_once(loop, end, &err), 0);
	ck_assert_int_eq(a->calls, 1);
}

/* Literals and localhost need no process; localhost has both families. */
START_TEST(literals_answer_at_once)
{
	char text[ADDRESS_TEXT_MAX];
	struct answer a = { 0 };

	ck_assert_ptr_null(resolve_start(loop, SLICE("::1"), 7, 1000, take,
					 &a));
	ck_assert_int_eq(a.calls, 1);
	ck_assert_str_eq(address_text(&a.first, text), "[::1]:7");
	a = (struct answer){ 0 };
	ck_assert_ptr_null(resolve_start(loop, SLICE("localhost"), 7, 1000,
					 take, &a));
	ck_assert_uint_eq(a.count, 2);
	ck_assert_str_eq(address_text(&a.first, text), "127.0.0.1:7");
	ck_assert_str_eq(address_text(&a.second, text), "[::1]:7");
}
END_TEST

/* What cannot be a name is refused at once. */
START_TEST(nonsense_is_refused_at_once)
{
	char long_name[300];
	struct answer a = { 0 };

	memset(long_name, 'a', sizeof(long_name));
	ck_assert_ptr_null(resolve_start(loop, slice_of(long_name, 300), 7,
					 1000, take, &a));
	ck_assert_ptr_null(resolve_start(loop, SLICE("a\0b"), 7, 1000, take,
					 &a));
	ck_assert_ptr_null(resolve_start(loop, SLICE(""), 7, 1000, take, &a));
	ck_assert_int_eq(a.calls, 3);
	ck_assert_uint_eq(a.count, 0);
}
END_TEST

/* A numeric form that only the resolver knows goes through the child and
 * comes back with its port. */
START_TEST(the_child_answers)
{
	char text[ADDRESS_TEXT_MAX];
	struct answer a = { 0 };

	ck_assert_ptr_nonnull(resolve_start(loop, SLICE("127.1"), 81, 20000,
					    take, &a));
	ck_assert_int_eq(a.calls, 0);
	run_until_answered(&a);
	ck_assert_uint_eq(a.count, 1);
	ck_assert_str_eq(address_text(&a.first, text), "127.0.0.1:81");
}
END_TEST

/* An answer that does not come in time is given up. */
START_TEST(a_slow_answer_is_given_up)
{
	struct answer a = { 0 };

	ck_assert_ptr_nonnull(resolve_start(loop, SLICE("127.1"), 81, 0, take,
					    &a));
	/* The time is over before the loop looks at the pipe; whichever it
	 * sees first, it is told once and nothing is left. */
	run_until_answered(&a);
	ck_assert(a.count == 1 || strstr(a.why, "too long") != NULL);
}
END_TEST

/* A cancelled look-up never answers. */
START_TEST(a_cancelled_look_up_is_silent)
{
	struct answer a = { 0 };

	resolve_cancel(resolve_start(loop, SLICE("127.1"), 81, 20000, take,
				     &a));
	resolve_cancel(NULL);
	ck_assert_int_eq(loop_once(loop, 0, &err), 0);
	ck_assert_int_eq(a.calls, 0);
}
END_TEST

Suite *suite_resolve(void);

Suite *
suite_resolve(void)
{
	Suite *s = suite_create("resolve");
	TCase *t = tcase_create("resolve");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, literals_answer_at_once);
	tcase_add_test(t, nonsense_is_refused_at_once);
	tcase_add_test(t, the_child_answers);
	tcase_add_test(t, a_slow_answer_is_given_up);
	tcase_add_test(t, a_cancelled_look_up_is_silent);
	suite_add_tcase(s, t);
	return s;
}
