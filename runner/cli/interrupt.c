/* Turns the signals that ask for an end into a flag. */
#include "interrupt.h"

#include <dvr/base/attr.h>

#include <stddef.h>

static const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP };

/* The one thing a signal handler may do here. */
static volatile sig_atomic_t stop_signal;
static volatile int stop_flag;

static void
on_stop(int sig)
{
	if (!stop_flag)
		stop_signal = sig;
	stop_flag = 1;
}

sigset_t
interrupt_set(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(stop_signals); i++)
		sigaddset(&set, stop_signals[i]);
	return set;
}

void
interrupt_catch(void)
{
	struct sigaction sa = { .sa_handler = on_stop };
	sigset_t set = interrupt_set();

	for (size_t i = 0; i < ARRAY_LEN(stop_signals); i++)
		sigaction(stop_signals[i], &sa, NULL);
	/* a loop that is still there may have blocked them for itself */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

const volatile int *
interrupt_flag(void)
{
	return &stop_flag;
}

int
interrupt_signal(void)
{
	return (int)stop_signal;
}
