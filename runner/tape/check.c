/* Finds what is wrong with a tape, whether it was read or is to be written. */
#include "check.h"

#include <dvr/tape/yaml.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A folder's name may be 255 bytes; a temporary sibling needs some of them. */
#define ID_MAX 200u

/* As long as a path may be below a folder of some depth itself. */
#define STATE_PATH_MAX 2048u

static bool found(struct fault *f, const char *key, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

static bool
found(struct fault *f, const char *key, const char *fmt, ...)
{
	va_list ap;

	f->key = key;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	return true;
}

static bool
is_folder_name(struct slice s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";

	if (s.n == 0 || s.n > ID_MAX || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!memchr(allowed, s.p[i], sizeof(allowed) - 1))
			return false;
	return true;
}

/* "state/…", below the tape's folder whatever stands in it. */
static bool
is_state_path(struct slice s)
{
	struct slice part;

	if (!slice_starts(s, SLICE("state/")) || s.n > STATE_PATH_MAX ||
	    slice_chr(s, '\0') >= 0)
		return false;
	s = slice_from(s, sizeof("state/") - 1);
	do {
		part = slice_cut(&s, '/');
		if (part.n == 0 || part.n > 255 ||
		    slice_eq(part, SLICE(".")) || slice_eq(part, SLICE("..")))
			return false;
	} while (s.n > 0);
	return true;
}

static bool
check_state(const struct tape *t, struct fault *f)
{
	uint64_t total = 0;

	for (size_t i = 0; i < t->nstate; i++) {
		const struct tape_state *s = &t->state[i];

		for (size_t k = 0; k < s->nfiles; k++) {
			const struct tape_state_file *file = &s->files[k];

			if (!is_state_path(file->path))
				return found(f, "state", "bad path of a file; "
					     "expected state/ and names "
					     "without '.' and '..'");
			if (!slice_starts(file->path, s->snapshot))
				return found(f, "state", "a file that is not "
					     "below its snapshot");
			if (k > 0 && slice_cmp(s->files[k - 1].path,
					       file->path) >= 0)
				return found(f, "state", "files that do not "
					     "ascend; expected the order of "
					     "their paths");
			total += file->bytes.n > file->size ? file->bytes.n :
				file->size;
		}
	}
	return total > TAPE_STATE_MAX &&
		found(f, "state", "files of more than %u bytes; the limit of "
		      "one tape", TAPE_STATE_MAX);
}

static bool
check_head(const struct tape *t, struct fault *f)
{
	f->exchange = t->nexchanges;
	if (!is_folder_name(t->id))
		return found(f, "id",
			     "bad id; expected 1 to %u letters, digits, '-', "
			     "'_' or '.', not first",
			     ID_MAX);
	if (t->trigger.exchange > 0 && !tape_exchange(t, t->trigger.exchange))
		return found(f, "trigger",
			     "trigger names exchange %u; it is not on the "
			     "tape",
			     t->trigger.exchange);
	for (size_t i = 0; i < t->nlanes; i++)
		for (size_t j = 0; j < i; j++)
			if (slice_eq(t->lanes[i].name, t->lanes[j].name))
				return found(f, "lanes",
					     "two lanes have one name; "
					     "expected names that differ");
	return check_state(t, f);
}

static bool
check_id(const struct tape *t, size_t i, struct fault *f)
{
	uint32_t id = t->exchanges[i].id;

	if (id == 0)
		return found(f, "id", "bad id 0; expected 1 or more");
	if (i == 0 || id > t->exchanges[i - 1].id)
		return false;
	for (size_t j = 0; j < i; j++)
		if (t->exchanges[j].id == id)
			return found(f, "id",
				     "duplicate id %u; expected ids that "
				     "ascend",
				     id);
	return found(f, "id", "id %u after %u; expected ids that ascend", id,
		     t->exchanges[i - 1].id);
}

static bool
check_message(const struct message *m, const char *side, struct fault *f)
{
	f->side = side;
	if (m->at_us < 0)
		return found(f, "at", "negative time; expected 0 or more");
	if (m->end_us < m->at_us)
		return found(f, "end",
			     "ends before it starts; expected %lld.%06lld or "
			     "more",
			     (long long)(m->at_us / 1000000),
			     (long long)(m->at_us % 1000000));
	if (m->error > 0 && m->end != END_RESET && m->end != END_GOAWAY)
		return found(f, "error", "an error where none was sent; "
			     "expected it with ended: reset or goaway");
	for (size_t i = 0; i < m->nsegments; i++)
		if (m->segments[i].at_us < 0)
			return found(f, "segments",
				     "negative time; expected 0 or more");
	f->side = NULL;
	return false;
}

/* Absent sides have no body that messages could make. */
static bool
check_messages(const struct exchange *x, struct fault *f)
{
	for (size_t i = 0; i < x->nmessages; i++) {
		const struct stream_message *p = &x->messages[i];

		if (p->at_us < 0 || p->end_us < p->at_us)
			return found(f, "messages", "message %zu ends before "
				     "it starts, or its time is negative",
				     i + 1);
		if (p->payload.n > UINT32_MAX)
			return found(f, "messages", "message %zu is larger "
				     "than its length can tell", i + 1);
	}
	if ((!x->request.present && exchange_joined(x, FROM_CLIENT)) ||
	    (!x->response.present && exchange_joined(x, FROM_SERVER)))
		return found(f, "messages", "messages of a side that is "
			     "missing");
	if (!exchange_is_joined(x, FROM_CLIENT) ||
	    !exchange_is_joined(x, FROM_SERVER))
		return found(f, "messages", "messages that are not the "
			     "body's beginning");
	return false;
}

static bool
check_exchange(const struct tape *t, size_t i, struct fault *f)
{
	const struct exchange *x = &t->exchanges[i];

	f->exchange = i;
	if (check_id(t, i, f))
		return true;
	if (x->lane >= t->nlanes)
		return found(f, "lane", "unknown lane; expected one of lanes");
	if (check_message(&x->request, "request", f) ||
	    check_message(&x->response, "response", f))
		return true;
	for (f->interim = 0; f->interim < x->ninterim; f->interim++)
		if (check_message(&x->interim[f->interim], "interim", f))
			return true;
	if (x->request.present && x->response.present &&
	    x->response.at_us < x->request.at_us) {
		f->side = "response";
		return found(f, "at",
			     "answer before its request; expected a "
			     "time not before the request's");
	}
	return check_messages(x, f);
}

bool
tape_find_fault(const struct tape *t, struct fault *f)
{
	*f = (struct fault){ 0 };
	if (check_head(t, f))
		return true;
	for (size_t i = 0; i < t->nexchanges; i++)
		if (check_exchange(t, i, f))
			return true;
	return false;
}
