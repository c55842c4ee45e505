/* Forks the child that writes a tape, and watches it (see commit.h). */
#include "commit.h"
#include "bare.h"
#include "first_plan.h"
#include "fit.h"
#include "unresolved.h"

#include <dvr/base/fs.h>
#include <dvr/base/mem.h>
#include <dvr/tape/library.h>
#include <dvr/base/process.h>
#include <dvr/relate/route.h>
#include <dvr/tape/plan.h>
#include <dvr/tape/yaml.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* id, dir, error and reason; less than a pipe holds, so the child never waits
 * for us to read. */
#define REPORT_MAX (16u * KiB)
#define ID_TRIES 1000u

struct commit {
	struct ledger *ledger;
	struct job *first, *last;	/* waiting */
	struct job *running;
	struct process child;
	int report_fd;
	bool held;
	struct loop_io io;		/* its pidfd */
};

enum report_field { REPORT_ID, REPORT_DIR, REPORT_ERROR, REPORT_REASON,
	REPORT_LOSS, REPORT_MOCKS, REPORT_FIELDS };

/* ---- the child -------------------------------------------------------- */

static void
leave_parent(int report_fd)
{
	const struct rlimit none = { 0, 0 };
	sigset_t all;
	int sig, null;

	for (sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	/* ^C ends the suite; the tape of what it found is still written. */
	(void)setpgid(0, 0);
	if (report_fd > 3)
		(void)close_range(3, (unsigned)report_fd - 1, 0);
	(void)close_range((unsigned)report_fd + 1, ~0u, 0);
	/* Raw traffic must not end up in a core file or a debugger. */
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		if (null > STDERR_FILENO)
			(void)close(null);
	}
}

/*
 * Does the library hold the same failure under this id?  Then it is one that
 * nobody called known (it never reproduced, or another run wrote it a moment
 * ago), and the new tape takes its place.
 */
static bool
same_failure(const struct ledger *l, const struct tape *t)
{
	const struct library_entry *x;
	struct library lib;
	bool same;

	if (library_scan(l->config.fixtures, &lib, NULL) != 0)
		return false;
	x = library_find(&lib, arena_str(t->arena, t->id));
	same = x && slice_eq(slice_str(x->signature), t->signature);
	library_release(&lib);
	return same;
}

/* A folder name that is free: another failure may have the same words. */
static int
free_id(const struct ledger *l, struct tape *t, struct slice id,
	char dir[FS_PATH_MAX], struct err *e)
{
	unsigned i;

	for (i = 1; i < ID_TRIES; i++) {
		t->id = i == 1 ? arena_copy(t->arena, id) :
			arena_fmt(t->arena, "%.*s-%u", SLICE_ARG(id), i);
		if (fs_join(dir, l->config.fixtures,
			    arena_str(t->arena, t->id), e))
			return -1;
		if (access(dir, F_OK) != 0 || same_failure(l, t))
			return 0;
	}
	return err_set(e, ERR_USAGE, "%s: too many tapes of that name", dir);
}

static int
write_tape(const struct ledger *l, struct tape *t, const struct plan *plan,
	   char dir[FS_PATH_MAX], struct err *e)
{
	static const struct exchange nothing;
	const struct exchange *x = tape_exchange(t, t->trigger.exchange);
	struct library_lock lock;
	struct buf id;
	int rc = -1;

	buf_init(&id, FS_PATH_MAX);
	route_tape_id(x ? x : &nothing, &t->trigger,
		      arena_str(t->arena, t->signature), &id);
	if (fs_mkdirs(l->config.fixtures, 0755, e) ||
	    library_lock(l->config.fixtures, LIBRARY_WRITE, &lock, e))
		goto out;
	/* A name that is free stays so until the tape has it. */
	if (free_id(l, t, buf_slice(&id), dir, e) == 0)
		rc = tape_write_with(t, plan, l->config.fixtures, e);
	library_unlock(&lock);
out:
	buf_release(&id);
	return rc;
}

static void
put_field(struct buf *b, const char *s)
{
	buf_add(b, slice_of(s, strnlen(s, REPORT_MAX / REPORT_FIELDS - 1)));
	buf_addc(b, '\0');
}

