/* Runs replays side by side in forked children and collects their results. */
#include "jobs.h"

#include <dvr/base/mem.h>
#include <dvr/base/process.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for one tape's result (bytes): address space only, what is not written
 * costs nothing.  The judge's own work lies in it too, so: many bodies of the
 * largest size.  Where so much cannot be had, less will do. */
#define ROOM_LARGEST_BYTES ((size_t)1024 * MiB)
#define ROOM_LEAST_BYTES ((size_t)4 * MiB)
/* A signal that came just before a child's wait is sent again so often (ms). */
#define REMIND_MS 200
/* What a child needs to judge and tidy up beyond its service's grace. */
#define WIND_DOWN_NS (3 * NS_PER_S)

/* What a child hands back; its arena begins behind it. */
struct handover {
	struct tape_result result;
	size_t used;		/* of the arena; 0: there was too much */
	bool cut;		/* interrupted: no verdict */
	bool done;
};

struct jobs_room {
	struct handover *at;	/* NULL: none */
	size_t n;		/* bytes mapped */
};

/* What a worker is told to do: try `tape`, get ready for `next`.  NO_TAPE: there
 * is no more. */
struct order {
	size_t tape, next;
};

struct job {
	size_t tape;			/* NO_TAPE: told to end */
	int orders;			/* to the worker; back comes a byte for
					 * each tape that is done */
	struct process process;
	uint64_t from_ns;
	int64_t started_us;
};

struct jobs {
	struct regression *g;
	const struct jobs_how *how;
	struct job v[JOBS_MAX];
	size_t n;			/* running */
	size_t next;			/* tape */
	bool *roomy;			/* by tape: its room was made */
	sigset_t open;			/* the mask to wait and to replay in */
	uint64_t kill_ns;		/* 0: nobody has asked to stop */
};

static bool
stopping(const struct jobs *js)
{
	return js->g->trial.stop && *js->g->trial.stop;
}

/* ---- start -------------------------------------------------------------- */

static int
make_room(struct jobs_room *room, struct err *e)
{
	void *at;

	for (size_t n = ROOM_LARGEST_BYTES; n >= ROOM_LEAST_BYTES; n /= 2) {
		at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED |
			  MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (at == MAP_FAILED)
			continue;
		*room = (struct jobs_room){ .at = at, .n = n };
		return 0;
	}
	return err_sys(e, ERR_INTERNAL, "no memory for a replay's result");
}

static void
drop_room(struct jobs_room *room)
{
	if (room->at)
		munmap(room->at, room->n);
	*room = (struct jobs_room){ 0 };
}

/* The arena of a room: behind the head, aligned for any type. */
static size_t
arena_offset(void)
{
	const size_t align = alignof(max_align_t);

	return (sizeof(struct handover) + align - 1) / align * align;
}

static void
try_tape(const struct jobs *js, struct order order)
{
	const struct jobs_room *room = &js->g->rooms[order.tape];
	struct handover *h = room->at;
	struct arena *a = arena_create_in((char *)h + arena_offset(),
					  room->n - arena_offset());

	regression_tape(js->g, order.tape, order.next, a, &h->result);
	h->cut = stopping(js);
	h->used = arena_region_used(a);
	h->done = true;
}

/* One tape, then the next that it is told to try; services that it keeps go
 * with it. */
static _Noreturn void
run_worker(const struct jobs *js, int orders, struct order order)
{
	struct regression *g = js->g;
	char done = 1;

	/* The handlers are ours too: they set this process's flag. */
	sigprocmask(SIG_SETMASK, &js->open, NULL);
	if (js->how->keep)
		g->trial.stages = stages_create();
	for (;;) {
		try_tape(js, order);
		if (!js->how->keep || stopping(js) ||
		    send(orders, &done, 1, MSG_NOSIGNAL) != 1)
			break;
		/* A signal that is for us all comes in here, too. */
		if (recv(orders, &order, sizeof(order), 0) !=
		    (ssize_t)sizeof(order) || order.tape == NO_TAPE)
			break;
	}
	stages_destroy(g->trial.stages);
	regression_end(g);
	_exit(0);
}

