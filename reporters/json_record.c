/* Prints and reads structs as JSON objects by a table of their members. */
#include "json_record.h"

#include "reporters.h"

#include <dvr/base/hash.h>
#include <dvr/field/field.h>

/* Deeper than any record: results/replays/cases/differences are seven. */
#define DEPTH_MAX 16
#define SECONDS_MAX 1e9		/* thirty years: no run is longer */

static void *
part_of(void *base, size_t at)
{
	return (char *)base + at;
}

static const void *
seen_part(const void *base, size_t at)
{
	return (const char *)base + at;
}

/* ---- printing -------------------------------------------------------------- */

static bool
is_text(const struct slice *s)
{
	return slice_is_utf8(*s) && slice_chr(*s, '\0') < 0;
}

static bool
is_empty(const struct json_member *m, const void *base)
{
	const void *p = seen_part(base, m->at);

	switch (m->kind) {
	case JSON_TEXT:
		return ((const struct slice *)p)->n == 0;
	case JSON_UTF8:
		return ((const struct slice *)p)->n == 0 || !is_text(p);
	case JSON_BASE64:
		return is_text(p);
	case JSON_WORD:
		return *(const char *const *)p == NULL;
	case JSON_SECONDS:
		return *(const double *)p <= 0;
	case JSON_UINT:
	case JSON_ENUM:
	case JSON_CODE:
		return *(const unsigned *)p == 0;
	case JSON_SIZE:
		return *(const size_t *)p == 0;
	case JSON_INT64:
		return *(const int64_t *)p == 0;
	case JSON_BOOL:
	case JSON_NOT:
		return !*(const bool *)p;
	case JSON_TEXTS:
	case JSON_LIST:
		return *(const size_t *)seen_part(base, m->count_at) == 0;
	case JSON_PART:
		return !*(const bool *)seen_part(base, m->count_at);
	}
	return false;
}

static bool
is_left_out(const struct json_member *m, const void *base)
{
	if (m->kind == JSON_WORD || m->kind == JSON_PART)
		return is_empty(m, base);
	return m->sparing && is_empty(m, base);
}

static void
print_texts(const struct json_member *m, const void *base, struct buf *out)
{
	const struct slice *v = *(struct slice *const *)seen_part(base, m->at);
	size_t n = *(const size_t *)seen_part(base, m->count_at);

	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(out, ',');
		json_quote(v[i], out);
	}
	buf_addc(out, ']');
}

static void
print_list(const struct json_member *m, const void *base, struct buf *out)
{
	const char *v = *(const char *const *)seen_part(base, m->at);
	size_t n = *(const size_t *)seen_part(base, m->count_at);

	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(out, ',');
		json_record_print(m->record, v + i * m->record->size, out);
	}
	buf_addc(out, ']');
}

static void
print_value(const struct json_member *m, const void *base, struct buf *out)
{
	const void *p = seen_part(base, m->at);

	switch (m->kind) {
	case JSON_TEXT:
	case JSON_UTF8:
		json_quote(*(const struct slice *)p, out);
		break;
	case JSON_BASE64:
		buf_addc(out, '"');
		base64_encode(*(const struct slice *)p, out);
		buf_addc(out, '"');
		break;
	case JSON_WORD:
		json_quote(slice_str(*(const char *const *)p), out);
		break;
	case JSON_SECONDS:
		seconds_print(*(const double *)p, out);
		break;
	case JSON_UINT:
	case JSON_CODE:
		buf_fmt(out, "%u", *(const unsigned *)p);
		break;
	case JSON_SIZE:
		buf_fmt(out, "%zu", *(const size_t *)p);
		break;
	case JSON_INT64:
		buf_fmt(out, "%lld", (long long)*(const int64_t *)p);
		break;
	case JSON_BOOL:
		buf_adds(out, *(const bool *)p ? "true" : "false");
		break;
	case JSON_NOT:
		buf_adds(out, *(const bool *)p ? "false" : "true");
		break;
	case JSON_ENUM:
		json_quote(slice_str(m->word(*(const unsigned *)p)), out);
		break;
	case JSON_TEXTS:
		print_texts(m, base, out);
		break;
	case JSON_LIST:
		print_list(m, base, out);
		break;
	case JSON_PART:
		json_record_print(m->record, p, out);
		break;
	}
}