/* What a replay cannot resolve stands on the tape; `mocks` gets it, too. */
static void
tell_unresolved(const struct ledger *l, struct tape *t,
		const struct plan *plan, struct buf *mocks)
{
	struct unresolved u = { .arena = t->arena };

	unresolved_find(t, plan, l->config.secrets, &u);
	t->mocks = arena_array(t->arena, u.n + 1, sizeof(*t->mocks));
	t->nmocks = u.n;
	for (size_t i = 0; i < u.n; i++) {
		t->mocks[i] = u.v[i];
		buf_fmt(mocks, "%s%.*s", i > 0 ? "\n" : "", SLICE_ARG(u.v[i]));
	}
}

static _Noreturn void
child_main(struct ledger *l, const struct job *j, int report_fd)
{
	struct err e = { .code = ERR_NONE };
	struct arena *a = arena_create();
	char dir[FS_PATH_MAX] = "";
	struct recording raw;
	struct plan plan;
	struct tape t;
	struct buf b, mocks;
	int failed;

	buf_init(&mocks, REPORT_MAX);
	leave_parent(report_fd);
	tape_init(&t);
	job_record(l, j, a, &raw);
	if (j->bare)
		bare_recording(&raw, j->bare);
	else
		descriptors_name(l->config.descriptors, a, &raw.raw);
	failed = scrub_recording(l->scrub, &raw, &t, &e) ||
		 scrub_check(l->scrub, &t, &e) ||
		 fit_tape(&t, l->config.max_tape_bytes, &e);
	if (!failed) {
		plan = (struct plan){ .expect = EXPECT_FIXED };
		if (!j->bare)
			first_plan(l, a, &raw, &plan);
		tell_unresolved(l, &t, &plan, &mocks);
		failed = write_tape(l, &t, &plan, dir, &e);
	}
	buf_init(&b, REPORT_MAX);
	put_field(&b, failed ? "" : arena_str(t.arena, t.id));
	put_field(&b, failed ? "" : dir);
	put_field(&b, failed ? e.msg : "");
	put_field(&b, failed || t.not_replayable.n == 0 ? "" :
		  arena_str(t.arena, t.not_replayable));
	put_field(&b, failed || t.nlosses == 0 ? "" :
		  arena_str(t.arena, t.losses[0]));
	put_field(&b, failed ? "" : buf_cstr(&mocks));
	/* Cut short, it is no report: the parent says so. */
	_exit(fs_write_all(report_fd, buf_slice(&b)) < 0 ? 1 : 0);
}

/* ---- the parent ------------------------------------------------------- */

static void
tell(struct commit *c, const struct job *j, const char *const *field)
{
	struct ledger_tape *t = &c->ledger->tapes[j->entry];

	if (field[REPORT_ERROR][0]) {
		free(t->error);
		t->error = mem_strdup(field[REPORT_ERROR]);
	}
	if (field[REPORT_REASON][0])
		t->not_replayable = mem_strdup(field[REPORT_REASON]);
	if (field[REPORT_LOSS][0])
		t->loss = mem_strdup(field[REPORT_LOSS]);
	if (field[REPORT_MOCKS][0])
		t->mocks = mem_strdup(field[REPORT_MOCKS]);
	free(t->id);
	free(t->dir);
	t->id = mem_strdup(field[REPORT_ID]);
	t->dir = mem_strdup(field[REPORT_DIR]);
	c->ledger->entries[j->entry].decided = true;
}

static void
tell_error(struct commit *c, const struct job *j, const char *text)
{
	const char *const field[REPORT_FIELDS] = {
		[REPORT_ID] = "", [REPORT_DIR] = "", [REPORT_ERROR] = text,
		[REPORT_REASON] = "", [REPORT_LOSS] = "", [REPORT_MOCKS] = "",
	};

	tell(c, j, field);
}

