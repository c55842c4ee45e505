/* Looks for secrets in a tape: field by field, with its codings undone. */
#include "audit_tape.h"

#include "command.h"

#include <dvr/base/fs.h>
#include <dvr/base/mem.h>
#include <dvr/tape/yaml.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* After so many, one knows; the summary counts them all. */
#define UNREADABLE_TOLD 10

struct told { struct slice file, rule, place; unsigned line; };

struct tape_audit {
	struct audit *audit;
	const char *dir;
	const struct tape *tape;
	struct slice text;		/* tape.yaml as it is on the disk */
	struct tape_blobs blobs;
	unsigned *lines;		/* by exchange */
	struct told *told;
	size_t ntold, cap;
	struct arena *arena;
};

/* ---- where ------------------------------------------------------------- */

static bool
is_in(const char *p, struct slice s)
{
	return s.n > 0 && p >= s.p && p < s.p + s.n;
}

static size_t
offset_of_line(struct slice text, unsigned line)
{
	size_t at = 0;

	while (line > 1 && at < text.n)
		line -= text.p[at++] == '\n';
	return at;
}

/* In tape.yaml: where the exchange's part of it has the value, or begins. */
static unsigned
line_in_tape(const struct tape_audit *t, const struct scrub_finding *f)
{
	size_t from = 0, to = t->text.n, i;
	struct slice part;
	ssize_t at = -1;

	for (i = 0; i < t->tape->nexchanges; i++) {
		if (f->exchange == 0 || t->tape->exchanges[i].id != f->exchange)
			continue;
		from = offset_of_line(t->text, t->lines[i]);
		if (i + 1 < t->tape->nexchanges)
			to = offset_of_line(t->text, t->lines[i + 1]);
	}
	part = slice_range(t->text, from, to);
	if (f->value.n > 0)
		at = slice_find(part, f->value);
	if (at < 0 && f->coded.n > 0)
		at = slice_find(part, f->coded);
	return audit_line(t->text, t->text.p + from + (at < 0 ? 0 : at));
}

static unsigned
line_in(struct slice bytes, const struct scrub_finding *f)
{
	return audit_line(bytes, is_in(f->value.p, bytes) ? f->value.p :
			  f->coded.p);
}

/* The file that a finding is in, below the tape's folder. */
static struct slice
locate(const struct tape_audit *t, const struct scrub_finding *f,
       unsigned *line)
{
	for (size_t i = 0; i < t->blobs.n; i++) {
		if (!is_in(f->coded.p, t->blobs.v[i].bytes))
			continue;
		*line = line_in(t->blobs.v[i].bytes, f);
		return arena_fmt(t->arena, "bodies/%s", t->blobs.v[i].hash);
	}
	for (size_t i = 0; i < t->tape->nstate; i++) {
		const struct tape_state *s = &t->tape->state[i];

		for (size_t k = 0; k < s->nfiles; k++) {
			if (!is_in(f->coded.p, s->files[k].bytes))
				continue;
			*line = line_in(s->files[k].bytes, f);
			return s->files[k].path;
		}
	}
	*line = line_in_tape(t, f);
	return SLICE("tape.yaml");
}

/* ---- what ------------------------------------------------------------------ */

static bool
is_told(const struct tape_audit *t, const struct told *x)
{
	for (size_t i = 0; i < t->ntold; i++) {
		const struct told *v = &t->told[i];

		if (v->line == x->line && slice_eq(v->file, x->file) &&
		    slice_eq(v->rule, x->rule) && slice_eq(v->place, x->place))
			return true;
	}
	return false;
}

