/* The provider `command`: somebody's own dump and its way back. */
#include "providers.h"

#include <dvr/base/fs.h>
#include <dvr/base/mem.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAID_MAX (1024u * 1024u)	/* of errors: more is no message */
#define SAID_SHOWN 120	/* bytes of a line; less than quote() cuts */
#define LOOK_MS 20	/* how often its output is measured */

/*
 * A file that is nowhere but in memory.  Children have it by descriptor:
 * our own /proc is closed to everybody who is not root, for what is in our
 * memory.
 */
struct memory { int fd; };

#define STATE_FILE_NAME(fd) STATE_FILE_NAMED(fd)
#define STATE_FILE_NAMED(fd) "/proc/self/fd/" #fd

static int
memory_open(struct memory *m, struct err *e)
{
	m->fd = memfd_create("dvr-state", MFD_CLOEXEC);
	if (m->fd < 0)
		return err_sys(e, ERR_INTERNAL, "memfd_create");
	return 0;
}

static uint64_t
memory_size(const struct memory *m)
{
	struct stat st;

	return fstat(m->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static char *
memory_read(const struct memory *m, size_t size, struct err *e)
{
	char *bytes = mem_array(size + 1, 1);
	size_t have = 0;

	while (have < size) {
		ssize_t n = pread(m->fd, bytes + have, size - have,
				  (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err_sys(e, ERR_INTERNAL, "reading the dump");
			free(bytes);
			return NULL;
		}
		have += (size_t)n;
	}
	return bytes;
}

static int
memory_write(const struct memory *m, struct slice s, struct err *e)
{
	if (fs_write_all(m->fd, s) < 0)
		return err_sys(e, ERR_INTERNAL, "writing the dump");
	if (lseek(m->fd, 0, SEEK_SET) < 0)
		return err_sys(e, ERR_INTERNAL, "lseek");
	return 0;
}

/* ---- running -------------------------------------------------------------- */

struct command {
	const char *text, *what;
	const struct state_config *c;
	const struct state_where *w;
	const struct memory *file;	/* DVR_STATE_FILE */
	int in, out;			/* in -1: ours; out -1: with `said` */
	struct memory said;		/* its errors: raw */
};

static bool
too_large(const struct command *r)
{
	struct stat st;

	if (memory_size(r->file) > r->c->max_bytes ||
	    memory_size(&r->said) > SAID_MAX)
		return true;
	return r->out >= 0 && fstat(r->out, &st) == 0 &&
		(uint64_t)st.st_size > r->c->max_bytes;
}

/* The last line of what it said, for people; who shows it scrubs it. */
static void
add_last_line(const struct command *r, struct err *e)
{
	char text[512], q[QUOTE_MAX];
	uint64_t size = memory_size(&r->said);
	size_t want = size < sizeof(text) ? (size_t)size : sizeof(text);
	ssize_t n = pread(r->said.fd, text, want, (off_t)(size - want));
	struct slice s = slice_of(text, n > 0 ? (size_t)n : 0), line = s;
	struct err with;

	while (line.n > 0 && line.p[line.n - 1] == '\n')
		line.n--;
	/* half a line may begin with half a secret */
	if (size > want && slice_chr(line, '\n') < 0)
		return;
	for (size_t i = line.n; i > 0; i--) {
		if (line.p[i - 1] == '\n') {
			line = slice_from(line, i);
			break;
		}
	}
	if (line.n == 0 || !e)
		return;
	with = *e;
	err_set(e, with.code, "%.700s: %s", with.msg,
		quote(slice_words(line, SAID_SHOWN), q));
}

static int
wait_for(const struct command *r, struct process *p, struct err *e)
{
	struct process_end end = { .code = 0 };
	char text[64];
	int waited = 0, rc;

	while ((rc = process_wait(p, LOOK_MS, &end)) == 0) {
		waited += LOOK_MS;
		if (waited < STATE_COMMAND_MS && !too_large(r))
			continue;
		process_signal_group(p, SIGKILL);
		process_stop(p, 0, &end);
		return waited < STATE_COMMAND_MS ?
			state_too_large(r->c, e) :
			err_set(e, ERR_TARGET, "the %s command ran for more "
				"than %d ms", r->what, STATE_COMMAND_MS);
	}
	/* what it left in the background would hold the dump open */
	process_signal_group(p, SIGKILL);
	if (rc < 0 || end.signalled || end.code != 0) {
		err_set(e, ERR_TARGET, "the %s command failed: %s", r->what,
			process_end_text(&end, text));
		add_last_line(r, e);
		return -1;
	}
	return too_large(r) ? state_too_large(r->c, e) : 0;
}

static int
run(struct command *r, struct err *e)
{
	struct env *env;
	const char *argv[] = { "sh", "-c", r->text, NULL };
	struct process p;
	int rc;

	if (memory_open(&r->said, e) < 0)
		return -1;
	env = env_create(true);
	if (r->w->env)
		env_add_all(env, r->w->env);
	if (r->w->dir)
		env_set(env, "DVR_STATE_DIR", r->w->dir);
	env_set(env, "DVR_STATE_FILE", STATE_FILE_NAME(PROCESS_KEPT_FD));
	rc = process_start(&(struct process_spec){
		.argv = argv, .env = env_list(env), .in_fd = r->in,
		.out_fd = r->out >= 0 ? r->out : r->said.fd,
		.err_fd = r->said.fd, .kept_fd = r->file->fd,
		.new_group = true,
	}, &p, e);
	if (rc == 0)
		rc = wait_for(r, &p, e);
	env_destroy(env);
	close(r->said.fd);
	return rc;
}

/* ---- the provider ----------------------------------------------------------- */

/* What it wrote to DVR_STATE_FILE, else what it printed. */
static int
take(const struct state_config *c, const struct memory *file,
     const struct memory *printed, struct state_image *out, struct err *e)
{
	const struct memory *m = memory_size(file) > 0 ? file : printed;
	size_t size = (size_t)memory_size(m);
	char path[FS_PATH_MAX], *bytes;

	if (size == 0)
		return err_set(e, ERR_TARGET, "the snapshot command gave "
			       "nothing; it is to print the dump, or to "
			       "write it to $DVR_STATE_FILE");
	bytes = memory_read(m, size, e);
	if (!bytes)
		return -1;
	snprintf(path, sizeof(path), "state/%s.dump", c->name);
	image_add(out, path, bytes, size);
	return 0;
}

static int
snapshot(const struct state_config *c, const struct state_where *w,
	 struct state_image *out, struct err *e)
{
	struct memory file = { .fd = -1 }, printed = { .fd = -1 };
	int rc = -1;

	if (memory_open(&file, e) == 0 && memory_open(&printed, e) == 0)
		rc = run(&(struct command){
			.text = c->snapshot, .what = "snapshot", .c = c,
			.w = w, .file = &file, .in = -1, .out = printed.fd,
		}, e);
	if (rc == 0)
		rc = take(c, &file, &printed, out, e);
	if (file.fd >= 0)
		close(file.fd);
	if (printed.fd >= 0)
		close(printed.fd);
	return rc;
}

/* The dump is in $DVR_STATE_FILE and on its standard input. */
static int
restore_text(const struct state_config *c, struct slice text,
	     const struct state_where *w, struct err *e)
{
	struct state_config roomy = *c;
	struct memory file;
	int rc;

	if (memory_open(&file, e) < 0)
		return -1;
	roomy.max_bytes = SIZE_MAX;	/* it was bounded when it was taken */
	rc = memory_write(&file, text, e);
	if (rc == 0)
		rc = run(&(struct command){
			.text = c->restore, .what = "restore", .c = &roomy,
			.w = w, .file = &file, .in = file.fd, .out = -1,
		}, e);
	close(file.fd);
	return rc;
}

static int
restore(const struct state_config *c, const struct tape_state *s,
	const struct state_where *w, state_expand_fn *expand, struct err *e)
{
	struct buf text;
	int rc;

	if (s->unscrubbed.n > 0)
		return restore_text(c, s->files[0].bytes, w, e);
	buf_init(&text, STATE_MAX_BYTES * 4u);
	expand(s->files[0].bytes, &text, NULL);
	rc = text.full ? err_set(e, ERR_TAPE, "its dump is too large") :
		restore_text(c, buf_slice(&text), w, e);
	buf_release(&text);
	return rc;
}

const struct state_provider state_command = {
	.name = "command", .has_commands = true,
	.snapshot = snapshot, .restore = restore,
};
