/* Prints a tape as canonical YAML: written by hand, for speed and for diffs. */
#include <dvr/tape/yaml.h>

#include <dvr/base/clock.h>
#include <dvr/base/hash.h>
#include <dvr/base/yaml.h>

#include "names.h"
#include "printer.h"

#include <stdlib.h>
#include <string.h>

/* ---- the head and the lists ------------------------------------------ */

static bool
has_number(enum trigger_kind k)
{
	switch (k) {
	case TRIGGER_STATUS:
	case TRIGGER_EXIT:
	case TRIGGER_SIGNAL:
	case TRIGGER_SUITE:
	case TRIGGER_GRPC:
	case TRIGGER_CLOSE:
		return true;
	case TRIGGER_RESET:
	case TRIGGER_LOG:
	case TRIGGER_TIMEOUT:
	case TRIGGER_SESSION:
		return false;
	}
	return true;
}

static void
put_trigger(struct printer *p, const struct trigger *t)
{
	uint64_t value = t->value < 0 ? 0 : (uint64_t)t->value;

	print_key(p, "trigger");
	buf_addc(p->out, '{');
	if (value == 0 && !has_number(t->kind)) {
		print_member(p, trigger_kind_names[t->kind]);
		buf_adds(p->out, "true");
	} else {
		print_member_uint(p, trigger_kind_names[t->kind], value);
	}
	if (t->exchange > 0)
		print_member_uint(p, "exchange", t->exchange);
	print_member_text(p, "detail", t->detail);
	buf_adds(p->out, "}\n");
}

static void
put_origin(struct printer *p, const struct origin *o)
{
	print_key(p, "origin");
	buf_adds(p->out, "{from: ");
	buf_adds(p->out, o->truncated > 0 ? "truncated" :
		 o->snapshot ? "snapshot" : "start");
	if (o->truncated > 0)
		print_member_uint(p, "lost", o->truncated);
	if (o->snapshot) {
		print_member(p, "at");
		print_time(p->out, o->at_us);
	}
	print_member_text(p, "commit", o->commit);
	print_member_text(p, "build", o->build);
	print_member_text(p, "dvr", o->dvr);
	buf_adds(p->out, "}\n");
}

/* True when a list follows; an empty one is written at once. */
static bool
open_list(struct printer *p, const char *name, size_t n)
{
	if (n > 0) {
		print_open_key(p, name);
		return true;
	}
	print_key(p, name);
	buf_adds(p->out, "[]\n");
	return false;
}

static void
put_lanes(struct printer *p, const struct tape *t)
{
	open_list(p, "lanes", t->nlanes);
	for (size_t i = 0; i < t->nlanes; i++) {
		buf_adds(p->out, "  - {name: ");
		yaml_put(p->out, t->lanes[i].name);
		buf_adds(p->out, ", role: ");
		buf_adds(p->out, lane_role_names[t->lanes[i].role]);
		buf_adds(p->out, "}\n");
	}
}

static void
put_state_file(struct printer *p, const struct tape_state_file *f)
{
	char hash[SHA256_HEX];

	buf_adds(p->out, "      - {path: ");
	yaml_put(p->out, f->path);
	if (!slice_ends(f->path, SLICE("/"))) {
		if (f->sha256.n == 0)
			sha256_hex(f->bytes, hash);
		print_member_uint(p, "bytes", f->sha256.n ? f->size :
				  f->bytes.n);
		print_member_text(p, "sha256", f->sha256.n ? f->sha256 :
				  slice_str(hash));
	}
	buf_adds(p->out, "}\n");
}

static void
put_state(struct printer *p, const struct tape *t)
{
	open_list(p, "state", t->nstate);
	for (size_t i = 0; i < t->nstate; i++) {
		const struct tape_state *s = &t->state[i];

		buf_adds(p->out, "  - name: ");
		yaml_put(p->out, s->name);
		buf_adds(p->out, "\n    provider: ");
		yaml_put(p->out, s->provider);
		buf_adds(p->out, "\n    snapshot: ");
		yaml_put(p->out, s->snapshot);
		if (s->unscrubbed.n > 0) {
			buf_adds(p->out, "\n    unscrubbed: ");
			yaml_put(p->out, s->unscrubbed);
		}
		buf_addc(p->out, '\n');
		if (s->nfiles > 0)
			buf_adds(p->out, "    files:\n");
		for (size_t k = 0; k < s->nfiles; k++)
			put_state_file(p, &s->files[k]);
	}
}

