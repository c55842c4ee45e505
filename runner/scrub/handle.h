/*
 * Handles: `⟦dvr:CLASS:LENGTH:HEX⟧`, the inert text that stands for a scrubbed
 * value.  CLASS is [a-z0-9_-]{1,48}; it says from which domain the expansion
 * is drawn, and how it is shaped.
 */
#ifndef SCRUB_HANDLE_H
#define SCRUB_HANDLE_H

#include <dvr/base/buf.h>

#define HANDLE_OPEN "\xe2\x9f\xa6" "dvr:"
#define HANDLE_CLOSE "\xe2\x9f\xa7"
#define HANDLE_HEX 16
#define HANDLE_CLASS_MAX 48
/* A longer value shrinks to this; a tape from elsewhere cannot make an
 * expansion eat the machine. */
#define HANDLE_LENGTH_MAX (1024u * 1024u)
/* Class of the handle that stands for a literal HANDLE_OPEN in the traffic. */
#define HANDLE_LITERAL "literal"

struct handle {
	struct slice text;	/* all of it */
	struct slice class;
	struct slice hex;
	size_t length;
};

/* Parses a handle at the very start of `s`. */
bool handle_parse(struct slice s, struct handle *out);
/* The first handle at or after `from`; false when there is none. */
bool handle_next(struct slice s, size_t from, size_t *at, struct handle *out);

/* The value that a handle stands for, h->length bytes. */
void handle_expand(const struct handle *h, struct buf *out);
/* How much of `live`, where it begins, is to be compared with the handle: its
 * length, or all of a token, whose length is its signer's. */
size_t handle_span(const struct handle *h, struct slice live);
/* Could `live` be a value of the handle's class and length? */
bool handle_covers(const struct handle *h, struct slice live);

/*
 * The class's ending for a value that is all digits, hex, a UUID, or of
 * letters of one case, so that its expansion is of the same alphabet:
 * "-digits", "-hex", "-uuid", "-lower", "-upper" or "".
 */
const char *handle_shape(struct slice value);

#endif
