/*
 * Records: which members of a struct stand in JSON, and how.  One table serves
 * the writer and the reader, so that what is written is what is read.
 */
#ifndef DVR_REPORTERS_JSON_RECORD_H
#define DVR_REPORTERS_JSON_RECORD_H

#include <dvr/base/arena.h>
#include <dvr/base/buf.h>
#include <dvr/base/err.h>

#include <stddef.h>

enum json_kind {
	JSON_TEXT,	/* struct slice */
	JSON_UTF8,	/* struct slice of bytes, when it is text … */
	JSON_BASE64,	/* … and when it is none */
	JSON_WORD,	/* const char *, NULL: left out */
	JSON_SECONDS,	/* double, three decimals */
	JSON_UINT,	/* unsigned or uint32_t */
	JSON_SIZE,	/* size_t */
	JSON_INT64,	/* int64_t */
	JSON_BOOL,
	JSON_NOT,	/* a bool that is told turned round */
	JSON_ENUM,	/* by `word` */
	JSON_CODE,	/* enum err_code, as its number */
	JSON_TEXTS,	/* struct slice *, with its count */
	JSON_LIST,	/* struct *, with its count: `record` */
	JSON_PART,	/* a struct within: `record` */
};

struct json_member {
	const char *name;
	enum json_kind kind;
	size_t at;		/* offsetof */
	size_t count_at;	/* of a size_t (TEXTS, LIST), or of the bool
				 * that says whether a PART is there */
	const struct json_record *record;
	const char *(*word)(unsigned);
	unsigned words;		/* values of an ENUM */
	bool sparing;		/* left out when it is empty, 0 or false */
};

/* For the tables. */
#define AT(type, member) offsetof(struct type, member)
#define M(label, what, where) .name = (label), .kind = (what), .at = (where)
#define RECORD(type, table) \
	{ sizeof(struct type), table, ARRAY_LEN(table) }

struct json_record {
	size_t size;
	const struct json_member *members;
	size_t n;
};

/* json_story.c: struct story */
extern const struct json_record json_story_record;

/* "{…}" */
void json_record_print(const struct json_record *r, const void *base,
		       struct buf *out);
/*
 * Reads one object into zeroed memory of r->size bytes; texts and lists are of
 * `a`.  Members that the table does not know are passed over: a newer dvr may
 * have written them.  -1 and ERR_USAGE on what is no JSON, or where a member
 * is of another kind.
 */
int json_record_read(const struct json_record *r, struct arena *a,
		     struct slice text, void *base, struct err *e);

#endif
