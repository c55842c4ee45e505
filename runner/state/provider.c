/* The table of providers, and what all of them share. */
#include "providers.h"

#include <dvr/base/mem.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 64
#define TEXT_FACTOR 8u	/* an image's text may be longer than the image */

static const struct state_provider *const providers[] = {
	&state_sqlite, &state_files, &state_command,
};

const struct state_provider *
state_provider_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(providers); i++)
		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
	return NULL;
}

const char *
state_provider_names(char out[64])
{
	struct buf b;

	buf_init(&b, 63);
	for (size_t i = 0; i < ARRAY_LEN(providers); i++)
		buf_fmt(&b, "%s%s", i ? " | " : "", providers[i]->name);
	snprintf(out, 64, "%s", buf_cstr(&b));
	buf_release(&b);
	return out;
}

bool
state_name_ok(struct slice s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";

	if (s.n == 0 || s.n > NAME_MAX_BYTES || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!memchr(allowed, s.p[i], sizeof(allowed) - 1))
			return false;
	return true;
}

/* ---- images ----------------------------------------------------------- */

void
image_add(struct state_image *i, const char *path, char *bytes, size_t n)
{
	i->v = mem_grow(i->v, i->n + 1, sizeof(*i->v));
	i->v[i->n++] = (struct state_part){
		.path = mem_strdup(path), .bytes = bytes, .n = n,
	};
	i->bytes += n;
}

void
image_loss(struct state_image *i, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	i->losses = mem_grow(i->losses, i->nlosses + 1, sizeof(*i->losses));
	i->losses[i->nlosses++] = mem_strdup(text);
}

static void
forget_parts(struct state_image *i)
{
	for (size_t k = 0; k < i->n; k++) {
		if (i->v[k].bytes)
			explicit_bzero(i->v[k].bytes, i->v[k].n);
		free(i->v[k].bytes);
		free(i->v[k].path);
	}
	free(i->v);
	i->v = NULL;
	i->n = i->bytes = 0;
}

struct state_image *
state_image_lost(const char *why)
{
	struct state_image *i = mem_alloc(sizeof(*i));

	i->refs = 1;
	i->trouble = mem_strdup(why);
	return i;
}

struct state_image *
state_image_ref(struct state_image *i)
{
	i->refs++;
	return i;
}

void
state_image_unref(struct state_image *i)
{
	if (!i || --i->refs > 0)
		return;
	forget_parts(i);
	for (size_t k = 0; k < i->nlosses; k++)
		free(i->losses[k]);
	free(i->losses);
	free(i->trouble);
	free(i);
}

bool
state_image_same(const struct state_image *a, const struct state_image *b)
{
	if (a->trouble || b->trouble || a->nlosses || b->nlosses ||
	    a->n != b->n || a->bytes != b->bytes)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i].path, b->v[i].path) != 0 ||
		    a->v[i].n != b->v[i].n ||
		    (a->v[i].n > 0 && memcmp(a->v[i].bytes, b->v[i].bytes,
					     a->v[i].n) != 0))
			return false;
	return true;
}

struct state_image *
state_snapshot(const struct state_config *c, const struct state_where *w)
{
	struct state_image *i = mem_alloc(sizeof(*i));
	struct err e = { .code = ERR_NONE };

	i->refs = 1;
	if (c->provider->snapshot(c, w, i, &e) < 0) {
		forget_parts(i);
		i->trouble = mem_strdup(e.msg);
	}
	return i;
}

int
state_path(const struct state_config *c, const struct state_where *w,
	   char out[FS_PATH_MAX], struct err *e)
{
	if (!w->dir || !w->dir[0])
		return err_set(e, ERR_USAGE, "the service has no state folder");
	if (c->path[0])
		return fs_join(out, w->dir, c->path, e);
	if (strlen(w->dir) >= FS_PATH_MAX)
		return err_set(e, ERR_USAGE, "the state folder's path is too "
			       "long");
	memcpy(out, w->dir, strlen(w->dir) + 1);
	return 0;
}

int
state_too_large(const struct state_config *c, struct err *e)
{
	return err_set(e, ERR_USAGE, "more than %zu bytes; max_size, and a "
		       "quarter of capture.max_memory, are its limits",
		       c->max_bytes);
}

/* ---- to the tape, and back ------------------------------------------------ */

static int
render_part(const struct state_config *c, const struct state_part *p,
	    struct arena *a, struct slice *out, struct err *e)
{
	struct buf b;
	int rc;

	if (!c->provider->render) {
		*out = slice_of(p->bytes, p->n);
		return 0;
	}
	buf_init(&b, p->n * TEXT_FACTOR + MiB);
	rc = c->provider->render(p, &b, e);
	if (rc == 0 && b.full)
		rc = err_set(e, ERR_USAGE, "its text is too long");
	if (rc == 0)
		*out = arena_copy(a, buf_slice(&b));
	if (b.n > 0)
		explicit_bzero(b.p, b.n);
	buf_release(&b);
	return rc;
}

int
state_render(const struct state_config *c, const struct state_image *i,
	     struct arena *a, struct tape_state *out, struct err *e)
{
	*out = (struct tape_state){
		.name = slice_str(c->name),
		.provider = slice_str(c->provider->name),
		.unscrubbed = slice_str(c->unscrubbed),
		.snapshot = arena_fmt(a, "state/%s%s", c->name,
				      i->tree || i->n == 0 ? "/" : ""),
		.files = arena_array(a, i->n + 1, sizeof(*out->files)),
	};
	if (!i->tree && i->n == 1)
		out->snapshot = slice_str(i->v[0].path);
	for (size_t k = 0; k < i->n; k++) {
		struct tape_state_file *f = &out->files[out->nfiles++];

		f->path = slice_str(i->v[k].path);
		if (render_part(c, &i->v[k], a, &f->bytes, e) < 0)
			return -1;
	}
	return 0;
}

static int
restore_one(const struct state_config *v, size_t n,
	    const struct tape_state *s, const struct state_where *w,
	    state_expand_fn *expand, struct err *e)
{
	const struct state_config *c = NULL;
	char q[QUOTE_MAX], q2[QUOTE_MAX];

	for (size_t i = 0; i < n && !c; i++)
		if (slice_eq(slice_str(v[i].name), s->name))
			c = &v[i];
	if (!c)
		return err_set(e, ERR_USAGE, "the tape has state '%s' of "
			       "provider %s; add it to spec.state of dvr.yaml",
			       quote(s->name, q), quote(s->provider, q2));
	if (!slice_eq(slice_str(c->provider->name), s->provider))
		return err_set(e, ERR_USAGE, "state '%s' is of provider %s on "
			       "the tape, of %s in dvr.yaml", c->name,
			       quote(s->provider, q), c->provider->name);
	if (s->nfiles == 0)
		return 0;	/* it was not there */
	if (c->provider->restore(c, s, w, expand, e) < 0)
		return err_prefix(e, "state '%s' not restored", c->name);
	return 0;
}

int
state_restore(const struct state_config *v, size_t n, const struct tape *t,
	      const struct state_where *w, state_expand_fn *expand,
	      struct err *e)
{
	for (size_t i = 0; i < t->nstate; i++)
		if (restore_one(v, n, &t->state[i], w, expand, e) < 0)
			return -1;
	return 0;
}
