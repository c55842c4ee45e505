/*
 * Documents within values: JSON or XML in a string, base64 of text, percent
 * escapes left in a value, JSON Web Tokens.  Places go on within them:
 * "4.resp.body#/payload/user/id" for {"payload": "{\"user\": …}"}.
 */
#ifndef DVR_FIELD_NEST_H
#define DVR_FIELD_NEST_H

#include <dvr/field/field.h>

#define NEST_DEPTH_MAX 4	/* documents in documents */

enum nest_coding { NEST_PLAIN, NEST_BASE64, NEST_BASE64_BARE, NEST_BASE64URL,
	NEST_BASE64URL_PADDED, NEST_PERCENT,
	NEST_HEX, NEST_HEX_UPPER	/* nest_find(): of documents alone */
};

struct nest {
	enum nest_coding coding;
	struct slice text;		/* decoded; in the arena, or the value */
	const struct field_format *format;	/* that it looks like, or NULL:
						 * text.  Its walk may fail */
};

/* Is there text in another coding in `value`, or a document?  Only what
 * nest_wrap() writes the same way again. */
bool nest_find(struct arena *a, struct slice value, struct nest *out);
/* Text in base64 or hex, however short and whatever it may be by chance: who
 * asks knows what he looks for.  `format` is NULL. */
bool nest_uncode(struct arena *a, struct slice value, struct nest *out);
/* Appends `text` as it stands in the value. */
void nest_wrap(enum nest_coding coding, struct slice text, struct buf *out);

/* A document that nest_walk() found in a value, and where that stands. */
struct nested {
	const struct nested *outer;	/* in which it was found; NULL: body */
	const struct field_format *around;	/* the outer one's format */
	struct slice whole;		/* the outer one's text */
	struct slice span;		/* the value, in `whole` */
	enum field_kind kind;
	enum nest_coding coding;
	struct slice text;		/* its own */
	const struct field_format *format;
};
/* Appends what is to stand at n->span when the document is `text` instead. */
void nest_encode(const struct nested *n, struct slice text, struct buf *out);

/*
 * field_walk() that goes on within strings: a string that holds a document is
 * told as FIELD_OBJECT (`holds`), with its text as value, and what is in it
 * behind it (`within`).  Spans of what is within lie in decoded copies, not in
 * the body.
 */
enum field_result nest_walk(const struct field_format *f, struct arena *a,
			    struct slice body, field_fn *fn, void *arg);

#endif