static void
tape_found(void *arg, const struct scrub_finding *f)
{
	struct tape_audit *t = arg;
	struct told x = { .rule = f->rule, .place = f->place };
	char path[FS_PATH_MAX];

	x.file = locate(t, f, &x.line);
	if (is_told(t, &x))
		return;
	x.rule = arena_copy(t->arena, x.rule);
	x.place = arena_copy(t->arena, x.place);
	t->told = arena_grow(t->arena, t->told, t->ntold, &t->cap,
			     sizeof(*t->told));
	t->told[t->ntold++] = x;
	snprintf(path, sizeof(path), "%s/%.*s", t->dir, SLICE_ARG(x.file));
	t->audit->fn(t->audit->arg, &(struct leak){
		.file = path, .line = x.line, .rule = x.rule,
		.place = x.place });
}

static bool
told_line(const struct tape_audit *t, unsigned line)
{
	for (size_t i = 0; i < t->ntold; i++) {
		if (t->told[i].line == line &&
		    slice_eq(t->told[i].file, SLICE("tape.yaml")))
			return true;
	}
	return false;
}

/* Comments and what else a tape that was edited may hold. */
static void
beside_found(void *arg, const struct scrub_finding *f)
{
	struct tape_audit *t = arg;
	unsigned line = audit_line(t->text, is_in(f->value.p, t->text) ?
				   f->value.p : f->coded.p);

	if (!told_line(t, line))
		tape_found(arg, f);
}

/* Files that were looked at as parts of the tape. */
static bool
is_part(const void *arg, const char *path)
{
	const struct tape_audit *t = arg;
	struct slice name = slice_from(slice_str(path), strlen(t->dir));

	while (slice_starts(name, SLICE("/")))
		name = slice_from(name, 1);
	if (slice_eq(name, SLICE("tape.yaml")))
		return true;
	for (size_t i = 0; i < t->blobs.n; i++) {
		if (slice_starts(name, SLICE("bodies/")) &&
		    slice_eq(slice_from(name, 7),
			     slice_str(t->blobs.v[i].hash)))
			return true;
	}
	for (size_t i = 0; i < t->tape->nstate; i++) {
		for (size_t k = 0; k < t->tape->state[i].nfiles; k++) {
			if (slice_eq(name, t->tape->state[i].files[k].path))
				return true;
		}
	}
	return false;
}

static int
look(struct tape_audit *t, struct err *e)
{
	struct buf canonical;
	bool edited;

	buf_init(&canonical, TAPE_FILE_MAX);
	tape_print(t->tape, &canonical, &t->blobs);
	edited = !slice_eq(buf_slice(&canonical), t->text);
	buf_release(&canonical);
	t->lines = arena_array(t->arena, t->tape->nexchanges + 1,
			       sizeof(*t->lines));
	tape_print_lines(t->tape, t->lines);
	scrub_inspect_tape(t->audit->scrub, t->tape, tape_found, t);
	if (edited)
		scrub_inspect_text(t->audit->scrub, t->text, false,
				   beside_found, t);
	return audit_below(t->audit, t->dir, 0, is_part, t, e);
}

/* A tape that cannot be read is text, with all that is beside it. */
static int
as_text(struct audit *a, const char *dir, const struct err *why,
	struct err *e)
{
	if (a->unreadable++ < UNREADABLE_TOLD && !a->quiet)
		warn("%s; looked through as text", why->msg);
	return audit_below(a, dir, 1, NULL, NULL, e);
}

int
audit_tape(struct audit *a, const char *dir, struct err *e)
{
	struct tape_audit t = { .audit = a, .dir = dir };
	struct err why = { .code = ERR_NONE };
	char path[FS_PATH_MAX];
	struct tape tape;
	struct buf text;
	int rc = -1;

	buf_init(&text, TAPE_FILE_MAX);
	a->tapes++;
	if (tape_read(dir, &tape, &why) != 0) {
		buf_release(&text);
		return as_text(a, dir, &why, e);
	}
	if (fs_join(path, dir, "tape.yaml", e) == 0 &&
	    fs_read(path, &text, e) == 0) {
		t.tape = &tape;
		t.text = buf_slice(&text);
		t.arena = arena_create();
		rc = look(&t, e);
		free(t.blobs.v);
		arena_destroy(t.arena);
	}
	tape_release(&tape);
	buf_release(&text);
	return rc;
}
