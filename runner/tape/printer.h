/*
 * A hand-written emitter: appends keys and values of canonical YAML.  Block
 * maps by indentation, members of one-line maps after an opening brace.
 */
#ifndef DVR_TAPE_PRINTER_PRIVATE_H
#define DVR_TAPE_PRINTER_PRIVATE_H

#include <dvr/tape/yaml.h>

struct printer {
	struct buf *out;
	struct tape_blobs blobs; /* grown by print_exchange() */
	size_t blobs_cap;
	unsigned indent; /* of the next key; at most 12 */
	bool dash;       /* the next key opens a list item */
	bool lines_only; /* only where lines end is asked for: bodies, one
			  * line each, are left out */
};

void print_uint(struct buf *out, uint64_t v);
/* Seconds with six decimals. */
void print_time(struct buf *out, int64_t us);

/* Indentation, and the dash that opens a list item. */
void print_indent(struct printer *p);
void print_end_line(struct printer *p);
/* "name: ", its value and the line's end are to follow. */
void print_key(struct printer *p, const char *name);
/* A key whose value follows on the next lines. */
void print_open_key(struct printer *p, const char *name);
/* Whole lines. */
void print_text(struct printer *p, const char *name, struct slice s);
void print_text_if(struct printer *p, const char *name, struct slice s);
void print_key_uint(struct printer *p, const char *name, uint64_t v);
void print_key_time(struct printer *p, const char *name, int64_t us);

/* A member of a map on one line: ", name: " unless it is the first. */
void print_member(struct printer *p, const char *name);
/* The whole member; nothing when there is no text. */
void print_member_text(struct printer *p, const char *name, struct slice s);
void print_member_uint(struct printer *p, const char *name, uint64_t v);

/* A body where it is short text, else the name of its file. */
void print_payload(struct printer *p, struct slice s);
/* The exchange's `messages`, when it has any. */
void print_messages(struct printer *p, const struct exchange *x);
/* One exchange as a list item; bodies too large or binary go to p->blobs. */
void print_exchange(struct printer *p, const struct tape *t,
		    const struct exchange *x);

#endif