/* Only where there are any: the key came later than others. */
static void
put_tokens(struct printer *p, const struct tape *t)
{
	if (t->ntokens > 0)
		open_list(p, "tokens", t->ntokens);
	for (size_t i = 0; i < t->ntokens; i++) {
		const struct tape_token *k = &t->tokens[i];

		buf_adds(p->out, "  - handle: ");
		yaml_put(p->out, k->handle);
		buf_fmt(p->out, "\n    coding: %s\n",
			token_coding_names[k->coding]);
		if (k->header.n > 0) {
			buf_adds(p->out, "    header: ");
			yaml_put(p->out, k->header);
			buf_addc(p->out, '\n');
		}
		buf_adds(p->out, "    text: ");
		yaml_put(p->out, k->text);
		buf_addc(p->out, '\n');
	}
}

static void
put_mocks(struct printer *p, const struct tape *t)
{
	if (t->nmocks > 0)
		open_list(p, "mocks", t->nmocks);
	for (size_t i = 0; i < t->nmocks; i++) {
		buf_adds(p->out, "  - ");
		yaml_put(p->out, t->mocks[i]);
		buf_addc(p->out, '\n');
	}
}

static void
put_scrubbed(struct printer *p, const struct tape *t)
{
	open_list(p, "scrubbed", t->nscrubbed);
	for (size_t i = 0; i < t->nscrubbed; i++) {
		buf_adds(p->out, "  - {rule: ");
		yaml_put(p->out, t->scrubbed[i].rule);
		buf_adds(p->out, ", field: ");
		yaml_put(p->out, t->scrubbed[i].field);
		buf_adds(p->out, ", count: ");
		print_uint(p->out, t->scrubbed[i].count);
		buf_adds(p->out, "}\n");
	}
}

/* On one line and always last: a file that was cut at any line lacks it. */
static void
put_losses(struct printer *p, const struct tape *t)
{
	print_key(p, "losses");
	buf_addc(p->out, '[');
	for (size_t i = 0; i < t->nlosses; i++) {
		if (i > 0)
			buf_adds(p->out, ", ");
		yaml_put(p->out, t->losses[i]);
	}
	buf_adds(p->out, "]\n");
}

static void
put_head(struct printer *p, const struct tape *t)
{
	char date[CLOCK_RFC3339_MAX];

	print_key_uint(p, "dvr", TAPE_FORMAT);
	print_text(p, "id", t->id);
	clock_rfc3339(t->recorded_us, date);
	print_key(p, "recorded");
	buf_adds(p->out, date);
	print_end_line(p);
	print_text(p, "namespace", t->namespace);
	print_text(p, "session", t->session);
	print_text(p, "signature", t->signature);
	put_trigger(p, &t->trigger);
	put_origin(p, &t->origin);
	print_text_if(p, "not_replayable", t->not_replayable);
	print_text_if(p, "descriptors", t->descriptors);
	put_lanes(p, t);
	put_state(p, t);
	if (t->log_tail.n > 0) {
		print_key(p, "log");
		yaml_put_block(p->out, t->log_tail);
		print_end_line(p);
	}
}

/* ---- the whole ------------------------------------------------------- */

static int
by_hash(const void *a, const void *b)
{
	const struct tape_blob *x = a, *y = b;

	return strcmp(x->hash, y->hash);
}

/* Each body once, in the order of the hashes. */
static void
settle_blobs(struct tape_blobs *b)
{
	size_t n = 0;

	if (b->n == 0)
		return;
	qsort(b->v, b->n, sizeof(*b->v), by_hash);
	for (size_t i = 0; i < b->n; i++)
		if (n == 0 || strcmp(b->v[n - 1].hash, b->v[i].hash) != 0)
			b->v[n++] = b->v[i];
	b->n = n;
}

static unsigned
count_lines(struct slice s)
{
	unsigned n = 0;

	while (s.p) {
		slice_cut(&s, '\n');
		n += s.p != NULL;
	}
	return n;
}

static void
print(struct printer *p, const struct tape *t, unsigned *lines)
{
	unsigned line = 1;
	size_t seen = 0;

	put_head(p, t);
	open_list(p, "exchanges", t->nexchanges);
	for (size_t i = 0; i < t->nexchanges; i++) {
		if (lines) {
			line += count_lines(
				slice_from(buf_slice(p->out), seen));
			seen = p->out->n;
			lines[i] = line;
		}
		print_exchange(p, t, &t->exchanges[i]);
	}
	put_tokens(p, t);
	put_mocks(p, t);
	put_scrubbed(p, t);
	put_losses(p, t);
}

void
tape_print(const struct tape *t, struct buf *out, struct tape_blobs *blobs)
{
	struct printer p = { .out = out };

	print(&p, t, NULL);
	settle_blobs(&p.blobs);
	if (blobs)
		*blobs = p.blobs;
	else
		free(p.blobs.v);
}

void
tape_print_lines(const struct tape *t, unsigned *lines)
{
	struct buf text;
	struct printer p = { .out = &text, .lines_only = true };

	buf_init(&text, SIZE_MAX / 4);
	print(&p, t, lines);
	free(p.blobs.v);
	buf_release(&text);
}
