/* Prints a tape as text that diffs well (plain.h). */
#include "plain.h"

#include <dvr/field/nest.h>
#include <dvr/judge/outcome.h>
#include <dvr/reporter.h>

/* A line of a diff is to be read by people (bytes). */
#define VALUE_MAX 2000

/* A tab is no space here: they differ. */
static void
put_safe(struct slice s, struct buf *out)
{
	struct slice rest = slice_range(s, 0, VALUE_MAX);

	while (rest.n > 0) {
		line_print(slice_cut(&rest, '\t'), out);
		buf_adds(out, rest.p ? "\\t" : "");
	}
	if (s.n > VALUE_MAX)
		buf_fmt(out, "… (%zu bytes)", s.n);
}

static void
put_line(const char *before, struct slice s, struct buf *out)
{
	buf_adds(out, before);
	put_safe(s, out);
	buf_addc(out, '\n');
}

static int
put_field(void *arg, const struct field *f)
{
	struct buf *out = arg;

	if (f->kind == FIELD_OBJECT || f->kind == FIELD_ARRAY)
		return 0;
	buf_adds(out, "    ");
	put_safe(f->place.n ? f->place : SLICE("/"), out);
	put_line(": ", f->value, out);
	return 0;
}

static void
put_payload(const struct field_format *f, struct slice body, struct buf *out)
{
	struct arena *a = arena_create();
	struct buf fields;

	if (body.n == 0) {
		arena_destroy(a);
		return;
	}
	buf_init(&fields, 64 * MiB);
	if (f && nest_walk(f, a, body, put_field, &fields) == FIELD_OK &&
	    fields.n)
		buf_add(out, buf_slice(&fields));
	else if (!slice_is_utf8(body))
		buf_fmt(out, "    (%zu bytes)\n", body.n);
	else
		while (body.p && body.n)
			put_line("    ", slice_cut(&body, '\n'), out);
	buf_release(&fields);
	arena_destroy(a);
}

static void
put_message(const struct message *m, bool joined, struct buf *out)
{
	const struct header *type = headers_find(&m->headers, "content-type");

	if (!m->present)
		return;
	put_line("  ", m->line, out);
	for (size_t i = 0; i < m->headers.n; i++)
		put_line("  ", m->headers.v[i].line, out);
	if (m->withheld.n)
		put_line("    (withheld) ", m->withheld, out);
	else if (!joined)
		put_payload(type ? field_format_for(type->value) : NULL,
			    m->body, out);
}

static void
put_exchange(const struct tape *t, const struct exchange *x, struct buf *out)
{
	struct outcome o = outcome_of(x);
	char text[48];

	buf_fmt(out, "\n%u ", x->id);
	put_safe(t->lanes[x->lane].name, out);
	buf_adds(out, x->id == t->trigger.exchange ? " (the failure)" : "");
	if (x->cause)
		buf_fmt(out, " for %u", x->cause);
	buf_fmt(out, ": %s\n", outcome_text(&o, text));
	put_message(&x->request, exchange_joined(x, FROM_CLIENT) > 0, out);
	put_message(&x->response, exchange_joined(x, FROM_SERVER) > 0, out);
	for (size_t i = 0; i < x->nmessages; i++) {
		buf_adds(out, x->messages[i].from == FROM_CLIENT
			 ? "  > message\n" : "  < message\n");
		put_payload(field_format_named("json"),
			    x->messages[i].payload, out);
	}
}

void
plain_tape(const struct tape *t, struct buf *out)
{
	buf_fmt(out, "trigger: %s %d at exchange %u\n",
		trigger_kind_name(t->trigger.kind), t->trigger.value,
		t->trigger.exchange);
	if (t->trigger.detail.n)
		put_line("  ", t->trigger.detail, out);
	if (t->not_replayable.n)
		put_line("not replayable: ", t->not_replayable, out);
	for (size_t i = 0; i < t->nexchanges; i++)
		put_exchange(t, &t->exchanges[i], out);
	for (size_t i = 0; i < t->nlosses; i++)
		put_line("lost: ", t->losses[i], out);
}
