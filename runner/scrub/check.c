/* The last look at a tape before it is written. */
#include <dvr/scrub/inspect.h>

#include "scrubber.h"

#include <dvr/tape/yaml.h>

#include <stdlib.h>

#define SAID SLICE("(withheld)")
#define WHY SLICE("a last look found a secret in it")

struct missed { const char *at; struct slice rule, place; };

struct check {
	struct tape *tape;
	struct arena *arena;
	struct missed *v;
	size_t n, cap;
	struct slice *gone;	/* texts that were taken out: of one text there
				 * may be several findings */
	size_t ngone, gone_cap;
};

static void
found(void *arg, const struct scrub_finding *f)
{
	struct check *c = arg;
	bool inside = f->value.p >= f->coded.p &&
		      f->value.p < f->coded.p + f->coded.n;

	c->v = arena_grow(c->arena, c->v, c->n, &c->cap, sizeof(*c->v));
	c->v[c->n++] = (struct missed){
		.at = inside ? f->value.p : f->coded.p,
		.rule = arena_copy(c->arena, f->rule),
		.place = arena_copy(c->arena, f->place),
	};
}

static bool
is_in(const char *at, struct slice s)
{
	return s.n > 0 && at >= s.p && at < s.p + s.n;
}

static void
drop(struct check *c, struct slice *s, struct slice now)
{
	c->gone = arena_grow(c->arena, c->gone, c->ngone, &c->gone_cap,
			     sizeof(*c->gone));
	c->gone[c->ngone++] = *s;
	*s = now;
}

static bool
is_gone(const struct check *c, const char *at)
{
	for (size_t i = 0; i < c->ngone; i++) {
		if (is_in(at, c->gone[i]))
			return true;
	}
	return false;
}

static bool
text_gone(struct check *c, const char *at, struct slice *s)
{
	if (!is_in(at, *s))
		return false;
	drop(c, s, SAID);
	return true;
}

static bool
header_gone(struct check *c, const char *at, struct headers *h)
{
	for (size_t i = 0; i < h->n; i++) {
		struct header *x = &h->v[i];
		bool named = is_in(at, x->name);

		if (!is_in(at, x->line))
			continue;
		drop(c, &x->line, arena_fmt(c->tape->arena,
			"%.*s: (withheld)", SLICE_ARG(named ?
			SLICE("x-withheld") : x->name)));
		*x = header_of_line(x->line);
		return true;
	}
	return false;
}

static bool
line_gone(struct check *c, const char *at, struct slice *line)
{
	struct slice method = *line;

	if (!is_in(at, *line))
		return false;
	method = slice_cut(&method, ' ');
	drop(c, line, arena_fmt(c->tape->arena, "%.*s /withheld HTTP/1.1",
		SLICE_ARG(is_in(at, method) ? SLICE("GET") : method)));
	return true;
}

static void
body_gone(struct check *c, struct message *m)
{
	drop(c, &m->body, SLICE(""));
	drop(c, &m->raw_body, SLICE(""));
	m->decoded = SLICE("");
	m->withheld = WHY;
}

static bool
message_gone(struct check *c, const char *at, struct message *m)
{
	if (is_in(at, m->body) || is_in(at, m->raw_body)) {
		body_gone(c, m);
		return true;
	}
	if (!line_gone(c, at, &m->line) && !is_in(at, m->raw_head) &&
	    !header_gone(c, at, &m->headers) &&
	    !header_gone(c, at, &m->trailers))
		return false;
	drop(c, &m->raw_head, SLICE(""));
	return true;
}

static bool
exchange_gone(struct check *c, const char *at, struct exchange *x)
{
	bool gone = text_gone(c, at, &x->note);

	gone |= message_gone(c, at, &x->request);
	gone |= message_gone(c, at, &x->response);

	for (size_t i = 0; i < x->ninterim; i++)
		gone |= message_gone(c, at, &x->interim[i]);
	for (size_t i = 0; i < x->nmessages; i++) {
		if (!is_in(at, x->messages[i].payload))
			continue;
		drop(c, &x->messages[i].payload, SLICE(""));
		x->messages[i].withheld = WHY;
		/* the bodies are made of payloads */
		body_gone(c, &x->request);
		body_gone(c, &x->response);
		gone = true;
	}
	return gone;
}

