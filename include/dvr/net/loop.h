/*
 * The poll loop: descriptors, timers, signals and ended children, one thread.
 * Timers are exact (a timerfd, not epoll's milliseconds); a `precise` timer is
 * woken LOOP_SPIN_NS early and the rest is spun away while descriptors are
 * still served, so that a replay's send leaves within microseconds.
 */
#ifndef DVR_NET_LOOP_H
#define DVR_NET_LOOP_H

#include <dvr/base/clock.h>
#include <dvr/base/err.h>

#include <stdbool.h>
#include <stdint.h>

/* 200 us: measured, more buys nothing (p50 1.4 us, p99 of the host). */
#define LOOP_SPIN_NS 200000ull

enum loop_events { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HANGUP = 4 };

struct loop;

/* Embedded in its owner's struct; must not move while it is added. */
struct loop_io {
	int fd;
	unsigned events;	/* what is asked for now */
	/* `ready` may hold LOOP_HANGUP (HUP, ERR, and RDHUP when reading)
	 * without being asked, then together with what was asked.  With
	 * `events` 0 nothing at all is reported. */
	void (*fn)(struct loop_io *io, unsigned ready);
	void *owner;
};

struct loop_timer {
	uint64_t at_ns;		/* absolute, clock_mono_ns() */
	bool precise;
	void (*fn)(struct loop_timer *t);
	void *owner;
	size_t slot;		/* the loop's own: 0 when not set */
};

/* Also ignores SIGPIPE for the process and sets its timer slack to 1 ns;
 * children of process_start() get the defaults back. */
struct loop *loop_create(const struct clock *clock, struct err *e);
void loop_destroy(struct loop *l);
const struct clock *loop_clock(const struct loop *l);
uint64_t loop_now_ns(const struct loop *l);

/* Start, change and stop watching.  loop_del() must come before close(), and
 * drops events that were already fetched for this io in this turn. */
int loop_add(struct loop *l, struct loop_io *io, unsigned events,
	     struct err *e);
void loop_mod(struct loop *l, struct loop_io *io, unsigned events);
void loop_del(struct loop *l, struct loop_io *io);

/* Setting a timer that is set moves it.  Cancelling an unset one is fine. */
void loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t at_ns);
void loop_timer_cancel(struct loop *l, struct loop_timer *t);

/* `fn` runs in the loop when one of SIGINT, SIGTERM, SIGHUP, SIGUSR1 … that
 * were asked for arrives.  The signals are blocked for the process; children
 * started by process_start() get a clean mask. */
struct loop_signal {
	void (*fn)(struct loop_signal *s, int sig);
	void *owner;
};
int loop_on_signals(struct loop *l, struct loop_signal *s, const int *sigs,
		    size_t count, struct err *e);

/* Runs until loop_stop(); a turn at a time with loop_once(), which waits at
 * most until `until_ns` (0: do not wait; UINT64_MAX: as long as it takes). */
int loop_run(struct loop *l, struct err *e);
int loop_once(struct loop *l, uint64_t until_ns, struct err *e);
void loop_stop(struct loop *l);

#endif
