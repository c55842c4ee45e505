/* The poll loop: epoll, one timerfd for all timers, one signalfd. */
#include <dvr/base/mem.h>
#include <dvr/net/loop.h>

#include "timers.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Events fetched at once; more wait in the kernel for the next turn. */
#define TURN_EVENTS 64
/* With a fake clock nobody tells when its time moves: look this often. */
#define FAKE_CLOCK_STEP_NS NS_PER_MS

/* What one epoll_wait() brought.  Turns nest when a callback runs the loop. */
struct turn {
	struct epoll_event events[TURN_EVENTS];
	int count, at;
	struct turn *outer;
};

struct watched_signals {
	sigset_t set;
	struct loop_signal *signal;
	struct watched_signals *next;
};

struct loop {
	const struct clock *clock;
	int epoll_fd, timer_fd;
	uint64_t armed_ns;		/* of timer_fd; UINT64_MAX: not */
	struct timers timers;
	struct turn *turn;
	struct loop_io timer_io, signal_io;
	struct watched_signals *signals;
	sigset_t signal_set, old_mask;
	bool stopped;
};

static void
timer_fd_fired(struct loop_io *io, unsigned ready)
{
	struct loop *l = io->owner;
	uint64_t times;

	(void)ready;
	/* Emptied, else it would be readable for ever; what it counts does
	 * not matter. */
	if (read(io->fd, &times, sizeof(times)) == (ssize_t)sizeof(times))
		l->armed_ns = UINT64_MAX;
}

struct loop *
loop_create(const struct clock *clock, struct err *e)
{
	struct loop *l = mem_alloc(sizeof(*l));

	l->clock = clock;
	l->armed_ns = UINT64_MAX;
	l->signal_io = (struct loop_io){ .fd = -1, .owner = l };
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->timer_fd = timerfd_create(CLOCK_MONOTONIC,
				     TFD_CLOEXEC | TFD_NONBLOCK);
	l->timer_io = (struct loop_io){
		.fd = l->timer_fd, .fn = timer_fd_fired, .owner = l,
	};
	if (l->epoll_fd < 0 || l->timer_fd < 0) {
		err_sys(e, ERR_INTERNAL, "cannot make a poll loop");
		loop_destroy(l);
		return NULL;
	}
	if (loop_add(l, &l->timer_io, LOOP_READ, e) < 0) {
		loop_destroy(l);
		return NULL;
	}
	/* 50 us of default slack would be added to every wait. */
	prctl(PR_SET_TIMERSLACK, 1);
	/* Who writes to a peer that left gets EPIPE, not a death. */
	signal(SIGPIPE, SIG_IGN);
	return l;
}

static void
close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void
loop_destroy(struct loop *l)
{
	struct watched_signals *next;

	if (!l)
		return;
	for (struct watched_signals *w = l->signals; w; w = next) {
		next = w->next;
		free(w);
	}
	close_if_open(l->signal_io.fd);
	close_if_open(l->timer_fd);
	close_if_open(l->epoll_fd);
	timers_finish(&l->timers);
	if (l->signals)
		sigprocmask(SIG_SETMASK, &l->old_mask, NULL);
	free(l);
}

const struct clock *
loop_clock(const struct loop *l)
{
	return l->clock;
}

uint64_t
loop_now_ns(const struct loop *l)
{
	return clock_mono_ns(l->clock);
}

/* ---- descriptors ------------------------------------------------------ */

static struct epoll_event
epoll_wish(struct loop_io *io, unsigned events)
{
	struct epoll_event ev = { .data.ptr = io };

	if (events & LOOP_READ)
		ev.events |= EPOLLIN;
	if (events & LOOP_WRITE)
		ev.events |= EPOLLOUT;
	/* Only writing: the peer's half-close would wake us for nothing. */
	if (events & (LOOP_READ | LOOP_HANGUP))
		ev.events |= EPOLLRDHUP;
	return ev;
}

int
loop_add(struct loop *l, struct loop_io *io, unsigned events, struct err *e)
{
	struct epoll_event ev = epoll_wish(io, events);

	/* epoll reports HUP and ERR even to who asks for nothing: such an io
	 * is not in epoll at all, else a paused one would spin the loop. */
	if (events != 0 &&
	    epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, io->fd, &ev) < 0)
		return err_sys(e, ERR_INTERNAL, "cannot watch descriptor %d",
			       io->fd);
	io->events = events;
	return 0;
}

void
loop_mod(struct loop *l, struct loop_io *io, unsigned events)
{
	struct epoll_event ev = epoll_wish(io, events);
	int op = EPOLL_CTL_MOD;

	if (events == io->events)
		return;
	if (io->events == 0)
		op = EPOLL_CTL_ADD;
	else if (events == 0)
		op = EPOLL_CTL_DEL;
	io->events = events;
	/* Fails only for a descriptor that was closed under us, or for want
	 * of memory. */
	if (epoll_ctl(l->epoll_fd, op, io->fd, &ev) < 0)
		abort();
}

void
loop_del(struct loop *l, struct loop_io *io)
{
	if (io->events != 0)
		epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, io->fd, NULL);
	io->events = 0;
	for (struct turn *t = l->turn; t; t = t->outer)
		for (int i = t->at; i < t->count; i++)
			if (t->events[i].data.ptr == io)
				t->events[i].data.ptr = NULL;
}

