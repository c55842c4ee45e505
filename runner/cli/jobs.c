/* Runs replays side by side in forked children and collects their results. */
#include "jobs.h"

#include <dvr/base/mem.h>
#include <dvr/base/process.h>

#include <poll.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
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

struct job {
	size_t tape;
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

static _Noreturn void
run_child(const struct jobs *js, const struct job *j)
{
	const struct jobs_room *room = &js->g->rooms[j->tape];
	struct handover *h = room->at;
	struct arena *a = arena_create_in((char *)h + arena_offset(),
					  room->n - arena_offset());

	/* The handlers are ours too: they set this process's flag. */
	sigprocmask(SIG_SETMASK, &js->open, NULL);
	regression_tape(js->g, j->tape, a, &h->result);
	h->cut = stopping(js);
	h->used = arena_region_used(a);
	h->done = true;
	_exit(0);
}

static int
start(struct jobs *js, struct job *j, struct err *e)
{
	struct regression *g = js->g;
	int rc;

	if (make_room(&g->rooms[j->tape], e) != 0)
		return -1;
	j->from_ns = clock_mono_ns(g->trial.clock);
	j->started_us = clock_wall_us(g->trial.clock);
	/* What stands in our buffers is ours to write. */
	fflush(NULL);
	rc = process_fork(SIGTERM, &j->process, e);
	if (rc == 1)
		run_child(js, j);
	if (rc != 0)
		drop_room(&g->rooms[j->tape]);
	return rc;
}

static void
start_next(struct jobs *js)
{
	struct job *j = &js->v[js->n];
	struct err e = { .code = ERR_NONE };

	*j = (struct job){ .tape = js->g->order ? js->g->order[js->next] :
						  js->next };
	js->next++;
	if (start(js, j, &e) == 0) {
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

/* The child has ended: well, or badly, or because everybody had to. */
static void
finish(struct jobs *js, struct job *j)
{
	const struct jobs_room *room = &js->g->rooms[j->tape];
	bool done = room->at->done, cut = done ? room->at->cut : stopping(js);
	struct process_end end = { .code = 0 };
	struct err e = { .code = ERR_NONE };
	char text[64];

	/* What a dead child has left running goes with it. */
	if (!done)
		process_kill_session(&j->process);
	process_wait(&j->process, -1, &end);
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
			process_end_text(&end, text));
		set_died(js, j, &e);
	}
	js->how->fn(js->how->arg, j->tape);
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
	struct pollfd fds[JOBS_MAX];

	if (stopping(js))
		tell_to_stop(js);
	for (size_t i = 0; i < js->n; i++)
		fds[i] = (struct pollfd){ .fd = js->v[i].process.pidfd,
					  .events = POLLIN };
	if (ppoll(fds, js->n, stopping(js) ? &remind : NULL, &js->open) <= 0)
		return;
	/* From the end: the last one takes the place of who is gone. */
	for (size_t i = js->n; i-- > 0;) {
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
	sigprocmask(SIG_BLOCK, how->blocked, &js.open);
	for (;;) {
		while (!stopping(&js) && js.n < g->jobs &&
		       js.next < g->npicked)
			start_next(&js);
		if (js.n == 0)
			break;
		wait_for_some(&js);
	}
	sigprocmask(SIG_SETMASK, &js.open, NULL);
}

void
jobs_release(struct regression *g)
{
	for (size_t i = 0; g->rooms && i < g->npicked; i++)
		drop_room(&g->rooms[i]);
	free(g->rooms);
	g->rooms = NULL;
}
