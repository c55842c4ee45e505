/*
 * A job makes pieces of text clean together: first every piece is looked
 * through and what is found becomes known, then every piece is searched for
 * every known value, and only then is anything replaced.
 */
#ifndef SCRUB_JOB_H
#define SCRUB_JOB_H

#include <dvr/field/nest.h>

#include "keys.h"
#include "scrubber.h"

typedef void encode_fn(enum field_kind kind, struct slice value,
		       struct buf *out);
/* encoders.c: how what was decoded is written again. */
encode_fn *job_encoder(enum nest_coding coding);

/* Text that is replaced in one go.  A child is a decoded value (an escaped
 * JSON string, a percent-coded parameter) that stands coded in its parent. */
struct piece {
	struct slice raw;
	struct slice place;	/* for the tape's list */
	struct spans spans;
	size_t settled;		/* of them, in order and disjoint */
	struct spans kept;	/* stay as they stand; disjoint, by place */
	size_t parent;		/* index + 1; 0: stands by itself */
	size_t from, to;	/* in the parent */
	encode_fn *encode;	/* into the parent */
	enum field_kind kind;
	unsigned depth;		/* of nesting */
	bool whole;		/* encoded in one go, handles and all */
	bool taken;		/* with a hit in it, all of it is a handle */
	bool partial;		/* its place in the parent has text besides:
				 * what was seen there counts, too */
	const struct field_format *format;	/* that mends its lengths */
	bool keep_handles;	/* text of ours: handles in it are handles */
	struct slice gave_up;	/* the rule that hit its limit */
	bool cells;		/* a table: known_search_cells() as well */
	struct slice clean;	/* after job_finish(), when there was a hit */
};

#define KEY_CACHE 256		/* names seen last, by hash */
#define KEY_CACHED_MAX 48	/* bytes; longer ones are rare */
struct key_cached {
	char name[KEY_CACHED_MAX];
	size_t n;		/* 0: none */
	const struct key_row *row;
};

struct job {
	struct scrub *s;
	struct arena *scratch;	/* raw copies: wiped at the end */
	struct piece *v;
	size_t n, cap;
	struct key_cached keys[KEY_CACHE];
	bool ours;		/* pieces of a tape: handles are handles */
	size_t bodies;		/* looked at so far */
};

void job_init(struct job *j, struct scrub *s);
void job_release(struct job *j);

/* A new piece of its own; returns its index (pointers move). */
size_t job_add(struct job *j, struct slice raw, struct slice place);
size_t job_add_child(struct job *j, size_t parent, const struct piece *p);

/* Look through one piece: the user's rules, literal handles, detectors. */
void job_detect(struct job *j, size_t i);
/* The same, and values by their name in the text. */
void job_detect_text(struct job *j, size_t i);
/* The user's rules, and the detectors only when asked for. */
void job_detect_rules(struct job *j, size_t i, bool all);
/* A percent-coded part of piece i, looked at decoded. */
void job_add_percent(struct job *j, size_t i, struct slice part);
/* Adds a span for the part `at` of the piece's raw text. */
void job_mark(struct job *j, size_t i, struct slice at, enum span_rank rank,
	      const char *class);
/* Does piece i stand in base64? */
bool job_in_base64(const struct job *j, size_t i);
const struct key_row *job_key(struct job *j, struct slice name);

/* keep.c: parts that stay as they stand. */
/* Keeps x->from to x->to of piece i, for the reason that x->rule tells; parts
 * of one piece come in their order. */
void job_keep(struct job *j, size_t i, const struct span *x);
/* Does a keep of the user's cover the place?  Then as job_keep(). */
bool job_keep_place(struct job *j, size_t i, const struct place *p,
		    const struct field *f);
/* Forgets what detectors and policies found in kept parts. */
void keep_drop(struct piece *p);
/* Secrets win: scrubs a kept value that is known from elsewhere. */
void keep_known(struct job *j, struct piece *p);
/* With the spans settled: what is taken all the same is not told as kept. */
void keep_settle(struct piece *p);

/* What was found, with nothing replaced: the spans of each piece. */
void job_settle(struct job *j);
/* Searches, settles and replaces all. */
void job_finish(struct job *j);
/* The text to store: clean, or raw where nothing was found. */
struct slice job_text(const struct job *j, size_t i);
bool job_hit(const struct job *j, size_t i);
/* The rule that gave up on the piece or on what is nested in it, or "". */
struct slice job_gave_up(const struct job *j, size_t i);

/* fields.c: a walk over structured text. */
struct walk_at {
	uint32_t exchange;
	enum place_side side;
	enum place_part part;
	enum key_where where;
	unsigned nth;		/* message of a stream, from 1: its number from
				 * 0 comes first in the places; 0: a body */
};
/* Looks at what piece i holds: text, a document, one of them in base64. */
void job_look_value(struct job *j, size_t i, const struct walk_at *at);
/* The same for a part of piece i that stands as it is: a header's value, a
 * cookie, a segment of a path. */
void job_look_part(struct job *j, size_t i, struct slice part,
		   const struct walk_at *at);
/* Walks `text` (within the raw text of piece i).  Values under sensitive
 * names are marked, coded ones become children. */
enum field_result job_walk(struct job *j, size_t i, struct slice text,
			   const struct field_format *format,
			   const struct walk_at *at);

#endif