/* One file of it, and nothing of it can be restored. */
static bool
state_gone(struct check *c, const char *at)
{
	struct tape *t = c->tape;
	bool gone = false;

	for (size_t i = 0; i < t->nstate; i++) {
		for (size_t k = 0; k < t->state[i].nfiles; k++)
			gone |= is_in(at, t->state[i].files[k].bytes) ||
				is_in(at, t->state[i].files[k].path);
	}
	for (size_t i = 0; gone && i < t->nstate; i++) {
		for (size_t k = 0; k < t->state[i].nfiles; k++) {
			drop(c, &t->state[i].files[k].bytes, SLICE(""));
			drop(c, &t->state[i].files[k].path, SLICE(""));
		}
	}
	if (gone)
		t->nstate = 0;
	return gone;
}

/* A pointer into a body, with a name in it: the traffic is not touched by
 * telling of the whole body instead. */
static bool
entry_gone(struct check *c, const char *at)
{
	for (size_t i = 0; i < c->tape->nscrubbed; i++) {
		struct slice *field = &c->tape->scrubbed[i].field;
		struct slice body = *field;

		if (!is_in(at, *field))
			continue;
		body = slice_cut(&body, '#');
		drop(c, field, is_in(at, body) ? SLICE("*") : body);
		return true;
	}
	return false;
}

static bool
take_out(struct check *c, const char *at)
{
	struct tape *t = c->tape;
	struct slice *const texts[] = { &t->log_tail, &t->trigger.detail,
		&t->session, &t->namespace, &t->not_replayable };
	bool gone = state_gone(c, at);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		gone |= text_gone(c, at, texts[i]);

	for (size_t i = 0; i < t->nlosses; i++)
		gone |= text_gone(c, at, &t->losses[i]);
	for (size_t i = 0; i < t->nexchanges; i++)
		gone |= exchange_gone(c, at, &t->exchanges[i]);
	return gone;
}

/* Each place once; the tape is not the whole story any more. */
static void
tell(struct tape *t, const struct check *c)
{
	struct slice *v = arena_array(t->arena, t->nlosses + c->n, sizeof(*v));

	for (size_t i = 0; i < t->nlosses; i++)
		v[i] = t->losses[i];
	for (size_t i = 0; i < c->n; i++)
		v[t->nlosses++] = arena_fmt(t->arena, "withheld: a last look "
			"before writing found '%.*s' at %.*s",
			SLICE_ARG(c->v[i].rule), SLICE_ARG(c->v[i].place));
	t->losses = v;
	if (t->not_replayable.n == 0)
		t->not_replayable = v[t->nlosses - 1];
}

/* The bytes as they will be on the disk. */
static bool
leaks(struct scrub *s, const struct tape *t)
{
	struct tape_blobs blobs = { 0 };
	struct buf text;
	bool found_one;

	buf_init(&text, TAPE_FILE_MAX);
	tape_print(t, &text, &blobs);
	found_one = known_leaks(s->known, buf_slice(&text));
	for (size_t i = 0; i < blobs.n && !found_one; i++)
		found_one = known_leaks(s->known, blobs.v[i].bytes);
	buf_release(&text);
	free(blobs.v);
	return found_one;
}

int
scrub_check(struct scrub *s, struct tape *t, struct err *e)
{
	struct check c = { .tape = t, .arena = arena_create() };
	size_t n = 0;
	int rc = 0;

	scrub_inspect_tape(s, t, found, &c);
	for (size_t i = 0; i < c.n && rc == 0; i++) {
		if (is_gone(&c, c.v[i].at) || entry_gone(&c, c.v[i].at))
			continue;
		c.v[n++] = c.v[i];
		if (!take_out(&c, c.v[i].at))
			rc = err_set(e, ERR_INTERNAL, "tape not written: a "
				     "last look found a secret at %.*s",
				     SLICE_ARG(c.v[i].place));
	}
	c.n = n;
	if (rc == 0 && c.n > 0)
		tell(t, &c);
	arena_destroy(c.arena);
	if (rc == 0 && leaks(s, t))
		rc = err_set(e, ERR_INTERNAL, "tape not written: what was "
			     "about to be written still held a known secret");
	return rc;
}
