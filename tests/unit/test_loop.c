/* The loop: events dropped in time, timers in order, signals as events. */
#include <dvr/net/loop.h>

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct loop *loop;
static struct err err;

static void
setup(void)
{
	loop = loop_create(&clock_system, &err);
	ck_assert_ptr_nonnull(loop);
}

static void
teardown(void)
{
	loop_destroy(loop);
}

static void
turn(uint64_t until_ns)
{
	ck_assert_msg(loop_once(loop, until_ns, &err) == 0, "%s", err.msg);
}

static uint64_t
soon(void)
{
	return loop_now_ns(loop) + NS_PER_S;
}

/* ---- descriptors ---- */

struct ear {
	struct loop_io io;
	struct ear *other;	/* is deleted when this one hears */
	int heard;
	unsigned ready;
};

static void
hear(struct loop_io *io, unsigned ready)
{
	struct ear *ear = io->owner;

	ear->heard++;
	ear->ready = ready;
	if (ear->other)
		loop_del(loop, &ear->other->io);
}

static void
make_ear(struct ear *ear, int fd)
{
	*ear = (struct ear){ .io = { .fd = fd, .fn = hear, .owner = ear } };
}

/* Deleting an io drops its events of this turn too: whichever comes first,
 * the other is not called. */
START_TEST(deleting_drops_fetched_events)
{
	struct ear a, b;
	int x[2], y[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, x), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, y), 0);
	make_ear(&a, x[0]);
	make_ear(&b, y[0]);
	a.other = &b;
	b.other = &a;
	ck_assert_int_eq(loop_add(loop, &a.io, LOOP_READ, &err), 0);
	ck_assert_int_eq(loop_add(loop, &b.io, LOOP_READ, &err), 0);
	ck_assert_int_eq(write(x[1], "1", 1) + write(y[1], "1", 1), 2);
	turn(soon());
	turn(0);
	/* One was called in both turns, the other never. */
	ck_assert_int_eq(a.heard + b.heard, 2);
	ck_assert(a.heard == 0 || b.heard == 0);
	loop_del(loop, &a.io);
	loop_del(loop, &b.io);
	turn(0);
	ck_assert_int_eq(a.heard + b.heard, 2);
	for (int i = 0; i < 2; i++) {
		close(x[i]);
		close(y[i]);
	}
}
END_TEST

/* Only what is asked for is reported; who asks for nothing hears nothing,
 * not even that the peer is gone, and does not make the loop spin. */
START_TEST(only_what_is_asked_for_is_told)
{
	struct ear a;
	uint64_t before;
	int x[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, x), 0);
	make_ear(&a, x[0]);
	ck_assert_int_eq(loop_add(loop, &a.io, LOOP_WRITE, &err), 0);
	turn(soon());
	ck_assert_uint_eq(a.ready, LOOP_WRITE);
	loop_mod(loop, &a.io, LOOP_READ);
	turn(0);
	ck_assert_int_eq(a.heard, 1);
	loop_mod(loop, &a.io, 0);
	ck_assert_int_eq(write(x[1], "1", 1), 1);
	close(x[1]);
	before = loop_now_ns(loop);
	turn(before + 20 * NS_PER_MS);
	ck_assert_uint_ge(loop_now_ns(loop) - before, 20 * NS_PER_MS);
	ck_assert_int_eq(a.heard, 1);
	loop_mod(loop, &a.io, LOOP_READ);
	turn(soon());
	ck_assert_int_eq(a.heard, 2);
	ck_assert_uint_eq(a.ready, LOOP_READ | LOOP_HANGUP);
	loop_del(loop, &a.io);
	close(x[0]);
}
END_TEST

/* A half-close is told to a reader as read and hang-up. */
START_TEST(a_half_close_is_told)
{
	struct ear a;
	int x[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, x), 0);
	make_ear(&a, x[0]);
	ck_assert_int_eq(loop_add(loop, &a.io, LOOP_READ | LOOP_WRITE, &err),
			 0);
	shutdown(x[1], SHUT_WR);
	turn(soon());
	ck_assert_uint_eq(a.ready, LOOP_READ | LOOP_WRITE | LOOP_HANGUP);
	loop_del(loop, &a.io);
	close(x[0]);
	close(x[1]);
}
END_TEST

/* A regular file cannot be watched: an error, not a crash. */
START_TEST(what_cannot_be_watched_is_an_error)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	struct ear a;

	make_ear(&a, fd);
	ck_assert_int_eq(loop_add(loop, &a.io, LOOP_READ, &err), -1);
	ck_assert_int_eq(err.code, ERR_INTERNAL);
	close(fd);
}
END_TEST

/* ---- timers ---- */

struct bell {
	struct loop_timer timer;
	int number;
	uint64_t rang_ns;
};

static int order[64];
static size_t rung;

static void
ring(struct loop_timer *t)
{
	struct bell *bell = t->owner;

	bell->rang_ns = loop_now_ns(loop);
	order[rung++ % 64] = bell->number;
}

