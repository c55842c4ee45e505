/* Snapshots of data stores: clean files, or none. */
#include "state.h"

#include <string.h>

/* The dump of a database and JSON by their columns and members, all other
 * text by what stands in it. */
static void
look_text(struct job *j, size_t i, const struct tape_state_file *f)
{
	static const char *const named[] = { "sqldump", "json" };
	const struct walk_at at = { .where = KEY_BODY, .part = PLACE_BODY };
	size_t which = slice_ends(f->path, SLICE(".json")) ? 1 : 0;

	if (job_walk(j, i, f->bytes, field_format_named(named[which]), &at) ==
	    FIELD_OK)
		job_detect(j, i);
	else
		job_detect_text(j, i);
}

static void
look_file(struct job *j, const struct tape_state *s, struct state_work *w)
{
	const struct tape_state_file *f = &s->files[w->file];
	struct slice place = arena_fmt(j->scratch, "state.%.*s",
				       SLICE_ARG(s->name));

	if (s->unscrubbed.n > 0)
		return;
	w->path = job_add(j, f->path, place);
	job_detect_text(j, w->path);
	if (memchr(f->bytes.p ? f->bytes.p : "", 0, f->bytes.n) ||
	    !slice_is_utf8(f->bytes)) {
		w->withheld = SLICE("it is no text that can be scrubbed; "
				    "`scrub: none` with a reason keeps it");
		return;
	}
	w->bytes = job_add(j, f->bytes, place);
	j->v[w->bytes].cells = true;
	look_text(j, w->bytes, f);
}

struct state_work *
state_look(struct job *j, const struct tape *in, size_t *n)
{
	struct state_work *v;
	size_t count = 0;

	for (size_t i = 0; i < in->nstate; i++)
		count += in->state[i].nfiles;
	v = arena_array(j->scratch, count + 1, sizeof(*v));
	*n = 0;
	for (size_t i = 0; i < in->nstate; i++) {
		for (size_t k = 0; k < in->state[i].nfiles; k++) {
			v[*n] = (struct state_work){
				.state = i, .file = k,
				.path = NO_STATE_PIECE,
				.bytes = NO_STATE_PIECE,
			};
			look_file(j, &in->state[i], &v[(*n)++]);
		}
	}
	return v;
}

/* Why the file may not be kept, "" when it may. */
static struct slice
objection(struct job *j, const struct state_work *w)
{
	if (w->withheld.n > 0)
		return w->withheld;
	if (w->path != NO_STATE_PIECE && job_hit(j, w->path))
		return SLICE("its name holds a secret");
	if (w->bytes == NO_STATE_PIECE)
		return SLICE("");
	if (job_gave_up(j, w->bytes).n > 0)
		return arena_fmt(j->scratch, "the rule at %.*s hit its limits "
				 "in it", SLICE_ARG(job_gave_up(j, w->bytes)));
	if (known_leaks(j->s->known, job_text(j, w->bytes)))
		return SLICE("it still held a known secret after scrubbing");
	return SLICE("");
}

static void
store_file(struct job *j, const struct tape_state_file *in,
	   struct state_work *w, struct tape *out)
{
	struct tape_state *s = &out->state[w->state];
	struct tape_state_file *f;

	w->withheld = objection(j, w);
	if (w->withheld.n > 0)
		return;
	f = &s->files[s->nfiles++];
	f->path = arena_copy(out->arena, in->path);
	f->bytes = arena_copy(out->arena, w->bytes == NO_STATE_PIECE ?
			      in->bytes : job_text(j, w->bytes));
}

void
state_store(struct job *j, const struct tape *in, struct state_work *v,
	    struct tape *out)
{
	struct arena *a = out->arena;
	size_t at = 0;

	out->nstate = in->nstate;
	out->state = arena_array(a, in->nstate + 1, sizeof(*out->state));
	for (size_t i = 0; i < in->nstate; i++) {
		const struct tape_state *s = &in->state[i];

		out->state[i] = (struct tape_state){
			.name = arena_copy(a, s->name),
			.provider = arena_copy(a, s->provider),
			.snapshot = arena_copy(a, s->snapshot),
			.unscrubbed = arena_copy(a, s->unscrubbed),
			.files = arena_array(a, s->nfiles + 1,
					     sizeof(*s->files)),
		};
		for (size_t k = 0; k < s->nfiles; k++)
			store_file(j, &s->files[k], &v[at++], out);
	}
}
