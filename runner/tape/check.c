/* Finds what is wrong with a tape, whether it was read or is to be written. */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A folder's name may be 255 bytes; a temporary sibling needs some of them. */
#define ID_MAX 200u

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
	return false;
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
	for (size_t i = 0; i < m->nsegments; i++)
		if (m->segments[i].at_us < 0)
			return found(f, "segments",
				     "negative time; expected 0 or more");
	f->side = NULL;
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
	return false;
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