static void
make_bell(struct bell *bell, int number)
{
	*bell = (struct bell){
		.timer = { .fn = ring, .owner = bell }, .number = number,
	};
}

/* Timers ring in the order of their times, equal ones in the order of being
 * set, moved and cancelled ones as they were left; never early. */
START_TEST(timers_ring_in_order)
{
	struct bell bell[40];
	uint64_t base = loop_now_ns(loop) + 5 * NS_PER_MS;

	rung = 0;
	for (int i = 0; i < 40; i++) {
		make_bell(&bell[i], i);
		bell[i].timer.precise = i % 3 == 0;
		loop_timer_set(loop, &bell[i].timer,
			       base + (unsigned)(i * 7 % 40) / 2 * 50000);
	}
	for (int i = 0; i < 40; i += 5)
		loop_timer_cancel(loop, &bell[i].timer);
	loop_timer_cancel(loop, &bell[0].timer);
	loop_timer_set(loop, &bell[1].timer, base + 5 * NS_PER_MS);
	while (bell[1].rang_ns == 0)
		turn(UINT64_MAX);
	ck_assert_uint_eq(rung, 32);
	ck_assert_int_eq(order[31], 1);
	for (int i = 0; i < 40; i++) {
		ck_assert_int_eq(bell[i].rang_ns == 0, i % 5 == 0);
		ck_assert_uint_eq(bell[i].timer.slot, 0);
		if (i % 5 != 0)
			ck_assert_uint_ge(bell[i].rang_ns,
					  bell[i].timer.at_ns);
	}
	for (size_t i = 0; i + 1 < rung; i++) {
		const struct bell *a = &bell[order[i]];
		const struct bell *b = &bell[order[i + 1]];

		ck_assert(a->timer.at_ns < b->timer.at_ns ||
			  (a->timer.at_ns == b->timer.at_ns &&
			   a->number < b->number));
	}
}
END_TEST

static int again;

static void
ring_again(struct loop_timer *t)
{
	again++;
	loop_timer_set(loop, t, 1);
}

/* A timer that sets itself to the past rings once a turn: the others and the
 * descriptors have their time. */
START_TEST(a_timer_cannot_starve_the_loop)
{
	struct loop_timer t = { .fn = ring_again };

	again = 0;
	loop_timer_set(loop, &t, 1);
	turn(UINT64_MAX);
	ck_assert_int_eq(again, 1);
	turn(UINT64_MAX);
	ck_assert_int_eq(again, 2);
	loop_timer_cancel(loop, &t);
}
END_TEST

/* A precise timer rings within the spin of its time, and descriptors are
 * served while it spins.  The median of many, as a busy host may take the
 * processor away from some. */
START_TEST(precise_timers_are_precise)
{
	uint64_t late[101];
	struct bell bell;

	make_bell(&bell, 0);
	bell.timer.precise = true;
	for (size_t i = 0; i < 101; i++) {
		bell.rang_ns = 0;
		loop_timer_set(loop, &bell.timer,
			       loop_now_ns(loop) + 700000);
		while (bell.rang_ns == 0)
			turn(UINT64_MAX);
		ck_assert_uint_ge(bell.rang_ns, bell.timer.at_ns);
		late[i] = bell.rang_ns - bell.timer.at_ns;
		for (size_t k = i; k > 0 && late[k] < late[k - 1]; k--) {
			uint64_t swap = late[k];

			late[k] = late[k - 1];
			late[k - 1] = swap;
		}
	}
	ck_assert_uint_lt(late[50], 50000);
}
END_TEST

static struct ear *spin_ear;
static int heard_before_ring;

static void
ring_after_ear(struct loop_timer *t)
{
	(void)t;
	heard_before_ring = spin_ear->heard;
}

/* While a precise timer spins, a descriptor that is ready is served. */
START_TEST(spinning_serves_descriptors)
{
	struct loop_timer t = { .precise = true, .fn = ring_after_ear };
	struct ear a;
	int x[2];

	heard_before_ring = -1;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, x), 0);
	make_ear(&a, x[0]);
	spin_ear = &a;
	ck_assert_int_eq(loop_add(loop, &a.io, LOOP_READ, &err), 0);
	/* Within the spin from the start. */
	loop_timer_set(loop, &t, loop_now_ns(loop) + LOOP_SPIN_NS / 2);
	ck_assert_int_eq(write(x[1], "1", 1), 1);
	while (heard_before_ring < 0)
		turn(UINT64_MAX);
	ck_assert_int_ge(heard_before_ring, 1);
	loop_del(loop, &a.io);
	close(x[0]);
	close(x[1]);
}
END_TEST

/* ---- a fake clock ---- */

static uint64_t
fake_mono(const struct clock *c)
{
	return *(uint64_t *)c->state;
}