/* All of it fits a pipe, and its writer is gone. */
static bool
read_report(int fd, char *buf, size_t size, const char *field[REPORT_FIELDS])
{
	size_t n = 0, at = 0;
	ssize_t got;
	int i;

	while (n < size) {
		got = read(fd, buf + n, size - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	for (i = 0; i < REPORT_FIELDS; i++) {
		size_t len = strnlen(buf + at, n - at);

		if (at + len >= n)
			return false;
		field[i] = buf + at;
		at += len + 1;
	}
	return true;
}

static void start_next(struct commit *c);

/* A child that died of a recording: once more without what it may have died
 * of, and the tape says so. */
static bool
try_bare(struct commit *c, struct job *j, const char *why)
{
	if (j->bare)
		return false;
	j->bare = mem_strdup(why);
	j->next = c->first;
	c->first = j;
	if (!c->last)
		c->last = j;
	return true;
}

/* `again`: there is time for another try. */
static void
finish_running(struct commit *c, const char *why, bool again)
{
	struct job *j = c->running;
	const char *field[REPORT_FIELDS];
	char *buf = mem_alloc(REPORT_MAX);

	c->running = NULL;
	if (read_report(c->report_fd, buf, REPORT_MAX, field))
		tell(c, j, field);
	else if (again && try_bare(c, j, why))
		j = NULL;
	else
		tell_error(c, j, why);
	free(buf);
	close(c->report_fd);
	c->report_fd = -1;
	if (j)
		job_destroy(c->ledger, j);
}

static void
child_ended(struct loop_io *io, unsigned ready)
{
	struct commit *c = io->owner;
	struct process_end end;
	char text[64], why[128];
	struct buf b;

	(void)ready;
	/* process_reap() closes the descriptor. */
	loop_del(c->ledger->loop, io);
	if (process_reap(&c->child, &end) != 1) {
		if (loop_add(c->ledger->loop, io, LOOP_READ, NULL) == 0)
			return;
		end = (struct process_end){ .code = 0 };
	}
	buf_init(&b, sizeof(why));
	buf_fmt(&b, "commit child died: %s", process_end_text(&end, text));
	finish_running(c, buf_cstr(&b), true);
	buf_release(&b);
	start_next(c);
}

static int
watch(struct commit *c, pid_t pid, struct err *e)
{
	struct ledger *l = c->ledger;

	c->child.pid = pid;
	c->child.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (c->child.pidfd < 0)
		return err_sys(e, ERR_INTERNAL, "pidfd_open");
	c->io = (struct loop_io){
		.fd = c->child.pidfd,
		.fn = child_ended,
		.owner = c,
	};
	if (loop_add(l->loop, &c->io, LOOP_READ, e)) {
		close(c->child.pidfd);
		return -1;
	}
	return 0;
}

static int
start(struct commit *c, struct job *j, struct err *e)
{
	struct ledger *l = c->ledger;
	uint64_t before, stall;
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC))
		return err_sys(e, ERR_INTERNAL, "pipe");
	before = clock_mono_ns(l->clock);
	pid = fork();
	if (pid == 0)
		child_main(l, j, fd[1]);
	stall = clock_mono_ns(l->clock) - before;
	if (stall > l->stats.fork_stall_max_ns)
		l->stats.fork_stall_max_ns = stall;
	close(fd[1]);
	if (pid < 0) {
		close(fd[0]);
		return err_sys(e, ERR_INTERNAL, "fork");
	}
	if (watch(c, pid, e)) {
		close(fd[0]);
		kill(pid, SIGKILL);
		return -1;
	}
	c->report_fd = fd[0];
	c->running = j;
	return 0;
}

static struct job *
take_first(struct commit *c)
{
	struct job *j = c->first;

	if (!j)
		return NULL;
	c->first = j->next;
	if (!c->first)
		c->last = NULL;
	j->next = NULL;
	return j;
}

static void
start_next(struct commit *c)
{
	struct err e = { .code = ERR_NONE };
	struct job *j;

	while (!c->running && !c->held && (j = take_first(c))) {
		if (start(c, j, &e) == 0)
			return;
		tell_error(c, j, e.msg);
		job_destroy(c->ledger, j);
	}
}

struct commit *
commit_create(struct ledger *l)
{
	struct commit *c = mem_alloc(sizeof(*c));

	c->ledger = l;
	c->report_fd = -1;
	return c;
}

void
commit_queue(struct commit *c, struct job *j)
{
	if (c->last)
		c->last->next = j;
	else
		c->first = j;
	c->last = j;
	start_next(c);
}

bool
commit_busy(const struct commit *c)
{
	return c->running || c->first;
}

pid_t
commit_child(const struct commit *c)
{
	return c->running ? c->child.pid : 0;
}

void
commit_hold(struct commit *c, bool held)
{
	c->held = held;
	start_next(c);
}

const struct job *
commit_waiting(const struct commit *c)
{
	return c->first;
}

void
commit_give_up(struct commit *c)
{
	struct process_end end;
	struct job *j;

	if (c->running) {
		kill(c->child.pid, SIGKILL);
		loop_del(c->ledger->loop, &c->io);
		(void)process_wait(&c->child, -1, &end);
		finish_running(c, "the tape was not written in time", false);
	}
	while ((j = take_first(c))) {
		tell_error(c, j, "the tape was not written in time");
		job_destroy(c->ledger, j);
	}
}

void
commit_destroy(struct commit *c)
{
	if (!c)
		return;
	commit_give_up(c);
	free(c);
}