void
json_record_print(const struct json_record *r, const void *base,
		  struct buf *out)
{
	bool first = true;

	buf_addc(out, '{');
	for (size_t i = 0; i < r->n; i++) {
		const struct json_member *m = &r->members[i];

		if (is_left_out(m, base))
			continue;
		buf_fmt(out, "%s\"%s\":", first ? "" : ",", m->name);
		first = false;
		print_value(m, base, out);
	}
	buf_addc(out, '}');
}

/* ---- reading --------------------------------------------------------------- */

/* What is open at a depth: an object that is read, or a list. */
struct level {
	const struct json_record *record;	/* object: NULL passed over */
	const struct json_member *list;		/* list: NULL none */
	void *base;		/* the object, or the one that has the list */
	size_t cap;
};

struct reading {
	struct arena *a;
	struct level levels[DEPTH_MAX];
	const char *bad;	/* name of a member that is of another kind */
};

static size_t
depth_of(struct slice place)
{
	size_t n = 0;

	for (size_t i = 0; i < place.n; i++)
		n += place.p[i] == '/';
	return n;
}

static const struct json_member *
find_member(const struct json_record *r, struct slice key)
{
	for (size_t i = 0; i < r->n; i++) {
		if (slice_eq(slice_str(r->members[i].name), key))
			return &r->members[i];
	}
	return NULL;
}

static int
read_word(const struct json_member *m, struct slice word, unsigned *out)
{
	for (unsigned i = 0; i < m->words; i++) {
		if (slice_eq(slice_str(m->word(i)), word)) {
			*out = i;
			return 0;
		}
	}
	return -1;
}

static int
read_int64(struct slice s, int64_t *out)
{
	bool minus = slice_starts(s, SLICE("-"));
	uint64_t v;

	if (slice_uint(slice_from(s, minus), INT64_MAX, &v) != 0)
		return -1;
	*out = minus ? -(int64_t)v : (int64_t)v;
	return 0;
}

static int
read_seconds(struct slice s, double *out)
{
	if (slice_real(s, out) != 0 || *out < 0 || *out > SECONDS_MAX)
		return -1;
	return 0;
}

/* A number or a truth value. */
static int
read_plain(const struct json_member *m, struct slice lexeme, void *p)
{
	uint64_t v;

	switch (m->kind) {
	case JSON_SECONDS:
		return read_seconds(lexeme, p);
	case JSON_UINT:
	case JSON_CODE:
		if (slice_uint(lexeme, UINT32_MAX, &v) != 0)
			return -1;
		*(unsigned *)p = (unsigned)v;
		return 0;
	case JSON_SIZE:
		if (slice_uint(lexeme, SIZE_MAX, &v) != 0)
			return -1;
		*(size_t *)p = (size_t)v;
		return 0;
	case JSON_INT64:
		return read_int64(lexeme, p);
	case JSON_BOOL:
	case JSON_NOT:
		*(bool *)p = slice_eq(lexeme, SLICE("true")) ==
			     (m->kind == JSON_BOOL);
		return 0;
	case JSON_TEXT:
	case JSON_UTF8:
	case JSON_BASE64:
	case JSON_WORD:
	case JSON_ENUM:
	case JSON_TEXTS:
	case JSON_LIST:
	case JSON_PART:
		break;
	}
	return -1;
}

static int
read_base64(struct arena *a, struct slice text, struct slice *out)
{
	struct buf b;
	int rc;

	buf_init(&b, text.n + 1);
	rc = base64_decode(text, &b);
	if (rc == 0)
		*out = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return rc;
}