/* With a fake clock, time is what the clock says: nothing rings before. */
START_TEST(a_fake_clock_rules)
{
	uint64_t now = 1000;
	struct clock fake = { .mono_ns = fake_mono, .state = &now };
	struct loop *real = loop;
	struct bell bell;

	loop = loop_create(&fake, &err);
	make_bell(&bell, 7);
	loop_timer_set(loop, &bell.timer, 3600 * NS_PER_S);
	turn(UINT64_MAX);
	ck_assert_uint_eq(bell.rang_ns, 0);
	now = 3600 * NS_PER_S;
	turn(UINT64_MAX);
	ck_assert_uint_eq(bell.rang_ns, 3600 * NS_PER_S);
	loop_destroy(loop);
	loop = real;
}
END_TEST

/* ---- signals and running ---- */

static int got_signal;

static void
on_signal(struct loop_signal *s, int sig)
{
	got_signal = sig;
	if (s->owner)
		loop_stop(s->owner);
}

/* A signal that was asked for runs its function in the loop and ends a wait;
 * two askers have one each. */
START_TEST(signals_arrive_in_the_loop)
{
	struct loop_signal one = { .fn = on_signal, .owner = loop };
	struct loop_signal two = { .fn = on_signal, .owner = loop };
	sigset_t before, after;

	sigprocmask(SIG_BLOCK, NULL, &before);
	ck_assert_int_eq(loop_on_signals(loop, &one, (int[]){ SIGUSR1,
					 SIGTERM }, 2, &err), 0);
	ck_assert_int_eq(loop_on_signals(loop, &two, (int[]){ SIGUSR2 }, 1,
					 &err), 0);
	kill(getpid(), SIGTERM);
	ck_assert_int_eq(loop_run(loop, &err), 0);
	ck_assert_int_eq(got_signal, SIGTERM);
	kill(getpid(), SIGUSR2);
	ck_assert_int_eq(loop_run(loop, &err), 0);
	ck_assert_int_eq(got_signal, SIGUSR2);
	loop_destroy(loop);
	loop = NULL;
	sigprocmask(SIG_BLOCK, NULL, &after);
	ck_assert_int_eq(sigismember(&after, SIGTERM),
			 sigismember(&before, SIGTERM));
}
END_TEST

/* Stopping before running is not lost, and holds for one run. */
START_TEST(an_early_stop_is_kept)
{
	struct loop_signal s = { .fn = on_signal, .owner = loop };

	loop_stop(loop);
	ck_assert_int_eq(loop_run(loop, &err), 0);
	ck_assert_int_eq(loop_on_signals(loop, &s, (int[]){ SIGUSR1 }, 1,
					 &err), 0);
	got_signal = 0;
	kill(getpid(), SIGUSR1);
	ck_assert_int_eq(loop_run(loop, &err), 0);
	ck_assert_int_eq(got_signal, SIGUSR1);
}
END_TEST

static void
nest(struct loop_io *io, unsigned ready)
{
	struct ear *ear = io->owner;

	(void)ready;
	loop_del(loop, io);
	turn(0);
	loop_del(loop, &ear->other->io);
	ear->heard++;
}

/* A callback may run the loop itself; what it deletes stays deleted in the
 * turn outside. */
START_TEST(turns_nest)
{
	struct ear a, b;
	int x[2], y[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, x), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, y), 0);
	make_ear(&a, x[0]);
	make_ear(&b, y[0]);
	a.io.fn = nest;
	a.other = &b;
	ck_assert_int_eq(loop_add(loop, &a.io, LOOP_READ, &err), 0);
	ck_assert_int_eq(loop_add(loop, &b.io, LOOP_READ, &err), 0);
	ck_assert_int_eq(write(x[1], "1", 1) + write(y[1], "1", 1), 2);
	turn(soon());
	ck_assert_int_eq(a.heard, 1);
	/* Once in the turn inside, at most once before it outside. */
	ck_assert_int_ge(b.heard, 1);
	ck_assert_int_le(b.heard, 2);
	turn(0);
	ck_assert_int_le(b.heard, 2);
	for (int i = 0; i < 2; i++) {
		close(x[i]);
		close(y[i]);
	}
}
END_TEST

Suite *suite_loop(void);

Suite *
suite_loop(void)
{
	Suite *s = suite_create("loop");
	TCase *t = tcase_create("loop");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, deleting_drops_fetched_events);
	tcase_add_test(t, only_what_is_asked_for_is_told);
	tcase_add_test(t, a_half_close_is_told);
	tcase_add_test(t, what_cannot_be_watched_is_an_error);
	tcase_add_test(t, timers_ring_in_order);
	tcase_add_test(t, a_timer_cannot_starve_the_loop);
	tcase_add_test(t, precise_timers_are_precise);
	tcase_add_test(t, spinning_serves_descriptors);
	tcase_add_test(t, a_fake_clock_rules);
	tcase_add_test(t, signals_arrive_in_the_loop);
	tcase_add_test(t, an_early_stop_is_kept);
	tcase_add_test(t, turns_nest);
	suite_add_tcase(s, t);
	return s;
}