/* The tape that comes `n` places further on, or NO_TAPE. */
static size_t
coming(const struct jobs *js, size_t n)
{
	size_t i = js->next + n;

	if (i >= js->g->npicked)
		return NO_TAPE;
	return js->g->order ? js->g->order[i] : i;
}

/* Takes the next tape off the list.  With several workers nobody knows who will
 * get the one after it. */
static struct order
next_order(struct jobs *js)
{
	struct order order = { .tape = coming(js, 0), .next = NO_TAPE };

	if (js->g->jobs == 1)
		order.next = coming(js, 1);
	js->next++;
	return order;
}

static void
begin_tape(struct jobs *js, struct job *j, size_t tape)
{
	j->tape = tape;
	j->from_ns = clock_mono_ns(js->g->trial.clock);
	j->started_us = clock_wall_us(js->g->trial.clock);
	if (js->how->begun)
		js->how->begun(js->how->arg, tape);
}

static int
make_rooms(struct jobs *js, size_t tape, struct err *e)
{
	struct regression *g = js->g;

	if (!js->how->keep)
		return make_room(&g->rooms[tape], e);
	/* A worker finds only rooms that are older than itself. */
	for (size_t i = 0; i < g->npicked; i++)
		if (!js->roomy[i] && make_room(&g->rooms[i], e) == 0)
			js->roomy[i] = true;
	return g->rooms[tape].at ? 0 : -1;
}