static int
read_text(struct reading *r, const struct json_member *m, struct slice text,
	  void *p)
{
	switch (m->kind) {
	case JSON_TEXT:
	case JSON_UTF8:
		*(struct slice *)p = arena_copy(r->a, text);
		return 0;
	case JSON_BASE64:
		return read_base64(r->a, text, p);
	case JSON_WORD:
		*(const char **)p = arena_str(r->a, text);
		return 0;
	case JSON_ENUM:
		return read_word(m, text, p);
	case JSON_SECONDS:
	case JSON_UINT:
	case JSON_SIZE:
	case JSON_INT64:
	case JSON_BOOL:
	case JSON_NOT:
	case JSON_CODE:
	case JSON_TEXTS:
	case JSON_LIST:
	case JSON_PART:
		break;
	}
	return -1;
}

/* Room for one more in the list of `up`. */
static void *
grow_list(struct reading *r, struct level *up, size_t size)
{
	void **v = part_of(up->base, up->list->at);
	size_t *n = part_of(up->base, up->list->count_at);

	*v = arena_grow(r->a, *v, *n, &up->cap, size);
	return (char *)*v + size * (*n)++;
}

static int
take_item(struct reading *r, struct level *up, const struct field *f,
	  struct level *here)
{
	if (up->list->kind == JSON_TEXTS) {
		struct slice *s;

		if (f->kind != FIELD_STRING)
			return -1;
		s = grow_list(r, up, sizeof(*s));
		*s = arena_copy(r->a, f->value);
		return 0;
	}
	if (f->kind != FIELD_OBJECT)
		return -1;
	here->record = up->list->record;
	here->base = grow_list(r, up, here->record->size);
	memset(here->base, 0, here->record->size);
	return 0;
}

static int
take_member(struct reading *r, struct level *up, const struct json_member *m,
	    const struct field *f, struct level *here)
{
	void *p = part_of(up->base, m->at);

	switch (f->kind) {
	case FIELD_STRING:
		return read_text(r, m, f->value, p);
	case FIELD_NUMBER:
	case FIELD_BOOL:
		return read_plain(m, f->span, p);
	case FIELD_NULL:
		return 0;
	case FIELD_ARRAY:
		if (m->kind != JSON_TEXTS && m->kind != JSON_LIST)
			return -1;
		*here = (struct level){ .list = m, .base = up->base };
		return 0;
	case FIELD_OBJECT:
		if (m->kind != JSON_PART)
			return -1;
		*(bool *)part_of(up->base, m->count_at) = true;
		*here = (struct level){ .record = m->record, .base = p };
		return 0;
	case FIELD_BYTES:
		break;
	}
	return -1;
}

static int
take_field(void *arg, const struct field *f)
{
	struct reading *r = arg;
	size_t depth = depth_of(f->place);
	const struct json_member *m;
	struct level *up, *here;

	if (depth == 0 || depth >= DEPTH_MAX)
		return 0;
	up = &r->levels[depth - 1];
	here = &r->levels[depth];
	*here = (struct level){ .record = NULL };
	if (up->list) {
		if (take_item(r, up, f, here) == 0)
			return 0;
		r->bad = up->list->name;
		return -1;
	}
	m = up->record ? find_member(up->record, f->key) : NULL;
	if (!m || take_member(r, up, m, f, here) == 0)
		return 0;
	r->bad = m->name;
	return -1;
}

int
json_record_read(const struct json_record *record, struct arena *a,
		 struct slice text, void *base, struct err *e)
{
	struct reading r = { .a = a };
	enum field_result rc;

	r.levels[0] = (struct level){ .record = record, .base = base };
	rc = field_format_named("json")->walk(a, text, take_field, &r);
	if (rc != FIELD_OK || !slice_starts(slice_trim(text), SLICE("{")))
		return err_set(e, ERR_USAGE, "this is no JSON object");
	if (r.bad)
		return err_set(e, ERR_USAGE, "\"%s\" is not as dvr writes it",
			       r.bad);
	return 0;
}