/* The loop's words for what epoll says, as far as it was asked for. */
static unsigned
ready_events(unsigned got, unsigned asked)
{
	unsigned ready = 0;

	/* An end or an error is found by reading or writing. */
	if (got & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		ready |= LOOP_READ;
	if (got & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		ready |= LOOP_WRITE;
	ready &= asked;
	if (asked != 0 && (got & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
		ready |= LOOP_HANGUP;
	return ready;
}

/* ---- timers ----------------------------------------------------------- */

void
loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t at_ns)
{
	t->at_ns = at_ns;
	timers_set(&l->timers, t);
}

void
loop_timer_cancel(struct loop *l, struct loop_timer *t)
{
	timers_cancel(&l->timers, t);
}

/* Timers that are set by these callbacks wait for the next turn. */
static void
fire_timers(struct loop *l)
{
	uint64_t now = loop_now_ns(l), before_seq = l->timers.next_seq;
	struct loop_timer *t;

	if (timers_wake_ns(&l->timers) > now)
		return;
	while ((t = timers_take(&l->timers, now, before_seq)) != NULL)
		t->fn(t);
}

static int
arm(struct loop *l, uint64_t at_ns, uint64_t now_ns, struct err *e)
{
	struct itimerspec spec = { 0 };
	uint64_t armed = at_ns;

	if (l->clock != &clock_system) {
		uint64_t left = at_ns - now_ns;

		if (left > FAKE_CLOCK_STEP_NS)
			left = FAKE_CLOCK_STEP_NS;
		armed = clock_mono_ns(&clock_system) + left;
	}
	if (armed == l->armed_ns)
		return 0;
	/* A time of 0 would disarm. */
	spec.it_value.tv_sec = (time_t)(armed / NS_PER_S);
	spec.it_value.tv_nsec = (long)(armed % NS_PER_S) | (armed == 0);
	if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		return err_sys(e, ERR_INTERNAL, "cannot set a timer");
	l->armed_ns = armed;
	return 0;
}

/* ---- signals ---------------------------------------------------------- */

static void
signal_fd_ready(struct loop_io *io, unsigned ready)
{
	struct loop *l = io->owner;
	struct signalfd_siginfo info;

	(void)ready;
	while (read(io->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		int sig = (int)info.ssi_signo;

		for (struct watched_signals *w = l->signals; w; w = w->next)
			if (sigismember(&w->set, sig) == 1)
				w->signal->fn(w->signal, sig);
	}
}

int
loop_on_signals(struct loop *l, struct loop_signal *s, const int *sigs,
		size_t count, struct err *e)
{
	struct watched_signals *w = mem_alloc(sizeof(*w));
	sigset_t all = l->signal_set, old;
	int fd;

	sigemptyset(&w->set);
	for (size_t i = 0; i < count; i++) {
		sigaddset(&w->set, sigs[i]);
		sigaddset(&all, sigs[i]);
	}
	sigprocmask(SIG_BLOCK, &w->set, &old);
	fd = signalfd(l->signal_io.fd, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0) {
		err_sys(e, ERR_INTERNAL, "cannot watch signals");
		goto fail;
	}
	if (l->signal_io.fd < 0) {
		l->signal_io.fd = fd;
		l->signal_io.fn = signal_fd_ready;
		if (loop_add(l, &l->signal_io, LOOP_READ, e) < 0)
			goto fail;
	}
	if (!l->signals)
		l->old_mask = old;
	l->signal_set = all;
	w->signal = s;
	w->next = l->signals;
	l->signals = w;
	return 0;
fail:
	sigprocmask(SIG_SETMASK, &old, NULL);
	free(w);
	return -1;
}

/* ---- turns ------------------------------------------------------------ */

/* Arms what ends the wait; 0 when there is nothing to wait for, -1 to wait. */
static int
wait_mode(struct loop *l, uint64_t until_ns, struct err *e, int *timeout)
{
	uint64_t wake = timers_wake_ns(&l->timers), now;

	*timeout = 0;
	if (until_ns < wake)
		wake = until_ns;
	if (l->timers.spinning > 0 || wake == 0)
		return 0;
	*timeout = -1;
	/* Left armed, a stale timerfd costs one empty turn, no more. */
	if (wake == UINT64_MAX)
		return 0;
	now = loop_now_ns(l);
	if (wake <= now) {
		*timeout = 0;
		return 0;
	}
	return arm(l, wake, now, e);
}

static void
dispatch(struct loop *l, struct turn *t)
{
	while (t->at < t->count) {
		struct epoll_event *ev = &t->events[t->at++];
		struct loop_io *io = ev->data.ptr;
		unsigned ready = io ? ready_events(ev->events, io->events) : 0;

		if (ready != 0)
			io->fn(io, ready);
		/* A send that is due must not wait for a crowd of events. */
		if (l->timers.spinning > 0)
			fire_timers(l);
	}
}

int
loop_once(struct loop *l, uint64_t until_ns, struct err *e)
{
	struct turn t;	/* the events are not cleared: epoll fills them */
	int timeout;

	t.at = 0;
	t.outer = l->turn;
	if (wait_mode(l, until_ns, e, &timeout) < 0)
		return -1;
	t.count = epoll_wait(l->epoll_fd, t.events, TURN_EVENTS, timeout);
	if (t.count < 0) {
		if (errno != EINTR)
			return err_sys(e, ERR_INTERNAL, "cannot wait");
		t.count = 0;
	}
	l->turn = &t;
	dispatch(l, &t);
	l->turn = t.outer;
	fire_timers(l);
	return 0;
}

int
loop_run(struct loop *l, struct err *e)
{
	int rc = 0;

	while (rc == 0 && !l->stopped)
		rc = loop_once(l, UINT64_MAX, e);
	l->stopped = false;
	return rc;
}

void
loop_stop(struct loop *l)
{
	l->stopped = true;
}
