/*
 * Fields: one walker a format yields (place, kind, span) for every value in a
 * body, without copying and without losing the lexeme (`1.10` stays `1.10`).
 * Scrub, compare, bind, mask, blame, query and edit are loops over fields; a
 * new format is one file here and one row in the table.
 *
 * Places within a body, a promise to whoever writes a mask:
 *
 *	json		RFC 6901: /cart/items/0/id
 *	form, query, cookie, multipart
 *			/name, the second of it /name/1
 *	xml		/soap:Envelope/soap:Body/Login/password, names as they
 *			are written; the second item /list/item/1; an
 *			attribute /list/@id; text beside elements /p/#text
 *	protobuf	/1/3: member 3 of member 1; the second of it /1/3:1;
 *			with names (dvr/field/protobuf.h) /user/email, items
 *			of what is repeated /items/0
 *	grpc		/0/1/3: the same within the first message of the call
 *	jwt		/header/kid, /claims/sub, /signature
 *	lines		/0/id: JSON below the number of its line
 *	events		/0/data/id: JSON below the number of its event; /0/id
 *	list		/0, /0/q: an item of a header, its parameters
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

struct nested;				/* dvr/field/nest.h */

struct field {
	/* RFC 6901 pointer into the body ("/cart/items/0/id"), or the name for
	 * flat formats ("/user"; the nth of the same name: "/user/1"). */
	struct slice place;
	struct slice key;	/* last member name, "" for array items */
	enum field_kind kind;
	struct slice span;	/* the lexeme within the body; for a JSON string
				 * without its quotes, escapes kept */
	struct slice value;	/* decoded (arena or span itself) */
	/* nest_walk() alone: the document that it stands in, NULL the body;
	 * and is it a string that holds one? */
	const struct nested *within;
	bool holds;
};

enum field_result { FIELD_OK, FIELD_BROKEN };

/* Non-zero stops the walk (and FIELD_OK is returned). */
typedef int field_fn(void *arg, const struct field *f);

/* New text for the bytes [from, to) of a body, as its format writes it. */
struct field_edit {
	size_t from, to;
	struct slice text;
};

struct field_format {
	const char *name;	/* "json", "form", "cookie", "query" … */
	/* Fields in document order, containers before their content. */
	enum field_result (*walk)(struct arena *a, struct slice body,
				  field_fn *fn, void *arg);
	/* Appends `value` in the format's escaping, to stand at a span of
	 * `kind` (a JSON string's inside, a form value). */
	void (*encode)(enum field_kind kind, struct slice value,
		       struct buf *out);
	/* For field_walk() and field_splice(), where a format needs more than
	 * the body: names of its own, lengths around what changes. */
	enum field_result (*walk_as)(const struct field_format *self,
				     struct arena *a, struct slice body,
				     field_fn *fn, void *arg);
	void (*splice)(const struct field_format *self, struct slice body,
		       const struct field_edit *v, size_t n,
		       struct buf *out);
	const void *schema;
	/* Values are not text: spans are cut by lengths alone. */
	bool binary;
	/* What a walk puts into the arena is of the field that it tells next,
	 * and nothing else: it may be rewound behind each. */
	bool fleeting;
};

/* f->walk, in the names that the format knows. */
enum field_result field_walk(const struct field_format *f, struct arena *a,
			     struct slice body, field_fn *fn, void *arg);
/*
 * Appends `body` with n edits, in ascending order and disjoint; lengths that
 * the format writes in front of what they change in are made right.  `f` may
 * be NULL: bytes.
 */
void field_splice(const struct field_format *f, struct slice body,
		  const struct field_edit *v, size_t n, struct buf *out);

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
/* Decoded: `s` itself where nothing was coded, else in `a`. */
struct slice percent_plain(struct arena *a, struct slice s, bool form);

#endif
