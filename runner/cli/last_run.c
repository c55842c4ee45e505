/* Keeps the last verdict of each tape between runs. */
#include "last_run.h"

#include <dvr/base/fs.h>
#include <dvr/field/field.h>
#include <dvr/reporter.h>

#include <stdlib.h>
#include <string.h>

#define FOLDER ".dvr"
#define FILE_MAX_BYTES (16u * MiB)	/* some 100,000 tapes */

struct reading {
	struct arena *a;
	struct last_run *out;
	size_t cap;
};

static int
path_of(const struct config *c, const char *name, char out[FS_PATH_MAX])
{
	char folder[FS_PATH_MAX];

	if (fs_join(folder, c->dir, FOLDER, NULL) != 0)
		return -1;
	return fs_join(out, folder, name, NULL);
}

static int
by_id(const void *pa, const void *pb)
{
	const struct last_tape *a = pa, *b = pb;

	return slice_cmp(a->id, b->id);
}

/* Milliseconds: the project reads whole numbers only. */
static int
take_field(void *arg, const struct field *f)
{
	struct reading *r = arg;
	struct last_run *l = r->out;
	struct last_tape *t = l->n ? &l->v[l->n - 1] : NULL;
	uint64_t ms;

	if (slice_eq(f->key, SLICE("id"))) {
		l->v = arena_grow(r->a, l->v, l->n, &r->cap, sizeof(*l->v));
		l->v[l->n++] = (struct last_tape){
			.id = arena_copy(r->a, f->value) };
	} else if (t && slice_eq(f->key, SLICE("failed"))) {
		t->failed = slice_eq(f->span, SLICE("true"));
	} else if (t && slice_eq(f->key, SLICE("runs"))) {
		t->runs = arena_copy(r->a, f->value);
	} else if (t && slice_eq(f->key, SLICE("ms")) &&
		   slice_uint(f->span, UINT32_MAX, &ms) == 0) {
		t->seconds = (double)ms / 1e3;
	}
	return 0;
}

void
last_run_load(const struct config *c, struct arena *a, struct last_run *out)
{
	struct reading r = { .a = a, .out = out };
	char path[FS_PATH_MAX];
	struct buf text;

	*out = (struct last_run){ 0 };
	buf_init(&text, FILE_MAX_BYTES);
	if (path_of(c, "last.json", path) != 0 ||
	    fs_read(path, &text, NULL) != 0 ||
	    field_format_named("json")->walk(a, buf_slice(&text), take_field,
					     &r) != FIELD_OK)
		*out = (struct last_run){ 0 };
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), by_id);
	buf_release(&text);
}

const struct last_tape *
last_run_find(const struct last_run *l, struct slice id)
{
	const struct last_tape key = { .id = id };

	if (l->n == 0)
		return NULL;
	return bsearch(&key, l->v, l->n, sizeof(*l->v), by_id);
}

static bool
is_in(const struct last_run *l, struct slice id)
{
	return last_run_find(l, id) != NULL;
}

static void
put(const struct last_tape *t, bool *first, struct buf *out)
{
	buf_adds(out, *first ? "\n{\"id\":" : ",\n{\"id\":");
	*first = false;
	json_quote(t->id, out);
	buf_fmt(out, ",\"failed\":%s,\"ms\":%llu,\"runs\":",
		t->failed ? "true" : "false",
		(unsigned long long)(t->seconds * 1e3));
	json_quote(t->runs, out);
	buf_addc(out, '}');
}

static struct slice
runs_with(struct arena *a, const struct last_run *before,
	  const struct tape_result *now)
{
	const struct last_tape *was = last_run_find(before, now->id);
	struct slice runs = was ? was->runs : SLICE("");
	char how = now->verdict == VERDICT_FLAKY ? 'r' :
		   now->verdict == VERDICT_FAILED ||
		   now->verdict == VERDICT_ERROR ? 'f' : 'p';

	if (runs.n >= LAST_RUNS_MAX)
		runs = slice_from(runs, runs.n - LAST_RUNS_MAX + 1);
	return arena_fmt(a, "%.*s%c", SLICE_ARG(runs), how);
}

/* The folder ignores itself. */
static int
make_folder(const struct config *c, struct err *e)
{
	char folder[FS_PATH_MAX], path[FS_PATH_MAX];

	if (fs_join(folder, c->dir, FOLDER, e) != 0 ||
	    fs_mkdirs(folder, 0700, e) != 0 ||
	    fs_join(path, folder, ".gitignore", e) != 0)
		return -1;
	return fs_write_atomic(path, 0600, SLICE("*\n"), e);
}

int
last_run_save(const struct config *c, const struct last_run *before,
	      const struct results *now, struct err *e)
{
	struct arena *a = arena_create();
	struct last_run tried = { 0 };
	char path[FS_PATH_MAX];
	bool first = true;
	struct buf text;
	int rc = -1;

	tried.v = arena_array(a, now->ntapes + 1, sizeof(*tried.v));
	for (size_t i = 0; i < now->ntapes; i++) {
		const struct tape_result *t = &now->tapes[i];

		tried.v[tried.n++] = (struct last_tape){ .id = t->id,
			.failed = t->verdict == VERDICT_FAILED ||
				  t->verdict == VERDICT_ERROR,
			.seconds = t->seconds,
			.runs = runs_with(a, before, t) };
	}
	qsort(tried.v, tried.n, sizeof(*tried.v), by_id);
	buf_init(&text, FILE_MAX_BYTES);
	buf_adds(&text, "{\"dvr\":1,\"tapes\":[");
	for (size_t i = 0; i < before->n; i++)
		if (!is_in(&tried, before->v[i].id))
			put(&before->v[i], &first, &text);
	for (size_t i = 0; i < tried.n; i++)
		put(&tried.v[i], &first, &text);
	buf_adds(&text, "\n]}\n");
	if (make_folder(c, e) == 0 && path_of(c, "last.json", path) == 0)
		rc = fs_write_atomic(path, 0600, buf_slice(&text), e);
	buf_release(&text);
	arena_destroy(a);
	return rc;
}
