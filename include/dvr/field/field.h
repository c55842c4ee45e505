/*
 * Fields: one walker a format yields (place, kind, span) for every value in a
 * body, without copying and without losing the lexeme (`1.10` stays `1.10`).
 * Scrub, compare, bind, mask, blame, query and edit are loops over fields; a
 * new format is one file here and one row in the table.
 */
#ifndef DVR_FIELD_FIELD_H
#define DVR_FIELD_FIELD_H

#include <dvr/base/arena.h>
#include <dvr/base/buf.h>

#define FIELD_DEPTH_MAX 128	/* deeper: the body is opaque (FIELD_BROKEN) */

enum field_kind {
	FIELD_STRING, FIELD_NUMBER, FIELD_BOOL, FIELD_NULL,
	FIELD_ARRAY, FIELD_OBJECT,	/* containers: span covers all of it */
	FIELD_BYTES			/* opaque */
};

struct field {
	/* RFC 6901 pointer into the body ("/cart/items/0/id"), or the name for
	 * flat formats ("/user"; the nth of the same name: "/user/1"). */
	struct slice place;
	struct slice key;	/* last member name, "" for array items */
	enum field_kind kind;
	struct slice span;	/* the lexeme within the body; for a JSON string
				 * without its quotes, escapes kept */
	struct slice value;	/* decoded (arena or span itself) */
};

enum field_result { FIELD_OK, FIELD_BROKEN };

/* Non-zero stops the walk (and FIELD_OK is returned). */
typedef int field_fn(void *arg, const struct field *f);

struct field_format {
	const char *name;	/* "json", "form", "cookie", "query" … */
	/* Fields in document order, containers before their content. */
	enum field_result (*walk)(struct arena *a, struct slice body,
				  field_fn *fn, void *arg);
	/* Appends `value` in the format's escaping, to stand at a span of
	 * `kind` (a JSON string's inside, a form value). */
	void (*encode)(enum field_kind kind, struct slice value,
		       struct buf *out);
};

/* By Content-Type, with or without parameters; NULL: opaque.  A body under a
 * JSON-ish type ("application/problem+json") is json. */
const struct field_format *field_format_for(struct slice content_type);
const struct field_format *field_format_named(const char *name);

/*
 * A place in a tape: "4.req.body#/cart/id", "4.resp.header/location",
 * "2.req.path/3" (0-based segment), "2.req.query/q", "2.req.cookie/sid",
 * "4.resp.status", "4.resp.body" (whole).  '*' stands for any exchange, and
 * for any one segment of a pointer.
 */
enum place_side { PLACE_REQUEST, PLACE_RESPONSE };
enum place_part { PLACE_STATUS, PLACE_METHOD, PLACE_PATH, PLACE_QUERY,
	PLACE_HEADER, PLACE_COOKIE, PLACE_BODY };
struct place {
	uint32_t exchange;	/* 0: any ('*') */
	enum place_side side;
	enum place_part part;
	struct slice name;	/* header/cookie/query name, path index, or the
				 * body's pointer ("/cart/id"; "" whole body) */
};
int place_parse(struct slice s, struct place *out);
void place_print(const struct place *p, struct buf *out);
/* Does `pattern` (may hold '*') cover `p`?  Header names in any case; a
 * pattern covers what lies below it ("#/user" covers "#/user/name"). */
bool place_matches(const struct place *pattern, const struct place *p);

/* percent-decoding (form: '+' is a space too); malformed escapes stay. */
void percent_decode(struct slice s, bool form, struct buf *out);
void percent_encode(struct slice s, bool form, struct buf *out);

#endif
