/* Which snapshot a history begins with, and what is left out of it. */
#include "../../runner/ledger/snapshots.h"
#include "ledger_driver.h"

#include <dvr/base/fs.h>
#include <dvr/base/mem.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct driver d;
static char dir[FS_PATH_MAX];
static struct state_config config;
static char name[] = "data", path[] = "value";

static void
begin(void)
{
	struct err e;

	ck_assert_int_eq(fs_temp_dir("dvr-test", dir, &e), 0);
	driver_init(&d);
	config = (struct state_config){
		.provider = state_provider_named("files"), .name = name,
		.path = path, .max_bytes = MiB,
	};
	d.config.state = &config;
	d.config.nstate = 1;
}

static void
end(void)
{
	driver_stop(&d);
	fs_remove_tree(dir, NULL);
}

static void
start(enum state_when when)
{
	config.when = when;
	driver_start(&d);
	ledger_state_from(d.l, &(struct state_where){ .dir = dir });
}

/* What the service has written. */
static void
value(const char *text)
{
	char file[FS_PATH_MAX];
	struct err e;

	ck_assert_int_eq(fs_join(file, dir, path, &e), 0);
	ck_assert_int_eq(fs_write_atomic(file, 0600, slice_str(text), &e), 0);
}

static void
drive_in(const char *session, const char *answer)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_fmt(&b, "GET /x HTTP/1.1\r\nHost: a\r\nX-Session-Id: %s\r\n\r\n",
		session);
	drive(&d, buf_cstr(&b), answer);
	buf_release(&b);
}

static void
holds(const struct job *j, const char *text)
{
	const struct state_image *i = j->images[0];

	ck_assert_msg(!i->trouble, "%s", i->trouble);
	ck_assert_uint_eq(i->n, 1);
	ck_assert(slice_eq(slice_of(i->v[0].bytes, i->v[0].n),
			   slice_str(text)));
}

/* Before the first request is forwarded, and never again. */
START_TEST(first_request)
{
	start(STATE_FIRST_REQUEST);
	value("at start");
	ledger_service_up(d.l, d.now_ns);
	value("seeded");
	drive(&d, GET("/a"), OK_200);
	value("changed");
	drive(&d, GET("/b"), BAD_500);
	driver_wait(&d, NS_PER_S);
	holds(driver_job(&d), "seeded");
	ck_assert(!driver_job(&d)->from_snapshot);
	ck_assert_uint_eq(driver_job(&d)->truncated, 0);
}
END_TEST

/* When the service is up; another life has data of its own. */
START_TEST(run)
{
	start(STATE_RUN);
	value("first life");
	ledger_service_up(d.l, d.now_ns);
	value("changed");
	drive(&d, GET("/a"), OK_200);
	ledger_service_stopping(d.l, d.now_ns);
	value("second life");
	ledger_service_up(d.l, d.now_ns);
	value("changed again");
	drive(&d, GET("/b"), BAD_500);
	driver_wait(&d, NS_PER_S);
	holds(driver_job(&d), "second life");
}
END_TEST

/* A failure that is decided after a restart belongs to the life before it. */
START_TEST(the_life_before)
{
	start(STATE_FIRST_REQUEST);
	value("first life");
	ledger_service_up(d.l, d.now_ns);
	drive(&d, GET("/a"), BAD_500);
	ledger_service_stopping(d.l, d.now_ns);
	value("second life");
	ledger_service_up(d.l, d.now_ns);
	drive(&d, GET("/b"), OK_200);
	driver_wait(&d, NS_PER_S);
	holds(driver_job(&d), "first life");
}
END_TEST

/* At the session's first request: what had ended by then is in it, what the
 * session did is not, and nothing counts as lost. */
START_TEST(session)
{
	const struct job *j;

	start(STATE_SESSION);
	ledger_service_up(d.l, d.now_ns);
	value("0");
	drive(&d, GET("/setup"), OK_200);
	value("set up");
	drive_in("one", OK_200);
	value("by one");
	drive_in("two", OK_200);
	value("by two");
	drive_in("one", BAD_500);
	driver_wait(&d, NS_PER_S);
	j = driver_job(&d);
	holds(j, "set up");
	ck_assert_uint_eq(j->n, 2);
	ck_assert_uint_eq(j->v[0].seq, 2);
	ck_assert(j->from_snapshot);
	ck_assert_uint_eq(j->truncated, 0);
}
END_TEST

/* Sessions that begin with the same data share its memory. */
START_TEST(same_data_is_kept_once)
{
	char text[1001], id[16];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	start(STATE_SESSION);
	ledger_service_up(d.l, d.now_ns);
	value(text);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "s%u", i);
		drive_in(id, OK_200);
	}
	ck_assert_uint_eq(d.l->state_bytes, sizeof(text) - 1);
}
END_TEST

/* Over the budget the sessions that were used longest ago lose theirs. */
START_TEST(the_budget_holds)
{
	size_t budget, n = 0;
	char *text, id[16];

	start(STATE_SESSION);
	ledger_service_up(d.l, d.now_ns);
	budget = d.l->config.max_memory_bytes / 4;
	text = mem_array(budget / 4 + 2, 1);
	memset(text, 'x', budget / 4);
	config.max_bytes = budget;
	for (unsigned i = 0; i < 12; i++) {
		text[0] = (char)('a' + i);
		value(text);
		snprintf(id, sizeof(id), "s%u", i);
		drive_in(id, i == 11 ? BAD_500 : OK_200);
		ck_assert_uint_le(d.l->state_bytes, budget);
		if (d.l->state_bytes > n)
			n = d.l->state_bytes;
	}
	ck_assert_uint_gt(n, 0);
	driver_wait(&d, NS_PER_S);
	holds(driver_job(&d), text);
	free(text);
}
END_TEST

/* What went wrong goes with the history. */
START_TEST(trouble)
{
	start(STATE_FIRST_REQUEST);
	config.max_bytes = 3;
	value("long");
	ledger_service_up(d.l, d.now_ns);
	drive(&d, GET("/a"), BAD_500);
	driver_wait(&d, NS_PER_S);
	ck_assert_ptr_nonnull(driver_job(&d)->images[0]->trouble);
}
END_TEST

Suite *
suite_ledger_state(void);

Suite *
suite_ledger_state(void)
{
	Suite *s = suite_create("ledger_state");
	TCase *c = tcase_create("all");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, first_request);
	tcase_add_test(c, run);
	tcase_add_test(c, the_life_before);
	tcase_add_test(c, session);
	tcase_add_test(c, same_data_is_kept_once);
	tcase_add_test(c, the_budget_holds);
	tcase_add_test(c, trouble);
	suite_add_tcase(s, c);
	return s;
}