static int
start(struct jobs *js, struct job *j, struct order order, struct err *e)
{
	int pair[2], rc;

	if (make_rooms(js, order.tape, e) != 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return err_sys(e, ERR_INTERNAL, "cannot make a socket pair");
	/* What stands in our buffers is ours to write. */
	fflush(NULL);
	rc = process_fork(SIGTERM, &j->process, e);
	if (rc == 1)
		run_worker(js, pair[1], order);
	close(pair[1]);
	j->orders = pair[0];
	if (rc != 0) {
		close(pair[0]);
		drop_room(&js->g->rooms[order.tape]);
	}
	return rc;
}

static void
start_next(struct jobs *js)
{
	struct job *j = &js->v[js->n];
	struct order order = next_order(js);
	struct err e = { .code = ERR_NONE };

	*j = (struct job){ .orders = -1 };
	begin_tape(js, j, order.tape);
	if (start(js, j, order, &e) == 0) {
		js->n++;
		return;
	}
	regression_error(js->g, j->tape, &e);
	js->how->fn(js->how->arg, j->tape);
}

/* ---- end ---------------------------------------------------------------- */

/* The result's texts stay where the child has put them. */
static void
take_result(struct regression *g, size_t i)
{
	struct jobs_room *room = &g->rooms[i];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t used = arena_offset() + room->at->used;

	g->results.tapes[i] = room->at->result;
	used = (used + page - 1) / page * page;
	if (used < room->n && munmap((char *)room->at + used,
				     room->n - used) == 0)
		room->n = used;
}

static void
set_died(struct jobs *js, const struct job *j, const struct err *e)
{
	struct regression *g = js->g;
	struct tape_result *out = &g->results.tapes[j->tape];

	regression_error(g, j->tape, e);
	out->started_us = j->started_us;
	out->seconds = (double)(clock_mono_ns(g->trial.clock) - j->from_ns) /
		       (double)NS_PER_S;
	drop_room(&g->rooms[j->tape]);
}

/* The verdict of the tape that a child had; it may have died over it. */
static void
collect(struct jobs *js, struct job *j, const struct process_end *end)
{
	const struct jobs_room *room = &js->g->rooms[j->tape];
	bool done = room->at->done, cut = done ? room->at->cut : stopping(js);
	struct err e = { .code = ERR_NONE };
	char text[64];

	if (cut) {
		drop_room(&js->g->rooms[j->tape]);
		return;
	}
	if (done && room->at->used > 0) {
		take_result(js->g, j->tape);
	} else if (done) {
		err_set(&e, ERR_INTERNAL, "its result is larger than %zu MiB",
			room->n / MiB);
		set_died(js, j, &e);
	} else {
		err_set(&e, ERR_INTERNAL, "the replay process died: %s",
			process_end_text(end, text));
		set_died(js, j, &e);
	}
	js->how->fn(js->how->arg, j->tape);
}

/* The child has ended: well, or badly, or because everybody had to. */
static void
finish(struct jobs *js, struct job *j)
{
	struct process_end end = { .code = 0 };

	/* What a dead child has left running goes with it. */
	if (j->tape == NO_TAPE || !js->g->rooms[j->tape].at->done)
		process_kill_session(&j->process);
	process_wait(&j->process, -1, &end);
	close(j->orders);
	if (j->tape != NO_TAPE)
		collect(js, j, &end);
}

/* It has its verdict and waits for the next tape. */
static void
carry_on(struct jobs *js, struct job *j)
{
	const struct process_end none = { .code = 0 };
	struct order order = { .tape = NO_TAPE, .next = NO_TAPE };
	char done;

	if (recv(j->orders, &done, 1, MSG_DONTWAIT) != 1)
		return;
	collect(js, j, &none);
	j->tape = NO_TAPE;
	if (!stopping(js) && js->next < js->g->npicked &&
	    js->roomy[coming(js, 0)]) {
		order = next_order(js);
		begin_tape(js, j, order.tape);
	}
	/* Who cannot be told is seen to have ended. */
	if (send(j->orders, &order, sizeof(order), MSG_NOSIGNAL) < 0)
		errno = 0;
}

/* Everybody winds down; who does not in time is killed with its service. */
static void
tell_to_stop(struct jobs *js)
{
	uint64_t now = clock_mono_ns(&clock_system);
	uint64_t grace = js->g->cfg->service.stop_grace_ns;

	if (js->kill_ns == 0)
		js->kill_ns = now + WIND_DOWN_NS +
			      (grace ? grace : SERVICE_GRACE_NS);
	for (size_t i = 0; i < js->n; i++) {
		if (now < js->kill_ns)
			kill(js->v[i].process.pid, SIGTERM);
		else
			process_kill_session(&js->v[i].process);
	}
}

static void
wait_for_some(struct jobs *js)
{
	const struct timespec remind = { .tv_nsec = REMIND_MS * 1000000L };
	bool timed = stopping(js) || js->how->tick;
	struct pollfd fds[2 * JOBS_MAX];
	size_t n = js->n;

	if (stopping(js))
		tell_to_stop(js);
	for (size_t i = 0; i < n; i++) {
		fds[i] = (struct pollfd){ .fd = js->v[i].process.pidfd,
					  .events = POLLIN };
		fds[n + i] = (struct pollfd){ .fd = js->v[i].orders,
					      .events = POLLIN };
	}
	if (ppoll(fds, 2 * n, timed ? &remind : NULL, &js->open) <= 0)
		return;
	/* From the end: the last one takes the place of who is gone. */
	for (size_t i = n; i-- > 0;) {
		if (fds[n + i].revents & POLLIN)
			carry_on(js, &js->v[i]);
		if (!fds[i].revents)
			continue;
		finish(js, &js->v[i]);
		js->v[i] = js->v[--js->n];
	}
}

void
jobs_run(struct regression *g, const struct jobs_how *how)
{
	struct jobs js = { .g = g, .how = how };

	g->rooms = mem_array(g->npicked, sizeof(*g->rooms));
	js.roomy = mem_array(g->npicked, sizeof(*js.roomy));
	sigprocmask(SIG_BLOCK, how->blocked, &js.open);
	for (;;) {
		while (!stopping(&js) && js.n < g->jobs &&
		       js.next < g->npicked)
			start_next(&js);
		if (js.n == 0)
			break;
		if (how->tick)
			how->tick(how->arg);
		wait_for_some(&js);
	}
	sigprocmask(SIG_SETMASK, &js.open, NULL);
	free(js.roomy);
}

void
jobs_release(struct regression *g)
{
	for (size_t i = 0; g->rooms && i < g->npicked; i++)
		drop_room(&g->rooms[i]);
	free(g->rooms);
	g->rooms = NULL;
}
