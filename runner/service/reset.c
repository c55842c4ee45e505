/* Runs the command that makes a running service as good as new. */
#include "service_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define WORDS_BYTES 256		/* of a failed command: its last line */
#define GRACE_MS 500
/* How often a signal that stops the run is looked for. */
#define TURN_NS (100 * NS_PER_MS)

struct reset {
	struct service *service;
	struct process process;
	struct loop_io process_io, out_io;
	struct loop_timer timeout;
	bool late;
	char words[WORDS_BYTES];	/* the end of what it printed */
	size_t nwords;
};

static void
keep_words(struct reset *r, struct slice s)
{
	size_t drop;

	if (s.n > sizeof(r->words))
		s = slice_from(s, s.n - sizeof(r->words));
	drop = r->nwords + s.n > sizeof(r->words) ?
		r->nwords + s.n - sizeof(r->words) : 0;
	memmove(r->words, r->words + drop, r->nwords - drop);
	r->nwords -= drop;
	memcpy(r->words + r->nwords, s.p, s.n);
	r->nwords += s.n;
}

static void
close_out(struct reset *r)
{
	if (r->out_io.fd < 0)
		return;
	loop_del(r->service->loop, &r->out_io);
	close(r->out_io.fd);
	r->out_io.fd = -1;
}

static void
read_words(struct loop_io *io, unsigned ready)
{
	struct reset *r = io->owner;
	char chunk[4096];
	ssize_t got = read(io->fd, chunk, sizeof(chunk));

	(void)ready;
	if (got > 0)
		keep_words(r, slice_of(chunk, (size_t)got));
	else if (got == 0 || (errno != EINTR && errno != EAGAIN))
		close_out(r);
}

static void
ended(struct loop_io *io, unsigned ready)
{
	struct reset *r = io->owner;

	(void)ready;
	loop_del(r->service->loop, io);
	io->fd = -1;
}

static void
out_of_time(struct loop_timer *t)
{
	struct reset *r = t->owner;

	r->late = true;
}

static int
start(struct reset *r, struct err *e)
{
	struct service *s = r->service;
	const char *const argv[] = { "sh", "-c", s->config->reset, NULL };
	struct process_spec spec = {
		.argv = argv, .env = env_list(s->env),
		.workdir = s->config->workdir, .new_group = true,
		.space = isolation_space(s->isolation),
	};
	int out[2], rc;

	if (pipe2(out, O_CLOEXEC) < 0)
		return err_sys(e, ERR_INTERNAL, "cannot make a pipe");
	spec.in_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	spec.out_fd = spec.err_fd = out[1];
	rc = process_start(&spec, &r->process, e);
	if (spec.in_fd >= 0)
		close(spec.in_fd);
	close(out[1]);
	if (rc < 0) {
		close(out[0]);
		return -1;
	}
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	r->out_io.fd = out[0];
	r->process_io.fd = r->process.pidfd;
	if (loop_add(s->loop, &r->process_io, LOOP_READ, e) < 0)
		return -1;
	return loop_add(s->loop, &r->out_io, LOOP_READ, e);
}

static bool
stopped(const struct service *s)
{
	return s->stop && *s->stop;
}

static int
wait_for(struct reset *r, struct err *e)
{
	struct service *s = r->service;
	uint64_t ns = s->config->reset_timeout_ns;

	loop_timer_set(s->loop, &r->timeout, loop_now_ns(s->loop) +
		       (ns ? ns : SERVICE_RESET_NS));
	while (r->process_io.fd >= 0 && !r->late && s->phase == PHASE_READY &&
	       !stopped(s))
		if (loop_once(s->loop, loop_now_ns(s->loop) + TURN_NS, e) < 0)
			return -1;
	return 0;
}

/* The last line that it printed, for the message. */
static struct slice
last_words(const struct reset *r)
{
	struct slice rest = slice_of(r->words, r->nwords), line = rest;

	while (rest.n > 0 && rest.p[rest.n - 1] == '\n')
		rest.n--;
	while (rest.p)
		line = slice_cut(&rest, '\n');
	return line;
}

static int
outcome(struct reset *r, const struct process_end *end, struct err *e)
{
	struct service *s = r->service;
	uint64_t ns = s->config->reset_timeout_ns;
	char text[64], q[QUOTE_MAX];

	if (stopped(s))
		return err_set(e, ERR_TARGET, "interrupted during the reset");
	if (s->phase != PHASE_READY)
		return err_set(e, ERR_TARGET, "the service ended during its "
			       "reset: %s", process_end_text(&s->end, text));
	if (r->late)
		return err_set(e, ERR_TARGET, "the reset has not ended after "
			       "%.3g s", (double)(ns ? ns : SERVICE_RESET_NS) /
			       NS_PER_S);
	if (end->signalled || end->code != 0)
		return err_set(e, ERR_TARGET, "the reset failed: %s: %s",
			       process_end_text(end, text),
			       quote(last_words(r), q));
	return 0;
}

int
service_reset(struct service *s, struct err *e)
{
	struct reset r = {
		.service = s, .process = { .pidfd = -1 },
		.process_io = { .fd = -1, .fn = ended, .owner = &r },
		.out_io = { .fd = -1, .fn = read_words, .owner = &r },
		.timeout = { .fn = out_of_time, .owner = &r },
	};
	struct process_end end = { .code = 0 };
	int rc = start(&r, e);

	if (rc == 0)
		rc = wait_for(&r, e);
	loop_timer_cancel(s->loop, &r.timeout);
	if (r.process_io.fd >= 0)
		loop_del(s->loop, &r.process_io);
	if (r.out_io.fd >= 0)
		read_words(&r.out_io, 0);
	close_out(&r);
	if (r.process.pid > 0)
		process_stop(&r.process, r.late ? 0 : GRACE_MS, &end);
	if (rc == 0)
		rc = outcome(&r, &end, e);
	launch_read_log(s);
	tail_clear(s->tail);
	s->pending &= ~(1u << SERVICE_LOG_HIT);
	return rc;
}
