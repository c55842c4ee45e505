/* Text of JSON strings, without their quotes. */
#ifndef FIELD_JSON_TEXT_H
#define FIELD_JSON_TEXT_H

#include <dvr/base/arena.h>
#include <dvr/base/buf.h>

/* Four hex digits at s.p[at]; -1 when they are not there. */
int json_hex4(struct slice s, size_t at, unsigned *out);
/* A well-formed string's inside with its escapes undone, in the arena; lone
 * surrogates become three bytes each, so that they stay tellable. */
struct slice json_unescape(struct arena *a, struct slice s);
/* Appends the inside of a string that stands for `s`. */
void json_escape(struct slice s, struct buf *out);

#endif
